"""Plans of long recordings."""

import numpy as np
import polars as pl
import pytest

from govor.config import EvaluateConfig
from govor.errors import InputError
from govor.evaluate.long_form import (
    OF_RECORDINGS,
    OF_SPEAKERS,
    LongRecording,
    plan_recordings,
    transcribe_recordings,
)
from stub_recogniser import StubRecogniser


def test_recordings_are_joined_at_their_times_with_short_pauses():
    table = pl.DataFrame({"recording": ["b", "a", "a", "a"], "start": [0.0, 30.0, 1.0, 4.0]})
    planned, kind = plan_recordings(table, np.array([2.0, 2.0, 2.5, 3.0]))
    assert kind == OF_RECORDINGS
    assert [(one.name, one.rows, one.pauses_s) for one in planned] == [("a", (2, 3, 1), (0.0, 0.5, 2.0))]


def test_single_clips_are_joined_by_speaker():
    rows = 50
    table = pl.DataFrame(
        {
            "recording": [f"r{n}" for n in range(rows)],
            "start": [0.0] * rows,
            "speaker": [f"s{n % 2}" for n in range(rows)],
        }
    )
    planned, kind = plan_recordings(table, np.full(rows, 10.0))
    assert kind == OF_SPEAKERS
    assert sorted(row for one in planned for row in one.rows) == list(range(rows))
    assert max(len(one.rows) for one in planned) * 10.6 <= 180 + 10.6
    assert all(len({row % 2 for row in one.rows}) == 1 for one in planned)


def test_nothing_to_join_is_said():
    with pytest.raises(InputError, match="--long-form"):
        plan_recordings(pl.DataFrame({"id": ["a"]}), np.array([1.0]))


class Swelling:
    """Clips of noise that swells and fades, which is taken for speech; row N has N + 1 seconds."""

    sample_rate = 16_000

    def wave(self, split, row):
        random = np.random.default_rng(row)
        shape = np.repeat(random.uniform(0, 0.2, 4 * (row + 1)), 4_000)
        return (random.normal(0, 1, len(shape)) * shape).astype(np.float32)


def test_recordings_are_heard_together_and_kept_in_order(tmp_path):
    planned = [LongRecording(f"r{n}", (n, n + 1), (0.0, 0.5)) for n in range(5)]
    config = EvaluateConfig(split="test", long_form=True)
    alone = {}
    for one in planned:
        alone |= transcribe_recordings(tmp_path / one.name, "key", Swelling(), [one], config, StubRecogniser)
    together = transcribe_recordings(tmp_path / "all", "key", Swelling(), planned, config, StubRecogniser)
    assert list(together) == [one.name for one in planned]
    assert {name: (line["text"], line["duration"]) for name, line in together.items()} == {
        name: (line["text"], line["duration"]) for name, line in alone.items()
    }

    def never():
        raise AssertionError("all is kept")

    assert transcribe_recordings(tmp_path / "all", "key", Swelling(), planned, config, never) == together
