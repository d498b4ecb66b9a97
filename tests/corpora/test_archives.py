"""WebDataset and Lhotse Shar: samples that are not whole, and archives that would do harm."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import ten_seconds
from corpus_sources import Imported

from govor.corpora import webdataset
from govor.errors import CorpusError, DiskFullError

Importer = Callable[..., Imported]
FLAC = ten_seconds._flac(ten_seconds.utterances()[0].wave)


def archive(file: Path, members: Mapping[str, bytes], link: str = "") -> Path:
    with tarfile.open(file, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        if link:
            member = tarfile.TarInfo("link.flac")
            member.type, member.linkname = tarfile.SYMTYPE, link
            tar.addfile(member)
    return file


def told(**values: Any) -> bytes:
    return json.dumps(values).encode()


def test_samples_are_judged_one_by_one(
    tmp_path: Path, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webdataset, "MAX_TEXT_BYTES", 100)
    members = {
        "a/ok.flac": FLAC,
        "a/ok.txt": b"dobar\ndan",
        "a/ok.normalized.txt": b"DOBAR DAN",
        "bare.flac": FLAC,
        "mute.txt": b"hej",
        "two.flac": FLAC,
        "two.mp3": FLAC,
        "two.txt": b"hej",
        "bytes.flac": FLAC,
        "bytes.txt": b"h\xe8j",
        "list.flac": FLAC,
        "list.json": b"[1]",
        "cut.flac": FLAC,
        "cut.json": b'{"text":',
        "long.flac": FLAC,
        "long.txt": b"x" * 101,
        "half.flac": FLAC,
        "half.json": b'{"text": "\\ud800"}',
        "json.flac": FLAC,
        "json.json": told(text="hopp", spk="ana", start=3.5, end=9, audio="x.wav"),
    }
    file = archive(tmp_path / "train.tar", members)
    got = imported(file)
    assert got.rows.select("text", "speaker", "split", "start", "orig_start").rows() == [
        ("dobar dan", None, "train", None, None),
        ("hopp", "ana", "train", None, 3.5),
    ]
    assert got.reasons == {
        "train.tar:2": "no_text",
        "train.tar:3": "no_audio",
        "train.tar:4": "ambiguous_audio",
        "train.tar:5": "not_utf8",
        "train.tar:6": "bad_json",
        "train.tar:7": "bad_json",
        "train.tar:8": "text_too_long",
        "train.tar:9": "lone_surrogate",
    }
    assert f"{file}:7: sample cut: its JSON cannot be read" in got.details
    for row in got.rows.iter_rows(named=True):
        assert Path(got.corpus.audio_path(row["audio"])).read_bytes() == FLAC
    assert imported(file, text="normalized.txt").rows["text"].to_list()[0] == "DOBAR DAN"


def test_the_same_keys_in_two_archives_are_two_rows(tmp_path: Path, imported: Importer) -> None:
    for name in ("000000", "000001"):
        archive(tmp_path / f"{name}.tar", {"1.flac": FLAC, "1.txt": name.encode()})
    got = imported(tmp_path)
    assert got.rows.select("id", "text").rows() == [("000000/1", "000000"), ("000001/1", "000001")]


@pytest.mark.parametrize("name", ["../../up.flac", "a/../../../up.flac"])
def test_an_archive_that_leaves_its_folder_is_refused(tmp_path: Path, imported: Importer, name: str) -> None:
    file = archive(tmp_path / "x.tar", {"1.flac": FLAC, "1.txt": b"hej", name: b"evil"})
    with pytest.raises(CorpusError, match=r"x\.tar is refused"):
        imported(file)
    assert not list(tmp_path.glob("**/up.flac"))


def test_links_out_of_an_archive_are_refused(tmp_path: Path, imported: Importer) -> None:
    file = archive(tmp_path / "x.tar", {"1.flac": FLAC, "1.txt": b"hej"}, link="/etc/passwd")
    with pytest.raises(CorpusError, match=r"x\.tar is refused"):
        imported(file)


def test_an_archive_cut_short_says_so(tmp_path: Path, imported: Importer) -> None:
    file = archive(tmp_path / "x.tar", {"1.flac": FLAC, "1.txt": b"hej", "2.flac": FLAC, "2.txt": b"hej"})
    file.write_bytes(file.read_bytes()[: len(FLAC) + 4000])
    with pytest.raises(CorpusError, match="is damaged or cut short"):
        imported(file)


def test_archives_that_do_not_fit_are_not_unpacked(
    tmp_path: Path, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = archive(tmp_path / "x.tar", {"1.flac": FLAC, "1.txt": b"hej"})
    monkeypatch.setattr("govor.store.free_bytes", lambda path: 1000)
    with pytest.raises(DiskFullError, match="unpacking the audio of 1 archives needs"):
        imported(file)


def shard(folder: Path, cuts: list[Any], audio: Mapping[str, bytes]) -> None:
    archive(folder / "recording.000000.tar", audio)
    lines = "\n".join(cut if isinstance(cut, str) else json.dumps(cut) for cut in cuts)
    (folder / "cuts.000000.jsonl.gz").write_bytes(gzip.compress(lines.encode()))


def cut(id: Any, **values: Any) -> dict[str, Any]:
    said = {"id": f"s-{id}", "start": 0.0, "duration": 1.0, "channel": 0, "text": "hej"}
    return {"id": id, "start": 0, "duration": 1.0, "type": "MonoCut", "supervisions": [said], **values}


def test_cuts_of_a_shard_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    cuts = [
        cut("a/b.1"),
        cut("gone"),
        cut("mute", supervisions=[]),
        cut("odd", supervisions=[{"start": "soon", "duration": 1}]),
        cut(7),
        "{",
    ]
    audio = {f"{name}.flac": FLAC for name in ("a/b.1", "mute", "odd")}
    shard(tmp_path, cuts, {"gone.nodata": b"", **audio, "a/b.1.json": b"{}"})
    got = imported(tmp_path)
    assert got.rows.select("id", "recording", "start", "end").rows() == [("s-a/b.1", "a/b.1", 0.0, 1.0)]
    assert Path(got.corpus.audio_path(got.rows["audio"][0])).read_bytes() == FLAC
    assert got.rejected.select("id", "reason").rows() == [
        ("cuts.000000.jsonl.gz:2", "no_audio"),
        ("mute", "no_text"),
        ("cuts.000000.jsonl.gz:4", "bad_times"),
        ("cuts.000000.jsonl.gz:5", "no_audio"),
        ("cuts.000000.jsonl.gz:6", "bad_json"),
    ]
