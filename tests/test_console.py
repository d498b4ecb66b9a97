"""What people see while they wait."""

import time

from govor.console import Progress


def line(done, total, seconds, **more):
    bar = Progress("prepare", total, "h", **more)
    bar.done, bar.note = done, "3 rejected"
    bar._start_s = time.monotonic() - seconds
    return bar


def test_a_line_tells_share_time_left_rate_and_note():
    said = line(2.0, 8.0, 120.0, per="min")._line()
    assert said == "prepare  [#####...............]  25%  2/8 h  0:06:00 left  1 h/min  3 rejected"


def test_the_rate_is_of_seconds_unless_told_otherwise():
    assert "0.0167 h/s" in line(2.0, 8.0, 120.0)._line()


def test_an_estimate_that_was_too_high_ends_at_all_the_same():
    bar = line(2.0, 8.0, 120.0)
    bar.complete()
    assert "100%  2/2 h" in bar._line() and "left" not in bar._line()
