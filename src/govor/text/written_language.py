"""Which language texts are written in, told from their letters alone.

The classifier is py3langid: naive Bayes over short sequences of bytes (M. Lui and T. Baldwin, "langid.py:
an off-the-shelf language identification tool", 2012). A sentence is little evidence; so sentences that
follow each other are put together to pieces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from govor.text.kin import group_of, same_language
from govor.text.languages import iso_639

PIECE_LETTERS = 150
"""Letters of a piece. Of 170 pieces of Common Voice, LJSpeech, LibriVox and a parliament, in seven languages,
none was told to be in another."""
LEAST_PIECES, MOST_PIECES = 6, 1_000
UNLIKE, LIKE = 0.02, 0.9
"""Probability of the stated language and of another one, from which a piece is in that."""
FEW_SHARE = 0.15
"""Fewer pieces in another language are quotations, names, verses."""
ONE_SHARE, ALL_SHARE = 0.5, 0.9
"""Of the pieces that are not in the stated language: in one other; of all pieces, where no other is."""


@dataclass(frozen=True)
class OtherwiseWritten:
    """Texts that are not written in the stated language.

    Attributes:
        language: ISO 639 code of the one that they are in; "" where they are unlike the stated one, and no
            other is surely right.
        pieces: that are so.
        total: pieces of texts that were looked at.
        rows: places of the texts of these pieces.
    """

    language: str
    pieces: int
    total: int
    rows: tuple[int, ...]


def otherwise_written(texts: Sequence[str], stated: str) -> OtherwiseWritten | None:
    """The other language of many texts; None where there is none, or where it cannot be told.

    Args:
        texts: that follow each other, as they are written.
        stated: BCP 47 tag of the language that they are said to be in.
    """
    code = iso_639(stated) or ""
    own = same_language(code)
    pieces = list(_pieces(texts))
    if len(pieces) < LEAST_PIECES or own not in _classifier().labels:
        return None
    places = np.linspace(0, len(pieces) - 1, min(MOST_PIECES, len(pieces))).round().astype(int)
    others = {place: _other(pieces[place], own) for place in dict.fromkeys(places.tolist())}
    unlike = {place: other for place, other in others.items() if other is not None}
    language = _common(list(unlike.values()), len(others))
    if language is None:
        return None
    mine = [place for place, other in unlike.items() if not language or group_of(other) == group_of(language)]
    foreign = {text for place in mine for text in pieces[place]}
    rows = tuple(row for row, text in enumerate(texts) if text in foreign)
    return OtherwiseWritten(language, len(mine), len(others), rows)


def _common(unlike: Sequence[str], total: int) -> str | None:
    """The one language of pieces that are not in the stated one; "" where nearly all are in none.

    Kin count together, and the commonest of them is named.
    """
    named = Counter(language for language in unlike if language)
    groups = Counter[str]()
    for language, count in named.items():
        groups[group_of(language)] += count
    if groups and max(groups.values()) >= max(LEAST_PIECES // 2, FEW_SHARE * total, ONE_SHARE * len(unlike)):
        group = groups.most_common(1)[0][0]
        return next(language for language, _ in named.most_common() if group_of(language) == group)
    return "" if len(unlike) >= ALL_SHARE * total else None


def _pieces(texts: Sequence[str]) -> Iterator[list[str]]:
    """Different texts that together have `PIECE_LETTERS`; not a short rest."""
    parts: list[str] = []
    letters = 0
    for text in dict.fromkeys(text for text in texts if text.strip()):
        parts.append(text)
        letters += len(text)
        if letters >= PIECE_LETTERS:
            yield parts
            parts, letters = [], 0


def _other(piece: Sequence[str], own: str) -> str | None:
    """The language of a piece that is surely not in the stated one, "" where that is open; else None."""
    shares: Counter[str] = Counter()
    ranked = _classifier().rank(" ".join(text.lower() if text.isupper() else text for text in piece))
    for code, share in ranked:
        shares[group_of(code)] += share
    if shares[group_of(own)] > UNLIKE:
        return None
    kin, share = shares.most_common(1)[0]
    return str(next(code for code, _ in ranked if group_of(code) == kin)) if share >= LIKE else ""


@cache
def _classifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
