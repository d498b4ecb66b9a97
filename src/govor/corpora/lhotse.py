"""Lhotse: cut sets (``cuts*.jsonl[.gz]``), or recordings and supervisions beside each other.

Sources that are commands or URLs are refused, never run or fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from govor.corpora.folder import CORE_SCHEMA, SPLITS
from govor.corpora.json_lines import first_object, read_objects
from govor.corpora.lines import rejected_line
from govor.corpora.reader import Chunk, Reading, Source, chunked, files_of
from govor.corpora.rows import Row
from govor.corpora.splits import split_in
from govor.corpora.word_times import ABSOLUTE
from govor.corpora.words import seconds
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "lhotse"
NEEDS = "cuts*.jsonl.gz, or recordings*.jsonl.gz with supervisions*.jsonl.gz"
SETTINGS: tuple[str, ...] = ()
SUFFIXES = (".jsonl", ".jsonl.gz")
SINGLE = ("MonoCut", "MultiCut")


def recognise(path: Path) -> str | None:
    """Looks at the first object of the manifests."""
    cuts = _cuts(path)
    if cuts:
        return f"{cuts[0].name} holds {first_object(cuts[0])['type']}s"
    pairs = _pairs(path)
    return f"{pairs[0][0].name} and {pairs[0][1].name}" if pairs else None


def read(source: Source) -> Reading:
    """Opens cut sets, or recordings with supervisions."""
    cuts, pairs = _cuts(source.path), _pairs(source.path)
    if not cuts and not pairs:
        raise CorpusError(f"{source.path} holds no Lhotse manifests: it needs {NEEDS}")
    several = len(cuts or pairs) > 1
    root = source.folder
    chunks: Iterator[Chunk] = (c for file in cuts for c in chunked(file, _rows_of_cuts(file, several)))
    if not cuts:
        chunks = (c for pair in pairs for c in chunked(pair[1], _rows_of_pair(*pair, several=several)))
    root = source.audio_root(root)
    return Reading(chunks, root, notes={"files": len(cuts or pairs)}, usual_word_times=ABSOLUTE)


def _cuts(path: Path) -> list[Path]:
    files = [file for file in files_of(path, SUFFIXES) if archive_of(file) is None]
    return [f for f in files if str(first_object(f).get("type", "")).endswith("Cut")]


def archive_of(cuts: Path) -> Path | None:
    """The archive with the audio of cuts that are a shard of Lhotse Shar: ``recording.000000.tar``."""
    number = cuts.name.removeprefix("cuts").removesuffix(".gz").removesuffix(".jsonl")
    archive = cuts.with_name(f"recording{number}.tar")
    return archive if cuts.name.startswith("cuts") and archive.is_file() else None


def _pairs(path: Path) -> list[tuple[Path, Path]]:
    """Recordings and supervisions whose names differ in just that word."""
    files = {file.name: file for file in files_of(path, SUFFIXES)}
    named = [(file, files.get(name.replace("recordings", "supervisions"))) for name, file in files.items()]
    return [(rec, sup) for rec, sup in named if sup and sup != rec and "sources" in first_object(rec)]


def _rows_of_cuts(file: Path, several: bool) -> Iterator[Row | Rejection]:
    split = split_in(file.name) if several else None
    for cut in read_objects(file):
        if isinstance(cut, Rejection):
            yield cut
        elif cut.get("type") not in SINGLE or not isinstance(cut.get("recording"), dict):
            detail = f"a {cut.get('type')} is made of several recordings or of none"
            yield rejected_line(file, cut["_line"], "unsupported_cut", detail, _name(cut))
        elif not cut.get("supervisions"):
            yield rejected_line(file, cut["_line"], "no_text", "the cut has no supervision", _name(cut))
        else:
            yield from rows_of_cut(file, cut, split)


def rows_of_cut(file: Path, cut: Row, split: str | None) -> Iterator[Row | Rejection]:
    """The supervisions of a cut of one recording as rows."""
    supervisions, begin_s = cut["supervisions"], seconds(cut.get("start") or 0.0)
    for item in supervisions if isinstance(supervisions, list) else [supervisions]:
        if not isinstance(item, dict) or begin_s is None:
            detail = "the start is not a number" if begin_s is None else "a supervision is not an object"
            yield rejected_line(file, cut["_line"], "bad_value", detail, _name(cut))
        else:
            yield _row(file, cut["_line"], item, cut["recording"], begin_s, split)


def _rows_of_pair(recordings: Path, supervisions: Path, several: bool) -> Iterator[Row | Rejection]:
    known = {_name(r): r for r in read_objects(recordings) if not isinstance(r, Rejection)}
    split = split_in(supervisions.name) if several else None
    for item in read_objects(supervisions):
        if isinstance(item, Rejection):
            yield item
            continue
        recording = item.get("recording_id")
        if not isinstance(recording, str) or recording not in known:
            detail = f"{recordings.name} has no recording {recording}"
            yield rejected_line(supervisions, item["_line"], "no_audio", detail, _name(item))
        else:
            yield _row(supervisions, item["_line"], item, known[recording], 0.0, split)


def _name(item: Mapping[str, Any]) -> str | None:
    """The id of an object, where it is one that a table can hold."""
    name = item.get("id")
    return str(name) if isinstance(name, (str, int)) and str(name).isprintable() else None


def _row(
    file: Path,
    line: int,
    item: Mapping[str, Any],
    recording: Mapping[str, Any],
    begin_s: float,
    split: str | None,
) -> Row | Rejection:
    channel = item.get("channel")
    channels = channel if isinstance(channel, list) and channel else [channel]
    source = _source(recording, channels[0])
    if source is None or source.get("type") != "file":
        kind = (source or {}).get("type", "no source")
        detail = (
            f"its audio is a {kind}, not a file, and is not run or fetched: {(source or {}).get('source')}"
        )
        return rejected_line(file, line, "unsupported_audio", detail, _name(item))
    start_s, length_s = seconds(item.get("start") or 0.0), seconds(item.get("duration"))
    if start_s is None or (length_s is None and item.get("duration") is not None):
        return rejected_line(
            file, line, "bad_times", "start or duration is not a number of seconds", _name(item)
        )
    custom = item.get("custom") if isinstance(item.get("custom"), dict) else {}
    row = {
        "id": item.get("id"),
        "recording": recording.get("id"),
        "audio": source.get("source"),
        "channel": _channel(source, channels),
        "start": begin_s + start_s,
        "end": None if length_s is None else begin_s + start_s + length_s,
        "text": item.get("text"),
        "language": item.get("language"),
        "speaker": item.get("speaker"),
        "gender": item.get("gender"),
        "split": split or _split(custom),
        "_line": line,
        "_word_base": start_s,
    }
    further = {
        name: value for name, value in (custom or {}).items() if name not in row and name not in CORE_SCHEMA
    }
    return further | row | _words(item)


def _split(custom: object) -> str | None:
    told = custom.get("split") if isinstance(custom, dict) else None
    return told if told in SPLITS else None


def _source(recording: Mapping[str, Any], channel: Any) -> Mapping[str, Any] | None:
    """The source that holds `channel`."""
    listed = recording.get("sources")
    sources = [s for s in listed if isinstance(s, dict)] if isinstance(listed, list) else []
    holding = [s for s in sources if channel is None or channel in _channels(s)]
    chosen = holding or sources
    return chosen[0] if chosen else None


def _channels(source: Mapping[str, Any]) -> list[Any]:
    there = source.get("channels")
    return there if isinstance(there, list) else []


def _channel(source: Mapping[str, Any], channels: list[Any]) -> int | None:
    """The channel's number in its file; None where the file has just one, or several are meant."""
    there = _channels(source)
    if len(channels) != 1 or channels[0] not in there or len(there) < 2:
        return None
    return there.index(channels[0])


def _words(item: Mapping[str, Any]) -> Row:
    """Words of an alignment, their times as the manifest has them: beside the supervision's start."""
    alignment = item.get("alignment")
    words = alignment.get("word") if isinstance(alignment, dict) else None
    cells = [_cell(word) for word in words] if isinstance(words, list) else []
    if not cells or None in cells:
        return {}
    found = [cell for cell in cells if cell is not None]
    return {
        "words": [word for word, _, _ in found],
        "word_starts": [round(start, 4) for _, start, _ in found],
        "word_ends": [round(start + length, 4) for _, start, length in found],
    }


def _cell(word: Any) -> tuple[str, float, float] | None:
    """Symbol, start and duration of an alignment's item, which is an object or a list."""
    if isinstance(word, dict):
        word = [word.get("symbol"), word.get("start"), word.get("duration")]
    if not isinstance(word, list) or len(word) < 3 or word[0] is None:
        return None
    start, length = seconds(word[1]), seconds(word[2])
    return None if start is None or length is None else (str(word[0]), start, length)
