"""Lhotse Shar: ``cuts.000000.jsonl.gz`` with ``recording.000000.tar`` (the same number) beside it.

The audio of every cut is a member called by the cut's id; it is unpacked beside the corpus, byte for byte.
Other archives of the set (features, further recordings) are left. Source: the documentation of Lhotse Shar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from govor.corpora.archive import require_room, stream
from govor.corpora.beside import in_chunks, is_audio
from govor.corpora.embedded import AudioUnpacker
from govor.corpora.json_lines import first_object, read_objects
from govor.corpora.lhotse import archive_of, rows_of_cut
from govor.corpora.lines import rejected_line
from govor.corpora.names import is_unicode
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.splits import split_in
from govor.corpora.word_times import ABSOLUTE
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "shar"
NEEDS = "Lhotse Shar: cuts.000000.jsonl.gz ... with recording.000000.tar ... of the same numbers"
SETTINGS: tuple[str, ...] = ()


def recognise(path: Path) -> str | None:
    """Looks for cuts with a recording's archive of the same number."""
    pairs = _pairs(path)
    for cuts, archive in pairs[:1]:
        if str(first_object(cuts).get("type", "")).endswith("Cut"):
            return f"{cuts.name} has its audio in {archive.name}"
    return None


def read(source: Source) -> Reading:
    """Opens all shards of a folder, or of one folder a split.

    Raises:
        CorpusError: there are none, or an archive is damaged or would write outside its folder.
        DiskFullError: the audio does not fit.
    """
    pairs = _pairs(source.path)
    if not pairs:
        raise CorpusError(f"{source.path} holds no shards: it needs {NEEDS}")
    folder = source.out / "audio"
    if not source.listing:
        require_room(folder, [archive for _, archive in pairs])
        folder.mkdir(parents=True, exist_ok=True)
    rows = (row for cuts, archive in pairs for row in _rows(cuts, archive, source, folder))
    notes = {"shards": len(pairs), "unpacked": str(folder)}
    audio_root = source.audio_root(folder)
    return Reading(in_chunks(rows), audio_root, notes=notes, usual_word_times=ABSOLUTE)


def _pairs(path: Path) -> list[tuple[Path, Path]]:
    if not path.is_dir():
        return []
    found = sorted([*path.glob("cuts*.jsonl*"), *path.glob("*/cuts*.jsonl*")])
    pairs = [(cuts, archive_of(cuts)) for cuts in found]
    return [(cuts, archive) for cuts, archive in pairs if archive is not None]


def _rows(cuts: Path, archive: Path, source: Source, folder: Path) -> Iterator[Row | Rejection]:
    inside = cuts.parent.relative_to(source.folder).as_posix()
    shard = archive.name.removesuffix(".tar")
    place = shard if inside == "." else f"{inside}/{shard}"
    split = next((s for part in Path(inside).parts if (s := split_in(part))), None)
    audio = _unpacked(archive, AudioUnpacker(folder), place, unpack=not source.listing)
    for cut in read_objects(cuts):
        if isinstance(cut, Rejection):
            yield cut
            continue
        for row in _cut(cuts, cut, audio, split):
            yield row if isinstance(row, Rejection) else row | {"_file": str(cuts)}


def _unpacked(archive: Path, audio: AudioUnpacker, place: str, *, unpack: bool) -> dict[str, str]:
    """Where the audio of each cut of a shard was put, by the cut's id."""
    paths: dict[str, str] = {}
    for number, (member, source) in enumerate(stream(archive)):
        name = PurePosixPath(member.name)
        if is_audio(name.name) and is_unicode(member.name):
            key = (name.parent / name.stem).as_posix()
            path = audio.copy(source, member.size, place, number // 2, member.name) if unpack else member.name
            paths[key] = path
    return paths


def _cut(
    file: Path, cut: Mapping[str, Any], audio: dict[str, str], split: str | None
) -> Iterator[Row | Rejection]:
    line, id = cut["_line"], cut.get("id")
    path = audio.get(id) if isinstance(id, str) else None
    supervisions = cut.get("supervisions")
    if path is None:
        yield rejected_line(file, line, "no_audio", f"the archive has no audio of the cut {id}")
    elif not isinstance(supervisions, list) or not supervisions:
        yield rejected_line(file, line, "no_text", "the cut has no supervision", str(id))
    else:
        source = {"type": "file", "channels": _channels(cut), "source": path}
        yield from rows_of_cut(
            file, {**cut, "start": 0.0, "recording": {"id": id, "sources": [source]}}, split
        )


def _channels(cut: Mapping[str, Any]) -> list[int]:
    """The channels that the archive's audio has, in order: those of the cut."""
    told = cut.get("channel")
    channels = [
        channel for channel in (told if isinstance(told, list) else [told]) if isinstance(channel, int)
    ]
    return channels or [0]
