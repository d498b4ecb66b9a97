"""``[text]``: the normaliser that stands between source text and model."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import setting

TEXT_RULES = (
    "nfc",
    "nfkc",
    "invisible",
    "tags",
    "lower",
    "upper",
    "punctuation",
    "symbols",
    "marks",
    "spaces",
)
PUNCTUATION_EXCEPTIONS = ("number_dot", "apostrophe")


@dataclass(frozen=True)
class TextConfig:
    """Rules applied in order where text meets a model; the tables keep the source text."""

    rules: tuple[str, ...] = setting(
        ("nfc", "invisible", "lower", "punctuation", "symbols", "spaces"),
        f"names of the rules, in order, of {', '.join(TEXT_RULES)}; [] leaves text as it is",
    )
    keep: str = setting("", "characters that punctuation and symbols keep everywhere, such as '-%'")
    exceptions: tuple[str, ...] = setting(
        PUNCTUATION_EXCEPTIONS,
        "what punctuation keeps: number_dot (a dot after a number), apostrophe (inside a word, as ')",
    )

    def __post_init__(self) -> None:
        _known(self.rules, TEXT_RULES, "rules")
        _known(self.exceptions, PUNCTUATION_EXCEPTIONS, "exceptions")


def _known(given: tuple[str, ...], known: tuple[str, ...], what: str) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(f"{what} has {unknown[0]!r}; known are {', '.join(known)}")
