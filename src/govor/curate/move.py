"""``govor move``: a corpus whose recordings stand elsewhere now."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from govor.corpora.folder import INFO, Corpus, CorpusSummary
from govor.corpora.names import Resolution, resolve
from govor.curate.measure import BATCH_ROWS
from govor.errors import CorpusError, LimitError
from govor.findings import count_of, some
from govor.store import locked, write_json


@dataclass(frozen=True)
class MoveSummary(CorpusSummary):
    """That of an import, and how many recordings were looked for, found and not found."""

    recordings: int
    found: int
    missing: int


def move_corpus(corpus: Path, audio_root: Path) -> MoveSummary:
    """Points a corpus at the folder where its recordings stand now; rows, ids, verdicts and splits stay.

    Args:
        corpus: an existing corpus folder; it is changed in its place.
        audio_root: the folder; names are found below it as an import finds them.

    Returns:
        The summary that ``--json`` prints.

    Raises:
        CorpusError: no recording is found there; nothing is changed.
        LimitError: some are not found; the corpus is moved all the same.
    """
    source = Corpus.open(corpus)
    with locked(corpus):
        names = source.scan().select(pl.col("audio").unique()).collect()["audio"].drop_nulls()
        resolution = resolve(names, audio_root)
        missing = resolution.frame.filter(pl.col("path").is_null())
        if missing.height == resolution.frame.height:
            raise CorpusError(
                f"none of the {count_of(missing.height, 'recording')} of {corpus} is found under "
                f"{audio_root} (such as {some(missing['name'].sort(), 1)}): name the folder where they are"
            )
        _rewrite(source, resolution)
        info = replace(source.info, audio_root=str(audio_root.absolute()))
        write_json(corpus / INFO, asdict(info))
    summary = MoveSummary(
        **vars(info.summary(corpus)),
        recordings=names.len(),
        found=names.len() - missing.height,
        missing=missing.height,
    )
    if missing.height:
        first = some(missing["name"].sort(), 3)
        raise LimitError(
            f"{missing.height:,} of {count_of(names.len(), 'recording')} are not found under {audio_root} "
            f"({first}); the others are: put them there and run it again, or leave theirs out, which "
            f"govor check {corpus} lists as missing_audio",
            summary,
        )
    return summary


def _rewrite(source: Corpus, resolution: Resolution) -> None:
    """Writes the new names of recordings into the table, where any changed."""
    changed = resolution.frame.filter(pl.col("path").is_not_null() & (pl.col("path") != pl.col("name")))
    if not changed.height:
        return
    new = dict(changed.select("name", "path").iter_rows())
    source.rewrite(lambda frame: frame.with_columns(pl.col("audio").replace(new)), BATCH_ROWS)
