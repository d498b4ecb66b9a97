"""When the search for a window's text is over though the text has no end: at its limit, or in a loop.

Both are functions of the window alone: windows of any limits share a batch, and each is searched as if it
were alone in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from govor.models.whisper.search import FEWEST_REPEATED_TOKENS, end_of_first

if TYPE_CHECKING:
    import torch

LOOK_EVERY = 16
"""Tokens between two looks for loops."""


def endings_for(limits: Sequence[int], end: int, prompt_length: int, *, loops: bool) -> Any:
    """A stopping criterion; a window is over where all that goes on of it is.

    Its ``limits`` become how many tokens of each window were written: a text of so many has no end.

    Args:
        limits: most new tokens of each window.
        end: token of the end; those below it are text.
        prompt_length: tokens before the new ones.
        loops: a window is over where all that is written of it loops, whatever would come.
    """
    import torch
    from transformers import StoppingCriteria

    class Endings(StoppingCriteria):  # type: ignore[misc]
        def __init__(self) -> None:
            self.limits = list(limits)

        def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
            written = input_ids.shape[1] - prompt_length
            each = len(input_ids) // len(limits)
            if loops and written >= FEWEST_REPEATED_TOKENS and written % LOOK_EVERY == 0:
                texts = input_ids[:, prompt_length:].tolist()
                for window, limit in enumerate(self.limits):
                    if written < limit and _all_loop(texts[window * each :][:each], end):
                        self.limits[window] = written
            over = torch.tensor([written >= limit for limit in self.limits], device=input_ids.device)
            return over.repeat_interleave(each)

    return Endings()


def _all_loop(beams: Sequence[Sequence[int]], end: int) -> bool:
    return all(end_of_first([token for token in beam if token < end]) is not None for beam in beams)
