"""Whether the quotes of a table are a writer's, to be taken off, or part of the text.

They are a writer's where every field that begins with a quote ends with one and has inner ones doubled, and
either all fields (the header's too) are quoted, numbers and empty ones aside, or every quoted field needs it:
it holds a doubled quote, the separator or a line break. In a file that calls itself CSV (``.csv``, commas or
semicolons) quotes are syntax, and it is enough that they are whole. Anything else stays as it stands, and so
do quotes that enclose several lines with the header's number of tabs each: they would swallow rows. Source of
the writers' rules: RFC 4180, and ``QUOTE_MINIMAL``, ``QUOTE_ALL``, ``QUOTE_NONNUMERIC`` of Python's csv.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from govor.corpora.lines import raw_blocks
from govor.corpora.text_settings import text_settings
from govor.shown import shortened

MOST_LINES_A_ROW = 100
MOST_BAD_ROWS = 10_000
MOST_BAD_SHARE = 0.1
"""Bad rows for one good one that a CSV may have and still be one."""
LONGEST_SHOWN = 80
_QUOTED = r'"(?:[^"]|"")*"'
_NUMBER = r"[-+]?\d[\d.,:eE+-]*"


@dataclass
class Quotes:
    """What the quotes of a file are like.

    Attributes:
        rows: rows with a field that begins with a quote and is quoted as a writer would.
        bad: first lines of rows with a field that begins with one and is not.
        all: all fields are quoted (numbers and empty ones aside), the header's too.
        needed: every quoted field holds a doubled quote, the separator or a line break.
        example: number and text of the line that tells.
        plain: first lines of blocks in which every row is a line.
        tabs: of the header.
    """

    rows: int = 0
    bad: set[int] = field(default_factory=set)
    all: bool = True
    needed: bool = True
    example: tuple[int, str] = (0, "")
    plain: set[int] = field(default_factory=set)
    tabs: int = 0

    @property
    def fields(self) -> bool:
        """Whether any field begins with a quote."""
        return bool(self.rows or self.bad)

    def are_syntax(self, always: bool) -> bool:
        """Whether they are to be taken off; `always` where it is enough that they are whole.

        There, a few bad rows among many good ones are set aside and change nothing.
        """
        if always:
            return self.rows > 0 and len(self.bad) <= MOST_BAD_SHARE * self.rows
        return self.rows > 0 and not self.bad and (self.all or self.needed)


def quotes_of(file: Path, separator: str, header: bool, always: bool, shown_as: Path) -> Quotes:
    """Looks through a file's quotes, as far as it takes to decide; remarks what was decided.

    Args:
        file: the table.
        separator: one character.
        header: whether its first line is one.
        always: see `Quotes.are_syntax`.
        shown_as: the name that messages give.
    """
    settings = text_settings()
    found = _look(file, _Patterns.of(separator), header, always or settings.quoting == "csv")
    if found.fields:
        settings.quoted[shown_as] = _remark(shown_as, found, decided(found, always))
    return found


def decided(found: Quotes, always: bool) -> bool:
    """Whether quotes are taken off: as ``--quoting`` says, else as they are found."""
    quoting = text_settings().quoting
    return found.are_syntax(always) if quoting is None else quoting == "csv"


@dataclass(frozen=True)
class _Patterns:
    """Rows of one line or more, for one separator."""

    begins: str
    whole: str
    all: str
    every: str
    needed: str

    @classmethod
    def of(cls, separator: str) -> _Patterns:
        mark = re.escape(separator)
        bare = rf'[^"{mark}\n][^{mark}\n]*'
        need = rf'"(?:[^"]|"")*(?:""|{mark}|\n)(?:[^"]|"")*"|""'

        def row(*fields: str) -> str:
            one = f"(?:{'|'.join(fields)}|)"
            return f"^{one}(?:{mark}{one})*$"

        return cls(
            begins=rf'(?:^|{mark})"',
            whole=row(_QUOTED, bare),
            all=row(_QUOTED, _NUMBER),
            every=f"^(?:{_QUOTED})(?:{mark}(?:{_QUOTED}))*$",
            needed=row(need, bare),
        )


def _look(file: Path, patterns: _Patterns, header: bool, always: bool) -> Quotes:
    found = Quotes()
    waiting: deque[tuple[int, str]] = deque()
    for number, data in raw_blocks(file):
        if not waiting and b'"' not in (data or b""):
            header, found.all = header and not data, found.all and not data
            found.plain.add(number)
            continue
        text = (data or b"").decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")
        lines = text.split("\n") if data else []
        if header and any(lines):
            header = False
            first = next(filter(None, lines))
            found.all = re.fullmatch(patterns.every, first) is not None
            found.tabs = first.count("\t")
        if not waiting and _plain(found, patterns, number, lines):
            found.plain.add(number)
        else:
            waiting.extend(enumerate(lines, number))
            _row_by_row(found, patterns, waiting, ended=False)
        if not always and (found.bad or (found.fields and not found.all and not found.needed)):
            break
        if len(found.bad) > MOST_BAD_ROWS:
            break
    _row_by_row(found, patterns, waiting, ended=True)
    return found


def _plain(found: Quotes, patterns: _Patterns, number: int, lines: list[str]) -> bool:
    """Takes the evidence of a block in which every row is a line; False where one is not."""
    column = pl.Series("line", lines, dtype=pl.String)
    marked = column.filter(column.str.contains(patterns.begins))
    if not len(marked):
        found.all = found.all and not any(lines)
        return True
    if not column.str.contains(patterns.whole).all():
        return False
    found.all = found.all and bool(column.str.contains(patterns.all).all())
    needless = marked.filter(~marked.str.contains(patterns.needed))
    found.needed = found.needed and not len(needless)
    if not found.rows and not found.bad:
        shown = needless[0] if len(needless) and not found.all else marked[0]
        found.example = (number + lines.index(shown), shown)
    found.rows += len(marked)
    return True


def _row_by_row(found: Quotes, patterns: _Patterns, waiting: deque[tuple[int, str]], *, ended: bool) -> None:
    """The same where rows may have several lines; lines of a row that is not at its end are left waiting.

    A row that no writer would make is bad with its first line; the next may begin on the line after.
    """
    while waiting:
        number, row = waiting[0]
        lines = 1
        while _open(patterns, row) and lines < min(len(waiting), MOST_LINES_A_ROW):
            row = f"{row}\n{waiting[lines][1]}"
            lines += 1
        still_open = _open(patterns, row)
        if still_open and not ended and lines < MOST_LINES_A_ROW:
            return
        good = not still_open and _take(found, patterns, number, row)
        if not good:
            found.example = found.example if found.bad else waiting[0]
            found.bad.add(number)
        for _ in range(lines if good else 1):
            waiting.popleft()


def _open(patterns: _Patterns, row: str) -> bool:
    """Whether a quoted field is not closed yet."""
    return row.count('"') % 2 == 1 and re.search(patterns.begins, row) is not None


def _take(found: Quotes, patterns: _Patterns, number: int, row: str) -> bool:
    """Takes the evidence of a row; False where its quotes are not a writer's."""
    if re.search(patterns.begins, row) is None:
        found.all = found.all and not row
        return True
    if re.search(patterns.whole, row) is None:
        return False
    needed = re.search(patterns.needed, row) is not None and not _are_rows(row, found.tabs)
    if not found.bad and (not found.rows or (found.needed and not needed)):
        found.example = (number, row)
    found.rows += 1
    found.needed = found.needed and needed
    found.all = found.all and re.search(patterns.all, row) is not None
    return True


