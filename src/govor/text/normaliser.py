"""A normaliser: named, versioned rules applied in order."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from govor.config import TextConfig

VERSION = 1


@dataclass(frozen=True)
class Normaliser:
    """Rules applied in order; travels with every model as plain data.

    Attributes:
        rules: names of the rules.
        keep: characters that the punctuation rule keeps everywhere.
        language: BCP 47 tag whose casing is used where a row names none.
    """

    rules: tuple[str, ...] = ()
    keep: str = ""
    language: str | None = None

    @classmethod
    def of(cls, config: TextConfig, language: str | None = None) -> Normaliser:
        """The normaliser that a recipe's ``[text]`` asks for."""
        return cls(tuple(config.rules), config.keep, language)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Normaliser:
        """Inverse of `as_dict`."""
        return cls(tuple(data["rules"]), data["keep"], data["language"])

    @property
    def name(self) -> str:
        """Name with version, as reports show it."""
        return f"govor-{VERSION}:{'+'.join(self.rules) or 'none'}"

    def as_dict(self) -> dict[str, Any]:
        """Plain data that stands beside the model."""
        return {
            "name": self.name,
            "version": VERSION,
            "rules": list(self.rules),
            "keep": self.keep,
            "language": self.language,
        }

    def __call__(self, text: str, language: str | None = None) -> str:
        """`text` after all rules; `language` overrides the normaliser's own."""
        for rule in self.rules:
            text = _apply(rule, text, self.keep)
        return text

    def changes(self, text: str, language: str | None = None) -> list[tuple[str, str, str]]:
        """Rule by rule what changes: (rule, before, after)."""
        steps = []
        for rule in self.rules:
            after = _apply(rule, text, self.keep)
            if after != text:
                steps.append((rule, text, after))
            text = after
        return steps


def _apply(rule: str, text: str, keep: str) -> str:
    if rule == "nfc":
        return unicodedata.normalize("NFC", text)
    if rule == "lower":
        return text.lower()
    if rule == "punctuation":
        return "".join(c if c in keep or unicodedata.category(c)[0] not in "PS" else " " for c in text)
    return " ".join(text.split())
