"""Fixtures of the search: a small set of speech and a recipe with a space."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "train"))

SIZES = {
    "model_type": "parakeet_ctc",
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "subsampling_factor": 4,
    "subsampling_conv_channels": 4,
}


@pytest.fixture(scope="session")
def small_speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared data set: 24 train and 4 dev clips."""
    from speech_set import write_speech_set

    return write_speech_set(tmp_path_factory.mktemp("tune") / "set", {"train": 24, "dev": 4})


@pytest.fixture
def data(tmp_path: Path, small_speech: Path) -> Callable[..., dict[str, Any]]:
    """Recipe data; keywords go into ``[tune]``."""

    def make(train: dict[str, Any] | None = None, **tune: Any) -> dict[str, Any]:
        return {
            "work": str(tmp_path / "work"),
            "prepare": {"out": str(small_speech)},
            "model": {"from_scratch": SIZES},
            "train": {
                "steps": 2,
                "batch_s": 12.0,
                "threads": 1,
                "loader_workers": 0,
                "eval_every": "1 steps",
                "save_every": "1 steps",
                "trackers": [],
                **(train or {}),
            },
            "tune": tune,
        }

    return make
