"""What is inspected: an utterance of a corpus, a clip of a data set, or any recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.audio import AudioFacts, load_mono, probe
from govor.corpora.folder import Corpus
from govor.errors import InputError, UsageError
from govor.findings import some

LONGEST_S = 60.0
"""Of longer recordings the beginning is shown."""


@dataclass(frozen=True)
class Subject:
    """An utterance with its audio.

    Attributes:
        id: of the utterance, or the file's name.
        source: where the audio comes from.
        facts: what its header says.
        wave: mono samples ``[T]`` at the header's rate.
        start: seconds into the recording.
        end: seconds into the recording, where it is known.
        cut: whether only its beginning is shown.
        text: source text, or None.
        language: BCP 47 tag or None.
        fields: further columns, such as speaker and split.
    """

    id: str
    source: str
    facts: AudioFacts
    wave: NDArray[np.float32]
    start: float = 0.0
    end: float | None = None
    cut: bool = False
    text: str | None = None
    language: str | None = None
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def seconds(self) -> float:
        """Length of what is shown."""
        return len(self.wave) / self.facts.sample_rate


def find_subject(place: str, name: str | None = None, *, start: float | None = None) -> Subject:
    """Finds what `govor inspect PLACE [ID]` names.

    Args:
        place: a corpus folder, a data set (folder or URL) or an audio file.
        name: id of the utterance, where `place` holds several.
        start: seconds into an audio file.

    Raises:
        UsageError: an id is missing, or given for a file.
        InputError: there is no such place or id.
        AudioError: the audio cannot be decoded.
    """
    path = Path(place)
    if path.is_file():
        if name:
            raise UsageError(f"{place} is one recording: leave out the id {name}")
        return of_file(path, start or 0.0)
    if (path / "corpus.json").exists():
        return of_corpus(Corpus.open(path), name)
    if not path.exists() and "://" not in place:
        raise InputError(f"{place} does not exist: give an audio file, a corpus or a data set")
    return of_dataset(place, name)


def of_file(path: Path, start: float = 0.0) -> Subject:
    """The beginning (from `start` on) of any recording."""
    facts = probe(path)
    wave = load_mono(path, sample_rate=facts.sample_rate, start=start, end=start + LONGEST_S)
    longer = len(wave) >= round(LONGEST_S * facts.sample_rate)
    return Subject(path.name, str(path), facts, wave, start=start, cut=longer)


def of_corpus(corpus: Corpus, name: str | None) -> Subject:
    """One utterance of a corpus, from its recording."""
    row = _row(corpus.scan().collect(), name, str(corpus.folder))
    path = corpus.audio_path(row["audio"])
    facts = probe(path)
    start, end = row["start"] or 0.0, row["end"]
    last = min(end, start + LONGEST_S) if end is not None else start + LONGEST_S
    wave = load_mono(path, sample_rate=facts.sample_rate, channel=row["channel"], start=start, end=last)
    return Subject(
        row["id"],
        path,
        facts,
        wave,
        start,
        end,
        end is not None and end > last,
        row["text"],
        row["language"],
        _fields(row),
    )


def of_dataset(url: str, name: str | None) -> Subject:
    """One clip of a data set."""
    from govor.load import Dataset

    dataset = Dataset.open(url)
    tables = [
        dataset.table(split).with_row_index("row").with_columns(split=pl.lit(split))
        for split in dataset.splits
    ]
    row = _row(pl.concat(tables, how="diagonal_relaxed"), name, url)
    content = dataset.clip_bytes(row["split"], row["row"])
    facts = probe(content)
    wave = load_mono(content, sample_rate=facts.sample_rate, end=LONGEST_S)
    return Subject(
        row["id"],
        f"{url}, split {row['split']}, row {row['row']}",
        facts,
        wave,
        text=row["text"],
        language=row.get("language"),
        fields=_fields(row),
    )


def _row(table: pl.DataFrame, name: str | None, where: str) -> Mapping[str, Any]:
    ids = table["id"].head(3).to_list()
    if name is None:
        raise UsageError(f"{where} has {table.height:,} utterances: name one, such as {some(ids)}")
    found = table.filter(pl.col("id") == name)
    if not found.height:
        raise InputError(f"{where} has no utterance {name}; ids look like {some(ids)}")
    return found.row(0, named=True)


SHOWN_ELSEWHERE = {"id", "audio", "text", "language", "start", "end", "row", "channel"}


def _fields(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (key, str(value)) for key, value in row.items() if value is not None and key not in SHOWN_ELSEWHERE
    )
