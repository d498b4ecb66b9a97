"""What every step of Whisper's decoding may write, and how sure the model was of it.

The rules for timestamps (pairs, never backwards, a time where times are likelier than any word) are those of
transformers' ``WhisperTimeStampLogitsProcessor``, after OpenAI's ``whisper/decoding.py``.

Shapes: B clips, V tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from govor.models.whisper.prompt import Manner, Prompt
    from govor.models.whisper.suppression import Suppression

LATEST_BEGIN_INDEX = 50  # OpenAI's: what is heard begins within the first second of its window


def rules_for(
    prompt: Prompt,
    manner: Manner,
    suppression: Suppression,
    generation: Any,
    *,
    size: int,
    prompt_length: int,
    device: torch.device,
    peaks: bool = True,
) -> Any:
    """A logits processor of suppressed tokens, special tokens and times, which keeps the best probabilities.

    Its ``peaks`` are tensors ``[B]``, one a step, left on the device; none unless they are asked for.
    """
    import torch
    from transformers import LogitsProcessor

    never = torch.zeros(size, dtype=torch.bool, device=device)
    never[[t for t in suppression.always if t <= prompt.end]] = True
    never[prompt.end + 1 : prompt.no_timestamps + 1 if manner.timestamps else size] = True
    first = never.clone()
    first[[t for t in suppression.first if t < size]] = True
    times = _times(prompt, generation, prompt_length) if manner.timestamps else None

    class Rules(LogitsProcessor):  # type: ignore[misc]
        def __init__(self) -> None:
            self.peaks: list[torch.Tensor] = []

        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            ruled_out = first if input_ids.shape[1] == prompt_length else never
            scores = scores.masked_fill(ruled_out, float("-inf"))
            if times is not None:
                scores = times(input_ids, scores)
            if peaks:
                self.peaks.append(scores.float().softmax(dim=-1).amax(dim=-1))
            return scores

    return Rules()


def _times(prompt: Prompt, generation: Any, prompt_length: int) -> Any:
    from transformers import GenerationConfig
    from transformers.generation.logits_process import WhisperTimeStampLogitsProcessor

    latest = getattr(generation, "max_initial_timestamp_index", None)
    settings = GenerationConfig(
        no_timestamps_token_id=prompt.no_timestamps,
        eos_token_id=prompt.end,
        max_initial_timestamp_index=LATEST_BEGIN_INDEX if latest is None else latest,
    )
    return WhisperTimeStampLogitsProcessor(settings, begin_index=prompt_length)
