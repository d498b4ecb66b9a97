"""``govor review``: people's verdicts come back and make a new corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import polars as pl

from govor.console import say
from govor.corpora.folder import Corpus, CorpusSummary, CorpusWriter
from govor.corpora.text_source import (
    HUMAN,
    MACHINE,
    MACHINE_CHECKED,
    TEXT_MODEL,
    TEXT_SOURCE,
    reviewed,
)
from govor.curate.cutting import WORD_COLUMNS
from govor.curate.measure import BATCH_ROWS
from govor.curate.sheet import storable
from govor.curate.sheet_ids import match_ids, refuse_doubtful
from govor.curate.sheet_utterances import SheetUtterances
from govor.curate.verdicts import ReviewVerdict, read_verdicts, shown_texts
from govor.errors import CorpusError, UsageError
from govor.findings import count_of, some

SET_ASIDE = {"drop": "dropped_by_review", "split": "split_by_review", "join": "joined_by_review"}
"""Verdicts under which an utterance does not stay, and the reason that is noted."""
NOTED: dict[str, type[pl.DataType]] = {
    "verdict": pl.String,
    "text_before": pl.String,
    "start_before": pl.Float64,
    "end_before": pl.Float64,
    "parent": pl.String,
}
"""Columns that a review adds. ``parent`` is the utterance of the source, also for parts of parts."""
ABOUT_THE_TEXT = ("similarity", "agreement", "confidence", "cer", "log_probability", "compression_ratio")
"""Columns that no longer hold where a text is another."""
_ROUNDING_DIGITS = 3


@dataclass(frozen=True)
class ReviewSummary(CorpusSummary):
    """That of an import, the verdicts by kind, and how many are about no utterance of the corpus."""

    verdicts: Mapping[str, int]
    unknown: int


def review_corpus(corpus: Path, sheet: Path, out: Path) -> ReviewSummary:
    """Makes a new corpus of an old one and a filled-in sheet.

    Dropped utterances are set aside (``dropped_by_review``). Corrected texts and times replace the source's,
    which stay in ``text_before``, ``start_before`` and ``end_before``; ids stay. Parts of a split utterance
    have ids of their own, ``parent``, and everything else of the utterance, its split too. The column
    ``verdict`` says what was reviewed. Rows without a verdict stay as they are.

    Args:
        corpus: the corpus that was sampled, or one made of it.
        sheet: .xlsx or .csv with the columns id, verdict and corrected.
        out: folder of the new corpus.

    Raises:
        CorpusError: the sheet cannot be read, has no verdict, or one that cannot be carried out; the row is
            named.
    """
    if out.resolve() == corpus.resolve():
        raise UsageError(f"--out {out} is the corpus itself: choose another folder")
    source = Corpus.open(corpus)
    verdicts, unknown = _by_corpus_ids(read_verdicts(sheet), source, sheet)
    _refuse_impossible(verdicts, source, sheet)
    _tell_edited(source, sheet)
    counts = Counter(v.verdict for v in verdicts.values())
    record = {"sheet": str(sheet), "verdicts": dict(counts)}
    info = replace(source.info, notes={**source.info.notes, "review": record})
    second = source.info.notes.get("second_transcript")
    with CorpusWriter(out, info) as writer:
        for rejected in source.rejected_batches():
            writer.reject_frame(rejected)
        for frame in source.frames(None, BATCH_ROWS):
            _write(writer, frame, verdicts, second if isinstance(second, str) else None)
    SheetUtterances.read(corpus).write(out)
    return ReviewSummary(**vars(writer.info.summary(out)), verdicts=counts, unknown=unknown)


def _tell_edited(corpus: Corpus, sheet: Path) -> None:
    """Says where somebody wrote into the column of the texts as they were, which changes nothing."""
    shown = {name: (text, row) for name, text, row in shown_texts(sheet)}
    columns = [name for name in ("text", "text_before") if name in corpus.scan().collect_schema().names()]
    rows = []
    for frame in corpus.frames(["id", *columns], BATCH_ROWS):
        for name, *texts in frame.filter(pl.col("id").is_in(list(shown))).iter_rows():
            text, row = shown[name]
            known = {" ".join(storable(one).split()) for one in texts if one is not None}
            if " ".join(storable(text).split()) not in known:
                rows.append(f"row {row}")
    if rows:
        say(
            f"review: in {count_of(len(rows), 'row')} of {sheet} the column text is another than in the "
            f"corpus ({some(rows, 3)}), which changes nothing: corrections belong into the column corrected"
        )


def _by_corpus_ids(
    filled: list[tuple[str, ReviewVerdict]], corpus: Corpus, sheet: Path
) -> tuple[dict[str, ReviewVerdict], int]:
    """Verdicts by ids of the corpus, and how many are about none of them.

    Raises:
        CorpusError: no id is known, one could mean several, or two verdicts about one contradict each other.
    """
    found = match_ids([name for name, _ in filled], corpus)
    refuse_doubtful(found, {name: f"{sheet}, row {verdict.row}" for name, verdict in filled})
    if not found.ids:
        raise CorpusError(
            f"{sheet}: none of its {len(filled)} verdicts is about an utterance of {corpus.folder} (they are "
            f"about {some(found.unknown, 3)}): give the corpus that was sampled, or one made of it"
        )
    changed = [f"{name} as {meant}" for name, meant in found.ids.items() if name != meant]
    if changed:
        count = count_of(len(changed), "id")
        say(f"review: a spreadsheet changed {count}, taken for what they were: {some(changed, 3)}")
    if found.unknown:
        count = count_of(len(found.unknown), "verdict")
        say(f"review: {count} about utterances that {corpus.folder} does not have: {some(found.unknown, 3)}")
    verdicts: dict[str, ReviewVerdict] = {}
    for name, verdict in filled:
        if name in found.ids:
            _refuse_conflict(verdicts.setdefault(found.ids[name], verdict), verdict, found.ids[name], sheet)
    return verdicts, len(found.unknown)


def _refuse_conflict(one: ReviewVerdict, other: ReviewVerdict, name: str, sheet: Path) -> None:
    if replace(one, comment="") != replace(other, comment=""):
        said = " and ".join(f"{v.verdict} {v.corrected or ''}".strip() for v in (one, other))
        raise CorpusError(
            f"{sheet}, rows {one.row} and {other.row}: two verdicts about {name} ({said}): leave one of them"
        )


def _refuse_impossible(verdicts: Mapping[str, ReviewVerdict], corpus: Corpus, sheet: Path) -> None:
    """Ends where parts have ids that there are already, or an utterance was joined to nothing.

    Raises:
        CorpusError: names the row.
    """
    parts = [(part.id, v.row) for v in verdicts.values() for part in v.parts]
    names = [name for name, _ in parts]
    taken = {*match_ids(names, corpus).ids} if names else set()
    taken |= {name for name, count in Counter(names).items() if count > 1}
    for name, row in parts:
        if name in taken:
            raise CorpusError(
                f"{sheet}, row {row}: its part {name} has an id that there is already: review the utterance "
                "again, or give its parts other ids"
            )
    for name, verdict in verdicts.items():
        host = verdicts.get(verdict.joined_to or "")
        if verdict.joined_to and (host is None or (host.end is None and not host.parts)):
            raise CorpusError(
                f"{sheet}, row {verdict.row}: {name} is said to be part of {verdict.joined_to}, which no row "
                "makes longer: restore that row, or drop this one"
            )


def _write(
    writer: CorpusWriter, frame: pl.DataFrame, verdicts: Mapping[str, ReviewVerdict], second: str | None
) -> None:
    found = [verdicts.get(name) for name in frame["id"]]
    made = _with_times(_with_texts(_with_notes(frame, found), found), found)
    _refuse_backwards(made, found)
    said = made["verdict"].is_in(list(SET_ASIDE)) & pl.Series(
        [v is not None for v in found], dtype=pl.Boolean
    )
    writer.write(_with_parts(made, found, ~said, second))
    comments = pl.Series("detail", [_detail(v) for v in found], dtype=pl.String)
    gone = made.with_columns(comments).filter(said)
    reason = pl.col("verdict").replace_strict(SET_ASIDE, default=None).alias("reason")
    writer.reject_frame(gone.select("id", pl.lit("review").alias("stage"), reason, "detail"))


def _refuse_backwards(frame: pl.DataFrame, found: Sequence[ReviewVerdict | None]) -> None:
    wrong = frame["end"] <= frame["start"].fill_null(0.0)
    for row in wrong.fill_null(False).arg_true():
        verdict, (name, start, end) = found[row], frame.select("id", "start", "end").row(row)
        if verdict is not None and (verdict.start, verdict.end) != (None, None):
            raise CorpusError(
                f"row {verdict.row} of the sheet: {name} would end ({end:g} s) before it begins "
                f"({start or 0:g} s): correct new_start and new_end"
            )


def _detail(verdict: ReviewVerdict | None) -> str:
    if verdict is None:
        return ""
    into = [f"into {some([part.id for part in verdict.parts], 3)}"] if verdict.parts else []
    to = [f"to {verdict.joined_to}"] if verdict.joined_to else []
    return "; ".join([*into, *to, *([verdict.comment] if verdict.comment else [])])


def _with_notes(frame: pl.DataFrame, found: Sequence[ReviewVerdict | None]) -> pl.DataFrame:
    """With the columns of `NOTED`; a new verdict replaces one of an earlier review."""
    absent = [pl.lit(None, kind).alias(name) for name, kind in NOTED.items() if name not in frame.columns]
    said = pl.Series("_said", [v.verdict if v else None for v in found], dtype=pl.String)
    frame = frame.with_columns(said, *absent)
    own = pl.Series([v is not None and v.from_nothing for v in found], dtype=pl.Boolean)
    frame = reviewed(frame, frame["_said"], own)
    return frame.with_columns(pl.coalesce("_said", "verdict").alias("verdict")).drop("_said")


def _with_texts(frame: pl.DataFrame, found: Sequence[ReviewVerdict | None]) -> pl.DataFrame:
    """With corrected texts; the source's stays, and measures of it go."""
    text = pl.Series("_text", [v.corrected if v else None for v in found], dtype=pl.String)
    frame = frame.with_columns(text)
    changed = pl.col("_text").is_not_null() & pl.col("_text").ne_missing(pl.col("text"))
    before = pl.when(changed).then(pl.coalesce("text_before", "text")).otherwise("text_before")
    stale = [name for name in ABOUT_THE_TEXT if name in frame.columns]
    return frame.with_columns(
        before.alias("text_before"),
        pl.coalesce("_text", "text").alias("text"),
        *(pl.when(~changed).then(name).alias(name) for name in stale),
    ).drop("_text")


