"""Which batch is the largest, and in how many pieces it has to run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from govor.config import TrainConfig
from govor.train import sizing
from govor.train.memory import pieces_for
from govor.train.reduce import Ranks

DURATIONS = np.array([2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 9.0, 10.0] * 8)


def stepper(window_s: float | None, windows: str = "full") -> Any:
    family, config = SimpleNamespace(max_window_s=window_s), TrainConfig(windows=windows)
    return SimpleNamespace(family=family, config=config, ranks=Ranks(0, 1, "cpu"))


@pytest.mark.parametrize(
    ("window_s", "windows", "fitting", "most"),
    [
        (30.0, "full", 5, 16),
        (30.0, "mixed", 16, 16),
        (30.0, "thinned", 3, 7),
        (30.0, "short", 2, 4),
        (None, "full", 1, 4),
    ],
)
def test_every_batch_runs_in_pieces_that_fit(
    monkeypatch: pytest.MonkeyPatch, window_s: float | None, windows: str, fitting: int, most: int
) -> None:
    """Batches of 40 padded seconds: up to 4 of the longest clips, or 16 windows of whatever length.

    Thinned, 16 clips of 2 s cost 5 s each: 80 s are as much as 7 of the longest, which cost 13 s each.
    """
    tried: list[int] = []
    monkeypatch.setattr(
        sizing, "try_batch", lambda stepper, seconds, count: tried.append(count) or count <= fitting
    )
    found = sizing.pieces_needed(stepper(window_s, windows), DURATIONS, 40.0, 16)
    assert tried[0] == most
    each_s = {"short": 10.0, "thinned": 13.0}.get(windows, window_s or 10.0)
    for count in range(1, most + 1):
        assert -(-count // pieces_for(count * each_s, found)) <= max(fitting, 1), (count, found)
    assert bool(found) is (fitting < most)
