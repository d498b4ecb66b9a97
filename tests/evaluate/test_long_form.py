"""Plans of long recordings."""

import numpy as np
import polars as pl
import pytest

from govor.errors import InputError
from govor.evaluate.long_form import OF_RECORDINGS, OF_SPEAKERS, plan_recordings


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
