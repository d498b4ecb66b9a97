"""Corpora in the formats of other tools; what a format cannot hold stands in a side file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import polars as pl

from govor.audio.guard import GuardedWorker
from govor.corpora.folder import REJECTED_SCHEMA, Corpus
from govor.corpora.tables import EXPORT_DONE, EXPORT_SIDE_FILE
from govor.errors import CorpusError, UsageError
from govor.interchange import (
    audacity,
    captions,
    elan,
    kaldi_folders,
    lhotse_manifests,
    manifests,
    praat,
    segments_json,
    table_files,
)
from govor.interchange.beside import PLACINGS, FileNames, place
from govor.interchange.plain import plain_columns
from govor.interchange.session_format import SessionFormat
from govor.interchange.sessions import WORD_COLUMNS, SessionReader
from govor.records import Rejection
from govor.store import atomic_path, readable_error, scratch_folder, write_json, write_text

SESSION_FORMATS = {
    one.name: one
    for one in (
        elan.FORMAT,
        praat.FORMAT,
        captions.SUBRIP,
        captions.WEBVTT,
        audacity.FORMAT,
        segments_json.FORMAT,
    )
}
TABLE_FORMATS = {one.NAME: one for one in (table_files, kaldi_folders, manifests, lhotse_manifests)}
FORMATS = (*SESSION_FORMATS, *TABLE_FORMATS)
"""Names that ``--format`` takes for a corpus."""
OF_CORPUS = "_of_corpus"
"""Behind the names of columns that are called as what tells where an utterance is."""
ALWAYS_HELD = frozenset({"recording", "audio", "start", "end", "text", "duration"})


@dataclass(frozen=True)
class CorpusExport:
    """What an export made; the keys that ``--json`` prints.

    Attributes:
        format: its name.
        out: the folder.
        written: utterances in the format's files.
        files: files of the format.
        recordings: recordings put beside them.
        rejected: utterances that the format cannot show, by reason; they are in ``rejected.parquet``.
        not_held: columns that the format has no place for, in whole or in some rows, with the number of
            utterances that have a value there; the values are in ``not-in-format.jsonl``.
        remarks: what else people should know.
    """

    format: str
    out: str
    written: int = 0
    files: int = 0
    recordings: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    not_held: dict[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def export_corpus(corpus: Path, format: str, out: Path, audio: str = "link") -> CorpusExport:
    """Writes a corpus in the format of another tool.

    Formats with a file a recording (ELAN, TextGrid, captions, labels) get the recording beside the file. What
    a format has no place for is counted, and kept in ``not-in-format.jsonl``, one object an utterance.

    Args:
        corpus: corpus folder.
        format: one of `FORMATS`.
        out: a new folder, or one of an earlier export, which is replaced when the new one is whole.
        audio: whether recordings are linked, copied or not put beside the files.

    Raises:
        CorpusError: `corpus` is not a corpus, or `out` holds something else.
        UsageError: there is no such format or placing.
    """
    if format not in FORMATS:
        raise UsageError(f"--format {format}: a corpus can be written as {', '.join(FORMATS)}")
    if audio not in PLACINGS:
        raise UsageError(f"--audio {audio}: write one of {', '.join(PLACINGS)}")
    opened = Corpus.open(corpus)
    with _new_folder(out) as folder:
        if format in SESSION_FORMATS:
            made = _by_session(opened, SESSION_FORMATS[format], folder, audio)
        else:
            made = _by_table(opened, format, folder)
        made = replace(made, out=str(out))
        write_json(folder / EXPORT_DONE, asdict(made))
    return made


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder that takes the place of `out` when the block ends well."""
    if out.exists() and not (out / EXPORT_DONE).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise CorpusError(f"{out} holds something other than an earlier export: choose another --out")
    try:
        with scratch_folder(out.parent, out.name) as partial:
            yield partial
            if out.exists():
                shutil.rmtree(out)
            partial.replace(out)
    except OSError as error:
        raise readable_error(error, out) from error


