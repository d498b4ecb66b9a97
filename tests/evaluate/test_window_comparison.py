"""Windows compared on recordings, each setting in a process of its own."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from govor.config import TranscribeConfig
from govor.errors import UsageError
from govor.evaluate.window_comparison import compare_windows

RATE = 16_000
CONFIG = TranscribeConfig(format=("txt", "json"))


@pytest.mark.slow
def test_compare_measures_each_setting(tiny_ctc, tmp_path):
    noise = np.random.default_rng(1).normal(0, 0.1, 3 * RATE) * np.repeat([0, 1, 0.5, 1, 0, 1], RATE // 2)
    soundfile.write(tmp_path / "a.wav", noise, RATE)
    reference = tmp_path / "said.txt"
    reference.write_text("nešto posve drugo")
    grid = {"chunk": [1.0, 2.0], "stride": [0.5]}
    files = [str(tmp_path / "a.wav")]
    summary = compare_windows(str(tiny_ctc), files, CONFIG, grid, reference=reference, device="cpu")
    assert [(row["chunk"], row["stride"]) for row in summary["settings"]] == [
        (None, 0.0),
        (2.0, 0.5),
    ]
    assert all(row["peak_rss_mb"] > 50 and row["wer"] > 0 for row in summary["settings"])
    assert summary["skipped"] == ["chunk=1 stride=0.5: the strides leave nothing of the chunk"]


def test_compare_without_a_grid_is_wrong_usage(tiny_ctc):
    with pytest.raises(UsageError):
        compare_windows(str(tiny_ctc), ["a.wav"], CONFIG, {"chunk": []})
