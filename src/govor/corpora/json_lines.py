"""JSON lines as frames: a block at a time, line by line only where a block has a bad line."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import polars as pl

from govor.corpora.lines import Lines, first_line, first_lines, read_lines, rejected_line
from govor.corpora.reader import Chunk
from govor.corpora.rows import Row, frame_of, usable_rows
from govor.records import Rejection

MOST_FIRST_OBJECTS = 200
"""Objects looked at to learn what keys there are."""
MOST_OPENED = 1_000
"""Lists and objects in a line that is read together with others."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json_lines(file: Path) -> Iterator[Chunk]:
    """The objects of a JSON-lines file (``.gz`` too), their keys as columns; bad lines are rejected."""
    for lines in read_lines(file):
        frame = _parsed(lines)
        if frame is None:
            yield _line_by_line(lines)
        else:
            yield Chunk(frame, file, lines.rejections)


def read_objects(file: Path) -> Iterator[Row | Rejection]:
    """The objects of a JSON-lines file one by one, each with its ``_line``; bad lines as rejections."""
    for lines in read_lines(file):
        yield from lines.rejections
        for number, line in zip(lines.numbers, lines.texts, strict=True):
            yield _object(file, number, line)


def first_object(file: Path) -> Mapping[str, object]:
    """The first object of a JSON-lines file, or ``{}`` where it is none."""
    try:
        value = json.loads(first_line(file) or "null")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def object_keys(file: Path) -> list[str]:
    """The keys of the first objects of a JSON-lines file, whichever has them; empty where it is none."""
    if not first_object(file):
        return []
    keys: dict[str, None] = {}
    for line in first_lines(file)[:MOST_FIRST_OBJECTS]:
        with suppress(ValueError, RecursionError):
            value = json.loads(line)
            keys |= dict.fromkeys(value if isinstance(value, dict) else ())
    return list(keys)


def has_key(file: Path, key: str) -> bool:
    """Whether any object of a JSON-lines file has a key; reads all of it."""
    shown = json.dumps(key), json.dumps(key, ensure_ascii=False)
    return any(
        any(name in line for name in shown) and key in item
        for lines in read_lines(file)
        for number, line in zip(lines.numbers, lines.texts, strict=True)
        if isinstance(item := _object(file, number, line), dict)
    )


def _parsed(lines: Lines) -> pl.DataFrame | None:
    """A block at once, where that gives the same as line by line."""
    count = len(lines.texts)
    if not count or not all(line.lstrip().startswith("{") for line in lines.texts):
        return None
    if any(line.count("[") + line.count("{") > MOST_OPENED for line in lines.texts):
        return None  # it may be so deep that polars before 2.1 overruns its stack
    try:
        data = lines.data or "\n".join(lines.texts).encode()
        frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
    except pl.exceptions.PolarsError:
        return None
    if frame.height != count or "_line" in frame.columns or _SURROGATE.search(data) or _is_mixed(frame):
        return None
    return frame.with_columns(pl.Series("_line", lines.numbers, dtype=pl.Int64))


def _is_mixed(frame: pl.DataFrame) -> bool:
    """Whether values of several kinds were made one: lists and objects text, or large numbers larger."""
    if any(kind.is_integer() and kind not in (pl.Int64, pl.Int32) for kind in frame.dtypes):
        return True
    texts = [pl.col(name) for name, kind in frame.schema.items() if kind == pl.String]
    inner = [
        pl.col(name).list.eval(pl.element().filter(pl.element().str.contains(r"^[\[{]"))).explode()
        for name, kind in frame.schema.items()
        if kind == pl.List(pl.String)
    ]
    found = [frame.select(text.filter(text.str.contains(r"^[\[{].*[\]}]$"))).to_series() for text in texts]
    found += [frame.select(items).to_series() for items in inner]
    return any(_is_json(text) for column in found for text in column.drop_nulls())


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (list, dict))
    except (ValueError, RecursionError):
        return False


def _line_by_line(lines: Lines) -> Chunk:
    items = (
        _object(lines.file, number, line) for number, line in zip(lines.numbers, lines.texts, strict=True)
    )
    rows, rejections = usable_rows(lines.file, items)
    return Chunk(frame_of(rows), lines.file, [*lines.rejections, *rejections])


def _object(file: Path, number: int, line: str) -> Row | Rejection:
    try:
        value = json.loads(line)
    except ValueError as error:
        return rejected_line(file, number, "bad_json", f"not JSON ({error})")
    except RecursionError:
        return rejected_line(file, number, "bad_json", "nested too deeply")
    if not isinstance(value, dict):
        return rejected_line(file, number, "bad_json", f"a JSON {type(value).__name__}, not an object")
    return value | {"_line": number}
