"""What a source's word times count from: the recording's beginning (absolute) or the utterance's (relative).

It is decided for the source as a whole, because many a row could be either. A row settles it where its words
lie within its span in one of the two readings only. Stored are relative times.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from govor.config import CorpusConfig
from govor.corpora.reader import Reading
from govor.errors import CorpusError
from govor.findings import count_of

SLACK_S = 0.25
"""Aligners round, and pad: so far may a word lie outside its utterance."""
LISTS = ("word_starts", "word_ends", "norm_word_starts", "norm_word_ends")
ABSOLUTE, RELATIVE = "absolute", "relative"


@dataclass
class WordTimes:
    """Evidence of the rows of a source.

    Attributes:
        rows: rows with word times whose two readings differ.
        settled: how many rows can only be read so, by reading.
        examples: the id or place of the first of them.
        untimed: rows that have words but not a time for each.
    """

    rows: int = 0
    settled: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    untimed: int = 0

    def look(self, frame: pl.DataFrame) -> None:
        """Takes the evidence of some rows (``start``, ``end``, ``word_starts`` …, ``_file``, ``_line``)."""
        if not _times(frame):
            return
        if "words" in frame.columns and "word_starts" in frame.columns:
            untimed = pl.col("words").list.len() > 0
            self.untimed += frame.filter(untimed & pl.col("word_starts").is_null()).height
        frame = _measured(frame)
        self.rows += frame.filter(pl.col("_first").is_not_null() & (pl.col("_base") > SLACK_S)).height
        for reading, other in ((RELATIVE, ABSOLUTE), (ABSOLUTE, RELATIVE)):
            only = frame.filter(_inside(reading) & ~_inside(other))
            self.settled[reading] = self.settled.get(reading, 0) + only.height
            if only.height and reading not in self.examples:
                row = only.row(0, named=True)
                self.examples[reading] = f"{row['_file']}:{row['_line']}" if row["id"] is None else row["id"]

    def decide(self, config: CorpusConfig, reading: Reading) -> str:
        """``absolute`` or ``relative``; what was found is remarked where the rows have decided.

        Raises:
            CorpusError: rows speak for both, or none settles it.
        """
        if self.untimed:
            told = count_of(self.untimed, "row")
            reading.remarks.append(
                f"{told} have words without a time for each: their word times are left out"
            )
        if config.word_times is not None:
            return config.word_times
        if reading.word_times is not None:
            return reading.word_times
        found = [name for name in (ABSOLUTE, RELATIVE) if self.settled.get(name)]
        if len(found) == 1:
            count, example = self.settled[found[0]], self.examples[found[0]]
            reading.remarks.append(
                f"word times are {found[0]}: {count:,} of {count_of(self.rows, 'row')} can be nothing else, "
                f"such as {example}"
            )
            return found[0]
        if reading.usual_word_times is not None:
            return reading.usual_word_times
        if not self.rows:
            return RELATIVE
        raise CorpusError(self._question(found))

    def _question(self, found: list[str]) -> str:
        ask = (
            "use --word-times absolute or --word-times relative to say whether they count from "
            "the recording's "
            "beginning or from the utterance's"
        )
        if not found:
            return f"the word times of {count_of(self.rows, 'row')} could be absolute or relative: {ask}"
        told = " and ".join(
            f"{self.settled[name]:,} only {name} (such as {self.examples[name]})" for name in found
        )
        return f"the word times of this source contradict each other, {told}: {ask}"


def relative(frame: pl.DataFrame, how: str) -> pl.DataFrame:
    """`frame` with word times from the utterance's beginning, and ``_outside``: words outside of their span.

    Args:
        frame: with ``start`` and ``end``.
        how: what the times count from now.
    """
    times = _times(frame)
    if not times:
        return frame.with_columns(pl.lit(False).alias("_outside"))
    frame = _measured(frame).with_columns((~_inside(how)).fill_null(False).alias("_outside"))
    if how == ABSOLUTE:
        shifted = [(pl.col(name) - pl.col("_base")).alias(name) for name in times]
        rounded = [pl.col(name).list.eval(pl.element().round(4)) for name in times]
        frame = frame.with_columns(shifted).with_columns(rounded)
    return frame.drop("_base", "_length", "_first", "_last")


def _times(frame: pl.DataFrame) -> list[str]:
    return [name for name in LISTS if frame.schema.get(name) == pl.List(pl.Float64)]


def _measured(frame: pl.DataFrame) -> pl.DataFrame:
    """``_base`` (where relative times would begin), ``_length``, and the bounds of the words.

    A clip cut out of a recording has its span there in ``orig_start`` and ``orig_end``; a reader may say in
    ``_word_base`` where the utterance begins in the frame that its words are told in.
    """
    numeric = {name for name, kind in frame.schema.items() if kind.is_numeric()}
    start, end = (pl.coalesce([*_there(numeric, n), pl.lit(None, pl.Float64)]) for n in ("start", "end"))
    known = ["duration"] if "duration" in numeric else []
    times = _times(frame)
    return frame.with_columns(
        pl.coalesce([*(n for n in ("_word_base",) if n in numeric), start, pl.lit(0.0)]).alias("_base"),
        pl.coalesce([end - start.fill_null(0.0), *known]).alias("_length"),
        pl.min_horizontal([pl.col(name).list.min() for name in times]).alias("_first"),
        pl.max_horizontal([pl.col(name).list.max() for name in times]).alias("_last"),
    )


def _there(numeric: set[str], name: str) -> list[str]:
    return [column for column in (name, f"orig_{name}") if column in numeric]


def _inside(reading: str) -> pl.Expr:
    """Whether all words lie within the utterance, read so; null where the row has none."""
    offset = pl.col("_base") if reading == ABSOLUTE else pl.lit(0.0)
    late = pl.col("_first") >= offset - SLACK_S
    return late & (pl.col("_last") <= offset + pl.col("_length") + SLACK_S).fill_null(True)
