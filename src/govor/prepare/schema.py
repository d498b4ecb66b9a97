"""Columns of a shard, with the metadata by which ``datasets`` knows the audio, and its footer."""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from govor.errors import DatasetError
from govor.shape import fitted, parsed

if TYPE_CHECKING:
    from govor.corpora.folder import CorpusInfo

AUDIO_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
OWN_COLUMNS: dict[str, pa.DataType] = {
    "id": pa.string(),
    "audio": AUDIO_TYPE,
    "text": pa.string(),
    "duration": pa.float64(),
    "language": pa.string(),
    "speaker": pa.string(),
    "recording": pa.string(),
    "start": pa.float64(),
    "end": pa.float64(),
    "audio_sha256": pa.string(),
}
NOT_CARRIED = ("audio", "channel", "split", "duration", "audio_sha256")
REVIEW_COLUMNS = ("text_before", "start_before", "end_before", "parent", "verdict")
"""What ``govor review`` notes beside every utterance: carried, one verdict would change every shard."""
FOOTER_KEY = b"govor"
SHARD_COLUMN = "_shard"
"""In the rows of a task: the number of the shard that each goes into."""


@dataclass(frozen=True)
class ShardFacts:
    """What a finished shard says of itself, in its own footer.

    Attributes:
        key: of the rows, settings and verdicts it was made from.
        rows: clips in it.
        samples: of all clips together.
        content: hash over the sums of all clips: what is heard in them.
        rejected: ``[id, reason, detail]`` of the utterances that did not become clips.
    """

    key: str
    rows: int
    samples: int
    content: str
    rejected: list[list[str]]

    @property
    def read(self) -> int:
        """Utterances that were to go in."""
        return self.rows + len(self.rejected)


def left_out(info: CorpusInfo) -> tuple[str, ...]:
    """Columns of a corpus that are about the corpus, not about its clips."""
    return REVIEW_COLUMNS if "review" in info.notes else ()


def dataset_schema(corpus_schema: pa.Schema, sample_rate: int, without: Container[str] = ()) -> pa.Schema:
    """Schema of the shards: govor's columns, then the corpus's further ones, except for `without`."""
    fields = [pa.field(name, kind) for name, kind in OWN_COLUMNS.items()]
    carried = [name for name in further(corpus_schema) if name not in without]
    fields += [pa.field(name, plain(corpus_schema.field(name).type)) for name in carried]
    features = {field.name: _feature(field.type) for field in fields}
    features["audio"] = {"sampling_rate": sample_rate, "_type": "Audio"}
    info = json.dumps({"info": {"features": features}})
    return pa.schema(fields, metadata={b"huggingface": info.encode()})


def further(schema: pa.Schema) -> list[str]:
    """Columns that are carried over under their own names."""
    return [name for name in schema.names if name not in OWN_COLUMNS and name not in NOT_CARRIED]


def plain(kind: pa.DataType) -> pa.DataType:
    """`kind` without large, view and dictionary variants, as shards have it."""
    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, plain(field.type)) for field in kind])
    return kind


def plain_columns(table: pa.Table) -> pa.Table:
    """`table` with the types that shards have, every column in one piece."""
    fields = [pa.field(field.name, plain(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields)).combine_chunks()


def _feature(kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    names = {"double": "float64", "float": "float32", "halffloat": "float16", "date32[day]": "date32"}
    name = str(kind)
    if pa.types.is_map(kind) or pa.types.is_union(kind):
        raise DatasetError(
            f"a column of type {name} cannot be stored in a data set: leave it out of the corpus"
        )
    return {"dtype": names.get(name, name), "_type": "Value"}


def read_facts(file: str | BinaryIO) -> ShardFacts | None:
    """The facts in a shard's footer, or None when it is not a shard of govor."""
    try:
        metadata = pq.read_metadata(file).metadata or {}
        facts = fitted(parsed(metadata[FOOTER_KEY]), ShardFacts)
    except (KeyError, ValueError, OSError, pa.ArrowException):
        return None
    return facts if all(len(row) == 3 for row in facts.rejected) else None
