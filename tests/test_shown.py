"""Intervals as people read them, with and without ends."""

from __future__ import annotations

import ast
import math
import os
import re
from pathlib import Path

import pytest

from govor.records import Interval
from govor.shown import has_interval, interval_text, readable

SOURCE = Path(__file__).parents[1] / "src" / "govor"
ONE_SPEAKER = {"unit": "speaker", "count": 1}


def test_percent_points_and_plain_rates() -> None:
    found = Interval(0.2, 0.15, 0.2567).as_dict()
    assert interval_text(found) == "15.00 to 25.67"
    assert interval_text(found, digits=1, unit="%") == "15.0 to 25.7%"
    assert interval_text(found, scale=1, digits=3) == "0.150 to 0.257"
    assert interval_text(Interval(-0.1, -0.3, 0.1).as_dict(), signed=True) == "-30.00 to +10.00"


@pytest.mark.parametrize(
    ("low", "high"), [(math.nan, math.nan), (0.0, math.inf), (-math.inf, 1.0), (-math.inf, math.inf)]
)
def test_an_interval_without_an_end_is_none(low: float, high: float) -> None:
    found = Interval(0.5, low, high)
    assert found.as_dict() == {"value": 0.5, "low": None, "high": None}
    assert not found.is_known and str(found) == "0.5000 (no interval)"


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (None, "no interval"),
        (ONE_SPEAKER, "no interval (1 speaker)"),
        ({"unit": "utterance", "count": 1}, "no interval (1 utterance)"),
        ({"unit": "utterance", "count": 0}, "no interval (0 utterances)"),
        ({"unit": "recording", "count": 3}, "no interval (no reference words)"),
    ],
)
def test_why_there_is_none(groups: dict[str, object] | None, words: str) -> None:
    assert interval_text({"value": 0.5, "low": None, "high": None}, groups) == words


def test_half_an_interval_as_earlier_versions_wrote_it() -> None:
    half = {"value": 0.5, "low": 0.0, "high": None}
    assert not has_interval(half) and interval_text(half, ONE_SPEAKER) == "no interval (1 speaker)"


def test_odd_names_can_be_written_everywhere() -> None:
    assert readable("čaj") == "čaj" and readable(Path("a b")) == "a b"
    assert readable(os.fsdecode(b"caf\xe9.wav")) == "caf\\xe9.wav"
    assert readable("half \ud83d") == "half \\ud83d"


def test_nothing_else_writes_the_ends_of_an_interval() -> None:
    """The twins of one fault: an end that is null was multiplied wherever it was formatted."""
    ends = re.compile(r"""\[["'](low|high)["']\]|\.(low|high)\b""")
    offenders = []
    for path in SOURCE.rglob("*.py"):
        if path.name in ("shown.py", "records.py", "space.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FormattedValue) and ends.search(ast.unparse(node.value)):
                offenders.append(f"{path.relative_to(SOURCE)}:{node.lineno}")
    templates = [p for p in SOURCE.rglob("*.html") if re.search(r"\* *\w+\.(low|high)", p.read_text())]
    assert not offenders and not templates
