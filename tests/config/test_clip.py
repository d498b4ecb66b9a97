"""Stretches of recordings as people write them."""

import pytest

from govor.config import TranscribeConfig
from govor.config.clip import clip_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10:00-12:30", (600.0, 750.0)),
        ("90-150.5", (90.0, 150.5)),
        ("1:02:03.5 - 1:02:04", (3723.5, 3724.0)),
        ("5-", (5.0, None)),
    ],
)
def test_forms(text, expected):
    assert clip_of(text) == expected


@pytest.mark.parametrize(
    "text", ["", "10:00", "12:30-10:00", "5-5", "a-b", "-5-3", "1:2:3:4-9", "10:00–12:30"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="clip is"):
        TranscribeConfig(clip=text)
