"""Which of a checkpoint's language adapters a tag means.

MMS names them by ISO 639-3, some with a script: ``hrv``, ``srp-script_latin``, ``cmn-script_simplified_han``.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from govor.errors import LanguageError
from govor.text import primary_language
from govor.text.languages import iso_639, three_letters

SCRIPT = "-script_"
SCRIPTS = {
    "arab": "arabic",
    "cyrl": "cyrillic",
    "deva": "devanagari",
    "hans": "simplified",
    "hant": "traditional",
    "khmr": "khmer",
    "latn": "latin",
    "thai": "thai",
}
MEMBERS = {
    "ar": "arb",
    "az": "azj",
    "fa": "pes",
    "ku": "kmr",
    "ms": "zlm",
    "ne": "npi",
    "no": "nob",
    "or": "ory",
    "sw": "swh",
    "zh": "cmn",
}
"""Of a language that ISO 639-3 counts as several, the one that is most meant."""
NEAREST = 5


def adapter_of(tag: str, known: Collection[str], name: str) -> str:
    """The adapter of a language.

    Args:
        tag: BCP 47, or as the checkpoint writes it.
        known: names of its adapters.
        name: of the model, for messages.

    Raises:
        LanguageError: there is none, or one for each of several scripts.
    """
    if tag in known:
        return tag
    for code in _codes(tag):
        scripts = sorted(one for one in known if one.startswith(code + SCRIPT))
        fitting = [one for one in scripts if _script(tag) in one.split(SCRIPT)[1]]
        if code in known and not _script(tag):
            return code
        if len(fitting) == 1:
            return fitting[0]
        if scripts and code not in known:
            raise LanguageError(f"{name} writes {tag!r} in several scripts: name one of {', '.join(scripts)}")
        if code in known:
            return code
    raise LanguageError(
        f"{name} has no adapter for the language {tag!r}; the nearest of its {len(known)} are "
        f"{', '.join(nearest(tag, known))}"
    )


def nearest(tag: str, known: Collection[str]) -> list[str]:
    """The adapters whose names are most like a tag."""
    meant = next(_codes(tag), tag)
    return difflib.get_close_matches(meant, sorted(known), NEAREST, cutoff=0.0)


def short_tag(code: str) -> str:
    """The BCP 47 tag of an adapter's language."""
    language = code.split(SCRIPT)[0].split("-")[0]
    return iso_639(language) or language


def _codes(tag: str) -> Iterator[str]:
    """Codes of three letters that a tag may stand for, the likeliest first."""
    primary = primary_language(tag)
    short = iso_639(primary) or primary
    if len(primary) == 3:
        yield primary
    yield from three_letters(short)
    if short in MEMBERS:
        yield MEMBERS[short]


def _script(tag: str) -> str:
    """The script that a tag names, as adapters write it; empty where it names none."""
    return next(
        (SCRIPTS[part] for part in tag.lower().replace("_", "-").split("-")[1:] if part in SCRIPTS), ""
    )
