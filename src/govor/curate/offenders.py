"""The utterances that a report shows: their texts, what was measured, and a clip to listen to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from govor.audio import encode
from govor.audio.guard import GuardedWorker, WorkerLostError
from govor.corpora.folder import Corpus
from govor.errors import AudioError
from govor.findings import Finding
from govor.pages import audio_data_uri

SHOWN_EACH = 6
MAX_CLIP_S = 15.0
MAX_EMBEDDED_BYTES = 50_000_000
UNPLAYABLE = frozenset({"missing_audio", "unreadable_audio"})
CLIP_STALL_S = 60.0


@dataclass(frozen=True)
class Offender:
    """One utterance in a report.

    Attributes:
        row: of the table, all columns.
        measured: what was measured.
        player: ``data:`` URI of its audio, or None.
        note: why there is no player, or that it is cut.
    """

    row: Mapping[str, object]
    measured: str
    player: str | None = None
    note: str = ""


def offenders(corpus: Corpus, findings: Sequence[Finding], second: str | None) -> dict[str, list[Offender]]:
    """The worst utterances of every finding, with audio while the page has room for it."""
    placed = [(finding.code, finding.places) for finding in findings if finding.places]
    wanted = {int(row) for _, places in placed for row in places.rows[:SHOWN_EACH]}
    rows = _rows(corpus, sorted(wanted), second)
    shown: dict[str, list[Offender]] = {}
    left_bytes = MAX_EMBEDDED_BYTES
    players: dict[int, tuple[str | None, str]] = {}
    with GuardedWorker(stall_s=CLIP_STALL_S) as worker:
        for code, places in placed:
            for place, row in enumerate(places.rows[:SHOWN_EACH].tolist()):
                if row not in players and code not in UNPLAYABLE:
                    players[row] = _player(worker, corpus, rows[row], left_bytes)
                    left_bytes -= len(players[row][0] or "")
                player, note = players.get(row, (None, ""))
                measured = places.measured[place] if place < len(places.measured) else ""
                shown.setdefault(code, []).append(Offender(rows[row], measured, player, note))
    return shown


def _rows(corpus: Corpus, numbers: list[int], second: str | None) -> dict[int, Mapping[str, Any]]:
    columns = ["id", "recording", "audio", "channel", "start", "end", "text", "speaker", "split", "duration"]
    if second:
        columns.append(second)
    table = corpus.scan().select(columns).with_row_index("_row")
    found = table.filter(pl.col("_row").is_in(numbers)).collect()
    rows = {row.pop("_row"): row for row in found.iter_rows(named=True)}
    return {number: {**row, "second": row.get(second) if second else None} for number, row in rows.items()}


def _player(
    worker: GuardedWorker, corpus: Corpus, row: Mapping[str, Any], left_bytes: int
) -> tuple[str | None, str]:
    if left_bytes <= 0:
        return None, "the page has no room for more audio"
    start, end = row["start"], row["end"]
    limit = (start or 0.0) + MAX_CLIP_S
    cut = end is None or end > limit
    request = (corpus.audio_path(row["audio"]), row["channel"], start, limit if cut else end)
    try:
        samples = worker.call("govor.curate.probe:load_span", *request)
    except (AudioError, WorkerLostError) as error:
        return None, str(error)
    if not len(samples):
        return None, "no audio there"
    note = f"first {MAX_CLIP_S:g} s" if cut and len(samples) >= MAX_CLIP_S * 16_000 else ""
    return audio_data_uri(encode(samples, 16_000), "audio/flac"), note
