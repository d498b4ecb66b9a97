"""A data set as a pseudonymised copy with its own fingerprint, and its upload.

The copy is made shard by shard, deterministically, so that a killed copy goes on and a repeated one is equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from govor.corpora.folder import CorpusInfo
from govor.corpora.text_source import TEXT_MODEL, TEXT_SOURCE, counted_sources
from govor.errors import DatasetError
from govor.load.dataset import SplitFacts
from govor.parquet import reading
from govor.prepare.withdrawn import withdrawn_from
from govor.publish.cards import dataset_card
from govor.publish.files import UploadPlan
from govor.publish.licenses import License
from govor.publish.pseudonyms import Pseudonyms
from govor.shape import fitted, parsed
from govor.store import (
    atomic_path,
    file_sha256,
    fingerprint,
    read_record,
    remove_partials,
    require_space,
    write_json,
    write_text,
)

ALLOWED_COLUMNS = (
    "id",
    "audio",
    "text",
    "duration",
    "language",
    "speaker",
    "recording",
    "start",
    "end",
    "audio_sha256",
    "gender",
    "age",
    "accent",
    "accents",
    "license",
    TEXT_SOURCE,
    TEXT_MODEL,
)
HASHED_COLUMNS = ("id", "speaker", "recording")
MANIFEST = "dataset.json"
SHARD = re.compile(r"data/[\w.]+-\d+-of-\d+\.parquet")


class DatasetRecord(TypedDict):
    """The fields of ``dataset.json`` that are read for publishing."""

    shards: list[str]
    splits: dict[str, SplitFacts]
    reasons: NotRequired[dict[str, int]]
    languages: NotRequired[list[str]]
    sample_rate: int
    codec: NotRequired[str]


class Columns(TypedDict):
    """The part of it that names the columns."""

    features: dict[str, dict[str, object]]


class ColumnDescription(TypedDict):
    """What a shard tells the Hub of its columns."""

    info: Columns


@dataclass(frozen=True)
class Disclosure:
    """What a published data set tells.

    Attributes:
        columns: further columns to publish.
        keep_names: publish ids, speakers and recordings under their own names.
    """

    columns: tuple[str, ...] = ()
    keep_names: bool = False


def plan_dataset(
    source: Path, copy: Path, license: str | License, disclosure: Disclosure, repo: str | None = None
) -> UploadPlan:
    """Makes the copy to be published and plans its upload.

    Args:
        source: a prepared data set.
        copy: folder for the copy.
        license: of the data, as the card's header names it.
        disclosure: what is told.
        repo: where it goes, as the card names it.

    Raises:
        DatasetError: `source` is not a data set, or has no such column.
        DiskFullError: the copy does not fit.
    """
    license, info = License.of(license), _info(source)
    shards = [str(name) for name in info["shards"]]
    _check_columns(source / shards[0], disclosure)
    require_space(copy, sum((source / name).stat().st_size for name in shards), "the copy to be published")
    pseudonyms = None if disclosure.keep_names else Pseudonyms.beside(source)
    remove_partials(copy / "data")
    for name in shards:
        _copy_shard(source / name, copy / name, disclosure, pseudonyms)
    facts = _facts(source, info, copy, shards, license, disclosure)
    facts = {**facts, "repo": repo or copy.name, "name": (repo or source.name).rpartition("/")[2]}
    write_json(copy / MANIFEST, facts)
    write_text(copy / "README.md", dataset_card(facts, info, _provenance(source, info)))
    return UploadPlan.of_folder("dataset", copy, shards, (MANIFEST, "README.md"), ("data/",))


def _info(source: Path) -> Mapping[str, Any]:
    if not (source / MANIFEST).exists():
        raise DatasetError(f"{source} is not a data set (no {MANIFEST}): make one with govor prepare")
    info: Mapping[str, Any] = dict(read_record(source / MANIFEST, DatasetRecord, DatasetError))
    if not info["shards"] or not any(split["utterances"] for split in info["splits"].values()):
        raise DatasetError(f"{source} has no clips: there is nothing to publish")
    for name in info["shards"]:
        if not (SHARD.fullmatch(name) and (source / name).is_file()):
            raise DatasetError(f"{source / name} is named in {MANIFEST} but is not a shard: prepare it again")
    return info


def _check_columns(shard: Path, disclosure: Disclosure) -> None:
    with reading(shard, DatasetError):
        names = pq.read_schema(shard).names
    for name in disclosure.columns:
        if name not in names:
            raise DatasetError(f"{shard.parent.parent} has no column {name!r}; it has {', '.join(names)}")


def _copy_shard(source: Path, target: Path, disclosure: Disclosure, pseudonyms: Pseudonyms | None) -> None:
    """Copies a shard without what is not told; one that is there already, made the same way, stays."""
    stamp = fingerprint([file_sha256(source), disclosure, pseudonyms.of("stamp", "") if pseudonyms else ""])
    if target.exists() and _stamp(target) == stamp:
        return
    with reading(source, DatasetError), pq.ParquetFile(source) as file, atomic_path(target) as partial:
        schema = _schema(file.schema_arrow, disclosure, stamp)
        with pq.ParquetWriter(partial, schema, compression="zstd", write_page_index=True) as writer:
            for number in range(file.num_row_groups):
                table = file.read_row_group(number, columns=schema.names)
                writer.write_table(_pseudonymised(table, pseudonyms).cast(schema))


def _stamp(shard: Path) -> str:
    metadata: dict[bytes, bytes] = pq.read_schema(shard).metadata or {}
    return metadata.get(b"govor.copy", b"").decode()


def _schema(source: pa.Schema, disclosure: Disclosure, stamp: str) -> pa.Schema:
    kept = [field for field in source if field.name in (*ALLOWED_COLUMNS, *disclosure.columns)]
    try:
        features = fitted(parsed((source.metadata or {})[b"huggingface"]), ColumnDescription)
    except (KeyError, ValueError) as error:
        raise DatasetError(f"a shard does not describe its columns ({error}): prepare it again") from error
    told = {field.name for field in kept if field.name != "audio" or pa.types.is_struct(field.type)}
    if missing := {"id", "audio"} - told:
        raise DatasetError(f"a shard has no column {min(missing)}, or another: prepare it again")
    info = {"features": {name: kind for name, kind in features["info"]["features"].items() if name in told}}
    described = {**features, "info": {**features["info"], **info}}
    return pa.schema(kept, metadata={"huggingface": json.dumps(described), "govor.copy": stamp})


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def _pseudonymised(table: pa.Table, pseudonyms: Pseudonyms | None) -> pa.Table:
    if pseudonyms is None:
        return table
    for name in HASHED_COLUMNS:
        if name in table.column_names:
            if not _is_text(table.schema.field(name).type):
                raise DatasetError(f"the column {name} of the data set holds no texts: prepare it again")
            values = pseudonyms.column(name, table.column(name).to_pylist())
            table = table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))
    return table.set_column(table.column_names.index("audio"), "audio", _renamed_audio(table))


def _renamed_audio(table: pa.Table) -> pa.ChunkedArray:
    """The audio column with paths that follow the new ids; the bytes are not touched."""
    audio, ids = table.column("audio").combine_chunks(), table.column("id").to_pylist()
    old = audio.field("path").to_pylist()
    paths = [f"{name}{Path(path or '').suffix}" for name, path in zip(ids, old, strict=True)]
    names = [audio.type.field(i).name for i in range(audio.type.num_fields)]
    values = [pa.array(paths, pa.string()) if name == "path" else audio.field(name) for name in names]
    return pa.chunked_array([pa.StructArray.from_arrays(values, names=names)])


def _facts(
    source: Path,
    info: Mapping[str, Any],
    copy: Path,
    shards: Sequence[str],
    license: License,
    disclosure: Disclosure,
) -> Mapping[str, Any]:
    kept = ("splits", "read", "kept", "rejected", "reasons", "hours", "sample_rate", "codec", "languages")
    contents = {name: file_sha256(copy / name) for name in shards}
    speakers = _speakers(copy, shards)
    return {
        "fingerprint": fingerprint(contents),
        **{key: info[key] for key in kept if key in info},
        "shards": list(shards),
        "withdrawn": withdrawn_from(source),
        "bytes": sum((copy / name).stat().st_size for name in shards),
        **license.header,
        "columns": pq.read_schema(copy / shards[0]).names,
        "pseudonymised": not disclosure.keep_names,
        "speakers": {split: len(names) for split, names in sorted(speakers.items())},
        "all_speakers": len(set().union(*speakers.values())),
        "text_sources": _text_sources(copy, shards),
    }


def _speakers(copy: Path, shards: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name in shards:
        split = Path(name).name.split("-")[0]
        if "speaker" in pq.read_schema(copy / name).names:
            column = pl.read_parquet(copy / name, columns=["speaker"])["speaker"].drop_nulls().unique()
            found.setdefault(split, set()).update(column)
    return found


def _text_sources(copy: Path, shards: Iterable[str]) -> dict[str, int]:
    """Clips by who wrote their texts; empty where the data set does not say."""
    tables = [pl.scan_parquet(copy / name) for name in shards]
    return counted_sources(tables)


def _provenance(source: Path, info: Mapping[str, Any]) -> list[CorpusInfo]:
    """The corpora that the data set came from, where they stand beside it in a work folder."""
    found: list[CorpusInfo] = []
    for name in ("corpus", "selected"):
        path = source.parent / name / "corpus.json"
        if path.exists():
            found.append(read_record(path, CorpusInfo))
    matching = any(corpus.fingerprint == info.get("corpus") for corpus in found)
    return found if matching else []
