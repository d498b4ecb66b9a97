"""Emilia as it was first released: ``DE/DE_B00000.jsonl`` with the clips in ``DE/DE_B00000/``.

(Its archives on the Hub are WebDataset, see `govor.corpora.webdataset`.)
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from govor.corpora.json_lines import first_object, read_json_lines
from govor.corpora.lines import readable
from govor.corpora.reader import Chunk, Reading, Source
from govor.errors import CorpusError

NAME = "emilia"
NEEDS = "Emilia: XX_B00000.jsonl with id, wav, text, speaker and dnsmos, in one folder or one a language"
SETTINGS: tuple[str, ...] = ()
KEYS = frozenset({"id", "wav", "text", "speaker", "language", "dnsmos"})


def recognise(path: Path) -> str | None:
    """Looks at the first object of the first list."""
    lists = _lists(path)
    keys = first_object(lists[0]).keys() if lists else set()
    return f"{lists[0].name} has id, wav, text, speaker and dnsmos" if keys >= KEYS else None


def read(source: Source) -> Reading:
    """Opens all lists of a folder."""
    lists = _lists(source.path)
    if not lists:
        raise CorpusError(f"{source.path} is not an Emilia folder: it needs {NEEDS}")
    root = source.folder
    chunks = (_chunk(chunk, root) for file in lists for chunk in read_json_lines(file))
    return Reading(chunks, source.audio_root(root), notes={"files": len(lists)})


def _lists(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted([*path.glob("*_B*.jsonl"), *path.glob("*/*_B*.jsonl")])
    return [path] if path.suffix == ".jsonl" and path.is_file() else []


def _chunk(chunk: Chunk, root: Path) -> Chunk:
    if not chunk.frame.height or "wav" not in chunk.frame.columns:
        return chunk
    inside = readable(chunk.file.parent.relative_to(root).as_posix())
    before = "" if inside == "." else f"{inside}/"
    audio = pl.concat_str(pl.lit(before), pl.col("wav").cast(pl.String)).alias("audio")
    return Chunk(chunk.frame.with_columns(audio).drop("wav"), chunk.file, chunk.rejections)
