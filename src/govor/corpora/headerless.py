"""Tables without a header: ``--columns 1=audio,2=text`` names the columns by their places."""

from __future__ import annotations

from collections.abc import Mapping

from govor.corpora.folder import CORE_SCHEMA
from govor.errors import CorpusError


def places(columns: Mapping[str, str]) -> dict[str, int]:
    """Our columns with their places from 1, where the user gave places; otherwise none.

    Raises:
        CorpusError: some are places and some are names, or a place is given to no column of a corpus.
    """
    numbers = {ours: int(place) for place, ours in columns.items() if place.isdecimal()}
    if not numbers:
        return {}
    if len(numbers) < len(columns):
        raise CorpusError(
            "--columns has places and names: a table without a header has places alone (1=audio)"
        )
    for ours, place in numbers.items():
        if ours not in CORE_SCHEMA or place < 1:
            known = ", ".join(CORE_SCHEMA)
            raise CorpusError(
                f"--columns {place}={ours}: write PLACE=OURS, places from 1; the corpus's columns are {known}"
            )
    return numbers


def place_name(place: int) -> str:
    """What the column at a place is called in a table without a header."""
    return f"column_{place}"


def check_places(numbers: Mapping[str, int], first: list[str], table: str) -> None:
    """Refuses places that the first row does not have.

    Raises:
        CorpusError: the message shows the first row.
    """
    for ours, place in numbers.items():
        if place > len(first):
            shown = " | ".join(first)[:120]
            raise CorpusError(
                f"--columns {place}={ours}: {table} has {len(first)} columns; it begins: {shown}"
            )
