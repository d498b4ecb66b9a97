"""A small data set that all tests here read."""

from pathlib import Path

import numpy as np
import pytest
from written_sets import write_dataset


@pytest.fixture(scope="session")
def durations() -> dict[str, list[float]]:
    draw = np.random.default_rng(0)
    return {
        "train": [round(float(s), 3) for s in draw.uniform(0.3, 2.0, 50)],
        "dev": [0.5, 1.0, 0.7],
    }


@pytest.fixture(scope="session")
def folder(tmp_path_factory, durations) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "set", durations)
