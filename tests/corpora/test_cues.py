"""Subtitles as people and tools write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_sources import Imported, touch_audio, write_text

from govor.corpora.cues import read_cues
from govor.errors import CorpusError


def told(folder: Path, text: str, name: str = "L.srt") -> list[tuple[float, float, str]]:
    file = folder / name
    file.write_bytes(text.encode())
    return [(cue.start, cue.end, cue.text) for cue in read_cues(file).cues]


def test_cues_without_numbers_and_blank_lines(tmp_path: Path) -> None:
    text = "\ufeff00:00:01.000 --> 00:00:02,5\r\none\r\n42\r\n00:00:03,000 --> 00:00:04,000\r\ntwo\r\n"
    assert told(tmp_path, text) == [(1.0, 2.5, "one 42"), (3.0, 4.0, "two")]


def test_numbered_cues_without_blank_lines(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\none\n2\n100:00:03,000 --> 100:00:04,000\ntwo\n"
    assert told(tmp_path, text) == [(1.0, 2.0, "one"), (360003.0, 360004.0, "two")]


def test_blank_lines_inside_a_cue(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\none\n\n \nmore\n\n2\n00:00:03,000 --> 00:00:04,000\ntwo\n"
    assert told(tmp_path, text) == [(1.0, 2.0, "one more"), (3.0, 4.0, "two")]


def test_notes_styles_and_names_of_a_vtt_are_no_text(tmp_path: Path) -> None:
    text = (
        "WEBVTT - title\nLanguage: hr\n\nSTYLE\n::cue { color: red }\n\nNOTE one\ntwo\n\nintro\n"
        "00:01.000 --> 00:02.000 align:start\n<v Ana>hej &amp; ho</v>\n\nNOTE\nx\n\nlast\n"
        "00:03.000 --> 00:04.000\nkraj\n"
    )
    assert told(tmp_path, text, "L.vtt") == [(1.0, 2.0, "hej & ho"), (3.0, 4.0, "kraj")]
    found = read_cues(tmp_path / "L.vtt")
    assert (found.language, found.cues[0].speaker) == ("hr", "Ana")


def test_one_odd_cue_is_one_bad_line(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> soon\nlost\n\n2\n00:00:75,000 --> 00:00:80,000\nlost\n\n"
    text += "3\n00:00:03,000 --> 00:00:04,000\nkept\n"
    assert told(tmp_path, text) == [(3.0, 4.0, "kept")]
    assert [number for number, _ in read_cues(tmp_path / "L.srt").bad] == [2, 6]


def test_captions_that_roll_are_told_once(tmp_path: Path) -> None:
    lines = ["one", "one\ntwo", "one\ntwo\nthree", "two\nthree\nfour"]
    text = "".join(f"00:0{k}.000 --> 00:0{k + 1}.000\n{line}\n\n" for k, line in enumerate(lines))
    assert [cue[2] for cue in told(tmp_path, f"WEBVTT\n\n{text}", "L.vtt")] == ["one", "two", "three", "four"]


def test_captions_that_grow_word_by_word_are_told_once(tmp_path: Path) -> None:
    lines = ["so", "so today", "so today we", "so today we bake"]
    text = "".join(f"00:0{k}.000 --> 00:0{k + 1}.000\n{line}\n\n" for k, line in enumerate(lines))
    assert [cue[2] for cue in told(tmp_path, f"WEBVTT\n\n{text}", "L.vtt")] == ["so", "today", "we", "bake"]


def test_speakers_may_repeat_themselves(tmp_path: Path) -> None:
    lines = ["Da.", "Da.", "Ne.", "Ne znam."]
    text = "".join(f"00:00:0{k},000 --> 00:00:0{k + 1},000\n{line}\n\n" for k, line in enumerate(lines))
    assert [cue[2] for cue in told(tmp_path, text)] == lines


CUE = "WEBVTT\n\n00:00.010 --> 00:00.090\n{}\n"


def test_of_several_languages_one_is_asked_for(tmp_path: Path, imported: Callable[..., Imported]) -> None:
    touch_audio(tmp_path / "L.wav")
    for tag, text in (("hr", "hej"), ("en-US", "hey")):
        write_text(tmp_path / f"L.{tag}.vtt", CUE.format(text))
    with pytest.raises(CorpusError, match="--language en-US"):
        imported(tmp_path)
    assert imported(tmp_path, language="hr").rows.select("text", "language").rows() == [("hej", "hr")]
    assert imported(tmp_path, language="en").rows.select("text", "language").rows() == [("hey", "en")]


def test_a_translation_alone_is_not_taken(tmp_path: Path, imported: Callable[..., Imported]) -> None:
    touch_audio(tmp_path / "L.wav", tmp_path / "M.wav")
    write_text(tmp_path / "L.en.vtt", CUE.format("hey"))
    write_text(tmp_path / "M.hr.vtt", CUE.format("hej"))
    got = imported(tmp_path, language="hr")
    assert (got.rows["text"].to_list(), got.reasons) == (["hej"], {"L.en.vtt": "other_language"})


def test_the_same_captions_in_two_forms_are_read_once(
    tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    touch_audio(tmp_path / "L.wav")
    write_text(tmp_path / "L.vtt", CUE.format("hej"))
    write_text(tmp_path / "L.srt", "1\n00:00:00,010 --> 00:00:00,090\nhej\n")
    got = imported(tmp_path)
    assert got.rows["text"].to_list() == ["hej"]
    assert "L.srt" in got.summary["remarks"][0]
