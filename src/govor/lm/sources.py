"""Train text of a corpus or data set, as a model would be asked to write it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from govor.console import say
from govor.errors import InputError
from govor.text import Normaliser

TRAIN = "train"


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