def _are_rows(row: str, tabs: int) -> bool:
    """Whether each line between a row's only two quotes has the header's tabs: rows, not one field."""
    lines = row.split("\n")
    return (
        tabs > 0
        and len(lines) > 1
        and row.count('"') == 2
        and all(line.count("\t") == tabs for line in lines)
    )


def _remark(file: Path, found: Quotes, taken_off: bool) -> str:
    number, row = found.example
    shown = shortened(row.replace("\n", "⏎").replace("\t", " | "), LONGEST_SHOWN)
    done = "are taken off, as a writer's" if taken_off else "stay in the text"
    other = "none leaves them" if taken_off else "csv takes them off"
    return f"{file.name}: quotes around fields {done} (line {number}: {shown}); --quoting {other}"


def rows_on_lines(data: bytes, names: list[str], separator: str, rows: int) -> pl.DataFrame | None:
    """Quoted rows of one line each, read at once; None where a row has more or fewer fields."""
    lines = pl.Series(data.decode("utf-8").replace("\r\n", "\n").removesuffix("\n").split("\n"))
    fields = lines.str.replace_all(_QUOTED, "").str.count_matches(separator, literal=True) + 1
    if len(lines) != rows or not (fields == len(names)).all():
        return None
    try:
        frame = pl.read_csv(
            data, has_header=False, separator=separator, new_columns=names, infer_schema=False
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == rows and frame.width == len(names) else None
