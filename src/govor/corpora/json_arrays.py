"""JSON files that are one array of objects, as tables: read object by object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from govor.corpora.json_items import JsonItems
from govor.corpora.json_lines import MOST_FIRST_OBJECTS
from govor.corpora.lines import rejected_line
from govor.corpora.reader import CHUNK_ROWS, Chunk, chunked
from govor.corpora.timed_text import TimedTextError
from govor.records import Rejection

_ROWS_A_CHUNK = CHUNK_ROWS // 4


def read_json_array(file: Path) -> Iterator[Chunk]:
    """The objects of an array, their keys as columns; what is not an object is rejected by its line."""
    return chunked(file, _rows(file), _ROWS_A_CHUNK)


def array_keys(file: Path, most: int | None = MOST_FIRST_OBJECTS) -> list[str]:
    """The keys of the first objects of an array, or of all; empty where the file is none."""
    keys: dict[str, None] = {}
    with suppress(TimedTextError, OSError):
        for item in islice(JsonItems(file), most):
            if item.name == "" and isinstance(item.value, dict):
                keys |= dict.fromkeys(item.value)
    return list(keys)


def _rows(file: Path) -> Iterator[dict[str, object] | Rejection]:
    try:
        for item in JsonItems(file):
            if isinstance(item.value, dict):
                yield item.value | {"_line": item.line}
            else:
                detail = f"a JSON {type(item.value).__name__}, not an object"
                yield rejected_line(file, item.line, "bad_json", detail)
    except TimedTextError as error:
        yield rejected_line(file, error.line, "bad_json", error.problem)
