"""Varieties that pass for one language: stated by each other's codes, or hardly told apart."""

from __future__ import annotations

_GROUPS = (
    "hr bs sr",
    "ar arb ary arz",
    "zh cmn yue wuu",
    "no nb nn",
    "sw swh",
    "tl fil",
    "id ms",
    "es an ext",
    "it vec lij",
    "fr wa gcf gcr ht",
    "en pcm",
    "de lb",
    "he hbo",
    "el grc",
    "lv ltg",
    "uz uzs",
    "ku sdh",
    "gn gug",
    "fa pes tg",
)
"""ISO 639 codes; the first one stands for its group."""
_SAME = {"nb": "no", "fil": "tl", "cmn": "zh", "arb": "ar", "swh": "sw", "pes": "fa", "gn": "gug"}
"""Codes that mean the same language as a more usual one, which classifiers know."""
_FIRST = {code: group.split()[0] for group in _GROUPS for code in group.split()}
_OF = {code: frozenset(group.split()) for group in _GROUPS for code in group.split()}


def kin_of(code: str) -> frozenset[str]:
    """A language and its kin."""
    return _OF.get(code, frozenset({code}))


def group_of(code: str) -> str:
    """The code that stands for a language and its kin."""
    return _FIRST.get(code, code)


def same_language(code: str) -> str:
    """The more usual code of the same language."""
    return _SAME.get(code, code)
