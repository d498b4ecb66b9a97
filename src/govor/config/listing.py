"""Every setting of a recipe as a row: key, default, unit, meaning."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from govor.config.recipe import Recipe
from govor.config.setting import Declaration, declaration
from govor.config.synonyms import SYNONYMS
from govor.config.toml import dumps
from govor.errors import InputError


@dataclass(frozen=True)
class SettingLine:
    """One setting.

    Attributes:
        section: dotted; empty at the top.
        name: in its section.
        default: as TOML; empty where there is none.
        unit: of a number.
        meaning: one line.
        choices: the words allowed, where it is one of a few.
        bounds: of a number, in words.
        changes: what a change of it changes: data, weights, hypotheses, reports, the Hub, or nothing.
        drift: how a run that continues with another value differs from an undisturbed one, where it does.
    """

    section: str
    name: str
    default: str
    unit: str
    meaning: str
    choices: tuple[str, ...]
    bounds: str
    changes: str
    drift: str

    @property
    def key(self) -> str:
        """As ``--set`` takes it."""
        return f"{self.section}.{self.name}" if self.section else self.name

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return {"key": self.key, **dataclasses.asdict(self)}


def listed_settings(section: Any = Recipe, prefix: str = "") -> Iterator[SettingLine]:
    """All settings, in the order of the stages; sections inside sections follow theirs."""
    hints = typing.get_type_hints(section)
    inner = []
    for field in dataclasses.fields(section):
        declared = declaration(field)
        if declared is None:
            inner.append((hints[field.name], f"{prefix}.{field.name}".lstrip(".")))
        else:
            yield _listed(field, declared, prefix)
    for kind, name in inner:
        yield from listed_settings(kind, name)


def _listed(field: dataclasses.Field[Any], declared: Declaration, section: str) -> SettingLine:
    return SettingLine(
        section,
        field.name,
        shown_default(field),
        declared.unit,
        declared.help,
        declared.choices,
        declared.bounds,
        declared.changes.value,
        declared.drift,
    )


def shown_default(field: dataclasses.Field[Any]) -> str:
    """As TOML; empty where there is none."""
    made = field.default_factory
    default = field.default if made is dataclasses.MISSING else made()
    return "" if default in (None, (), {}, [], "") else dumps({"x": default}).strip().removeprefix("x = ")


def matching(settings: list[SettingLine], pattern: str) -> list[SettingLine]:
    """The settings of a section, else those whose key, former name elsewhere or meaning has `pattern`.

    Raises:
        InputError: there is none.
    """
    wanted = pattern.lower().strip("[] ")
    meant = SYNONYMS.get(wanted)
    found = [row for row in settings if wanted in (row.section, row.key, "") or row.key == meant]
    found = found or [row for row in settings if wanted in row.key or wanted in row.meaning.lower()]
    if not found:
        raise InputError(f"no setting has {pattern!r} in its name or meaning: govor config shows all")
    return found


def setting_lines(settings: list[SettingLine]) -> list[str]:
    """For a terminal: each section with its settings, as a recipe would hold them."""
    lines: list[str] = []
    section = None
    for row in settings:
        if row.section != section:
            section = row.section
            lines += ["", f"[{section}]"] if section else []
        value = f"{row.default} {row.unit}".strip() if row.default else row.unit and f"({row.unit})"
        lines.append(f"{row.name + ' = ' + (value or '-'):<34} {row.meaning}{_facts(row)}")
    return lines


def _facts(row: SettingLine) -> str:
    """In brackets: what it may be, and what a change of it changes."""
    may_be = ", ".join(row.choices) if row.choices else row.bounds
    changes = f"changes {row.changes}{f'; on resume {row.drift}' if row.drift else ''}"
    return f" ({'; '.join(part for part in (may_be, changes) if part)})"
