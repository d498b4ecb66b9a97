"""Which language rows have, where ``--language`` names one and the source another tag.

The setting wins over a tag of the same language (``sv`` over ``sv-SE``) and over what is not a tag; a row
that names another language keeps it. Either is said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from govor.text.languages import is_tag, iso_639

OWN = "_own_language"
"""The tag of the source, beside the one that was decided."""


def with_language(frame: pl.DataFrame, language: str | None) -> pl.DataFrame:
    """Rows with the language that was decided for each, and the source's own in `OWN`.

    Args:
        frame: rows with the column ``language``.
        language: of the setting; None leaves the column as it is.
    """
    if language is None:
        return frame
    own = frame["language"]
    decided = {tag: decide(tag, language) for tag in own.unique().drop_nulls()}
    column = own.replace(decided).fill_null(language) if decided else own.fill_null(language)
    return frame.with_columns(own.alias(OWN), column.alias("language"))


def decide(own: str, language: str) -> str:
    """The tag of a row that has one of its own."""
    other = is_tag(own) and iso_639(own) != iso_639(language)
    return own if other else language


@dataclass
class LanguageTags:
    """Counts what the setting changed, and what it did not.

    Attributes:
        replaced: rows by the tag that gave way.
        kept: rows by the language that they named and kept.
    """

    replaced: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    def look(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Counts the rows of a chunk; returns it without the source's own tags."""
        if OWN not in frame.columns:
            return frame
        known = frame.filter(pl.col(OWN).is_not_null())
        for own, decided, rows in known.group_by(OWN, "language").len().iter_rows():
            if own == decided:
                self.kept[own] += rows
            else:
                self.replaced[own] += rows
        return frame.drop(OWN)

    def told(self, language: str | None) -> list[str]:
        """What is said of it, for people."""
        others = Counter({tag: rows for tag, rows in self.kept.items() if tag != language})
        told = []
        if self.replaced:
            told.append(f"{_rows(self.replaced)}: they are {language}, as --language says")
        if others:
            told.append(f"{_rows(others)}: they keep it, since that is another language than {language}")
        return told


def _rows(tags: Counter[str]) -> str:
    named = ", ".join(tag for tag, _ in tags.most_common(5))
    return f"{tags.total():,} rows name the language {named}"
