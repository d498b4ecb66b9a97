"""File-name repair: what is one file, what could be two."""

from __future__ import annotations

import tempfile
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from corpus_sources import touch_audio
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.corpora.names import KEYS, resolve
from govor.errors import CorpusError


def resolved(root: Path, *names: str) -> dict[str, str | None]:
    frame = resolve(pl.Series(names), root).frame
    return dict(frame.select("name", pl.coalesce("path", "reason")).iter_rows())


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Sjednica  12.mp3", "Sjednica 12.mp3"),
        ("Sjednica12.mp3", "Sjednica\u00a012.mp3"),
        (" a-b_c.wav ", "a-b_c.wav"),
        (unicodedata.normalize("NFD", "žaba.wav"), "žaba.wav"),
        ("žaba.wav", unicodedata.normalize("NFD", "žaba.wav")),
        ("REC01.WAV", "rec01.wav"),
        ("rec01.wav", "rec01.flac"),
        ("rec01", "rec01.mp3"),
        ("/old/home/corpus/spk1/1.wav", "spk1/1.wav"),
        ("wavs/a.wav", "a.wav"),
        ("a.wav", "deep/er/a.wav"),
    ],
)
def test_one_file_with_another_spelling_is_found(tmp_path: Path, name: str, file: str) -> None:
    touch_audio(tmp_path / file, tmp_path / "unrelated.wav")
    assert resolved(tmp_path, name) == {name: file}


def test_an_exact_name_is_no_repair(tmp_path: Path) -> None:
    touch_audio(tmp_path / "a b.wav", tmp_path / "ab.wav")
    resolution = resolve(pl.Series(["a b.wav", "./ab.wav", str(tmp_path / "ab.wav")]), tmp_path)
    assert resolution.frame["path"].to_list() == ["a b.wav", "ab.wav", "ab.wav"]
    assert resolution.repairs.is_empty()


def test_what_could_be_two_files_is_neither(tmp_path: Path) -> None:
    touch_audio(
        tmp_path / "a b.wav", tmp_path / "a  b.wav", tmp_path / "x" / "1.wav", tmp_path / "y" / "1.wav"
    )
    assert resolved(tmp_path, "ab.wav", "1.wav") == {"ab.wav": "ambiguous_audio", "1.wav": "ambiguous_audio"}


def test_a_file_is_not_given_to_a_second_name_that_differs_visibly(tmp_path: Path) -> None:
    touch_audio(tmp_path / "fgDDtwU4we4.wav")
    found = resolved(tmp_path, "fgDDtwU4we4.wav", "FGddTWu4WE4.wav", "fg DDtwU4we4.wav")
    assert found == {
        "fgDDtwU4we4.wav": "fgDDtwU4we4.wav",
        "FGddTWu4WE4.wav": "ambiguous_audio",
        "fg DDtwU4we4.wav": "fgDDtwU4we4.wav",
    }


def test_the_same_extension_goes_before_another(tmp_path: Path) -> None:
    touch_audio(tmp_path / "a.wav", tmp_path / "a.mp3")
    assert resolved(tmp_path, "A.mp3") == {"A.mp3": "a.mp3"}


def test_speakers_with_equal_file_names_stay_apart(tmp_path: Path) -> None:
    touch_audio(*(tmp_path / f"s{speaker}" / "1.wav" for speaker in (1, 2, 3)))
    names = [f"/gone/s{speaker}/1.wav" for speaker in (1, 2, 3)]
    assert resolved(tmp_path, *names) == {name: name.removeprefix("/gone/") for name in names}


def test_missing_names_and_uris(tmp_path: Path) -> None:
    touch_audio(tmp_path / "a.wav")
    found = resolved(tmp_path, "gone.wav", "https://example.org/x.wav")
    assert found == {"gone.wav": "missing_audio", "https://example.org/x.wav": "https://example.org/x.wav"}


def test_a_missing_root_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="nowhere is not a folder"):
        resolve(pl.Series(["a.wav"]), tmp_path / "nowhere")


NAMES = st.text("aAbB žč\u00a01-_", min_size=1, max_size=6).filter(lambda name: bool(name.strip()))
SPELLINGS = {
    "as it is": lambda name: name,
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
    "wider": lambda name: name.replace(" ", "  "),
    "upper": str.upper,
    "flac": lambda name: name.replace(".wav", ".flac"),
    "moved": lambda name: f"/old/place/{name}",
}


@settings(max_examples=25, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=8, unique=True), st.data())
def test_a_name_never_gets_the_file_of_another(names: list[str], data: st.DataObject) -> None:
    """Whatever the spelling: the right file, or none; never another name's."""
    files = [f"{name}.wav" for name in names]
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for file in files:
            (root / file).touch()
        for file in files:
            kind = data.draw(st.sampled_from(sorted(SPELLINGS)))
            asked = SPELLINGS[kind](file)
            found = resolved(root, asked)[asked]
            keys = pl.DataFrame({"name": [asked.rsplit("/", 1)[-1], *files]}).select(KEYS["stem"]("name"))
            mine, *theirs = keys["name"]
            rivals = [other for other, key in zip(files, theirs, strict=True) if key == mine]
            assert found in (*rivals, "ambiguous_audio")
            if len(rivals) == 1:
                assert found == file
