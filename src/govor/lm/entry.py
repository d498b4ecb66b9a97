"""From train text to an ARPA file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govor.config import TextConfig
from govor.console import say
from govor.errors import InputError, UsageError
from govor.lm.arpa import write_arpa
from govor.lm.kneser_ney import estimate
from govor.lm.settings import settings_path
from govor.records import Summary
from govor.store import write_json
from govor.text import Normaliser

TRAIN = "train"


LARGEST_ORDER = 8


def train_texts(source: str | Path, normaliser: Normaliser) -> Iterator[str]:
    """Normalised train texts; a corpus without any split counts as train as a whole, and that is said.

    Args:
        source: corpus folder, data-set folder, or a text file with a sentence a line.
        normaliser: the one of the model that will be helped.

    Raises:
        InputError: it is none of these, or has no train split.
    """
    for text, language in _texts(Path(source), str(source)):
        yield normaliser(text, language)


def _texts(path: Path, source: str) -> Iterator[tuple[str, str | None]]:
    if path.is_file():
        return _lines(path)
    if (path / "corpus.json").exists():
        return _corpus(path)
    if (path / "dataset.json").exists() or "://" in source:
        return _dataset(source)
    what = "is neither a corpus nor a data set" if path.exists() else "does not exist"
    raise InputError(f"{source} {what}: name a corpus, a data set, or a text file with a sentence a line")


def _lines(path: Path) -> Iterator[tuple[str, str | None]]:
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield line, None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text ({error.reason})") from error


def _corpus(path: Path) -> Iterator[tuple[str, str | None]]:
    from govor.corpora.folder import Corpus

    corpus = Corpus.open(path)
    splits = set(corpus.info.splits)
    wanted: Any = TRAIN
    if TRAIN not in splits:
        if splits - {"none"}:
            raise InputError(f"{path} has no train split (it has {', '.join(sorted(splits))})")
        say(f"{path} has no splits: all of it is taken as train text")
        wanted = None
    for batch in corpus.batches(["text", "split", "language"]):
        for row in batch.to_pylist():
            if row["split"] == wanted and row["text"]:
                yield row["text"], row["language"]


def _dataset(source: str) -> Iterator[tuple[str, str | None]]:
    from govor.load import Dataset

    dataset = Dataset.open(source)
    if TRAIN not in dataset.splits:
        raise InputError(f"{source} has no train split (it has {', '.join(sorted(dataset.splits))})")
    table = dataset.table(TRAIN)
    languages = table["language"] if "language" in table.columns else [None] * table.height
    yield from zip(table["text"], languages, strict=True)


@dataclass(frozen=True)
class LmSettings(Summary):
    """What is kept beside an ARPA file.

    Attributes:
        order: words of the longest n-gram.
        ngrams: how many there are, by length.
        words: how many there are.
        normaliser: of the texts.
    """

    order: int
    ngrams: Mapping[str, int]
    words: int
    normaliser: str


@dataclass(frozen=True)
class LmSummary(LmSettings):
    """The same, seconds and place."""

    wall_s: float
    out: str


def make_lm(source: str | Path, out: Path, order: int = 4, normaliser: Normaliser | None = None) -> LmSummary:
    """Estimates a word n-gram model from train text and writes it as ARPA.

    Args:
        source: corpus, data set, or text file with a sentence a line.
        out: the ARPA file.
        order: words of the longest n-gram.
        normaliser: of the model that it is for; default: the default rules.

    Raises:
        UsageError: order out of range.
        InputError: there is no train text.
    """
    if not 1 <= order <= LARGEST_ORDER:
        raise UsageError(f"--order {order}: it must be from 1 to {LARGEST_ORDER}")
    begun = time.perf_counter()
    normaliser = normaliser or Normaliser.of(TextConfig())
    ngrams = estimate(train_texts(source, normaliser), order)
    write_arpa(ngrams, out)
    kept = LmSettings(
        order=order,
        ngrams={str(n): len(o.keys) for n, o in enumerate(ngrams.orders, 1)},
        words=len(ngrams.words) - 3,
        normaliser=normaliser.name,
    )
    write_json(settings_path(out), kept)
    return LmSummary(**kept, wall_s=round(time.perf_counter() - begun, 3), out=str(out))
