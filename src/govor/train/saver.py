"""Writes, proves, prunes and publishes checkpoints of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor import store
from govor.config import TrainConfig
from govor.errors import ModelError
from govor.train import checkpoint
from govor.train.checkpoint import Checkpoint
from govor.train.folder import RunFolder
from govor.train.moments import Keep
from govor.train.optimiser import save_optimiser, trained
from govor.train.state import TrainState

if TYPE_CHECKING:
    import torch

    from govor.models.base import Family


class Saver:
    """Makes checkpoints on the main process.

    Args:
        folder: the run's.
        family: whose model is saved.
        optimiser: whose state is saved.
        config: settings.
        fingerprints: of model and data, written into every checkpoint.
        copied: called with every new checkpoint (the mirror).
    """

    def __init__(
        self,
        folder: RunFolder,
        family: Family,
        optimiser: torch.optim.Optimizer,
        config: TrainConfig,
        fingerprints: dict[str, str],
        copied: Callable[[Checkpoint], None] | None = None,
    ) -> None:
        self.folder, self.family, self.optimiser = folder, family, optimiser
        self.fingerprints, self.copied = fingerprints, copied
        self.keep = Keep.parse(config.keep)
        self._proved = False
        self._bytes = 0

    def save(self, state: TrainState, named: bool, wer: float | None) -> Checkpoint:
        """A checkpoint of where the run stands.

        Raises:
            DiskFullError: no room; the earlier checkpoints stand.
            ModelError: what was written does not load.
        """
        target = self.folder.checkpoint_of(state.step)
        store.require_space(target, self._bytes, "a checkpoint")
        facts: dict[str, Any] = {
            "step": state.step,
            "position": asdict(state.position),
            "named": named,
            "wer": wer,
            "fingerprints": self.fingerprints,
        }
        made = checkpoint.write(target, lambda partial: self._fill(partial, state), facts)
        self._bytes = made.size_bytes
        if not self._proved:
            prove(made.folder, self.family)
            self._proved = True
        return made

    def settle(self, made: Checkpoint, state: TrainState) -> None:
        """Publishes the best model, prunes, hands the checkpoint to the mirror."""
        best = state.best["step"] if state.best else None
        if best == made.step:
            checkpoint.publish(made, self.folder.model)
        self.folder.prune(self.keep, best)
        if self.copied:
            self.copied(made)

    def _fill(self, partial: Path, state: TrainState) -> None:
        self.family.save(partial)
        (partial / checkpoint.TRAINING).mkdir()
        save_optimiser(self.family.model, self.optimiser, partial / checkpoint.OPTIMIZER)
        if has_adapters(self.family.model):
            save_trained(self.family.model, partial / checkpoint.WEIGHTS)
        store.write_json(partial / checkpoint.STATE, state.as_dict())


def has_adapters(model: torch.nn.Module) -> bool:
    """Whether parts were added that the saved model holds merged."""
    return hasattr(model, "peft_config")


def save_trained(model: torch.nn.Module, path: Path) -> None:
    """Writes the trained parameters and all buffers as they are."""
    from safetensors.torch import save_file

    tensors = {name: p.detach().cpu().contiguous() for name, p in trained(model)}
    save_file(tensors, path)


def prove(folder: Path, family: Family) -> None:
    """Opens a checkpoint by itself and compares every weight.

    Raises:
        ModelError: it does not open, or holds other weights.
    """
    import torch

    from govor.models import open_model

    opened: Any = open_model(folder, device="cpu", precision="fp32")
    if has_adapters(family.model):
        return
    written = opened.model.state_dict()
    for name, value in family.model.state_dict().items():
        if name not in written or not torch.equal(value.detach().cpu(), written[name]):
            raise ModelError(
                f"{folder} was written but does not load as the model in memory ({name} differs)"
            )
