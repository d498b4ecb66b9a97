"""Names that tell apart what a table of another tool keeps under one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence

import polars as pl


def unique_names(things: Iterable[tuple[Hashable, str]], held: Callable[[str], str]) -> list[str]:
    """A name for each thing, as the format keeps it; of several with one name, the later ones get numbers.

    Args:
        things: what is named, and its name; a thing may come several times.
        held: a name as the format keeps it. Names that it leaves as they are go first.
    """
    named = list(things)
    distinct = sorted(dict.fromkeys(named), key=lambda one: held(one[1]) != one[1])
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    names: dict[tuple[Hashable, str], str] = {}
    for one in distinct:
        base = name = held(one[1])
        while name in taken:
            numbers[base] += 1
            name = f"{base}_{numbers[base] + 1}"
        taken.add(name)
        names[one] = name
    return [names[one] for one in named]


def recording_keys(frame: pl.DataFrame, held: Callable[[str], str] = str) -> pl.Series:
    """A name for the recording of each row: each file has its own, even where several are called alike."""
    made = unique_names(frame.select("audio", "recording").iter_rows(), held)  # type: ignore[arg-type]
    return pl.Series("recording", made, pl.String)


def changed(column: pl.Series, held: Sequence[str | None]) -> pl.Series:
    """The values of a column that a format holds otherwise than they are; null for the others."""
    values = [value if value != other else None for value, other in zip(column, held, strict=True)]
    return pl.Series(column.name, values, pl.String)
