"""The header of a card, which the Hub reads: one writer for data sets, prepared or published, and models.

A subset of YAML 1.2 that readers of YAML 1.1 take the same way: what could be read as anything but a string
(``no``, ``*``, ``@x``, ``12``) is quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from govor.text.languages import is_tag, iso_639

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_/<.*-]*( [A-Za-z0-9_/<.*-]+)*")
_NOT_STRINGS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def header_text(header: Mapping[str, object]) -> str:
    """The header with its ``---`` lines; empty lists are left out.

    Args:
        header: strings, numbers, and lists and mappings of these.
    """
    return "\n".join(["---", *_mapping(header, ""), "---", ""])


def dataset_header(
    splits: Iterable[str],
    clips: int,
    languages: Iterable[str],
    *,
    terms: Mapping[str, str] | None = None,
    name: str = "",
    about: str = "",
) -> Mapping[str, object]:
    """What the Hub is told about a data set.

    Args:
        splits: those that have clips.
        clips: in all of them.
        languages: tags of the utterances.
        terms: the header's lines on the licence, where it is published.
        name: for people, where it has one.
        about: of the configuration; ``datasets`` knows a local data set by its folder's name and the
            header alone: a fingerprint here keeps its cache from giving another set of the same name.
    """
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits]
    described = {"description": about} if about else {}
    return {
        **({"pretty_name": name} if name else {}),
        **(terms or {}),
        "configs": [{"config_name": "default", **described, "data_files": files}],
        **language_header(languages),
        "task_categories": ["automatic-speech-recognition"],
        "size_categories": [size_category(clips)],
        "tags": ["audio", "speech", "govor"],
    }


def language_header(tags: Iterable[str]) -> dict[str, list[str]]:
    """Languages as the Hub takes them: ISO 639 under ``language``, fuller tags under ``language_bcp47``.

    What is neither stays under ``language`` as it is: `govor check` finds it, the Hub says what it refuses.
    """
    named = sorted({tag for tag in tags if tag and tag.strip()})
    codes = {tag: iso_639(tag) or tag for tag in named}
    fuller = [tag for tag in named if is_tag(tag) and codes[tag] != tag]
    return {"language": sorted(set(codes.values())), "language_bcp47": fuller}


def size_category(clips: int) -> str:
    """The Hub's word for a number of rows."""
    return next((label for limit, label in SIZES if clips < limit), "100M<n<1B")


def _mapping(value: Mapping[str, object], indent: str) -> list[str]:
    return [line for key, item in value.items() for line in _entry(f"{indent}{_scalar(key)}:", item, indent)]


def _entry(head: str, item: Any, indent: str) -> list[str]:
    if isinstance(item, Mapping):
        return [head, *_mapping(item, f"{indent}  ")]
    if isinstance(item, Sequence) and not isinstance(item, str):
        return [head, *_list(item, indent)] if item else []
    return [f"{head} {_scalar(item)}"]


def _list(items: Sequence[Any], indent: str) -> list[str]:
    lines = []
    for item in items:
        inner = _mapping(item, f"{indent}  ") if isinstance(item, Mapping) else [f"{indent}  {_scalar(item)}"]
        lines += [f"{indent}- {inner[0].strip()}", *inner[1:]]
    return lines


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_STRINGS:
        return value
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
