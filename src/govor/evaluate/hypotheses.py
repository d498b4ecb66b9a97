"""``hypotheses.jsonl``: one JSON object a line, appended batch by batch, readable after any kill.

Keys: ``id``, ``text``, ``confidence``, ``language``, ``decode_s``, ``level_db``, ``bandwidth_hz``; a clip
that could not be decoded has ``fault`` and no ``text``. Files of other systems are read by their ending.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Required, TypedDict, cast

from govor.errors import InputError
from govor.shape import ShapeError, parsed

TEXT_COLUMNS = ("text", "hypothesis", "pred_text", "prediction", "transcript", "transcription")
ID_COLUMNS = ("id", "utterance", "utt_id", "path", "file", "audio_filepath")


class HypothesisLine(TypedDict, total=False):
    """What a model said about a clip or a whole recording: a text, or a fault."""

    id: Required[str]
    text: str
    fault: str
    confidence: float | None
    language: str | None
    decode_s: float
    duration: float
    level_db: float | None
    bandwidth_hz: float | None


def read_lines(path: Path) -> Iterator[HypothesisLine]:
    """The whole lines of a JSON-lines file; what a killed writer left unfinished is passed over."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for raw in file:
            if raw.endswith(b"\n") and (line := _parsed(raw)) is not None:
                yield line


def _parsed(raw: bytes) -> HypothesisLine | None:
    try:
        line = parsed(raw)
    except ShapeError:
        return None
    return cast(HypothesisLine, line) if isinstance(line, dict) and "id" in line else None


class Appender:
    """Appends lines; a batch is one write, and is on the disk before the next one begins."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._end = _end_of_whole_lines(self._descriptor)
        os.ftruncate(self._descriptor, self._end)

    def __enter__(self) -> Appender:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def append(self, lines: Iterable[Mapping[str, object]]) -> None:
        """Writes `lines` and syncs them to the disk."""
        content = "".join(as_line(line) for line in lines).encode("utf-8", "surrogatepass")
        while content:
            written = os.pwrite(self._descriptor, content, self._end)
            self._end, content = self._end + written, content[written:]
        os.fsync(self._descriptor)


def as_line(line: Mapping[str, object]) -> str:
    """One object as one line."""
    return json.dumps(dict(line), ensure_ascii=False, separators=(",", ":")) + "\n"


def _end_of_whole_lines(descriptor: int, block_bytes: int = 1 << 16) -> int:
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - block_bytes)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def read_foreign(path: Path, known: Iterable[str]) -> dict[str, str]:
    """Another system's hypotheses by id.

    JSON lines, JSON, CSV and TSV need a column for the id (``id``, or a file name whose stem is the id) and
    one for the text (``text``, ``hypothesis``, ``pred_text`` …); any other file is read as lines of
    ``id text`` (Kaldi), or ``text (id)`` when its name ends in ``.trn``.

    Args:
        path: the file.
        known: ids of the data set, to recognise file names by their stems.

    Raises:
        InputError: it is missing, has no such column, or an id twice.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist: give a file with the hypotheses of another system")
    try:
        return _by_id(_pairs(path), set(known), path)
    except (UnicodeDecodeError, ShapeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as hypotheses ({error}): see docs/evaluate.md") from error


def _by_id(pairs: Iterable[tuple[str, str]], known: set[str], path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in pairs:
        key = name if name in known or Path(name).stem not in known else Path(name).stem
        if key in found:
            raise InputError(f"{path} has the id {key!r} twice: keep one hypothesis for every utterance")
        found[key] = text
    return found


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    ending = path.suffix.lower()
    if ending in (".jsonl", ".ndjson", ".json"):
        yield from _columns(_json_rows(path), path)
    elif ending in (".csv", ".tsv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _columns(csv.DictReader(file, delimiter="\t" if ending == ".tsv" else ","), path)
    else:
        yield from _plain_lines(path, trn=ending == ".trn")


def _json_rows(path: Path) -> Iterator[Mapping[str, object]]:
    text = path.read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("["):
        yield from parsed(text)
        return
    for line in text.split("\n"):  # a text may hold other characters that end lines elsewhere
        if line.strip():
            yield parsed(line)


def _columns(rows: Iterable[Mapping[str, object]], path: Path) -> Iterator[tuple[str, str]]:
    for row in rows:
        if not isinstance(row, Mapping):
            raise InputError(
                f"{path}: {str(row)[:40]!r} is not an object with an id and a text: give it both"
            )
        name = next((row[key] for key in ID_COLUMNS if row.get(key)), None)
        text = next((row[key] for key in TEXT_COLUMNS if row.get(key) is not None), None)
        if name is None or (text is None and "fault" not in row):
            raise InputError(
                f"{path}: a row with {', '.join(map(str, row)) or 'no columns'} has no id or no text: "
                f"name the columns id and text"
            )
        yield str(name), str(text or "")


def _plain_lines(path: Path, trn: bool) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8-sig").split("\n"):
        if not line.strip():
            continue
        if trn:
            text, _, name = line.rstrip().rpartition("(")
            yield name.rstrip(")"), text.strip()
        else:
            name, _, text = line.strip().partition(" ")
            yield name, text.strip()
