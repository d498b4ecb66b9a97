"""Lhotse: cut sets (``cuts*.jsonl[.gz]``), or recordings and supervisions beside each other.

Sources that are commands or URLs are refused, never run or fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from govor.corpora.json_lines import first_object, read_json_lines
from govor.corpora.lines import rejected_line
from govor.corpora.reader import Chunk, Reading, Source, chunked
from govor.corpora.splits import split_in
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
    root = source.path if source.path.is_dir() else source.path.parent
    chunks: Iterator[Chunk] = (c for file in cuts for c in chunked(file, _rows_of_cuts(file, several)))
    if not cuts:
        chunks = (c for pair in pairs for c in chunked(pair[1], _rows_of_pair(*pair, several=several)))
    return Reading(chunks, Path(source.config.audio_root or root), notes={"files": len(cuts or pairs)})


def _files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.iterdir()) if path.is_dir() else []
    return [file for file in files if file.name.endswith(SUFFIXES) and not file.name.startswith(".")]


def _cuts(path: Path) -> list[Path]:
    return [f for f in _files(path) if str(first_object(f).get("type", "")).endswith("Cut")]


def _pairs(path: Path) -> list[tuple[Path, Path]]:
    """Recordings and supervisions whose names differ in just that word."""
    files = {file.name: file for file in _files(path)}
    named = [(file, files.get(name.replace("recordings", "supervisions"))) for name, file in files.items()]
    return [(rec, sup) for rec, sup in named if sup and sup != rec and "sources" in first_object(rec)]


def _objects(file: Path) -> Iterator[dict[str, Any] | Rejection]:
    for chunk in read_json_lines(file):
        yield from chunk.rejections
        yield from chunk.frame.iter_rows(named=True)


def _rows_of_cuts(file: Path, several: bool) -> Iterator[dict[str, Any] | Rejection]:
    split = split_in(file.name) if several else None
    for cut in _objects(file):
        if isinstance(cut, Rejection):
            yield cut
        elif cut.get("type") not in SINGLE or not cut.get("recording"):
            detail = f"a {cut.get('type')} is made of several recordings or of none"
            yield rejected_line(file, cut["_line"], "unsupported_cut", detail, cut.get("id"))
        elif not cut.get("supervisions"):
            yield rejected_line(file, cut["_line"], "no_text", "the cut has no supervision", cut.get("id"))
        else:
            for supervision in cut["supervisions"]:
                yield _row(file, cut["_line"], supervision, cut["recording"], cut["start"] or 0.0, split)


def _rows_of_pair(
    recordings: Path, supervisions: Path, several: bool
) -> Iterator[dict[str, Any] | Rejection]:
    known = {r["id"]: r for r in _objects(recordings) if not isinstance(r, Rejection)}
    split = split_in(supervisions.name) if several else None
    for item in _objects(supervisions):
        if isinstance(item, Rejection):
            yield item
        elif item.get("recording_id") not in known:
            detail = f"{recordings.name} has no recording {item.get('recording_id')}"
            yield rejected_line(supervisions, item["_line"], "no_audio", detail, item.get("id"))
        else:
            yield _row(supervisions, item["_line"], item, known[item["recording_id"]], 0.0, split)


def _row(
    file: Path, line: int, item: dict[str, Any], recording: dict[str, Any], begin_s: float, split: str | None
) -> dict[str, Any] | Rejection:
    channel = item.get("channel")
    channels = channel if isinstance(channel, list) else [channel]
    source = _source(recording, channels[0])
    if source is None or source.get("type") != "file":
        kind = (source or {}).get("type", "no source")
        detail = (
            f"its audio is a {kind}, not a file, and is not run or fetched: {(source or {}).get('source')}"
        )
        return rejected_line(file, line, "unsupported_audio", detail, item.get("id"))
    start = begin_s + (item.get("start") or 0.0)
    row = {
        "id": item.get("id"),
        "recording": recording.get("id"),
        "audio": source.get("source"),
        "channel": _channel(source, channels),
        "start": start,
        "end": start + item["duration"] if item.get("duration") is not None else None,
        "text": item.get("text"),
        "language": item.get("language"),
        "speaker": item.get("speaker"),
        "gender": item.get("gender"),
        "split": split,
        "_line": line,
    }
    return row | _words(item)


def _source(recording: dict[str, Any], channel: int | None) -> dict[str, Any] | None:
    """The source that holds `channel`."""
    sources = recording.get("sources") or []
    holding = [s for s in sources if channel is None or channel in (s.get("channels") or [])]
    chosen: dict[str, Any] | None = (holding or sources or [None])[0]
    return chosen


def _channel(source: dict[str, Any], channels: list[int | None]) -> int | None:
    """The channel's number in its file; None where the file has just one, or several are meant."""
    there = source.get("channels") or []
    if len(channels) != 1 or channels[0] not in there or len(there) < 2:
        return None
    return there.index(channels[0])


def _words(item: dict[str, Any]) -> dict[str, Any]:
    """Word times of an alignment, relative to the utterance."""
    words = (item.get("alignment") or {}).get("word") or []
    cells = [
        w if isinstance(w, list) else [w.get("symbol"), w.get("start"), w.get("duration")] for w in words
    ]
    if not cells:
        return {}
    begin_s = item.get("start") or 0.0
    return {
        "words": [str(cell[0]) for cell in cells],
        "word_starts": [round(float(cell[1]) - begin_s, 4) for cell in cells],
        "word_ends": [round(float(cell[1]) + float(cell[2]) - begin_s, 4) for cell in cells],
    }
