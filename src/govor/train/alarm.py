"""The alarm for "the loss is fine, and the transcripts are nonsense".

Two views of the same clips: how probable the model finds the right labels (teacher forced), and how wrong
its own transcripts are (decoded). When they disagree, training is not at fault: decoding or tokens are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from govor.models.base import Example, Family

LOW_FORCED_ERROR = 0.35
HIGH_WER = 0.75


def forced_error(family: Family, examples: Sequence[Example]) -> float:
    """1 - exp(-mean negative log-likelihood of a label): about the share of labels the model gets wrong.

    Computed on `examples` with their labels given, in evaluation mode, without gradients, over full windows,
    in batches as large as those of decoding.
    """
    import torch

    family.model.eval()
    with torch.no_grad():
        pairs = [family.loss(family.collate(part)) for part in _together(family, examples)]
    loss, units = sum(float(part) for part, _ in pairs), sum(count for _, count in pairs)
    return 1 - math.exp(-max(0.0, loss) / max(1, units))


def _together(family: Family, examples: Sequence[Example]) -> list[list[Example]]:
    from govor.evaluate.decode import plan_for
    from govor.models.base import DecodeOptions

    seconds = np.array([example.seconds for example in examples])
    batches = plan_for(family, seconds, range(len(examples)), None, DecodeOptions())
    return [[examples[row] for row in batch] for batch in batches]


def disagreement(forced: float, wer: float, pairs: Sequence[tuple[str, str]] = ()) -> str | None:
    """A warning when teacher-forced error and decoded WER contradict each other, else None.

    Args:
        forced: from `forced_error`.
        wer: of greedy decoding on the same clips.
        pairs: normalised (reference, hypothesis); the setting to change is read off them, and five are shown.
    """
    if forced > LOW_FORCED_ERROR or wer < HIGH_WER:
        return None
    from govor.preflight.alarm import SHOWN_SAMPLES, advice

    hint = advice([r for r, _ in pairs], [h for _, h in pairs]) if pairs else ""
    shown = "; ".join(f"{r!r} decoded as {h!r}" for r, h in pairs[:SHOWN_SAMPLES])
    return (
        f"the labels are found likely (teacher-forced error {forced:.2f}), but the transcripts are wrong "
        f"(WER {wer:.2f}): {hint or 'look at the samples'}; check also model.language and model.task, the "
        "vocabulary's delimiter and blank, suppressed tokens, and for CTC whether clips have fewer frames"
        f" than labels (govor preflight names each){'. Samples: ' + shown if shown else ''}"
    )
