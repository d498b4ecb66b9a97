"""What a run has to remember besides model and optimiser: a few integers, as JSON."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from govor.config.moments import Position
from govor.errors import ModelError
from govor.shape import ShapeError, fitted
from govor.train.epoch import Leg
from govor.train.summary import Best

VERSION = 1


def new_identity() -> str:
    """What tells a run that begins from all others."""
    return uuid.uuid4().hex[:8]


@dataclass
class TrainState:
    """Where a run stands.

    Attributes:
        step: optimiser steps done.
        total_steps: that the run will do.
        epoch: current epoch, 0-based.
        legs: stretches of the current epoch, the last one with the batches done so far.
        epoch_share: share of the current epoch's clips that were seen.
        seconds: wall time of training over all sessions.
        best: the best evaluation, or None.
        base_wer: WER before the first step, or None.
        base_cer: likewise.
        base_errors: word errors of the base model by utterance of the fixed part of dev; empty where step 0
            is not a baseline.
        best_errors: likewise of the best evaluation.
        last_eval: position of the last evaluation.
        last_save: position of the last checkpoint.
        seen: clips trained on.
        skipped: clips left out as unusable.
        left_out: steps left out because fp16 overflowed; they are none of `step`.
        pieces: per padded seconds, in how many pieces batches are run since memory ran out.
        metrics_bytes: length of ``metrics.jsonl``.
        scaler: state of the loss scaler (fp16), or empty.
        batch_s: padded seconds a batch (found by trying where the recipe says 0).
        lr: peak learning rate; 0 where an earlier version wrote the state.
        identity: what tells this run from others, over all its sessions and machines.
    """

    step: int = 0
    total_steps: int = 0
    epoch: int = 0
    legs: list[Leg] = field(default_factory=list)
    epoch_share: float = 0.0
    seconds: float = 0.0
    best: Best | None = None
    base_wer: float | None = None
    base_cer: float | None = None
    base_errors: dict[str, int] = field(default_factory=dict)
    best_errors: dict[str, int] = field(default_factory=dict)
    last_eval: Position = field(default_factory=lambda: Position(0, 0.0, 0.0))
    last_save: Position = field(default_factory=lambda: Position(0, 0.0, 0.0))
    seen: int = 0
    skipped: int = 0
    left_out: int = 0
    pieces: list[tuple[float, int]] = field(default_factory=list)
    metrics_bytes: int = 0
    scaler: dict[str, object] = field(default_factory=dict)
    batch_s: float = 0.0
    lr: float = 0.0
    identity: str = field(default_factory=new_identity)

    @property
    def position(self) -> Position:
        """Where the run stands, for schedules."""
        return Position(self.step, self.epoch + self.epoch_share, self.seconds)

    def as_dict(self) -> dict[str, object]:
        """Plain data for ``state.json``."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> TrainState:
        """Inverse of `as_dict`.

        Raises:
            ModelError: written by another version of govor, or damaged.
        """
        plain = dict(data)
        version = plain.pop("version", None)
        if version != VERSION:
            raise ModelError(
                f"the checkpoint's training state has version {version}, this govor reads {VERSION}: "
                "continue with the govor that wrote it"
            )
        try:
            return fitted(plain, cls)
        except ShapeError as error:
            raise ModelError(f"the checkpoint's training state is damaged ({error})") from error
