"""``[text]``: the normaliser that stands between source text and model."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import setting


@dataclass(frozen=True)
class TextConfig:
    """Rules applied in order where text meets a model; the tables keep the source text."""

    rules: tuple[str, ...] = setting(
        ("nfc", "lower", "punctuation", "spaces"), "names of the rules, in order; [] leaves text as it is"
    )
    keep: str = setting("", "characters that the punctuation rule keeps everywhere")
