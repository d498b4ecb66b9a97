"""Reads govor's own Parquet files; one sentence names a damaged file and its fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from govor.errors import GovorError, InputError
from govor.shown import first_line
from govor.store import is_utf8

if TYPE_CHECKING:
    import polars as pl

PANIC = "PanicException"
"""What polars raises where its own code fails; it is no `Exception`."""
AGAIN = "copy it again, or make it again"


def is_damage(error: BaseException) -> bool:
    """Whether polars or pyarrow say with it that a file is not what it should be."""
    import polars as pl
    import pyarrow as pa

    if type(error).__name__ == PANIC:
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return False
    return isinstance(
        error, (pl.exceptions.PolarsError, pa.ArrowException, OSError, ValueError, OverflowError)
    )


@contextmanager
def reading(
    name: str | Path, kind: type[GovorError] = InputError, then: str = AGAIN, fault: str = "is damaged"
) -> Iterator[None]:
    """Around reading a Parquet file: damage is one sentence.

    Args:
        name: of the file.
        kind: of the error.
        then: what to do about it.
        fault: what is wrong with it, before the library's reason.

    Raises:
        GovorError: of `kind`.
    """
    try:
        yield
    except FileNotFoundError:
        raise kind(f"{name} is missing: {then}") from None
    except (GovorError, MemoryError):
        raise
    except BaseException as error:
        if isinstance(error, (TypeError, UnicodeEncodeError)) and not is_utf8(name):
            raise kind(f"{name} cannot be read (its name is not UTF-8): rename it") from error
        if not is_damage(error):
            raise
        raise kind(f"{name} {fault} ({first_line(error)}): {then}") from error


def read_table(
    source: Path | BinaryIO,
    schema: Mapping[str, type[pl.DataType] | pl.DataType],
    name: str | Path = "",
    kind: type[GovorError] = InputError,
    then: str = AGAIN,
) -> pl.DataFrame:
    """A whole Parquet file with the columns of `schema`; further ones are as they are.

    Raises:
        GovorError: of `kind`: it is missing, damaged, lacks a column, or one is of another type.
    """
    import polars as pl

    name = name or str(source)
    with reading(name, kind, then):
        frame = pl.read_parquet(source)
    require_columns(frame.schema, schema, name, kind, then)
    return frame


def require_columns(
    found: Mapping[str, pl.DataType],
    schema: Mapping[str, type[pl.DataType] | pl.DataType],
    name: str | Path,
    kind: type[GovorError] = InputError,
    then: str = AGAIN,
) -> None:
    """Every column of `schema` is there, with its type.

    Raises:
        GovorError: of `kind`.
    """
    for column, dtype in schema.items():
        if column not in found:
            raise kind(f"{name} has no column {column}: {then}")
        if found[column] != dtype:
            raise kind(f"{name}: the column {column} is {found[column]} instead of {dtype}: {then}")
