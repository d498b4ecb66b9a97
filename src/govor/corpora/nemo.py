"""NeMo manifests: JSON lines with ``audio_filepath``, ``duration``, ``text``, perhaps ``offset``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from govor.corpora.json_lines import has_key, object_keys, read_json_lines
from govor.corpora.lines import columns_in_words
from govor.corpora.reader import Chunk, Reading, Source, files_of
from govor.corpora.splits import split_in
from govor.corpora.tables import ColumnMap, check_named_in
from govor.errors import CorpusError

NAME = "nemo"
NEEDS = "one or several JSON-lines manifests with audio_filepath, text, duration and perhaps offset"
SETTINGS: tuple[str, ...] = ("text",)
SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
RECOGNISED = "pred_text"


def recognise(path: Path) -> str | None:
    """Looks at the first object of the manifests."""
    manifests = _manifests(path)
    return f"{manifests[0].name} has audio_filepath and text" if manifests else None


def read(source: Source) -> Reading:
    """Opens the manifests; a split in a manifest's name (``train_manifest.json``) is that of its rows."""
    manifests = _manifests(source.path)
    if not manifests:
        raise CorpusError(f"{source.path} holds no NeMo manifest: it needs {NEEDS}")
    text = source.config.text or "text"
    keys = list(dict.fromkeys(key for manifest in manifests for key in object_keys(manifest)))
    check_named_in(manifests, source.config.columns)
    if text not in keys and not any(has_key(manifest, text) for manifest in manifests):
        raise CorpusError(f"{manifests[0]} has no {text} to take as text; it has {columns_in_words(keys)}")
    named = {"audio": "audio_filepath", **source.config.columns, "text": text}
    maps = {manifest: ColumnMap(object_keys(manifest), named) for manifest in manifests}
    several = len(manifests) > 1
    chunks = (_chunk(c, maps[m], several) for m in manifests for c in read_json_lines(m))
    second = RECOGNISED if RECOGNISED in keys and text != RECOGNISED else None
    root = source.audio_root(manifests[0].parent)
    return Reading(chunks, root, second, True, {"manifests": [m.name for m in manifests]})


def _manifests(path: Path) -> list[Path]:
    return [f for f in files_of(path, SUFFIXES) if {"audio_filepath", "text"} <= set(object_keys(f))]


def _chunk(chunk: Chunk, columns: ColumnMap, several: bool) -> Chunk:
    made = columns.renamed(chunk)
    split = split_in(chunk.file.name) if several else None
    if not made.frame.height or split is None or "split" in made.frame.columns:
        return made
    return Chunk(made.frame.with_columns(pl.lit(split).alias("split")), made.file, made.rejections)
