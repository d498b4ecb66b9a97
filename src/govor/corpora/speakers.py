"""Speakers of rows that name none, from where ``--speaker-from`` says."""

from __future__ import annotations

import polars as pl

from govor.errors import CorpusError

FOLDER, NAME = "folder", "name"


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
    return frame.with_columns(pl.coalesce("speaker", _told(frame, speaker_from)).alias("speaker"))


def _told(frame: pl.DataFrame, speaker_from: str) -> pl.Expr:
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
