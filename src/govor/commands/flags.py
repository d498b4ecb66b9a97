"""Flags made from declarations: one parameter of a command carries many settings.

A command writes ``given: Annotated[Given[SelectConfig], flags(SelectConfig)]``; `expanded` puts a
flag for each setting in its place, with the setting's meaning, unit, bounds and default.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import typer

from govor.config.listing import shown_default
from govor.config.repeated import require_once
from govor.config.setting import NOTHING, Declaration, Section, declaration, setting
from govor.errors import UsageError

S = TypeVar("S", bound=Section)
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda:N.")]


@dataclass(frozen=True)
class Overrides(Generic[S]):
    """What was said on the command line of a section's settings.

    Attributes:
        section: its class.
        values: by name; only what was said.
        flags: how each is written, for messages.
    """

    section: type[S]
    values: Mapping[str, object]
    flags: Mapping[str, str]

    def settings(self) -> S:
        """The section: what was said, and the defaults for the rest.

        Raises:
            UsageError: a value is outside of its bounds, or values do not go together.
        """
        return self.over(self.section())

    def over(self, settings: S) -> S:
        """`settings` with what was said in their place.

        Raises:
            UsageError: as `settings`.
        """
        declared = {field.name: declaration(field) for field in dataclasses.fields(self.section)}
        try:
            for name, value in self.values.items():
                if one := declared[name]:
                    one.require(self.flags[name], value)
            return dataclasses.replace(settings, **self.values)  # type: ignore[arg-type]
        except ValueError as error:
            raise UsageError(str(error)) from error


@dataclass(frozen=True)
class Flag:
    """How a setting is written where the usual way does not fit.

    Attributes:
        name: with its dashes; empty: the setting's name.
        metavar: what stands for the value in the help.
        help: instead of the setting's own meaning.
        read: makes the setting's value of what was typed.
        type: of what is typed, where it is not the setting's.
        commas: whether a list may be typed with commas.
    """

    name: str = ""
    metavar: str | None = None
    help: str = ""
    read: Callable[[Any], object] | None = None
    type: object = None
    commas: bool = True


@dataclass(frozen=True)
class Flags:
    """The flags that one parameter of a command carries."""

    section: type[Section]
    ways: Mapping[str, Flag]

    def parameters(self) -> Iterator[inspect.Parameter]:
        """One for each flag, as typer reads them."""
        hints = typing.get_type_hints(self.section)
        for field in dataclasses.fields(self.section):
            if field.name in self.ways:
                yield _parameter(field, hints[field.name], self.ways[field.name])

    def take(self, typed: MutableMapping[str, object]) -> Overrides[Any]:
        """Takes the values of these flags out of all that was typed."""
        values, hints = {}, typing.get_type_hints(self.section)
        for name, way in self.ways.items():
            value = typed.pop(name)
            off = value is False and _typed(hints[name]) is bool  # of a switch, which has no counterpart
            if value is None or value == [] or off:
                continue
            values[name] = way.read(value) if way.read else _plain(value, way)
        return Overrides(
            self.section,
            values,
            {name: _option(name, way).partition("/")[0] for name, way in self.ways.items()},
        )


def flags(section: type[Section], *names: str, **ways: Flag) -> Flags:
    """The flags of a section's settings.

    Args:
        section: whose settings are flags.
        names: of the settings; none and no `ways`: all of them.
        ways: of the settings that are written in another way.
    """
    chosen = names or (() if ways else [field.name for field in dataclasses.fields(section)])
    return Flags(section, {**{name: Flag() for name in chosen}, **ways})


def flag(default: Any, help: str, **facts: Any) -> Any:
    """A setting of a command alone: no recipe holds it, so that no stage hangs on it."""
    return setting(default, help, NOTHING, **facts)


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with all its flags one by one, as typer wants them."""
    hints = typing.get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, Flags] = {}
    for parameter in inspect.signature(command).parameters.values():
        found = [one for one in getattr(hints[parameter.name], "__metadata__", ()) if isinstance(one, Flags)]
        if found:
            groups[parameter.name] = found[0]
            parameters += found[0].parameters()
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))

    def run(**typed: Any) -> None:
        command(**{name: group.take(typed) for name, group in groups.items()}, **typed)

    alone = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    run.__signature__ = inspect.Signature(alone)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in alone}
    return run


def items(values: Iterable[str]) -> list[str]:
    """The words of lists that are typed with commas."""
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def pairs(typed: Iterable[str], flag: str, example: str) -> dict[str, str]:
    """``name=value`` words as a table.

    Raises:
        UsageError: one is not of that form, or a name is there twice.
    """
    words = list(typed)
    require_once((word.partition("=")[0].strip() for word in words), flag)
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(f"{flag} {word}: write {example}")
        found[name.strip()] = value.strip()
    return found


def _option(name: str, way: Flag) -> str:
    return way.name or f"--{name.replace('_', '-')}"


def _plain(value: Any, way: Flag) -> object:
    if not isinstance(value, (list, tuple)):
        return value
    return tuple(items(value)) if way.commas else tuple(value)


def _parameter(field: dataclasses.Field[Any], hint: Any, way: Flag) -> inspect.Parameter:
    declared = declaration(field)
    assert declared is not None
    typed = way.type or _typed(hint)
    metavar = way.metavar or ("A,B" if typed == list[str] | None and way.commas else None)
    name = _option(field.name, way)
    if typed == bool | None and not way.name:
        name = f"{name}/--no-{name.removeprefix('--')}"
    several = ["repeatable"] if typed == list[str] | None else []
    option = typer.Option(name, metavar=metavar, help=described(field, declared, way.help, several))
    default = False if typed is bool else None
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[typed, option]
    )


def _typed(hint: Any) -> object:
    """What is typed for a setting: left away it is None (of switches: False)."""
    arms = [arm for arm in typing.get_args(hint) if arm is not type(None)]
    optional = type(None) in typing.get_args(hint)
    kind = arms[0] if optional else hint
    if typing.get_origin(kind) is tuple:
        return list[str] | None
    return bool if kind is bool and not optional else kind | None


def described(field: dataclasses.Field[Any], declared: Declaration, instead: str, more: list[str]) -> str:
    """A flag's help: the setting's meaning, and in brackets its unit, bounds and default."""
    meaning, _, unset = (instead or declared.help).partition("; none: ")
    default = unset or ("" if instead else _default(field))
    facts = [f"in {declared.unit}" if declared.unit else "", *_may_be(declared, meaning)]
    facts += [*more, f"default: {default}"] if default else more
    known = "; ".join(fact for fact in facts if fact)
    return f"{_capital(meaning).rstrip('.')}{f' ({known})' if known else ''}."


def _capital(meaning: str) -> str:
    """A sentence's first letter; what is to be typed as it stands keeps its own."""
    first = meaning.partition(" ")[0]
    return meaning if any(mark in first for mark in "=,0123456789") else meaning[:1].upper() + meaning[1:]


def _may_be(declared: Declaration, meaning: str) -> list[str]:
    """Choices that the meaning does not name by itself, or bounds."""
    unsaid = [choice for choice in declared.choices if choice not in meaning]
    return [", ".join(declared.choices) if unsaid else "", declared.bounds]


def _default(field: dataclasses.Field[Any]) -> str:
    if isinstance(field.default, bool):
        return ""
    if isinstance(field.default, tuple):
        return ",".join(map(str, field.default))
    return shown_default(field).strip('"')
