"""``[text]``: the normaliser that stands between source text and model."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import WEIGHTS, Section, setting

TEXT_RULES = (
    "nfc",
    "nfkc",
    "entities",
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
class TextConfig(Section):
    """Rules applied in order where text meets a model; the tables keep the source text."""

    rules: tuple[str, ...] = setting(
        ("nfc", "invisible", "lower", "punctuation", "symbols", "spaces"),
        f"names of the rules, in order, of {', '.join(TEXT_RULES)}; [] leaves text as it is",
        WEIGHTS,
        choices=TEXT_RULES,
    )
    keep: str = setting("", "characters that punctuation and symbols keep everywhere, such as '-%'", WEIGHTS)
    exceptions: tuple[str, ...] = setting(
        PUNCTUATION_EXCEPTIONS,
        "what punctuation keeps: number_dot (a dot after a number), apostrophe (inside a word, as ')",
        WEIGHTS,
        choices=PUNCTUATION_EXCEPTIONS,
    )
