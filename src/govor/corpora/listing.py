"""What an import would read, without writing: files, columns, tiers, quotes, some rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NotRequired, TypedDict, cast

import polars as pl

from govor.config import CorpusConfig
from govor.console import table
from govor.corpora.encodings import told_encodings
from govor.corpora.importing import open_source, storable
from govor.corpora.reader import Chunk, Reading
from govor.corpora.rows import Row
from govor.corpora.text_settings import reading_text
from govor.corpora.tidy import tidy
from govor.shown import shortened
from govor.store import scratch_folder

ROWS = 5
MOST_CHUNKS = 200
"""Chunks looked through: a small file is one."""
MOST_ROWS = 20_000
LONGEST_CELL = 60
_SHOWN = ("id", "audio", "start", "end", "text", "language", "speaker", "split")


class Listing(TypedDict):
    """What an import would read; the reader's notes (``files``, ``tables``, ``columns`` …) stand beside.

    ``rows`` are the first five as they would be kept, ``rejected`` the first five that would be set aside.
    """

    format: str
    recognised: str
    audio_root: str
    row_columns: list[str]
    remarks: list[str]
    rows: list[Row]
    rejected: list[Row]
    tiers: NotRequired[list[Mapping[str, object]]]


def list_source(config: CorpusConfig) -> Listing:
    """Opens a source as an import would, and reads its beginning.

    Raises:
        CorpusError: the source is missing or its format is not known, or a setting fits no such source.
    """
    with scratch_folder() as nowhere, reading_text(config.encoding, config.quoting) as text:
        chosen, reading = open_source(config, nowhere, listing=True)
        chunks = list(_looked_at(reading))
        rows, rejected, columns = _first(chunks, reading, config)
        listed = {
            "format": chosen.reader.name,
            "recognised": chosen.why,
            "audio_root": str(reading.audio_root),
            **reading.notes,
            "row_columns": columns,
            "remarks": [*reading.remarks, *text.quoted.values(), *told_encodings(text, config.language)],
            "rows": rows,
            "rejected": rejected,
        }
    if reading.audio_root.is_relative_to(nowhere):
        listed |= {"audio_root": "inside the source", "unpacked": "not for a list"}
    return cast(Listing, storable(listed))


def _looked_at(reading: Reading) -> Iterator[Chunk]:
    rows = 0
    for chunk in islice(reading.chunks, MOST_CHUNKS):
        yield chunk
        rows += chunk.frame.height + len(chunk.rejections)
        if rows >= MOST_ROWS:
            return


def _first(
    chunks: list[Chunk], reading: Reading, config: CorpusConfig
) -> tuple[list[Row], list[Row], list[str]]:
    config = replace(config, columns={}) if reading.renamed else config
    rows: list[Row] = []
    rejected: list[Row] = []
    columns: dict[str, None] = {}
    for chunk in chunks:
        columns |= dict.fromkeys(n for n in chunk.frame.columns if not n.startswith("_"))
        checked = tidy(chunk, config)
        kept = checked.frame.select(pl.col([n for n in _SHOWN if n in checked.frame.columns]))
        rows += kept.head(ROWS - len(rows)).to_dicts()
        rejected += checked.rejected.head(ROWS - len(rejected)).to_dicts()
    return rows, rejected, list(columns)


def listing_lines(summary: Listing) -> list[str]:
    """The listing for people."""
    special = ("format", "recognised", "remarks", "rows", "rejected", "tiers")
    facts = [f"{name.replace('_', ' ')}: {_as_text(v)}" for name, v in summary.items() if name not in special]
    tiers = list(_tier_lines(summary.get("tiers") or []))
    rows = [[_cell(row.get(name)) for name in _SHOWN] for row in summary["rows"]]
    shown = ["", *table(rows, _SHOWN)] if rows else ["", "no row that could be kept among the first"]
    lost = [f"set aside: {item['reason']}: {item['detail']}" for item in summary["rejected"]]
    return [*facts, *tiers, *summary["remarks"], *shown, *lost]


def _tier_lines(tiers: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for tier in tiers:
        example = _cell(tier["example"])
        yield f"tier {tier['name']} ({tier['role']}, {tier['labels']:,} labels): {example}"


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{ours} = {theirs}" for ours, theirs in value.items())
    if isinstance(value, (list, tuple)):
        more = f" … ({len(value):,})" if len(value) > 8 else ""
        return ", ".join(map(str, value[:8])) + more
    return str(value)


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return shortened(text, LONGEST_CELL)
