"""Lists of utterances to leave out: ids, file stems, or recording and times, in any of the usual files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.console import say
from govor.corpora.folder import Corpus
from govor.curate.sheet_ids import is_number, match_ids, refuse_doubtful, written_id
from govor.errors import CorpusError, InputError
from govor.findings import codes_of, renamed
from govor.parquet import read_table, reading

TOLERANCE_S = 0.010
"""Sources write 10965.9 where others write 10965.90 or 10965.901."""
_TICK_S = 0.010
_SPAN = re.compile(r"(?P<recording>.+)_(?P<start>\d{1,9}(?:\.\d+)?)-(?P<end>\d{1,9}(?:\.\d+)?)")
_EXTENSION = re.compile(
    r"\.(wav|flac|mp3|ogg|oga|opus|m4a|mp4|aac|webm|wma|aiff?|sph|txt|textgrid|json)$", re.I
)
FOUND = {"id": pl.String, "code": pl.String}
SPREADSHEETS = (".csv", ".tsv", ".xlsx")
ID_COLUMNS = ("id", "utterance", "utterance_id", "name", "path", "audio", "audio_filepath", "file")


@dataclass
class Exclusions:
    """What to leave out, and which of it was met.

    Attributes:
        entries: every entry without extension and folders, with its forms as written without extension.
        exact: ids that are listed by what `govor check` found, and nothing but ids.
        numbers: entries of spreadsheets that are numbers, and the file of each.
        spans: entries that are recording and times: ``{(recording, start tick): [(start, end, entry)]}``.
        met: entries that matched something.
    """

    entries: dict[str, set[str]] = field(default_factory=dict)
    spans: dict[tuple[str, int], list[tuple[float, float, str]]] = field(default_factory=dict)
    exact: set[str] = field(default_factory=set)
    numbers: dict[str, str] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, files: Iterable[str], codes: Sequence[str] = ()) -> Exclusions:
        """Reads text (one a line), tables (.csv, .tsv, .xlsx, .parquet, .jsonl) by id column, a corpus.

        Args:
            files: the lists; those of `govor check` (findings.parquet) hold every finding.
            codes: of which findings the utterances are left out.

        Raises:
            CorpusError: a file is missing, unreadable, or has no column of ids; it lists findings and no code
                is given, or the other way round.
        """
        made, found = cls(), False
        for path in map(Path, files):
            if _lists_findings(path):
                found = True
                made.exact |= _found_by(path, codes)
            else:
                entries = list(_entries(path))
                for entry in entries:
                    made.add(entry)
                if path.suffix.lower() in SPREADSHEETS:
                    made.numbers |= {entry: str(path) for entry in entries if is_number(entry)}
        if codes and not found:
            raise CorpusError("--codes chooses among findings: give --exclude CHECK/findings.parquet with it")
        return made

    def add(self, written: str) -> None:
        """Adds one entry: an id, a path, a file's stem, or ``<recording>_<start>-<end>``."""
        path = _EXTENSION.sub("", unicodedata.normalize("NFC", written.strip().strip("\ufeff")))
        entry = path.rsplit("/", 1)[-1]
        if not entry:
            return
        self.entries.setdefault(entry, set()).add(path)
        if match := _SPAN.fullmatch(entry):
            start, end = float(match["start"]), float(match["end"])
            key = (match["recording"], round(start / _TICK_S))
            self.spans.setdefault(key, []).append((start, end, entry))

    def settle_numbers(self, corpus: Corpus) -> None:
        """Finds the ids that numbers of spreadsheets were before they lost zeros or digits.

        Raises:
            CorpusError: one could be several ids, or was damaged beyond recognition.
        """
        if not self.numbers:
            return
        found = match_ids(list(self.numbers), corpus)
        refuse_doubtful(found, self.numbers)
        changed = {name: meant for name, meant in found.ids.items() if name != meant}
        self.exact |= set(changed.values())
        self.met |= set(changed)

    def unmet(self) -> list[str]:
        """Entries that matched nothing so far."""
        return sorted(self.entries.keys() - self.met)

    def matches(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """Which utterances are listed, ``[N]``; needs id, audio, recording, start and end."""
        found = np.zeros(frame.height, np.bool_)
        ids: list[str] = [column for column in ("id", "cut_from") if column in frame.columns]
        if self.exact:
            for column in ids:
                found |= frame[column].is_in(self.exact).fill_null(False).to_numpy()
        if not self.entries:
            return found
        listed = pl.Series(list(self.entries)).implode()
        for column in (*ids, "audio", "recording"):
            stems = frame.select(_stem(pl.col(column)).alias("value"))["value"]
            for row in np.flatnonzero(stems.is_in(listed).fill_null(False).to_numpy()).tolist():
                if self._same_path(stems[row], frame[column][row]):
                    self.met.add(stems[row])
                    found[row] = True
        return found | self._span_matches(frame)

    def _same_path(self, stem: str, value: str) -> bool:
        """Whether folders, where both sides name some, agree."""
        here = _EXTENSION.sub("", unicodedata.normalize("NFC", value.strip()))
        return any(
            f"/{here}".endswith(f"/{path}") or f"/{path}".endswith(f"/{here}") for path in self.entries[stem]
        )

    def _span_matches(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        found = np.zeros(frame.height, np.bool_)
        recordings = {recording for recording, _ in self.spans}
        stem = _stem(pl.col("audio"))
        rows = frame.select(
            pl.int_range(pl.len()).alias("row"), "recording", stem.alias("stem"), "start", "end"
        ).filter(pl.col("recording").is_in(recordings) | pl.col("stem").is_in(recordings))
        for row, recording, stem_name, start, end in rows.iter_rows():
            entry = self._span(recording, start, end) or self._span(stem_name, start, end)
            if entry:
                self.met.add(entry)
                found[row] = True
        return found

    def _span(self, recording: str, start: float | None, end: float | None) -> str | None:
        if end is None:
            return None
        begin = start or 0.0
        tick = round(begin / _TICK_S)
        for key in ((recording, tick + near) for near in (-1, 0, 1)):
            for a, b, entry in self.spans.get(key, ()):
                if abs(a - begin) <= TOLERANCE_S + 1e-9 and abs(b - end) <= TOLERANCE_S + 1e-9:
                    return entry
        return None


def _stem(column: pl.Expr) -> pl.Expr:
    name = column.str.normalize("NFC").str.strip_chars().str.replace(r"^.*/", "")
    return name.str.replace(f"(?i){_EXTENSION.pattern}", "")


def _entries(path: Path) -> Iterable[str]:
    return listed(path, ID_COLUMNS)


def listed(path: Path, columns: Sequence[str]) -> Iterable[str]:
    """The entries of a list: a text with one a line, or the first of `columns` that a table has.

    Raises:
        CorpusError: it is missing, unreadable, or has no such column.
    """
    if not path.exists():
        raise CorpusError(
            f"the list {path} does not exist: give a file with one id a line, or a corpus folder"
        )
    if path.is_dir():
        path = path / "utterances.parquet"
    with reading(f"the list {path}", CorpusError, "give one id a line, as UTF-8", "cannot be read"):
        return _read(path, columns)


TABLES: dict[str, Callable[[BinaryIO], pl.DataFrame]] = {
    ".parquet": pl.read_parquet,
    ".csv": partial(pl.read_csv, infer_schema=False),
    ".tsv": partial(pl.read_csv, infer_schema=False, separator="\t"),
    ".jsonl": partial(pl.read_ndjson, infer_schema_length=None),
    ".ndjson": partial(pl.read_ndjson, infer_schema_length=None),
}


def _lists_findings(path: Path) -> bool:
    """Whether it is what `govor check` wrote: a row for every utterance and finding."""
    if path.suffix.lower() != ".parquet" or not path.is_file():
        return False
    try:
        with reading(path), path.open("rb") as file:
            return {"id", "code", "severity"} <= set(pl.read_parquet_schema(file))
    except (InputError, OSError):
        return False


def _found_by(path: Path, codes: Sequence[str]) -> set[str]:
    """The utterances that findings of some codes are about."""
    codes = renamed(codes, say)
    table = read_table(path, FOUND, kind=CorpusError)
    counts = dict(table.group_by("code").len().sort("len", descending=True).iter_rows())
    if not codes:
        listed = ", ".join(f"{code} {count:,}" for code, count in counts.items())
        raise CorpusError(f"{path} lists all findings ({listed}): say with --codes which are to be left out")
    known = (*codes_of("check"), *codes_of("preflight"))
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise CorpusError(f"--codes {unknown[0]}: there is no such finding; known are {', '.join(known)}")
    for code in codes:
        if code not in counts:
            say(f"select: {path} has no finding {code}")
    return set(table.filter(pl.col("code").is_in(list(codes)))["id"])


def _read(path: Path, columns: Sequence[str]) -> Iterable[str]:
    kind = path.suffix.lower()
    if kind in TABLES:
        with path.open("rb") as file:  # polars opens no name that is not UTF-8
            return _id_column(TABLES[kind](file), path, columns)
    if kind == ".xlsx":
        from govor.curate.sheet import read_sheet

        rows = read_sheet(path)
        name = next((column for column in columns if any(column in row for row in rows)), "id")
        return [written_id(row[name]) for row in rows if row.get(name) is not None]
    return path.read_text(encoding="utf-8-sig").split("\n")


def _id_column(frame: pl.DataFrame, path: Path, columns: Sequence[str]) -> Iterable[str]:
    name = next((column for column in columns if column in frame.columns), None)
    if name is None:
        raise CorpusError(
            f"the list {path} has no column {' or '.join(columns[:3])}: name its column {columns[0]}"
        )
    return [str(value) for value in frame[name].drop_nulls()]
