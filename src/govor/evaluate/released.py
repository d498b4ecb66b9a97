"""Normalisers that others released and publish rates with, by name: ``english``, ``leaderboard``, ``basic``.

``english`` and ``basic`` are Whisper's, as transformers has them: rates of non-English texts in its paper are
those of ``basic``. ``leaderboard`` is that of the Open ASR Leaderboard since April 2026: the English one with
more fillers, compounds, joined letters and mended spellings, but here without its list of first names.
All are only comparable with themselves: ``english`` writes numbers as digits, undoes contractions, drops
fillers and unites British and American spelling; ``basic`` takes the marks of Indic scripts apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from govor.config.evaluate import RELEASED
from govor.extras import required
from govor.store import fingerprint

SPELLINGS = Path(__file__).with_name("spellings.json")
FILLERS = "hmm mm mhm mmm uh um ah aha ahh ahm eh ehehe em hm huh hum mhum uhm umm uhuh"
"""What the leaderboard leaves out."""
IS_BEHIND = "it he she what that who here there how when where why this"
"""The leaderboard reads ``'s`` as a word of its own behind these alone."""
COMPOUNDS = {
    "wi fi": "wifi",
    "hi fi": "hifi",
    "lo fi": "lofi",
    "sci fi": "scifi",
    "e mail": "email",
    "e book": "ebook",
    "e commerce": "ecommerce",
    "x ray": "xray",
    "t shirt": "tshirt",
    "a m": "am",
    "p m": "pm",
    "o k": "okay",
    "et cetera": "etc",
    "al right": "alright",
    "all right": "alright",
    "how ever": "however",
}
MENDED = {
    "archaeological": "archeological",
    "archaeology": "archeology",
    "cancellation": "cancelation",
    "cancellations": "cancelations",
    "etcetera": "etc",
    "flyer": "flier",
    "kay": "okay",
    "mm": "hmm",
    "ok": "okay",
    "pummelled": "pummeled",
    "pummelling": "pummeling",
    "snowploughs": "snowplows",
    "travelogue": "travelog",
    "travelogues": "travelogs",
}
"""Spellings that the leaderboard added or mended; Whisper has some the wrong way round."""
WRONG_WAY = ("archeological", "cancelation", "cancelations", "flyer / flier", "travelog", "travelogs")
LEAST_LETTERS, LEAST_WITH_WORDS = 2, 3
"""Single letters in a row that are written as one word; with ``a`` or ``i``, which are words, more."""


@dataclass(frozen=True)
class ReleasedNormaliser:
    """A normaliser that others released.

    Attributes:
        kind: its name in ``--rules``.
    """

    kind: str

    @property
    def language(self) -> str | None:
        """English, except for ``basic``."""
        return None if self.kind == "basic" else "en"

    @cached_property
    def _apply(self) -> Callable[[str], str]:
        made: Callable[[str], str] = _MADE[self.kind]()
        return made

    @property
    def name(self) -> str:
        """Name with versions, as reports show it."""
        from importlib.metadata import version

        lists = {"leaderboard": [FILLERS, IS_BEHIND, COMPOUNDS, MENDED], "english": []}.get(self.kind)
        own = "" if lists is None else f", spellings {fingerprint([spellings(), *lists])[:8]}"
        return f"{self.kind} (transformers {version('transformers')}{own})"

    def as_dict(self) -> dict[str, object]:
        """Plain data for ``summary.json``."""
        return {"name": self.name, "rules": [self.kind], "language": self.language}

    def __call__(self, text: str, language: str | None = None) -> str:
        """`text` normalised, whatever its language."""
        return self._apply(text).strip()


def released(rules: object) -> ReleasedNormaliser | None:
    """The normaliser that rules name; None where they are govor's own."""
    names = list(rules) if isinstance(rules, (list, tuple)) else []
    return ReleasedNormaliser(names[0]) if len(names) == 1 and names[0] in RELEASED else None


@cache
def spellings() -> Mapping[str, str]:
    """British to American spelling, as released with Whisper."""
    found: Mapping[str, str] = json.loads(SPELLINGS.read_text(encoding="utf-8"))
    return found


def _english() -> Any:
    with required("transformers"):
        from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    return EnglishTextNormalizer(spellings())


def _basic() -> Any:
    with required("transformers"):
        from transformers.models.whisper.english_normalizer import BasicTextNormalizer

    return BasicTextNormalizer()


def _leaderboard() -> Any:
    normaliser = _english()
    kept = {british: ours for british, ours in spellings().items() if british not in WRONG_WAY}
    normaliser.standardize_spellings.mapping = {**kept, **MENDED}
    numbers, spelled = normaliser.standardize_numbers, normaliser.standardize_spellings
    normaliser.ignore_patterns = _any_of(FILLERS.split())
    normaliser.replacers = dict(map(_is_behind_few, normaliser.replacers.items()))
    normaliser.standardize_numbers = lambda text: numbers(_compounds(text))
    normaliser.standardize_spellings = lambda text: letters_joined(spelled(text))
    return normaliser


def _is_behind_few(rule: tuple[str, str]) -> tuple[str, str]:
    if rule[0] != r"'s\b":
        return rule
    return rf"\b({'|'.join(IS_BEHIND.split())})'s\b", r"\1 is"


def _any_of(words: list[str]) -> str:
    return rf"\b({'|'.join(words)})\b"


def _compounds(text: str) -> str:
    for apart, one in COMPOUNDS.items():
        text = re.sub(rf"\b{apart}\b".replace(" ", r"\s+"), one, text)
    return text


def letters_joined(text: str) -> str:
    """Single letters and digits in a row as one word: ``b b c`` becomes ``bbc``, ``5 g`` ``5g``."""
    joined: list[str] = []
    for single, run in groupby(text.split(), lambda word: len(word) == 1 and word.isalnum()):
        words = list(run)
        least = LEAST_WITH_WORDS if {"a", "i"} & set(words) else LEAST_LETTERS
        joined += ["".join(words)] if single and len(words) >= least else words
    return " ".join(joined)


_MADE: Mapping[str, Callable[[], Any]] = {"english": _english, "leaderboard": _leaderboard, "basic": _basic}
