"""Chunks kept on disk between the two passes of an import, so that memory does not grow with the corpus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl


class Spool:
    """Frames in order, each an Arrow file in `folder`; their columns may differ."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: list[Path] = []
        self._schemas: dict[str, dict[str, pl.DataType]] = {}

    def __len__(self) -> int:
        return len(self._files)

    def add(self, frame: pl.DataFrame) -> None:
        """Keeps one more frame."""
        file = self.folder / f"{len(self._files):06}.arrow"
        frame.write_ipc(file, compression="lz4")
        self._files.append(file)
        self._schemas.setdefault(str(frame.schema), dict(frame.schema))

    def frames(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The frames in order, all with the same columns and types; only `columns` are read if given."""
        schema = common_schema(list(self._schemas.values()))
        wanted = {name: kind for name, kind in schema.items() if columns is None or name in columns}
        for file in self._files:
            there = [name for name in wanted if name in pl.read_ipc_schema(file)]
            yield conform(pl.read_ipc(file, columns=there), wanted)


def common_schema(schemas: list[dict[str, pl.DataType]]) -> dict[str, pl.DataType]:
    """One type for every column; where types do not go together, or are unknown, it is a string."""
    kinds: dict[str, pl.DataType] = {}
    for schema in schemas:
        for name, kind in schema.items():
            kinds[name] = _together(kinds[name], kind) if name in kinds else kind
    return {name: _storable(kind) for name, kind in kinds.items()}


def conform(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """`frame` with exactly the columns of `schema`."""
    wrong = [n for n, kind in schema.items() if n in frame.columns and not _fits(frame.schema[n], kind)]
    frame = frame.with_columns([_as_text(frame[name]) for name in wrong])
    like = pl.DataFrame(schema=schema)
    return pl.concat([like, frame], how="diagonal_relaxed").select(list(schema)).cast(schema)  # type: ignore[arg-type]


def _together(one: pl.DataType, other: pl.DataType) -> pl.DataType:
    if one == other:
        return one
    try:
        both = [pl.DataFrame(schema={"x": one}), pl.DataFrame(schema={"x": other})]
        return pl.concat(both, how="diagonal_relaxed").schema["x"]
    except pl.exceptions.PolarsError:
        return pl.String()


def _storable(kind: pl.DataType) -> pl.DataType:
    """Parquet readers have no null type, no 128-bit integers and no empty structs."""
    if isinstance(kind, pl.List):
        return pl.List(_storable(kind.inner))  # type: ignore[arg-type]
    if isinstance(kind, pl.Struct) and kind.fields:
        return pl.Struct({field.name: _storable(field.dtype) for field in kind.fields})  # type: ignore[arg-type]
    unknown = kind in (pl.Null, pl.Int128, pl.UInt128, pl.Object) or isinstance(kind, pl.Struct)
    return pl.String() if unknown else kind


def _fits(kind: pl.DataType, wanted: pl.DataType) -> bool:
    return (
        kind == wanted
        or (kind.is_nested() == wanted.is_nested() and _storable(_together(kind, wanted)) == wanted)
        or kind == pl.Null
    )


def _as_text(column: pl.Series) -> pl.Series:
    """Nested values as JSON, others as they are written."""
    if not column.dtype.is_nested():
        return column.cast(pl.String)
    texts = [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in column.to_list()]
    return pl.Series(column.name, texts, dtype=pl.String)
