"""Texts beside recordings: which text, whose speech, and what is set aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_sources import Imported, touch_audio, write_text

from govor.corpora.text_files import Speakers
from govor.errors import CorpusError

Importer = Callable[..., Imported]


@pytest.mark.parametrize(
    ("folders", "speakers"),
    [
        (["ana", "ivo"], ["ana", "ivo"]),
        (["train/ana", "test/ivo"], ["ana", "ivo"]),
        (["ana/s1", "ana/s2", "ivo/s1"], ["ana", "ana", "ivo"]),
        (["data/wavs/ana", "data/wavs/ivo"], ["ana", "ivo"]),
        (["lab7/ana", "lab7/ivo"], ["ana", "ivo"]),
        (["wavs"], [None]),
        ([""], [None]),
        (["ana"], ["ana"]),
    ],
)
def test_the_first_level_of_folders_that_differs_is_the_speaker(
    folders: list[str], speakers: list[str | None]
) -> None:
    parts = [Path(folder).parts for folder in folders]
    told = Speakers(parts)
    assert [told.of(each) for each in parts] == speakers


def test_whose_speech_it_is_is_said(
    tmp_path: Path, imported: Importer, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ana", "ivo"):
        touch_audio(tmp_path / name / "1.wav")
        write_text(tmp_path / name / "1.txt", "hej\n")
    said = "speakers are the names of the folders: 2"
    got = imported(tmp_path)
    assert said in capsys.readouterr().err
    assert got.corpus.info.notes["import"]["remarks"] == [said]


def test_each_pair_is_kept_or_set_aside(tmp_path: Path, imported: Importer) -> None:
    touch_audio(
        *(tmp_path / f"{name}.wav" for name in ("ok", "mute", "blank", "times", "bytes", "two", "htk"))
    )
    touch_audio(tmp_path / "two.flac")
    write_text(tmp_path / "ok.txt", "\ufeffdobar\r\n dan \r\n")
    write_text(tmp_path / "blank.txt", "\n \n")
    write_text(tmp_path / "times.txt", "0.5\t1.0\thej\n1.0\t2.0\thopp\n")
    write_text(tmp_path / "htk.lab", "0 3100000 pau\n")
    (tmp_path / "bytes.txt").write_bytes(b"dobro\n\xe8\n")
    write_text(tmp_path / "two.txt", "koji")
    write_text(tmp_path / "README.txt", "About.")
    got = imported(tmp_path)
    assert got.rows.select("id", "text", "speaker").rows() == [("ok", "dobar dan", None)]
    assert got.reasons == {
        "mute": "no_text",
        "blank.txt:1": "empty_text",
        "times.txt:1": "times_in_text",
        "htk.lab:1": "times_in_text",
        "bytes.txt:1": "not_utf8",
        "two": "ambiguous_audio",
        "README.txt": "no_audio",
    }
    assert got.summary["read"] == got.summary["kept"] + got.summary["rejected"] == 8
    assert f"{tmp_path}/bytes.txt:1: it holds bytes that are not in the file's encoding" in got.details


def test_a_sentence_that_begins_with_numbers_is_a_sentence(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav", tmp_path / "b.wav")
    write_text(tmp_path / "a.txt", "10 20 dinara\n")
    write_text(tmp_path / "b.txt", "0 4800 She had your suit.\n")
    write_text(tmp_path / "b.wrd", "0 4800 she\n")
    assert imported(tmp_path).rows["text"].to_list() == ["10 20 dinara", "She had your suit."]


def test_of_several_texts_the_plain_one_or_the_one_asked_for(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "7" / "a.wav")
    for kind in ("original", "normalized"):
        write_text(tmp_path / "7" / f"a.{kind}.txt", kind)
    assert imported(tmp_path).rows["text"].to_list() == ["original"]
    assert imported(tmp_path, text="normalized.txt").rows["text"].to_list() == ["normalized"]


def test_a_folder_without_texts_says_what_it_needs(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    with pytest.raises(
        CorpusError, match=r"has no texts beside its recordings: it needs recordings with a \.txt"
    ):
        imported(tmp_path, format="text-files")
