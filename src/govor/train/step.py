"""One optimiser step: a function of where the run stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govor.config import TrainConfig
from govor.config.train import warm_steps
from govor.errors import ModelError
from govor.memory import is_out_of_memory, release
from govor.models.device import scaler
from govor.records import Summary
from govor.train.feed import FedBatch
from govor.train.memory import in_pieces, pieces_for
from govor.train.optimiser import set_rate, trained
from govor.train.reduce import Ranks
from govor.train.seeds import seed_forward
from govor.train.state import TrainState

if TYPE_CHECKING:
    import torch

    from govor.models.base import Batch, Family


MOST_PIECES = 64
SMALLEST_SCALE = 2.0**-8
"""Of an fp16 loss. It begins at 2^16 and halves at every overflow: gradients that overflow even here are no
numbers, however small the loss."""


def rate_factor(step: int, total_steps: int, warmup: float, shape: str) -> float:
    """Factor of the peak learning rate for optimiser step `step` (0-based) of `total_steps`.

    Args:
        step: the step about to be taken.
        total_steps: of the whole run.
        warmup: share of the steps over which the factor climbs linearly to 1 (a number of steps above 1).
        shape: ``linear`` and ``cosine`` fall to 0 at the end, ``constant`` stays.
    """
    warm = warm_steps(total_steps, warmup)
    if step < warm:
        return (step + 1) / warm
    if shape == "constant":
        return 1.0
    done = min(1.0, (step - warm) / max(1, total_steps - warm))
    return 0.5 * (1 + math.cos(math.pi * done)) if shape == "cosine" else 1.0 - done


@dataclass(frozen=True)
class OutOfMemory(Summary):
    """A batch that did not fit and is run in pieces from now on."""

    event: str = field(default="out_of_memory", init=False)
    padded_s: float
    pieces: int
    rank: int


@dataclass(frozen=True)
class Overflow(Summary):
    """Gradients that overflowed in fp16, so that the step was left out."""

    event: str = field(default="left_out", init=False)
    reason: str = field(default="fp16 overflow", init=False)
    scale: float


@dataclass
class StepReport:
    """What one optimiser step did, over all processes.

    Attributes:
        loss: per utterance (CTC) or token.
        grad_norm: before clipping.
        rate: learning rate of parameters with factor 1.
        clips: trained on.
        seconds: of audio.
        padded_seconds: that were computed.
        extra: sums of the further numbers given to `Stepper.step`.
        events: things to write down, such as an out-of-memory.
        left_out: the gradients overflowed (fp16): the weights stayed, and no step was counted.
    """

    loss: float
    grad_norm: float
    rate: float
    clips: int
    seconds: float
    padded_seconds: float
    extra: tuple[float, ...] = ()
    events: list[OutOfMemory | Overflow] = field(default_factory=list)
    left_out: bool = False


class Stepper:
    """Takes optimiser steps. Holds what belongs together: model, optimiser, scaler, processes.

    Args:
        family: what is trained.
        optimiser: over its parameters.
        config: settings.
        ranks: the processes.
    """

    def __init__(
        self, family: Family, optimiser: torch.optim.Optimizer, config: TrainConfig, ranks: Ranks
    ) -> None:
        self.family, self.optimiser, self.config, self.ranks = family, optimiser, config, ranks
        self.device = next(family.model.parameters()).device
        self.scaler = scaler(family.describe()["precision"], self.device)
        self.parameters = [parameter for _, parameter in trained(family.model)]

    def step(self, batches: list[FedBatch], state: TrainState, extra: Sequence[float] = ()) -> StepReport:
        """One optimiser step over this process's `batches`, normalised over all processes.

        How many units the whole step has is known from its labels, so every loss is divided before it is
        differentiated: what fp16 scales is a mean.

        Args:
            batches: what is accumulated.
            state: where the run stands; its step and its counts move on.
            extra: further numbers to add up over the processes on the way.

        Raises:
            ModelError: loss or gradient is not a number; the utterances are named, the weights are untouched.
        """
        self.family.model.train()
        known = self.ranks.sum([*_counts(batches), *extra])
        units, clips, seconds, padded = known[:4]
        rate = self.config.peak_lr * rate_factor(
            state.step, state.total_steps, self.config.warmup, self.config.schedule
        )
        report = StepReport(0.0, 0.0, rate, int(clips), seconds, padded, tuple(known[4:]))
        if units:
            self._learn(units, batches, state, report)
        else:
            self.optimiser.zero_grad(set_to_none=True)  # no clip could be used, on any process
        self._count(report, state)
        return report

    def _count(self, report: StepReport, state: TrainState) -> None:
        """A step that was left out is none: not for the warm-up, not for the schedule, not of the run's."""
        if not report.left_out:
            state.step += 1
            state.seen += report.clips
            return
        state.left_out += 1
        if self.config.steps is None:
            state.total_steps -= 1  # the epochs have one step less

    def _learn(self, units: float, batches: list[FedBatch], state: TrainState, report: StepReport) -> None:
        """Gradients of all processes, clipped and applied; loss and norm leave the device once."""
        import torch

        lost = self._gradients(batches, state, units, report.events)
        self.ranks.sum_gradients(self.parameters)
        self.scaler.unscale_(self.optimiser)
        limit = self.config.max_grad_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, limit, foreach=True)
        mine, report.grad_norm = torch.stack([lost, norm.double()]).tolist()
        (report.loss,) = self.ranks.sum([mine])
        self._require_finite("loss", report.loss, batches, state)
        if not math.isfinite(report.grad_norm):
            self._leave_out(report, batches, state)
            return
        set_rate(self.optimiser, report.rate)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)

    def _leave_out(self, report: StepReport, batches: list[FedBatch], state: TrainState) -> None:
        """The gradients overflowed in fp16: the weights stay, the scale is halved, and it is written down.

        Gradients are added before they are unscaled: an overflow on one process has all of them leave the
        step out.

        Raises:
            ModelError: the gradients are not numbers, and no smaller scale would make them some.
        """
        if not self.scaler.is_enabled():
            self._require_finite("gradient", report.grad_norm, batches, state)
        scale = self.scaler.get_scale()
        self.scaler.update()
        if not SMALLEST_SCALE <= self.scaler.get_scale() < scale:
            self._require_finite("gradient", report.grad_norm, batches, state)
        self.optimiser.zero_grad(set_to_none=True)
        report.left_out = True
        report.events.append(Overflow(scale))

    def _gradients(
        self, batches: list[FedBatch], state: TrainState, units: float, events: list[OutOfMemory | Overflow]
    ) -> torch.Tensor:
        """Gradients of this process's batches; one that does not fit is replayed in more pieces.

        Returns:
            Its share of the loss, a double on the device.
        """
        import torch

        while True:
            self.optimiser.zero_grad(set_to_none=True)
            done: FedBatch | None = None
            try:
                lost = torch.zeros((), dtype=torch.float64, device=self.device)
                for number, done in enumerate(batches):
                    self._backward(done, number, state, units, lost)
                return lost
            except Exception as error:
                if done is None or not is_out_of_memory(error):
                    raise
                events.append(self._make_smaller(done, state, error))

    def _backward(
        self, fed: FedBatch, number: int, state: TrainState, units: float, lost: torch.Tensor
    ) -> None:
        """Adds a batch's gradients, and its share of the loss to `lost`."""
        pieces = pieces_for(fed.computed_seconds, state.pieces)
        for piece, batch in enumerate(in_pieces(fed.batch, pieces) if fed.batch else []):
            seed_forward(self.config.seed, state.step, number * MOST_PIECES + piece, self.ranks.rank)
            loss = self.family.loss(batch)[0] / units
            self.scaler.scale(loss).backward()
            lost += loss.detach()

    def _make_smaller(self, fed: FedBatch, state: TrainState, error: BaseException) -> OutOfMemory:
        pieces = 2 * pieces_for(fed.computed_seconds, state.pieces)
        if pieces > min(MOST_PIECES, 2 * len(fed.ids)):
            raise ModelError(
                f"one clip ({fed.ids[0]}) needs more memory than there is: use a smaller model, "
                "train.gradient_checkpointing = true, or shorter clips (select --max-duration)"
            ) from error
        state.pieces.append((fed.computed_seconds, pieces))
        self.optimiser.zero_grad(set_to_none=True)
        release()
        return OutOfMemory(round(fed.computed_seconds, 2), pieces, self.ranks.rank)

    def _require_finite(self, what: str, value: float, batches: list[FedBatch], state: TrainState) -> None:
        if math.isfinite(value):
            return
        self.optimiser.zero_grad(set_to_none=True)
        raise ModelError(
            f"the {what} of step {state.step + 1} is {value} (process {self.ranks.rank} had "
            f"{', '.join(self._culprits(batches)) or 'no such utterance'}): look at these with govor "
            "inspect, lower train.lr, or use train.precision = 'fp32'; the last checkpoint is kept"
        )

    def _culprits(self, batches: list[FedBatch], most: int = 20) -> list[str]:
        """Utterances whose own loss or gradient is not finite; all of the batch when none is on its own."""
        found = [
            utterance
            for fed in batches
            if fed.batch
            for utterance, batch in zip(fed.ids, in_pieces(fed.batch, len(fed.ids)), strict=True)
            if not self._learns(batch)
        ]
        return (found or [i for fed in batches for i in fed.ids])[:most]

    def _learns(self, batch: Batch) -> bool:
        """Whether loss and gradients of a batch are numbers; leaves no gradient behind."""
        import torch

        loss, _ = self.family.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.get_total_norm([p.grad for p in self.parameters if p.grad is not None])
        self.optimiser.zero_grad(set_to_none=True)
        return math.isfinite(float(loss.detach())) and math.isfinite(float(norm))


def _counts(batches: list[FedBatch]) -> tuple[float, float, float, float]:
    """Units of the loss, clips, seconds and computed seconds."""
    return (
        float(sum(sum(fed.batch.units) for fed in batches if fed.batch)),
        float(sum(len(fed.ids) for fed in batches)),
        sum(fed.seconds for fed in batches),
        sum(fed.computed_seconds for fed in batches),
    )
