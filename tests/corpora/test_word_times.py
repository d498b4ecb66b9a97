"""What word times count from is decided for the source, from the rows that can only be one or the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus_sources import Imported, touch_audio, write_json_lines

from govor.errors import CorpusError

Importer = Callable[..., Imported]


def row(text: str, start: float, end: float, *spans: tuple[float, float], **more: Any) -> dict[str, Any]:
    words = [{"word": f"{text}{i}", "start": a, "end": b} for i, (a, b) in enumerate(spans)]
    return {"audio": "a.wav", "id": text, "start": start, "end": end, "text": text, "words": words, **more}


def table(folder: Path, *rows: dict[str, Any]) -> Path:
    touch_audio(folder / "a.wav")
    return write_json_lines(folder / "all.jsonl", rows)


def test_a_row_that_can_only_be_absolute_decides_for_all(tmp_path: Path, imported: Importer) -> None:
    file = table(tmp_path, row("far", 30, 40, (31, 32)), row("near", 2, 20, (3, 4), (10, 11)))
    got = imported(file)
    assert got.row("near")["word_starts"] == [1.0, 8.0]
    assert got.row("near")["word_ends"] == [2.0, 9.0]
    assert got.row("far")["word_starts"] == [1.0]
    assert got.summary["remarks"] == ["word times are absolute: 1 of 2 rows can be nothing else, such as far"]


def test_a_row_that_can_only_be_relative_decides_for_all(tmp_path: Path, imported: Importer) -> None:
    file = table(tmp_path, row("far", 30, 40, (1, 2)), row("near", 2, 20, (3, 4)))
    got = imported(file)
    assert (got.row("far")["word_starts"], got.row("near")["word_starts"]) == ([1.0], [3.0])


def test_rows_of_both_kinds_are_asked_about(tmp_path: Path, imported: Importer) -> None:
    file = table(tmp_path, row("a", 30, 40, (31, 32)), row("b", 50, 60, (1, 2)))
    with pytest.raises(CorpusError, match=r"1 only absolute \(such as a\).*--word-times absolute or"):
        imported(file)
    got = imported(file, word_times="relative")
    assert (got.summary["kept"], got.reasons) == (1, {"a": "words_outside"})


def test_rows_of_neither_kind_are_asked_about(tmp_path: Path, imported: Importer) -> None:
    file = table(tmp_path, row("a", 2, 20, (3, 4)))
    with pytest.raises(CorpusError, match="1 row could be absolute or relative"):
        imported(file)
    assert imported(file, word_times="absolute").row("a")["word_starts"] == [1.0]


def test_words_of_whole_files_ask_nothing(tmp_path: Path, imported: Importer) -> None:
    whole = {"audio": "a.wav", "text": "x", "words": [{"word": "x", "start": 1, "end": 2}]}
    assert imported(table(tmp_path, whole)).rows["word_starts"].to_list() == [[1.0]]


def test_rows_outside_their_span_are_set_aside(tmp_path: Path, imported: Importer) -> None:
    file = table(tmp_path, row("in", 30, 40, (31, 32)), row("out", 50, 60, (70, 71)))
    assert imported(file).reasons == {"out": "words_outside"}


def test_words_without_times_lose_them_and_it_is_said(tmp_path: Path, imported: Importer) -> None:
    odd = row("odd", 50, 60, (51, 52)) | {"words": [{"word": "a", "start": 51, "end": 52}, {"word": "b"}]}
    got = imported(table(tmp_path, row("good", 30, 40, (31, 32)), odd))
    assert got.row("odd")["word_starts"] is None
    assert got.summary["remarks"][0].startswith("1 row have words without a time")


@pytest.mark.parametrize("frame_s", [0.0, 2.0])
def test_lhotse_alignments_stand_beside_their_supervision(
    tmp_path: Path, imported: Importer, frame_s: float
) -> None:
    """By Lhotse's description from where the supervision's start counts; others write them relative."""
    touch_audio(tmp_path / "r.wav")
    source = {"type": "file", "channels": [0], "source": str(tmp_path / "r.wav")}
    word = {"word": [["a", frame_s + 0.1, 0.3], ["b", frame_s + 4.0, 0.8]]}
    said = {
        "id": "s",
        "start": 2.0,
        "duration": 5.0,
        "text": "a b",
        "custom": {"note": "x"},
        "alignment": word,
    }
    cut = {"id": "c", "type": "MonoCut", "start": 10.0, "duration": 8.0, "supervisions": [said]}
    cut["recording"] = {"id": "r", "sources": [source]}
    (tmp_path / "cuts.jsonl").write_text(json.dumps(cut))
    got = imported(tmp_path).row("s")
    assert (got["start"], got["end"], got["note"]) == (12.0, 17.0, "x")
    assert (got["word_starts"], got["word_ends"]) == ([0.1, 4.0], [0.4, 4.8])
