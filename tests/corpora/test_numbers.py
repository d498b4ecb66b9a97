"""Properties of what reads numbers and times: what was written comes back, the rest is none."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.corpora.ctm import _word
from govor.corpora.cues import read_cues
from govor.corpora.nist import ChannelNumbers
from govor.corpora.numbers import number
from govor.corpora.stm import _row
from govor.corpora.textgrid import read_textgrid
from govor.corpora.timed_text import TimedTextError
from govor.corpora.words import seconds
from govor.records import Rejection

MS = st.integers(0, 360_000_000)
FIELD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r"), max_size=12
) | st.sampled_from(["nan", "inf", "-inf", "1_0", "１", "²", "1e999", "0x1", "1e5", "-0", "9" * 400])


def written(name: str, text: str) -> Path:
    place = Path(tempfile.mkdtemp()) / name
    place.write_text(text, encoding="utf-8")
    return place


def clock(ms: int, mark: str) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{mark}{ms % 1000:03d}"


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_comes_back(value: float) -> None:
    assert number(repr(value)) == value
    assert number(f" {value!r}\n") == value == seconds(repr(value))


@given(FIELD)
def test_a_field_is_a_finite_number_or_none(field: str) -> None:
    for read in (number, seconds):
        found = read(field)
        assert found is None or (math.isfinite(found) and found == float(field) and field.isascii())
        assert found is None or "_" not in field


@given(MS, MS, st.sampled_from([("srt", ","), ("vtt", ".")]))
def test_times_of_captions_come_back(start: int, end: int, form: tuple[str, str]) -> None:
    ending, mark = form
    head = "WEBVTT\n\n" if ending == "vtt" else "1\n"
    text = f"{head}{clock(start, mark)} --> {clock(end, mark)}\ndobar dan\n"
    (cue,) = read_cues(written(f"a.{ending}", text)).cues
    assert (cue.start, cue.end) == (start / 1000, end / 1000)


def test_hours_that_are_too_many_are_said() -> None:
    found = read_cues(written("a.srt", "1\n1234567:00:00,000 --> 1234567:00:01,000\ndobar dan\n"))
    assert not found.cues and len(found.bad) == 1


@given(MS, MS, st.text(st.characters(categories=["L"]), min_size=1))
def test_times_of_a_textgrid_come_back(start: int, end: int, text: str) -> None:
    head = '"ooTextFile"\n"TextGrid"\n0\n9\n<exists>\n1\n"IntervalTier"\n"a"\n0\n9\n1\n'
    (tier,) = read_textgrid(written("a.TextGrid", f'{head}{start / 1000}\n{end / 1000}\n"{text}"\n'))
    assert (tier.cues[0].start, tier.cues[0].end, tier.cues[0].text) == (start / 1000, end / 1000, text)


@given(st.text(max_size=80))
def test_any_text_is_a_textgrid_or_a_sentence(text: str) -> None:
    with pytest.raises(TimedTextError):
        read_textgrid(
            written(
                "a.TextGrid",
                '"ooTextFile" "TextGrid" 0 1 <exists> 3 ' + text.encode("utf-8", "replace").decode(),
            )
        )


@given(MS, MS)
def test_times_of_ctm_and_stm_come_back(start: int, length: int) -> None:
    word = _word(Path("a.ctm"), 1, f"rec A {start / 1000} {length / 1000} dan")
    assert not isinstance(word, Rejection)
    assert (word[2].start, word[2].end) == (start / 1000, start / 1000 + length / 1000)
    row = _row(Path("a.stm"), 1, f"rec A ana {start / 1000} {length / 1000} dobar dan", ChannelNumbers(False))
    assert isinstance(row, dict) and (row["start"], row["end"]) == (start / 1000, length / 1000)


@given(FIELD.filter(str.strip), FIELD.filter(str.strip))
def test_what_is_no_time_is_set_aside(first: str, second: str) -> None:
    word = _word(Path("a.ctm"), 1, f"rec A {first} {second} dan")
    assert isinstance(word, Rejection) or (math.isfinite(word[2].start) and math.isfinite(word[2].end))
    row = _row(Path("a.stm"), 1, f"rec A ana {first} {second} dobar dan", ChannelNumbers(False))
    assert isinstance(row, Rejection) or all(math.isfinite(row[name]) for name in ("start", "end"))  # type: ignore
