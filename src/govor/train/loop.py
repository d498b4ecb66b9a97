"""The training loop: one optimiser step after another, each a function of where the run stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from govor.config import TrainConfig
from govor.errors import ModelError
from govor.train.feed import FedBatch
from govor.train.memory import in_pieces, is_out_of_memory, on_device, pieces_for
from govor.train.optimiser import set_rate, trained
from govor.train.reduce import Ranks
from govor.train.schedule import rate_factor
from govor.train.seeds import seed_forward
from govor.train.state import TrainState

if TYPE_CHECKING:
    import torch

    from govor.models.base import Batch, Family

MOST_PIECES = 64


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
    """

    loss: float
    grad_norm: float
    rate: float
    clips: int
    seconds: float
    padded_seconds: float
    extra: tuple[float, ...] = ()
    events: list[dict[str, Any]] = field(default_factory=list)


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
        import torch

        self.family, self.optimiser, self.config, self.ranks = family, optimiser, config, ranks
        self.device = next(family.model.parameters()).device
        half = family.describe()["precision"] == "fp16"
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=half)
        self.parameters = [parameter for _, parameter in trained(family.model)]

    def step(self, batches: list[FedBatch], state: TrainState, extra: Sequence[float] = ()) -> StepReport:
        """One optimiser step over this process's `batches`, normalised over all processes.

        Args:
            batches: what is accumulated.
            state: where the run stands; its step and its counts move on.
            extra: further numbers to add up over the processes on the way.

        Raises:
            ModelError: loss or gradient is not a number; the utterances are named, the weights are untouched.
        """
        self.family.model.train()
        events: list[dict[str, Any]] = []
        totals = self.ranks.sum([*self._gradients(batches, state, events), *_counts(batches), *extra])
        loss, units, clips, seconds, padded = totals[:5]
        self._require_finite("loss", loss, batches, state)
        rate = self.config.peak_lr * rate_factor(
            state.step, state.total_steps, self.config.warmup, self.config.schedule
        )
        norm = self._update(units, rate, batches, state) if units else self._nothing_learned()
        state.step += 1
        state.seen += int(clips)
        return StepReport(
            loss / max(units, 1.0), norm, rate, int(clips), seconds, padded, tuple(totals[5:]), events
        )

    def _gradients(
        self, batches: list[FedBatch], state: TrainState, events: list[dict[str, Any]]
    ) -> tuple[float, float]:
        """Sums gradients over the batches; a batch that does not fit is replayed in more pieces."""
        while True:
            self.optimiser.zero_grad(set_to_none=True)
            done: FedBatch | None = None
            try:
                loss, units = 0.0, 0.0
                for number, done in enumerate(batches):
                    part = self._backward(done, number, state)
                    loss, units = loss + part[0], units + part[1]
                return loss, units
            except (RuntimeError, MemoryError) as error:
                if done is None or not is_out_of_memory(error):
                    raise
                events.append(self._make_smaller(done, state, error))

    def _backward(self, fed: FedBatch, number: int, state: TrainState) -> tuple[float, float]:
        loss_sum, unit_sum = 0.0, 0.0
        pieces = pieces_for(fed.padded_seconds, state.pieces)
        for piece, batch in enumerate(in_pieces(fed.batch, pieces) if fed.ids else []):
            seed_forward(self.config.seed, state.step, number * MOST_PIECES + piece, self.ranks.rank)
            loss, units = self.loss(batch)
            self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            loss_sum, unit_sum = loss_sum + float(loss.detach()), unit_sum + units
        return loss_sum, unit_sum

    def loss(self, batch: Batch) -> tuple[torch.Tensor, int]:
        """Summed loss of a batch and its units."""
        return self.family.loss(on_device(batch, self.device))

    def _make_smaller(self, fed: FedBatch, state: TrainState, error: BaseException) -> dict[str, Any]:
        import torch

        pieces = 2 * pieces_for(fed.padded_seconds, state.pieces)
        if pieces > min(MOST_PIECES, 2 * len(fed.ids)):
            raise ModelError(
                f"one clip ({fed.ids[0]}) needs more memory than there is: use a smaller model, "
                "train.gradient_checkpointing = true, or shorter clips (select --max-duration)"
            ) from error
        state.pieces.append((fed.padded_seconds, pieces))
        self.optimiser.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return {
            "event": "out_of_memory",
            "padded_s": round(fed.padded_seconds, 2),
            "pieces": pieces,
            "rank": self.ranks.rank,
        }

    def _require_finite(self, what: str, value: float, batches: list[FedBatch], state: TrainState) -> None:
        if math.isfinite(value):
            return
        self.optimiser.zero_grad(set_to_none=True)
        raise ModelError(
            f"the {what} of step {state.step + 1} is {value} (process {self.ranks.rank} had "
            f"{', '.join(self._culprits(batches)) or 'no such utterance'}): look at these with govor "
            "inspect, lower train.lr, or use train.precision = 'fp32'; the last checkpoint stands"
        )

    def _culprits(self, batches: list[FedBatch], most: int = 20) -> list[str]:
        """Utterances whose own loss or gradient is not finite; all of the batch when none is on its own."""
        found = [
            utterance
            for fed in batches
            if fed.ids
            for utterance, batch in zip(fed.ids, in_pieces(fed.batch, len(fed.ids)), strict=True)
            if not self._learns(batch)
        ]
        return (found or [i for fed in batches for i in fed.ids])[:most]

    def _learns(self, batch: Batch) -> bool:
        """Whether loss and gradients of a batch are numbers; leaves no gradient behind."""
        import torch

        loss, _ = self.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.get_total_norm([p.grad for p in self.parameters if p.grad is not None])
        self.optimiser.zero_grad(set_to_none=True)
        return math.isfinite(float(loss.detach())) and math.isfinite(float(norm))

    def _update(self, units: float, rate: float, batches: list[FedBatch], state: TrainState) -> float:
        """Averages, clips and applies the gradients; gives their norm.

        Gradients are added before they are unscaled: an overflow on one process has all of them leave the
        step out.
        """
        import torch

        self.ranks.sum_gradients(self.parameters)
        self.scaler.unscale_(self.optimiser)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        torch._foreach_mul_(gradients, 1.0 / units)
        limit = self.config.max_grad_norm or float("inf")
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, limit, foreach=True)
        if not self.scaler.is_enabled():
            self._require_finite("gradient", float(norm), batches, state)
        set_rate(self.optimiser, rate)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        return float(norm)

    def _nothing_learned(self) -> float:
        """No clip of the step could be used, on any process: the weights stay."""
        self.optimiser.zero_grad(set_to_none=True)
        return 0.0


def _counts(batches: list[FedBatch]) -> tuple[float, float, float]:
    return (
        float(sum(len(fed.ids) for fed in batches)),
        sum(fed.seconds for fed in batches),
        sum(fed.computed_seconds for fed in batches),
    )
