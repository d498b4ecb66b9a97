"""JSON lines as frames: a block at a time, line by line only where a block has a bad line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from govor.corpora.lines import Lines, first_line, read_lines, rejected_line
from govor.corpora.reader import Chunk, frame_of
from govor.records import Rejection


def read_json_lines(file: Path) -> Iterator[Chunk]:
    """The objects of a JSON-lines file (``.gz`` too), their keys as columns; bad lines are rejected."""
    for lines in read_lines(file):
        frame = _parsed(lines)
        if frame is None:
            yield _line_by_line(lines)
        else:
            yield Chunk(frame, file, lines.rejections)


def first_object(file: Path) -> dict[str, Any]:
    """The first object of a JSON-lines file, or ``{}`` where it is none."""
    try:
        value = json.loads(first_line(file) or "null")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _parsed(lines: Lines) -> pl.DataFrame | None:
    count = len(lines.texts)
    if not count or not all(line.lstrip().startswith("{") for line in lines.texts):
        return None
    try:
        data = lines.data or "\n".join(lines.texts).encode()
        frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
    except pl.exceptions.PolarsError:
        return None
    same = frame.height == count and "_line" not in frame.columns
    return frame.with_columns(pl.Series("_line", lines.numbers, dtype=pl.Int64)) if same else None


def _line_by_line(lines: Lines) -> Chunk:
    rows, rejections = [], list(lines.rejections)
    for number, line in zip(lines.numbers, lines.texts, strict=True):
        row = _object(lines.file, number, line)
        if isinstance(row, Rejection):
            rejections.append(row)
        else:
            rows.append(row | {"_line": number})
    return Chunk(frame_of(rows), lines.file, rejections)


def _object(file: Path, number: int, line: str) -> dict[str, Any] | Rejection:
    try:
        value = json.loads(line)
    except ValueError as error:
        return rejected_line(file, number, "bad_json", f"not JSON ({error})")
    except RecursionError:
        return rejected_line(file, number, "bad_json", "nested too deeply")
    if not isinstance(value, dict):
        return rejected_line(file, number, "bad_json", f"a JSON {type(value).__name__}, not an object")
    return value
