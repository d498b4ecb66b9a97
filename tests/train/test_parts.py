"""The processes of a run, alone and among others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import accelerate
import pytest
import torch

from govor.errors import MachineError
from govor.train import parts


def joined(monkeypatch: pytest.MonkeyPatch, found: int) -> list[dict[str, Any]]:
    """accelerate finds so many processes; what it is asked for is written down."""
    asked: list[dict[str, Any]] = []

    def state(**settings: Any) -> Any:
        asked.append(settings)
        return SimpleNamespace(device=torch.device("cpu"), process_index=0, num_processes=found)

    monkeypatch.setattr(accelerate, "PartialState", state)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return asked


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_without_a_gpu_processes_join_on_the_processor(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    asked = joined(monkeypatch, 2)
    monkeypatch.setenv("WORLD_SIZE", "2")
    ranks = parts.start_processes(device)
    assert (ranks.size, str(ranks.device)) == (2, "cpu")
    assert asked[0]["cpu"] is True and asked[0]["timeout"].total_seconds() == 24 * 3600


def test_processes_that_would_each_train_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    joined(monkeypatch, 1)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(MachineError, match="2 processes were started, but this one counts 1"):
        parts.start_processes("auto")
