"""Groups of one, no reference words, no errors: every file and line copes with no interval."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from govor.commands.compare import _lines as lines_of_comparison
from govor.commands.evaluate import lines_of
from govor.config import EvaluateConfig
from govor.evaluate import evaluate, grouping, rate_interval
from govor.evaluate.comparing import compare
from govor.evaluate.intervals import difference_interval
from govor.evaluate.server import Report
from govor.publish.cards import rate
from govor.store import read_json, write_json

Made = Callable[..., dict[str, Any]]


@pytest.fixture
def made(stage: Any, dataset: Any, perfect: Any, tmp_path: Path) -> Made:
    """Evaluates hypotheses of a few clips; `more` are columns of the data set."""

    def make(references: list[str], said: list[str], out: str = "e", **more: Any) -> dict[str, Any]:
        size = len(references)
        columns = {"id": [f"u{n}" for n in range(size)], "text": references, "duration": [2.0] * size}
        dataset.frame = pl.DataFrame({**columns, "split": ["test"] * size, **more})
        dataset.splits = {"test": size}
        recogniser = type(perfect)
        stage[0].update(model=recogniser(said), base=recogniser(references, "base"))
        config = EvaluateConfig(slices=("room",) if "room" in more else (), baseline="base")
        return evaluate("model", "stub", tmp_path / out, config)

    return make


def no_interval(rate: dict[str, Any]) -> bool:
    return rate["low"] is None and rate["high"] is None


def strict(path: Path) -> Any:
    return json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in {path}"))


@pytest.mark.parametrize("errors", [0, 1, 9, 10, 50])
def test_one_group_has_no_interval_however_many_errors(errors: int) -> None:
    counts, units = np.array([errors]), np.array([100])
    found = rate_interval(counts, units, grouping(1, ["a"])).as_dict()
    assert found == {"value": errors / 100, "low": None, "high": None}
    change = difference_interval(counts, np.array([5]), units, grouping(1)).as_dict()
    assert change == {"value": (errors - 5) / 100, "low": None, "high": None}


def test_one_utterance_of_one_speaker(made: Made, tmp_path: Path) -> None:
    summary = made(["one two three"], ["one two tree"], speaker=["s0"])
    assert summary["wer"]["value"] == pytest.approx(1 / 3) and no_interval(summary["wer"])
    assert no_interval(summary["comparison"]["wer_difference"])
    assert dict(summary) == strict(tmp_path / "e" / "summary.json")
    text = "\n".join(lines_of(summary))
    assert text.count("no interval (1 speaker)") >= 3 and "none with 1 speaker" in text
    page = (tmp_path / "e" / "report.html").read_text()
    assert "no interval (1 speaker)" in page
    assert rate(summary["wer"], summary["groups"]) == "33.3% (no interval (1 speaker))"


def test_one_speaker_of_many_utterances_resamples_them_and_says_so(made: Made) -> None:
    summary = made(["one two three four"] * 8, ["one two tree four"] * 8, speaker=["s0"] * 8)
    assert not no_interval(summary["wer"])
    assert "says nothing about other speakers" in "\n".join(lines_of(summary))


def test_a_slice_of_one_utterance(made: Made, tmp_path: Path) -> None:
    """Its upper end was infinite, null in the file, and multiplied in the report."""
    rooms = ["A"] * 6 + ["B"] * 6 + ["C"]
    said = ["one two three four five six eight"] * 13
    summary = made([said[0][:-5] + "seven"] * 13, said, room=rooms, speaker=[f"s{n}" for n in range(13)])
    lonely = summary["slices"]["room"]["(small groups)"]
    assert no_interval(lonely["wer"]) and lonely["groups"]["count"] == 1
    assert "no interval (1 speaker)" in (tmp_path / "e" / "report.html").read_text()


def test_empty_references_and_no_errors_at_all(made: Made, tmp_path: Path) -> None:
    empty = made(["", ""], ["", ""], out="empty")
    assert empty["wer"] == {"value": 0.0, "low": None, "high": None}
    assert "no interval (no reference words)" in "\n".join(lines_of(empty))
    heard = made(["", ""], ["a word", ""], out="heard")
    assert heard["wer"]["value"] is None and "undefined" in "\n".join(lines_of(heard))
    right = made(["one two three"] * 4, ["one two three"] * 4, out="right")
    assert right["wer"]["value"] == 0.0 and right["wer"]["high"] > 0
    for folder in ("empty", "heard", "right"):
        assert (tmp_path / folder / "report.html").exists()


def test_what_an_earlier_version_cut_off_opens_and_compares(made: Made, tmp_path: Path) -> None:
    summary = made(["one two three"], ["one two tree"], speaker=["s0"])
    folder = tmp_path / "e"
    (folder / "report.html").unlink()
    half = read_json(folder / "summary.json")
    for found in (half["wer"], half["cer"], half["comparison"]["wer_difference"]):
        found["low"] = 0.0
    write_json(folder / "summary.json", half)
    assert b"no interval (1 speaker)" in Report(folder).page()
    made(["one two three"], ["one two three"], out="other", speaker=["s0"])
    found = compare([folder, tmp_path / "other"], tmp_path / "c")
    assert found["wer_difference"] == {"value": pytest.approx(-1 / 3), "low": None, "high": None}
    assert "no interval (1 speaker)" in "\n".join(lines_of_comparison(found))
    assert "no interval (1 speaker)" in (tmp_path / "c" / "comparison.html").read_text()
    assert summary["utterances"] == 1
