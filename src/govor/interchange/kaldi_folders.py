"""Kaldi data folders, one a split, with ``segments`` where utterances are parts of recordings.

Source: the Kaldi documentation, "Data preparation".
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from govor.findings import count_of
from govor.interchange.keys import changed, recording_keys, unique_names
from govor.interchange.label import on_one_line
from govor.store import write_text

NAME = "kaldi"
HELD = frozenset(
    {
        "id",
        "recording",
        "audio",
        "channel",
        "start",
        "end",
        "text",
        "language",
        "speaker",
        "split",
        "duration",
    }
)


def held(frame: pl.DataFrame) -> frozenset[str]:
    """The columns that the format has a place for."""
    return HELD


def write(frame: pl.DataFrame, folder: Path) -> list[str]:
    """Writes a data folder, or one a split; what is to be said about it."""
    frame = _with_kaldi_ids(frame)
    for (split,), rows in frame.group_by(["split"], maintain_order=True):
        _write_folder(rows, folder / str(split) if split else folder)
    return _remarks(frame)


def _with_kaldi_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """With ids that have no white space, sorted as Kaldi sorts: by bytes; who has no speaker is one alone."""
    speakers = [_speaker(name) for name in frame["speaker"]]
    frame = frame.with_columns(
        _ids(frame), recording_keys(frame, _key), pl.Series("speaker", speakers, pl.String)
    )
    return frame.with_columns(pl.coalesce("speaker", "id")).sort(pl.col("id").cast(pl.Binary))


def _ids(frame: pl.DataFrame) -> pl.Series:
    return pl.Series("id", unique_names(((name, name) for name in frame["id"]), _key), pl.String)


def _key(name: str) -> str:
    return "_".join(name.split()) or "_"


def _speaker(name: str | None) -> str | None:
    return _key(name) if name and name.strip() else None


def changes(frame: pl.DataFrame) -> pl.DataFrame:
    """Values that come back otherwise than they are; ids as they come back stand under ``id_in_format``."""
    ids, texts = _ids(frame), [on_one_line(text or "") for text in frame["text"]]
    return pl.DataFrame(
        [
            changed(ids, frame["id"].to_list()).alias("id_in_format"),
            changed(frame["recording"], recording_keys(frame, _key).to_list()),
            changed(frame["text"], texts),
            changed(frame["speaker"], [_speaker(name) for name in frame["speaker"]]),
        ]
    )


def _write_folder(frame: pl.DataFrame, folder: Path) -> None:
    whole = _are_recordings(frame)
    key = "id" if whole else "recording"
    _write(folder / "wav.scp", _lines(frame.unique(key, keep="first").select(key, "audio")))
    if not whole:
        write_text(folder / "segments", "".join(_segments(frame)))
    texts = frame.select("id", pl.col("text").map_elements(on_one_line, pl.String))
    _write(folder / "text", _lines(texts))
    _write(folder / "utt2spk", _lines(frame.select("id", "speaker")))
    spoken = frame.group_by("speaker").agg(pl.col("id").sort().str.join(" "))
    _write(folder / "spk2utt", _lines(spoken))
    if frame["language"].is_not_null().any():
        _write(folder / "utt2lang", _lines(frame.select("id", "language").drop_nulls()))


def _are_recordings(frame: pl.DataFrame) -> bool:
    """Whether every utterance is a whole recording of the same name: no segments are needed then."""
    spans = frame.select("start", "end", "channel").null_count().sum_horizontal().item()
    return bool(spans == 3 * frame.height and (frame["id"] == frame["recording"]).all())


def _segments(frame: pl.DataFrame) -> Iterable[str]:
    columns = ("id", "recording", "start", "end", "duration", "channel")
    for name, recording, start, end, duration, channel in frame.select(columns).iter_rows():
        begin_s = start or 0.0
        end_s = end if end is not None else duration if start is None and duration is not None else -1.0
        side = "" if channel is None else f" {channel}"
        yield f"{name} {recording} {begin_s:.6f} {end_s:.6f}{side}\n"


def _lines(frame: pl.DataFrame) -> list[str]:
    return sorted((f"{key} {value}\n" for key, value in frame.iter_rows()), key=str.encode)


def _write(file: Path, lines: list[str]) -> None:
    write_text(file, "".join(lines))


def _remarks(frame: pl.DataFrame) -> list[str]:
    loose = frame.filter(~pl.struct("id", "speaker").map_elements(_begins_with_speaker, pl.Boolean)).height
    if not loose:
        return []
    ids = count_of(loose, "id does", "ids do")
    return [f"{ids} not begin with the speaker's name, which Kaldi's validate_data_dir.sh asks for"]


def _begins_with_speaker(row: dict[str, str]) -> bool:
    return row["id"].startswith(row["speaker"])
