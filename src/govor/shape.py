"""Checks values read from JSON against a declared type: a dataclass, a TypedDict, or one built of these.

One place says what a damaged file says: which part of it is what, and what it should be.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from govor.shown import NAME_BYTES

Shape = TypeVar("Shape")
INT64 = 2**63
_NOUNS: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
}


class ShapeError(ValueError):
    """A value does not fit; the message says which part of it."""


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ShapeError: it is not JSON, not UTF-8, nested too deeply, or has a number of thousands of digits.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ShapeError("it is nested too deeply") from None
    except ValueError as error:
        raise ShapeError(str(error)) from error


def fitted(value: object, shape: type[Shape], where: str = "") -> Shape:
    """`value` as `shape` describes it: dataclasses are made, keys that it does not know are left out of them.

    Args:
        value: as JSON gives it.
        shape: a dataclass, a TypedDict, or a type of plain values, lists, mappings and unions of them.
        where: path of the value in the file, such as ``.splits.dev``.

    Raises:
        ShapeError: something is missing, of another type, or no number that can be reckoned with.
    """
    return typing.cast(Shape, _fit(value, shape, where))


def _fit(value: Any, hint: Any, where: str) -> Any:
    if hint is Any or hint is object:
        return value
    if hint in _NOUNS:
        return _plain(value, hint, where)
    if _is_class_of_fields(hint):
        return _build(value, hint, where)
    if typing.is_typeddict(hint):
        found = _fields(value, _hints(hint), _required(hint), where)
        return {**value, **found}
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _one_of(value, typing.get_args(hint), where)
    if origin is None:
        return _plain(value, hint, where)
    return _many(value, hint, origin, where)


def _build(value: Any, cls: Any, where: str) -> Any:
    if isinstance(value, cls):
        return value
    found = _fields(value, *_made_of(cls), where)
    try:
        return cls(**found)
    except ValueError as error:
        raise ShapeError(f"{_place(where)}: {error}") from error


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _fields(value: Any, hints: Mapping[str, object], required: Any, where: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise _wrong(value, "an object", where)
    if missing := sorted(required - value.keys()):
        raise ShapeError(f"{_place(f'{where}.{missing[0]}')} is missing")
    return {name: _fit(value[name], hint, f"{where}.{name}") for name, hint in hints.items() if name in value}


def _one_of(value: Any, hints: Sequence[Any], where: str) -> Any:
    if value is None and type(None) in hints:
        return None
    failure: ShapeError | None = None
    for hint in hints:
        if hint is not type(None):
            try:
                return _fit(value, hint, where)
            except ShapeError as error:
                failure = failure or error
    raise failure or _wrong(value, "null", where)


def _many(value: Any, hint: Any, origin: Any, where: str) -> Any:
    arguments = typing.get_args(hint)
    if origin is typing.Literal:
        if value not in arguments or isinstance(value, bool):
            raise _wrong(value, " or ".join(map(repr, arguments)), where)
        return value
    if issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise _wrong(value, "an object", where)
        return {_fit(k, str, where): _fit(v, arguments[1], f"{where}.{k}") for k, v in value.items()}
    if not isinstance(value, (list, tuple)):
        raise _wrong(value, "a list", where)
    if origin is tuple and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            raise _wrong(value, f"a list of {len(arguments)}", where)
        parts = enumerate(zip(value, arguments, strict=True))
        return tuple(_fit(item, part, f"{where}[{number}]") for number, (item, part) in parts)
    found = [_fit(item, arguments[0], f"{where}[{number}]") for number, item in enumerate(value)]
    return tuple(found) if origin is tuple else found


def _plain(value: Any, kind: Any, where: str) -> Any:
    if kind in (type(None), dict):
        if not isinstance(value, kind):
            raise _wrong(value, "an object" if kind is dict else "null", where)
        return value
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise _wrong(value, _NOUNS.get(kind, str(kind)), where)
    if isinstance(value, str) and not value.isascii() and any(map(_is_half, value)):
        raise _wrong(value, "a text of whole letters", where)
    if isinstance(value, int) and not -INT64 <= value < INT64:
        raise _wrong(value, "a number of at most 64 bits", where)
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(value, "a finite number", where)
    return float(value) if kind is float else value


def _is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff" and ord(character) not in NAME_BYTES


def _wrong(value: Any, wanted: str, where: str) -> ShapeError:
    shown = ascii(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return ShapeError(f"{_place(where)} is {shown} instead of {wanted}")


def _place(where: str) -> str:
    """A path for people: in one line, whatever the keys hold."""
    return "".join(c if c.isprintable() else "?" for c in where.lstrip(".")) or "it"


@lru_cache(maxsize=256)
def _required(cls: Any) -> frozenset[str]:
    """Keys that a TypedDict needs; its own list takes those written as text (postponed) for needed."""
    written = typing.get_type_hints(cls, include_extras=True)
    return frozenset(
        k for k in cls.__required_keys__ if typing.get_origin(written[k]) is not typing.NotRequired
    )


@lru_cache(maxsize=256)
def _made_of(cls: Any) -> tuple[dict[str, object], frozenset[str]]:
    """The fields of a dataclass with their types, and those that it needs."""
    hints = _hints(cls)
    fields = [f for f in dataclasses.fields(cls) if f.init]
    return {f.name: hints[f.name] for f in fields}, frozenset(f.name for f in fields if _is_required(f))


@lru_cache(maxsize=1024)
def _is_class_of_fields(hint: Any) -> bool:
    return dataclasses.is_dataclass(hint) and isinstance(hint, type)


@lru_cache(maxsize=256)
def _hints(cls: Any) -> dict[str, object]:
    return typing.get_type_hints(cls)