def _with_times(frame: pl.DataFrame, found: Sequence[ReviewVerdict | None]) -> pl.DataFrame:
    """With moved boundaries; the source's stay, and times of words, which count from the start, go."""
    moved = [
        pl.Series(f"_{side}", [getattr(v, side, None) for v in found], pl.Float64)
        for side in ("start", "end")
    ]
    frame = frame.with_columns(moved)
    first, last = pl.coalesce("start", pl.lit(0.0)), pl.coalesce("end", "duration")
    changed = pl.col("_start").is_not_null() | pl.col("_end").is_not_null()
    start, end = pl.coalesce("_start", "start"), pl.coalesce("_end", "end")
    stale = [name for name in chain.from_iterable(WORD_COLUMNS) if name in frame.columns]
    length = (pl.coalesce("_end", last) - pl.coalesce("_start", first)).round(_ROUNDING_DIGITS)
    return frame.with_columns(
        _first_of(pl.col("_start").is_not_null(), "start_before", first),
        _first_of(pl.col("_end").is_not_null(), "end_before", last),
        start.alias("start"),
        end.alias("end"),
        pl.when(changed).then(length).otherwise("duration").alias("duration"),
        *(pl.when(~changed).then(name).alias(name) for name in stale),
    ).drop("_start", "_end")


