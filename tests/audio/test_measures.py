"""True bandwidth at its edges."""

import numpy as np

from govor.audio import bandwidth_hz


def test_a_click_at_the_edge_of_a_frame_has_none():
    samples = np.zeros(16_000, np.float32)
    samples[0] = 1.0
    assert bandwidth_hz(samples, 16_000) == 0.0
