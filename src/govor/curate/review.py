"""``govor review``: people's verdicts come back and make a new corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from govor.console import say
from govor.corpora.folder import Corpus, CorpusSummary, CorpusWriter
from govor.corpora.text_source import reviewed
from govor.curate.measure import BATCH_ROWS
from govor.curate.sheet import NOTHING_SHOWN, VERDICTS, YES, read_sheet
from govor.curate.sheet_ids import match_ids, refuse_doubtful, written_id
from govor.curate.sheet_utterances import SheetUtterances
from govor.errors import CorpusError, UsageError
from govor.findings import count_of, some

DROPPED = "dropped_by_review"
_FIRST_ROW = 2


@dataclass(frozen=True)
class ReviewVerdict:
    """What a person decided about one utterance.

    Attributes:
        verdict: ``keep``, ``drop`` or ``correct``.
        corrected: the right text, where it was corrected.
        comment: whatever else was written.
        from_nothing: whoever wrote the text saw none.
        row: of the sheet.
    """

    verdict: str
    corrected: str | None = None
    comment: str = ""
    from_nothing: bool = False
    row: int = field(default=0, compare=False)


@dataclass(frozen=True)
class ReviewSummary(CorpusSummary):
    """That of an import, the verdicts by kind, and how many are about no utterance of the corpus."""

    verdicts: Mapping[str, int]
    unknown: int


def review_corpus(corpus: Path, sheet: Path, out: Path) -> ReviewSummary:
    """Makes a new corpus of an old one and a filled-in sheet.

    Dropped utterances are set aside (``dropped_by_review``), corrected texts replace the source's, which
    stays in the column ``text_before_review``; the column ``verdict`` says who was reviewed. Rows without a
    verdict stay as they are.

    Args:
        corpus: the corpus that was sampled, or one made of it.
        sheet: .xlsx or .csv with the columns id, verdict and corrected.
        out: folder of the new corpus.

    Raises:
        CorpusError: the sheet cannot be read, has no verdict, or a verdict that there is not; rows are named.
    """
    if out.resolve() == corpus.resolve():
        raise UsageError(f"--out {out} is the corpus itself: choose another folder")
    source = Corpus.open(corpus)
    verdicts, unknown = _settled(read_verdicts(sheet), source, sheet)
    counts = Counter(v.verdict for v in verdicts.values())
    record = {"sheet": str(sheet), "verdicts": dict(counts)}
    info = replace(source.info, notes={**source.info.notes, "review": record})
    with CorpusWriter(out, info) as writer:
        for rejected in source.rejected_batches():
            writer.reject_frame(rejected)
        for batch in source.batches(None, BATCH_ROWS):
            frame = pl.DataFrame(pl.from_arrow(batch))
            _write(writer, frame, verdicts)
    SheetUtterances.read(corpus).write(out)
    return ReviewSummary(**vars(writer.info.summary(out)), verdicts=counts, unknown=unknown)


def _settled(
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


def read_verdicts(sheet: Path) -> list[tuple[str, ReviewVerdict]]:
    """Ids as they are written, with verdicts; rows without any are left out.

    Raises:
        CorpusError: no column of ids or verdicts, an unknown verdict, a correction without text, or no
            verdict at all.
    """
    rows = read_sheet(sheet)
    for column in ("id", "verdict"):
        if rows and column not in rows[0]:
            raise CorpusError(
                f"{sheet} has no column {column}: give the sheet that govor sample wrote, filled in"
            )
    verdicts: list[tuple[str, ReviewVerdict]] = []
    for number, row in enumerate(rows, _FIRST_ROW):
        verdict = _verdict(row, f"{sheet}, row {number}")
        if verdict is not None:
            verdicts.append((written_id(row["id"]), replace(verdict, row=number)))
    if not verdicts:
        raise CorpusError(f"{sheet} holds no verdict yet: fill the column verdict with {', '.join(VERDICTS)}")
    return verdicts


def _verdict(row: Mapping[str, object], where: str) -> ReviewVerdict | None:
    said = str(row.get("verdict") or "").strip().lower()
    corrected = str(row.get("corrected") or "").strip() or None
    comment = str(row.get("comment") or "").strip()
    if not said and corrected is None:
        return None
    if row.get("id") in (None, ""):
        raise CorpusError(
            f"{where}: a verdict without an id: restore the id from the sheet that was sent out"
        )
    said = said or "correct"
    if said not in VERDICTS:
        raise CorpusError(
            f"{where}: the verdict {said!r} is not one of {', '.join(VERDICTS)}: correct the cell"
        )
    if said == "correct" and corrected is None:
        raise CorpusError(f"{where}: the verdict is correct, but the column corrected is empty: fill it in")
    blank = row.get(NOTHING_SHOWN.name) == YES
    if blank and said == "keep":
        raise CorpusError(f"{where}: the verdict is keep, but no text was shown: write one, or choose drop")
    return ReviewVerdict(said, corrected if said == "correct" else None, comment, blank and said == "correct")


def _write(writer: CorpusWriter, frame: pl.DataFrame, verdicts: Mapping[str, ReviewVerdict]) -> None:
    found = [verdicts.get(name) for name in frame["id"]]
    text = pl.Series("corrected", [v.corrected if v else None for v in found], dtype=pl.String)
    said = pl.Series("verdict", [v.verdict if v else None for v in found], dtype=pl.String)
    earlier = {name: frame[name] for name in ("verdict", "text_before_review") if name in frame.columns}
    before = pl.when(text.is_not_null()).then(pl.col("text")).otherwise(earlier.get("text_before_review"))
    frame = frame.with_columns(before.cast(pl.String).alias("text_before_review"))
    frame = frame.with_columns(
        pl.coalesce(text, "text").alias("text"),
        pl.coalesce(said, earlier.get("verdict", said)).alias("verdict"),
    )
    frame = reviewed(
        frame, said, pl.Series([v is not None and v.from_nothing for v in found], dtype=pl.Boolean)
    )
    drops = said == "drop"
    keeps = ~drops.fill_null(False)
    writer.write(frame.filter(keeps))
    comments = pl.Series("detail", [v.comment if v else "" for v in found], dtype=pl.String)
    dropped = frame.with_columns(comments).filter(~keeps)
    writer.reject_frame(
        dropped.select("id", pl.lit("review").alias("stage"), pl.lit(DROPPED).alias("reason"), "detail")
    )