def _by_session(corpus: Corpus, format: SessionFormat, folder: Path, how: str) -> CorpusExport:
    names, side = FileNames({Path(EXPORT_DONE).stem}), SideFile(folder / EXPORT_SIDE_FILE)
    written = files = recordings = 0
    with GuardedWorker() as worker, side:
        reader = SessionReader(corpus, worker, format.covers)
        for session, rows in reader:
            if not session.labels:
                continue
            file = folder / f"{names.of(session.recording)}{format.suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = place(session.audio, file, how)
            write_text(file, format.render(session, beside))
            where = pl.lit(file.relative_to(folder).as_posix()).alias("file")
            side.add(rows.select(where, "start", "end"), _not_held(rows, format))
            written, files, recordings = written + len(session.labels), files + 1, recordings + bool(beside)
    rejected = _set_aside(folder, reader.rejections)
    return CorpusExport(format.name, str(folder), written, files, recordings, rejected, side.counts)


def _not_held(rows: pl.DataFrame, format: SessionFormat) -> pl.DataFrame:
    """The values of `rows` that the format does not hold; null where it does."""
    held = set(ALWAYS_HELD)
    held |= set(WORD_COLUMNS) if "words" in format.holds else set()
    left = rows.select(name for name in rows.columns if name not in held and name != "speaker")
    texts = _changed_values(rows["text"], format.held_text)
    speakers = _changed_values(
        rows["speaker"], format.held_speaker if "speaker" in format.holds else lambda _: ""
    )
    return left.with_columns(texts, speakers)


def _changed_values(column: pl.Series, held: Callable[[str], str]) -> pl.Series:
    """The values that come back otherwise than they are; null for the others."""
    values = [value if value is not None and held(value) != value else None for value in column]
    return pl.Series(column.name, values, pl.String)


@dataclass
class SideFile:
    """What a format has no place for, one JSON object an utterance.

    Attributes:
        path: where it is written.
        counts: utterances that have a value, by column.
    """

    path: Path
    counts: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> SideFile:
        self._frame = self.path.open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        self._frame.close()

    def add(self, rows: pl.DataFrame, values: pl.DataFrame) -> None:
        """Adds utterances: `rows` tells which they are, `values` what of them the format does not hold."""
        kept = [name for name in values.columns if values[name].is_not_null().any()]
        for name in kept:
            self.counts[name] = self.counts.get(name, 0) + values.height - values[name].null_count()
        if kept:
            named = {name: f"{name}{OF_CORPUS}" for name in kept if name in rows.columns}
            rows.hstack(values.select(kept).rename(named)).write_ndjson(self._frame)


def _set_aside(folder: Path, rejections: Sequence[Rejection]) -> dict[str, int]:
    if not rejections:
        return {}
    rows = [(one.id, one.stage, one.reason, one.detail) for one in rejections]
    frame = pl.DataFrame(rows, REJECTED_SCHEMA, orient="row")
    with atomic_path(folder / "rejected.parquet") as path:
        frame.write_parquet(path)
    return dict(frame["reason"].value_counts().sort("reason").iter_rows())


def _by_table(corpus: Corpus, format: str, folder: Path) -> CorpusExport:
    frame = plain_columns(corpus.scan().collect())
    paths = frame["audio"].map_elements(corpus.audio_path, pl.String)
    frame = frame.with_columns(paths.alias("audio"))
    kind = TABLE_FORMATS[format]
    remarks = kind.write(frame, folder)
    files = sum(path.is_file() for path in folder.rglob("*"))
    left = frame.select(name for name in frame.columns if name not in kind.held(frame))
    left = pl.DataFrame([*left.get_columns(), *kind.changes(frame).get_columns()])
    with SideFile(folder / EXPORT_SIDE_FILE) as side:
        side.add(frame.select("id"), left)
    return CorpusExport(
        format, str(folder), frame.height, files, not_held=side.counts, remarks=tuple(remarks)
    )