def _first_of(changed: pl.Expr, kept: str, now: pl.Expr) -> pl.Expr:
    """What was there before the first change."""
    return pl.when(changed).then(pl.coalesce(pl.col(kept), now)).otherwise(pl.col(kept)).alias(kept)


def _with_parts(
    frame: pl.DataFrame, found: Sequence[ReviewVerdict | None], stays: pl.Series, second: str | None
) -> pl.DataFrame:
    """The rows that stay, and the parts of those that were split in their places."""
    frame = frame.with_row_index("_row")
    made = [
        part
        for row, verdict in enumerate(found)
        if verdict and verdict.parts
        for part in _parts(frame.row(row, named=True), verdict, second)
    ]
    kept = frame.filter(stays)
    if made:
        kept = pl.concat([kept, pl.DataFrame(made, schema=frame.schema)]).sort("_row", maintain_order=True)
    return kept.drop("_row")


def _source(row: Mapping[str, object], verdict: ReviewVerdict) -> Mapping[str, object]:
    """Who wrote the texts of parts."""
    if verdict.from_nothing:
        return {TEXT_SOURCE: HUMAN, TEXT_MODEL: None}
    return {TEXT_SOURCE: MACHINE_CHECKED} if row.get(TEXT_SOURCE) == MACHINE else {}


def _parts(row: Mapping[str, object], verdict: ReviewVerdict, second: str | None) -> list[dict[str, object]]:
    named = (
        *chain.from_iterable(WORD_COLUMNS),
        *ABOUT_THE_TEXT,
        second,
        "text_before",
        "start_before",
        "end_before",
    )
    stale = dict.fromkeys(name for name in named if name is not None and name in row)
    family = row["parent"] or row["id"]
    source = {name: value for name, value in _source(row, verdict).items() if name in row}
    return [
        {
            **row,
            **stale,
            **source,
            "id": part.id,
            "parent": family,
            "start": part.start,
            "end": part.end,
            "duration": round(part.end - part.start, _ROUNDING_DIGITS),
            "text": part.text,
            "verdict": "correct",
        }
        for part in verdict.parts
    ]
