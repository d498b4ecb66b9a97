from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def in_blocks():
    """Cuts a recording into blocks of uneven length, as a decoder gives them."""

    def cut(samples: np.ndarray, size: int = 7_001) -> list[np.ndarray]:
        return [samples[i : i + size] for i in range(0, len(samples), size)]

    return cut
