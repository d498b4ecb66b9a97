"""ELAN's export as tab-delimited text: a line an annotation, with its tier, participant and times.

With a header (ELAN 6) columns are known by name; without one by what stands in them: the tier first, perhaps
the participant, then the times in as many forms as were ticked, last the annotation. Source: the ELAN manual,
"Exporting a document as a tab-delimited text file".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from govor.corpora.beside import (
    Recordings,
    TranscriptFile,
    first_files,
    mostly,
    read_beside,
    spoken_row,
    transcript_files,
)
from govor.corpora.lines import first_line, first_lines, rejected_line
from govor.corpora.numbers import number
from govor.corpora.reader import Reading, Source, root_of
from govor.corpora.rows import Row
from govor.corpora.tier_report import TierReport, refuse_unclear
from govor.corpora.tiers import NoSpokenTierError, choose, utterances
from govor.corpora.timed_text import Tier, TimedText, TimedTextError, decode
from govor.records import Rejection

NAME = "elan-export"
NEEDS = "ELAN's tab-delimited exports (.txt, .tsv, .csv) beside recordings of the same name"
SETTINGS: tuple[str, ...] = ("text",)
SUFFIXES = (".txt", ".tsv", ".csv")
_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d(?:\.\d+)?)")
_MS_PER_S = 1000


@dataclass(frozen=True)
class ExportColumns:
    """Which column holds what, from 0, and how many there are."""

    begin: int
    end: int
    text: int
    tier: int | None
    participant: int | None
    count: int
    file: int | None = None
    header: bool = False


def recognise(path: Path) -> str | None:
    """Looks at the first such files beside recordings, or that name theirs: half of them must be exports."""
    recordings = Recordings(root_of(path))
    files = (f for f in first_files(path, SUFFIXES) if recordings.beside(f) or _names_files(f))
    exports = mostly(files, _is_export)
    return f"{exports[0].name} is a tab-delimited export of ELAN" if exports else None


def read(source: Source) -> Reading:
    """Opens all exports below a folder; ``--text TIER`` chooses a tier.

    Raises:
        CorpusError: there are none; later, where several tiers could be the speech.
    """
    files = (file for file in transcript_files(source.path, SUFFIXES) if _is_export(file))
    tiers = TierReport()
    return read_beside(source, files, lambda file: _parse(file, source, tiers), NEEDS, told=tiers.told)


def _is_export(file: Path) -> bool:
    return _columns(_first_line(file)) is not None


def _names_files(file: Path) -> bool:
    columns = _columns(_first_line(file))
    return columns is not None and columns.file is not None


def _first_line(file: Path) -> str:
    """The first line except for the header lines that name the media (``"#file:///...``)."""
    line = first_line(file)
    if line.lstrip('"').startswith("#"):
        line = next((each for each in first_lines(file) if not each.lstrip('"').startswith("#")), "")
    return line


def _columns(line: str) -> ExportColumns | None:
    cells = [cell.strip() for cell in line.split("\t")]
    return _columns_of_header(cells) or _unnamed(cells)


def _columns_of_header(cells: Sequence[str]) -> ExportColumns | None:
    """From a header: ``Begin Time - hh:mm:ss.ms`` and so on."""
    begins = [i for i, cell in enumerate(cells) if cell.lower().startswith("begin time")]
    ends = [i for i, cell in enumerate(cells) if cell.lower().startswith("end time")]
    if not begins or not ends:
        return None
    at = {cell.lower(): index for index, cell in enumerate(cells)}
    text = at.get("annotation", at.get("value", len(cells) - 1))
    path = at.get("file path", at.get("file", at.get("file name")))
    return ExportColumns(
        begins[0], ends[0], text, at.get("tier"), at.get("participant"), len(cells), path, True
    )


def _unnamed(cells: Sequence[str]) -> ExportColumns | None:
    """Columns from a first row: times of one form come in the order begin, end and perhaps duration."""
    clocks = [i for i, cell in enumerate(cells) if _CLOCK.fullmatch(cell)]
    if len(clocks) < 2 or clocks[0] == 0 or clocks[-1] == len(cells) - 1:
        return None
    begin, end = clocks[0], clocks[1]
    if _time(cells[begin]) >= _time(cells[end]):
        return None
    participant = 1 if begin > 1 else None
    return ExportColumns(begin, end, len(cells) - 1, 0, participant, len(cells))


def _time(cell: str) -> float:
    """Seconds of ``00:00:01.500``, ``1.5``, or of ``1500`` milliseconds.

    Raises:
        ValueError: it is none of these.
    """
    clock = _CLOCK.fullmatch(cell.strip())
    if clock:
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])
    value = number(cell)
    if value is None:
        raise ValueError(f"{cell} is not a time")
    return value / (_MS_PER_S if cell.strip().isdecimal() else 1)


def _parse(file: Path, source: Source, report: TierReport) -> TranscriptFile:
    columns = _columns(_first_line(file))
    if columns is None:
        raise TimedTextError(1, "it is not a tab-delimited export of ELAN")
    media: dict[str | None, dict[str, list[TimedText]]] = {}
    rejections: list[Rejection] = []
    for line_number, line in _lines(file, columns):
        cells = line.split("\t")
        cue = _cue(file, line_number, cells, columns)
        if isinstance(cue, Rejection):
            rejections.append(cue)
        else:
            tier = cells[columns.tier] if columns.tier is not None else ""
            media.setdefault(_media(cells, columns), {}).setdefault(tier, []).append(cue)
    rows = [row for name, tiers in media.items() for row in _spoken(file, name, tiers, source, report)]
    return TranscriptFile([*rejections, *rows])


def _lines(file: Path, columns: ExportColumns) -> Iterator[tuple[int, str]]:
    """The rows with their numbers, without header and comments."""
    lines = ((n, line) for n, line in enumerate(decode(file).split("\n"), 1) if line.strip())
    rows = ((n, line) for n, line in lines if not line.lstrip('"').startswith("#"))
    if columns.header:
        next(rows, None)
    yield from rows


def _media(cells: Sequence[str], columns: ExportColumns) -> str | None:
    """The recording that a row of several files' export names, without its extension."""
    if columns.file is None:
        return None
    return PurePosixPath(cells[columns.file].replace("\\", "/")).stem or None


def _cue(file: Path, number: int, cells: list[str], columns: ExportColumns) -> TimedText | Rejection:
    if len(cells) != columns.count:
        detail = f"{len(cells)} fields where the first line has {columns.count}"
        return rejected_line(file, number, "wrong_columns", detail)
    try:
        start, end = _time(cells[columns.begin]), _time(cells[columns.end])
    except ValueError:
        detail = f"{cells[columns.begin]} and {cells[columns.end]} are not times"
        return rejected_line(file, number, "bad_times", detail)
    who = cells[columns.participant].strip() if columns.participant is not None else ""
    return TimedText(start, end, cells[columns.text].strip(), who or None, number)


def _spoken(
    file: Path, media: str | None, tiers: dict[str, list[TimedText]], source: Source, report: TierReport
) -> Iterator[Row | Rejection]:
    made = [Tier(name, tuple(cues), cues[0].speaker) for name, cues in tiers.items()]
    choice = choose(made, source.config.text, None, source.config.language)
    report.add(made, choice)
    if not source.listing:
        refuse_unclear(file, made, choice)
    named = {} if media is None else {"audio": media}
    try:
        yield from (spoken_row(item) | named for item in utterances(choice, source.config.text))
    except NoSpokenTierError as error:
        yield rejected_line(file, 1, "no_spoken_tier", str(error))
