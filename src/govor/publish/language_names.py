"""English names of languages, for cards."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from govor.text.languages import iso_639
from govor.text.rules import primary_language


def language_name(tag: str) -> str:
    """``Croatian`` of ``hr``, ``Swedish (sv-SE)`` of ``sv-SE``; the tag where no name is known."""
    code = iso_639(tag) or tag
    name = _names().get(code) or _names().get(primary_language(tag), "")
    name = name.split(";")[0].strip()
    if not name:
        return f"`{tag}`"
    return name if tag == code else f"{name} (`{tag}`)"


def in_words(tags: Iterable[str]) -> str:
    """Names of several languages, as a sentence has them."""
    names = [language_name(tag) for tag in dict.fromkeys(tags)]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


@cache
def _names() -> Mapping[str, str]:
    """Names by ISO 639 code, from the table that `datasets` brings; empty where it is not there."""
    found = importlib.util.find_spec("datasets")
    if found is None or found.origin is None:
        return {}
    table = Path(found.origin).parent / "utils" / "resources" / "languages.json"
    try:
        return dict(json.loads(table.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
