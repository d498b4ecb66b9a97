"""M-AILABS: ``LANGUAGE/by_book/GENDER/SPEAKER/BOOK/metadata.csv`` with bars, beside ``wavs/``.

The folders tell language, gender and speaker; books under ``mix`` have no one speaker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from govor.corpora.delimited import read_delimited
from govor.corpora.lines import readable
from govor.corpora.reader import Chunk, Reading, Source
from govor.errors import CorpusError

NAME = "mailabs"
NEEDS = "M-AILABS: by_book/GENDER/SPEAKER/BOOK/metadata.csv beside wavs/"
SETTINGS: tuple[str, ...] = ("text",)
COLUMNS = ("id", "raw_text", "normalized_text")
GENDERS = ("female", "male", "mix")
_LANGUAGE = re.compile(r"([a-z]{2,3})[_-]([A-Z]{2})")


def recognise(path: Path) -> str | None:
    """Looks for a book in its folders."""
    table = next(_tables(path), None)
    return f"{table.relative_to(path)} is a book of M-AILABS" if table else None


def read(source: Source) -> Reading:
    """Opens all books; the text is the original one, ``--text normalized_text`` takes the other."""
    tables = sorted(_tables(source.path))
    if not tables:
        raise CorpusError(f"{source.path} is not an M-AILABS folder: it needs {NEEDS}")
    text = source.config.text or "raw_text"
    if text not in COLUMNS[1:]:
        raise CorpusError(f"M-AILABS has no {text} to take as text; it has {' and '.join(COLUMNS[1:])}")
    chunks = (
        _chunk(chunk, source.path, text) for t in tables for chunk in read_delimited(t, "|", header=COLUMNS)
    )
    root = source.audio_root(source.path)
    return Reading(chunks, root, notes={"text": text, "books": len(tables)})


def _tables(path: Path) -> Iterator[Path]:
    """The tables of books, in the corpus's folder or that of one or all languages."""
    for depth in ("", "by_book/", "*/by_book/"):
        for gender in GENDERS:
            for pattern in ("*/*/metadata.csv", "*/metadata.csv"):
                found = path.glob(f"{depth}{gender}/{pattern}") if path.is_dir() else ()
                yield from (table for table in found if (table.parent / "wavs").is_dir())


def _chunk(chunk: Chunk, root: Path, text: str) -> Chunk:
    if not chunk.frame.height:
        return chunk
    book = chunk.file.parent
    parts = book.absolute().parts
    gender = next(part for part in reversed(parts) if part in GENDERS)
    who = parts[len(parts) - parts[::-1].index(gender)] if gender != "mix" else None
    tag = next((f"{m[1]}-{m[2]}" for part in reversed(parts) if (m := _LANGUAGE.fullmatch(part))), None)
    inside = readable(book.relative_to(root).as_posix())
    values = {
        "speaker": who,
        "gender": gender if gender != "mix" else None,
        "language": tag,
        "book": book.name,
    }
    frame = chunk.frame.with_columns(
        pl.concat_str(pl.lit(f"{inside}/wavs/"), "id", pl.lit(".wav")).alias("audio"),
        pl.col(text).alias("text"),
        *[pl.lit(value and readable(value), pl.String).alias(name) for name, value in values.items()],
    )
    return Chunk(frame, chunk.file, chunk.rejections)
