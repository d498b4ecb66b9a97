"""What the running package needs, as its checkout states it now; an editable install has an earlier list."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

FIELDS = ("Requires-Dist:", "Provides-Extra:")
"""Lines of a wheel's metadata that say what it needs (PyPA, "Core metadata specifications")."""

OWN = re.compile(r"govor\[(?P<extras>[^\]]+)\]")
"""An extra that names others: a Space never asks an index for this name."""


class Requirements(TypedDict):
    """The part of a ``pyproject.toml`` that is read here."""

    dependencies: Sequence[str]
    extras: Mapping[str, Sequence[str]]


def with_stated(metadata: str, package: Path) -> str:
    """A wheel's metadata with the requirements that the checkout states.

    Args:
        metadata: as it was installed.
        package: folder of the running package.

    Returns:
        `metadata` itself where `package` is in no checkout.
    """
    stated = _requirements_of(package.parents[1] / "pyproject.toml")
    if stated is None:
        return metadata
    header, blank, text = metadata.partition("\n\n")
    kept = [line for line in header.splitlines() if not line.startswith(FIELDS)]
    return "\n".join([*kept, *_lines(stated)]) + blank + text


def _requirements_of(path: Path) -> Requirements | None:
    if not path.is_file():
        return None
    project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    if project.get("name") != "govor":
        return None
    return {"dependencies": project["dependencies"], "extras": project["optional-dependencies"]}


def _lines(stated: Requirements) -> Iterator[str]:
    yield from (f"Requires-Dist: {requirement}" for requirement in stated["dependencies"])
    for extra in stated["extras"]:
        yield f"Provides-Extra: {extra}"
        for requirement in dict.fromkeys(_spelled_out(extra, stated["extras"])):
            needed, _, marker = (part.strip() for part in requirement.partition(";"))
            when = f"({marker}) and " if marker else ""
            yield f"Requires-Dist: {needed}; {when}extra == '{extra}'"


def _spelled_out(extra: str, extras: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Requirements of an extra; an extra that it names itself is replaced by its requirements."""
    for requirement in extras[extra]:
        own = OWN.fullmatch(requirement)
        if own is None:
            yield requirement
        for name in own["extras"].split(",") if own else ():
            yield from _spelled_out(name.strip(), extras)
