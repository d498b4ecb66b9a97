"""A normaliser: named, versioned rules applied in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from govor.config import TextConfig
from govor.config.text import PUNCTUATION_EXCEPTIONS
from govor.errors import ModelError
from govor.shape import ShapeError, fitted
from govor.text.rules import RULES, Context

VERSION = 1


@dataclass(frozen=True)
class Normaliser:
    """Rules applied in order; travels with every model as plain data.

    Attributes:
        rules: names of the rules.
        keep: characters that punctuation and symbols keep everywhere.
        language: BCP 47 tag whose casing is used where a row names none.
        exceptions: what punctuation keeps where it stands (``number_dot``, ``apostrophe``).

    Example:
        >>> Normaliser.of(TextConfig(), "tr")("Işık 1. katta, “dur”!")
        'ışık 1. katta dur'
    """

    rules: tuple[str, ...] = ()
    keep: str = ""
    language: str | None = None
    exceptions: tuple[str, ...] = PUNCTUATION_EXCEPTIONS

    @classmethod
    def of(cls, config: TextConfig, language: str | None = None) -> Normaliser:
        """The normaliser that a recipe's ``[text]`` asks for."""
        return cls(tuple(config.rules), config.keep, language, tuple(config.exceptions))

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Normaliser:
        """Inverse of `as_dict`.

        Raises:
            ModelError: it names a rule, or a version of one, that this govor does not have.
        """
        try:
            if "rules" not in data:
                raise ShapeError("rules is missing")
            saved, versions = fitted(data, Normaliser), fitted(data.get("versions", {}), dict[str, int])
        except (ShapeError, AttributeError) as error:
            raise ModelError(f"the normaliser that was saved is damaged ({error}): copy it again") from error
        for name in saved.rules:
            _require_version(name, versions.get(name, 1))
        return cls(saved.rules, saved.keep, saved.language, saved.exceptions)

    @property
    def name(self) -> str:
        """Name with version, as reports show it."""
        return f"govor-{VERSION}:{'+'.join(self.rules) or 'none'}"

    def as_dict(self) -> dict[str, object]:
        """Plain data that stands beside the model."""
        return {
            "name": self.name,
            "version": VERSION,
            "rules": list(self.rules),
            "versions": {name: RULES[name].version for name in self.rules},
            "keep": self.keep,
            "language": self.language,
            "exceptions": list(self.exceptions),
        }

    def __call__(self, text: str, language: str | None = None) -> str:
        """`text` after all rules; `language` overrides the normaliser's own."""
        context = self._context(language)
        for name in self.rules:
            text = RULES[name].apply(text, context)
        return text

    def changes(self, text: str, language: str | None = None) -> list[tuple[str, str, str]]:
        """Rule by rule what changes: (rule, before, after)."""
        context = self._context(language)
        steps = []
        for name in self.rules:
            after = RULES[name].apply(text, context)
            if after != text:
                steps.append((name, text, after))
            text = after
        return steps

    def _context(self, language: str | None) -> Context:
        return Context(language or self.language, self.keep, self.exceptions)


def _require_version(name: str, version: int) -> None:
    if name not in RULES:
        raise ModelError(f"the text rule {name!r} is unknown to this govor: install the one it was made with")
    if RULES[name].version != version:
        raise ModelError(
            f"the text rule {name!r} has version {RULES[name].version} here, but {version} was used: "
            "install the govor it was made with"
        )
