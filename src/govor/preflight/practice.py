"""Overfitting one batch: what a healthy model, loss and learning rate do within a minute."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govor.models.base import Batch, DecodeOptions, EncoderWindows, Example, Family, Sound
from govor.preflight.alarm import word_error_rate
from govor.preflight.budget import Budget
from govor.preflight.clips import Clip

if TYPE_CHECKING:
    import torch

CLIPS = 4
SHORTEST_S = 0.3
SMALL_PARAMETERS = 30_000_000
SMALL_LR, LARGE_LR = 2e-3, 1e-4
"""Peak rates of Adam that overfit small new models and large pretrained ones."""
WARMUP_STEPS = 10
MAX_STEPS = 400
LEARNT_NATS = 0.1
"""Loss a label at which decoding must give the text back."""
CERTAIN_NATS = 0.005
"""Loss a label at which more steps change no decoded text."""
MAX_SHARE_OF_BUDGET = 0.4


@dataclass
class Practice:
    """How overfitting went.

    Attributes:
        losses: nats a label after every step.
        wer: of the last decoding, or None when nothing was decoded.
        references: normalised texts.
        hypotheses: what was decoded last.
        seconds: wall time.
        trainable: parameters that took gradients.
        parameters: all of them.
        labels: labels that the loss can see.
        windows: encoder windows that were trained and decoded.
    """

    references: list[str]
    losses: list[float] = field(default_factory=list)
    wer: float | None = None
    hypotheses: list[str] = field(default_factory=list)
    seconds: float = 0.0
    trainable: int = 0
    parameters: int = 0
    labels: int = 0
    windows: str = "full"

    @property
    def fell(self) -> float:
        """The share of the first loss that is gone."""
        return 1 - min(self.losses) / self.losses[0] if self.losses and self.losses[0] else 0.0

    @property
    def done(self) -> bool:
        """The texts came back."""
        return self.wer is not None and self.wer <= 0.1


def choose_clips(clips: Sequence[Clip], family: Family, count: int = CLIPS) -> list[Clip]:
    """The shortest train clips with different, not too short texts that the model can carry."""
    chosen: list[Clip] = []
    for clip in sorted(clips, key=lambda clip: len(clip.wave)):
        seconds = len(clip.wave) / family.sample_rate
        frames = family.label_frames(seconds)
        needed = family.frames_needed(family.encode_text(clip.normal, clip.language))
        fits = frames is None or frames >= needed
        new = clip.normal and clip.normal not in [one.normal for one in chosen]
        if clip.split == "train" and seconds >= SHORTEST_S and fits and new:
            chosen.append(clip)
    middle = max(0, (len(chosen) - count) // 4)
    return chosen[middle : middle + count]


def examples(family: Family, clips: Sequence[Clip]) -> list[Example]:
    """Clips as training sees them."""
    made = []
    for clip in clips:
        features = family.extractor(clip.wave)
        seconds = len(clip.wave) / family.sample_rate
        labels = tuple(family.encode_text(clip.normal, clip.language, seconds))
        padding = family.extractor.padding(features)
        made.append(Example(clip.id, features, labels, seconds, clip.language, padding))
    return made


def writable(family: Family, clip: Clip) -> str:
    """What of a clip's text the vocabulary can write; what it cannot is another check's finding."""
    ids = family.encode_text(clip.normal, clip.language)
    return family.normaliser(family.decode_text(ids), clip.language)


def seen_labels(batch: Batch) -> int:
    """Labels of a batch that the loss can see (negative ones are masked); 0 where it sums no unit."""
    usable = len(batch.impossible) < len(batch.ids)
    return int((batch.labels >= 0).sum()) if usable else 0


def overfit(family: Family, clips: Sequence[Clip], budget: Budget) -> Practice:
    """Trains `family` on one batch until its texts come back; changes its weights.

    Dropout and masking are off (evaluation mode), so that a loss that does not fall has no excuse. On a CPU a
    model with a fixed window practises in short ones, whatever the run uses: faults show there just as well.
    """
    windows = practice_windows(family)
    batch = family.collate(examples(family, clips), EncoderWindows(windows))
    result = Practice([writable(family, clip) for clip in clips], windows=windows)
    result.labels = seen_labels(batch)
    result.parameters = sum(p.numel() for p in family.model.parameters())
    trained = [p for p in family.model.parameters() if p.requires_grad]
    result.trainable = sum(p.numel() for p in trained)
    if not trained or not result.labels:
        return result
    until_s = budget.share_s(MAX_SHARE_OF_BUDGET)
    start_s = time.monotonic()
    decode_at = 0
    for step, loss in enumerate(_steps(family, trained, batch, result.parameters)):
        result.losses.append(loss)
        result.seconds = time.monotonic() - start_s
        if not math.isfinite(loss):
            break
        if loss < LEARNT_NATS and step >= decode_at:
            result.hypotheses = decode(family, clips, windows)
            result.wer = word_error_rate(result.references, result.hypotheses)
            decode_at = step + max(5, step // 5)
            if result.done or loss < CERTAIN_NATS:
                break
        if result.seconds * (step + 2) / (step + 1) > until_s:
            break
    result.seconds = time.monotonic() - start_s
    return result


def practice_windows(family: Family) -> str:
    """Encoder windows of practice: ``short`` on a CPU where the model has a fixed one, else ``full``."""
    on_cpu = next(family.model.parameters()).device.type == "cpu"
    return "short" if on_cpu and family.max_window_s else "full"


def _steps(
    family: Family, trained: list[torch.nn.Parameter], batch: Batch, parameters: int
) -> Iterator[float]:
    import torch

    from govor.models.device import scaler

    family.model.eval()
    scale = scaler(family.describe()["precision"], trained[0].device)
    peak = SMALL_LR if parameters <= SMALL_PARAMETERS else LARGE_LR
    optimiser = torch.optim.AdamW(trained, lr=peak, betas=(0.9, 0.98), weight_decay=0.0)
    for step in range(MAX_STEPS):
        for group in optimiser.param_groups:
            group["lr"] = peak * min(1.0, (step + 1) / WARMUP_STEPS)
        optimiser.zero_grad()
        loss, units = family.loss(batch)
        if loss.requires_grad:
            torch.autograd.backward(scale.scale(loss / max(units, 1)))
            scale.unscale_(optimiser)
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            scale.step(optimiser)
            scale.update()
        yield float(loss.detach()) / max(units, 1)


def decode(family: Family, clips: Sequence[Clip], windows: str = "full") -> list[str]:
    """Normalised greedy hypotheses of clips, over ``full`` or ``short`` encoder windows."""
    import torch

    family.model.eval()
    with torch.no_grad():
        heard = [Sound(clip.wave, clip.language) for clip in clips]
        found = family.recognise(heard, DecodeOptions(windows=windows))
    return [family.normaliser(one.text, clip.language) for one, clip in zip(found, clips, strict=True)]
