"""Writes, proves, prunes and publishes checkpoints of a run."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor import store
from govor.config import TrainConfig
from govor.config.moments import Keep
from govor.errors import ModelError
from govor.train import checkpoint
from govor.train.checkpoint import Checkpoint
from govor.train.folder import RunFolder
from govor.train.optimiser import save_optimiser
from govor.train.state import TrainState

if TYPE_CHECKING:
    import torch

    from govor.models.base import Family


FIRST_BYTES_A_SECOND = 200e6
"""Assumed of the disk until the first checkpoint was timed: weights, two moments, and the proof."""


class Saver:
    """Makes checkpoints on the main process; `seconds` is what the last one took.

    Args:
        folder: the run's.
        family: whose model is saved.
        optimiser: whose state is saved.
        config: settings.
        origin: ``fingerprints`` of model and data and the ``settings`` behind them, written into every
            checkpoint.
    """

    def __init__(
        self,
        folder: RunFolder,
        family: Family,
        optimiser: torch.optim.Optimizer,
        config: TrainConfig,
        origin: dict[str, Any],
    ) -> None:
        self.folder, self.family, self.optimiser = folder, family, optimiser
        self.origin = origin
        self.keep = Keep.parse(config.keep)
        self._proved = False
        self._bytes = 0
        self.seconds = 4 * sum(map(_bytes_of, family.model.parameters())) / FIRST_BYTES_A_SECOND

    def save(self, state: TrainState, named: bool, wer: float | None) -> Checkpoint:
        """A checkpoint of where the run stands.

        Raises:
            DiskFullError: no room; the earlier checkpoints stand.
            ModelError: what was written does not load.
        """
        target, begun_s = self.folder.checkpoint_of(state.step), time.monotonic()
        checkpoint.require_room(target, self._bytes)
        facts: dict[str, Any] = {
            "step": state.step,
            "position": asdict(state.position),
            "named": named,
            "wer": wer,
            "run": state.identity,
            **self.origin,
        }
        made = checkpoint.write(target, lambda partial: self._fill(partial, state), facts)
        self._bytes = made.size_bytes
        if not self._proved:
            prove(made.folder, self.family)
            self._proved = True
        self.seconds = time.monotonic() - begun_s
        return made

    def is_named(self, step: int) -> bool:
        """Whether the checkpoint of a step is one that is never pruned."""
        return bool(checkpoint.read(self.folder.checkpoint_of(step)).manifest.get("named"))

    def settle(self, made: Checkpoint, state: TrainState) -> None:
        """Publishes the best model and prunes."""
        best = state.best["step"] if state.best else None
        if best == made.step:
            checkpoint.publish(made, self.folder.model)
        self.folder.prune(self.keep, best)

    def _fill(self, partial: Path, state: TrainState) -> None:
        from govor.models.adapters import save_adapter

        self.family.save(partial)
        (partial / checkpoint.TRAINING).mkdir()
        save_optimiser(self.family.model, self.optimiser, partial / checkpoint.OPTIMIZER)
        save_adapter(self.family.model, partial)
        store.write_json(partial / checkpoint.STATE, state.as_dict())


def _bytes_of(parameter: torch.nn.Parameter) -> int:
    return parameter.numel() * parameter.element_size()


def prove(folder: Path, family: Family) -> None:
    """Opens a checkpoint by itself and compares every weight.

    Raises:
        ModelError: it does not open, or holds other weights.
    """
    import torch

    from govor.models import open_model
    from govor.models.weights import saved_state

    opened: Any = open_model(folder, device="cpu", precision="fp32")
    written = opened.model.state_dict()
    for name, value in (saved_state(family.model) or family.model.state_dict()).items():
        if name not in written or not torch.equal(value.detach().cpu(), written[name]):
            raise ModelError(
                f"{folder} was written but does not load as the model in memory ({name} differs)"
            )
