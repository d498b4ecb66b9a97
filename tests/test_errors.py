"""A message is one sentence on one line, whatever the file or name holds that it speaks of."""

from __future__ import annotations

import pytest

from govor.errors import AudioError, GovorError, LimitError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a row with 'a\nb'", r"a row with 'a\nb'"),
        ("a\r\nb", r"a\r\nb"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\x85b\u2028c", r"a\x85b\u2028c"),
        ("two tables:\n  a.csv\n  b.csv", "two tables:\n  a.csv\n  b.csv"),
        ("čšž … 🙂", "čšž … 🙂"),
    ],
)
def test_what_would_break_the_line_is_written_out(text: str, shown: str) -> None:
    assert str(GovorError(text)) == str(LimitError(text)) == str(AudioError(text)) == shown
