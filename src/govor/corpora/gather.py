"""What every import does behind its reader: check rows, find their files, give ids, write the corpus.

Two passes, with the checked rows on disk between them: file names and ids can only be settled when all are
known. Memory holds one chunk, the distinct file names, and eight bytes a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.config import CorpusConfig
from govor.console import Progress, progress
from govor.corpora.folder import CorpusInfo, CorpusWriter
from govor.corpora.ids import Distinct, generated_id, recording_names, repeated
from govor.corpora.language_tags import LanguageTags
from govor.corpora.names import Resolution, resolve
from govor.corpora.reader import Reading, merged
from govor.corpora.spool import Spool
from govor.corpora.tidy import rejection_columns, tidy
from govor.corpora.word_times import WordTimes, relative
from govor.errors import CorpusError
from govor.store import scratch_folder, write_json

FOLDER, NAME = "folder", "name"


MOST_REPAIRS_IN_JSON = 10_000
CHUNK_NAMES = 1 << 18
"""Names gathered before duplicates among them are dropped."""
ID_COLUMNS = ("id", "recording", "audio", "start", "end", "duration")


def with_speakers(frame: pl.DataFrame, speaker_from: str | None) -> pl.DataFrame:
    """`frame` (with ``audio`` and ``speaker``) with a speaker where it had none.

    Args:
        frame: utterances.
        speaker_from: ``folder`` (the folder that the recording lies in), ``name`` (the recording's name up to
            its first ``_``, ``-``, ``.`` or blank, or its digits: ``ana`` of ``ana_01.wav`` and of
            ``ana01.wav``), the name of a column, or None to leave it.

    Raises:
        CorpusError: there is no such column.
    """
    if speaker_from is None or not frame.height:
        return frame
    return frame.with_columns(pl.coalesce("speaker", _speaker_of(frame, speaker_from)).alias("speaker"))


def _speaker_of(frame: pl.DataFrame, speaker_from: str) -> pl.Expr:
    path = pl.col("audio").str.replace_all("\\", "/", literal=True)
    if speaker_from == FOLDER:
        return path.str.extract(r"([^/]+)/[^/]*$")
    if speaker_from == NAME:
        name = path.str.extract(r"([^/]*)$").str.replace(r"\.[A-Za-z0-9]{1,5}$", "")
        return pl.coalesce(name.str.extract(r"^([^_\-. ]+)[_\-. ]"), name.str.extract(r"^(\D+)\d+$"))
    if speaker_from not in frame.columns:
        raise CorpusError(
            f"--speaker-from {speaker_from}: the source has no column {speaker_from}; "
            f"use folder, name or one of {', '.join(frame.columns)}"
        )
    return pl.col(speaker_from).cast(pl.String)


def gather(
    reading: Reading,
    config: CorpusConfig,
    out: Path,
    info: CorpusInfo,
    notes: Callable[[int], Mapping[str, object]] = lambda read: {},
) -> CorpusInfo:
    """Writes what a reader yields as a corpus.

    Args:
        reading: the source, opened.
        config: the settings of ``[corpus]``.
        out: the corpus folder.
        info: format and source; counts are filled in.
        notes: tells what else goes to ``corpus.json``; asked with the number of rows once all have been read.

    Raises:
        CorpusError: not one utterance can be kept, or the reader gives up.
    """
    with CorpusWriter(out, info) as corpus, scratch_folder(out, "rows") as folder:
        spool = Spool(folder)
        with progress("reading", None, "rows") as bar:
            names, words = _first_pass(reading, config, corpus, spool, bar)
        how = words.decide(config, reading)
        corpus.info = replace(corpus.info, notes=dict(notes(int(bar.done))))
        resolution = resolve(names, reading.audio_root)
        _second_pass(spool, resolution, corpus, how, config.speaker_from)
        corpus.info = _with_repairs(corpus, resolution, reading.audio_root)
        if not corpus.kept:
            raise CorpusError(_nothing_kept(corpus, info.source))
    return corpus.info


def _first_pass(
    reading: Reading, config: CorpusConfig, corpus: CorpusWriter, spool: Spool, bar: Progress
) -> tuple[pl.Series, WordTimes]:
    """Rows to the spool; returns the distinct audio names, and what the rows say of their word times."""
    words, tags = WordTimes(), LanguageTags()
    config = replace(config, columns={}) if reading.renamed else config
    names = pl.Series("audio", [], dtype=pl.String)
    for chunk in merged(reading.chunks):
        checked = tidy(chunk, config)
        corpus.reject_frame(checked.rejected)
        bar.advance(checked.frame.height + checked.rejected.height)
        if checked.frame.height:
            words.look(checked.frame)
            spool.add(tags.look(checked.frame))
            names = pl.concat([names, checked.frame["audio"].unique(maintain_order=True)])
            names = names.unique(maintain_order=True) if len(names) > 2 * CHUNK_NAMES else names
    reading.remarks.extend(tags.told(config.language))
    return names.unique(maintain_order=True), words


def _second_pass(
    spool: Spool, resolution: Resolution, corpus: CorpusWriter, word_times: str, speaker_from: str | None
) -> None:
    table = resolution.frame.join(recording_names(resolution.frame["path"]), on="path", how="left")
    table = table.select("name", pl.col("path", "reason", "detail").name.prefix("_"), "_recording")
    distinct = Distinct(repeated(_id_hashes(spool, table)))
    for frame in _with_names(spool, table):
        lost = frame.filter(pl.col("_reason").is_not_null())
        corpus.reject_frame(lost.select(rejection_columns(pl.col("_reason"), pl.col("_detail"))))
        found, again = distinct.apply(frame.filter(pl.col("_reason").is_null()))
        double = found.filter(again)
        detail = pl.lit("this id was read before")
        corpus.reject_frame(double.select(rejection_columns(pl.lit("duplicate_id"), detail)))
        kept = relative(found.filter(~again), word_times)
        outside = kept.filter(pl.col("_outside"))
        detail = pl.lit(f"its words ({word_times} times) are not between its start and end")
        corpus.reject_frame(outside.select(rejection_columns(pl.lit("words_outside"), detail)))
        kept = with_speakers(kept.filter(~pl.col("_outside")), speaker_from)
        corpus.write(kept.drop([n for n in kept.columns if n.startswith("_")]))


def _id_hashes(spool: Spool, table: pl.DataFrame) -> Iterator[NDArray[np.uint64]]:
    for frame in _with_names(spool, table, ID_COLUMNS):
        yield frame.filter(pl.col("_reason").is_null())["id"].hash(seed=0).to_numpy()


def _with_names(
    spool: Spool, table: pl.DataFrame, columns: Sequence[str] | None = None
) -> Iterator[pl.DataFrame]:
    """The rows with the paths of their audio, their recordings' names, ids and durations."""
    for frame in spool.frames(columns):
        joined = frame.join(table, left_on="audio", right_on="name", how="left", maintain_order="left")
        named = joined.with_columns(pl.coalesce("_path", "audio").alias("audio"))
        named = named.with_columns(pl.coalesce("recording", "_recording").alias("recording"))
        lost = pl.col("_reason").is_not_null()
        ids = pl.when(lost).then("id").otherwise(pl.coalesce("id", generated_id()))
        span = pl.col("end") - pl.col("start").fill_null(0.0)
        yield named.with_columns(
            pl.col("id").is_null().alias("_generated"),
            ids.alias("id"),
            pl.coalesce(span, "duration").alias("duration"),
        )


def _with_repairs(corpus: CorpusWriter, resolution: Resolution, root: Path) -> CorpusInfo:
    repairs = resolution.repairs
    if repairs.height > MOST_REPAIRS_IN_JSON:
        write_json(corpus.out / "repairs.json", repairs.to_dicts())
    notes: dict[str, object] = dict(corpus.info.notes)
    if repairs.height > MOST_REPAIRS_IN_JSON:
        notes["repairs"] = f"the first {MOST_REPAIRS_IN_JSON} are listed here, all of them in repairs.json"
    listed = tuple(repairs.head(MOST_REPAIRS_IN_JSON).to_dicts())
    return replace(
        corpus.info,
        audio_root=str(root.absolute()),
        repaired=repairs.height,
        repairs=listed,
        notes=notes,
    )


def _nothing_kept(corpus: CorpusWriter, source: str) -> str:
    reasons = corpus.reasons.most_common(3)
    if not reasons:
        return f"{source} holds no utterance"
    told = "; ".join(f"{reason} {count:,} (first: {corpus.examples[reason]})" for reason, count in reasons)
    return f"none of the {corpus.reasons.total():,} rows of {source} can be used: {told}"
