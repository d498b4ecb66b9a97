"""Writing TOML (the standard library only reads it)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def dumps(data: Mapping[str, object]) -> str:
    """TOML text of nested plain data; None values are left out.

    Top-level mappings become ``[sections]``, lists of them ``[[sections]]``, deeper ones inline tables.
    """
    plain = [f"{_key(k)} = {_value(v)}" for k, v in data.items() if not _sections(k, v) and v is not None]
    sections = [section for k, v in data.items() for section in _sections(k, v)]
    return "\n\n".join(part for part in ["\n".join(plain), *sections] if part) + "\n"


def _sections(name: str, value: Any) -> list[str]:
    """The sections that a value is written as; none if it fits in a line."""
    if isinstance(value, Mapping):
        return [_section(f"[{_key(name)}]", value)]
    several = isinstance(value, (list, tuple)) and value and all(isinstance(item, Mapping) for item in value)
    return [_section(f"[[{_key(name)}]]", item) for item in value] if several else []


def _section(head: str, data: Mapping[str, object]) -> str:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in data.items() if value is not None]
    return "\n".join([head, *lines])


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, float):
        return (
            repr(value) if "e" not in repr(value) or "." in repr(value) else repr(value).replace("e", ".0e")
        )
    return str(value)
