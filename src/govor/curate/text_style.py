"""How texts are written: cut at a length, one beginning for all, mixed styles, spellings of names."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

LEAST_TEXTS = 20
CUT_CHARACTERS, CUT_WORDS = 20, 4
"""A shorter longest text is a design: digits, commands."""
CUT_COUNT, CUT_SHARE, CUT_TIMES = 6, 0.05, 4.0
"""Texts at the greatest length, at least, and times as many as at the lengths below it."""
CUT_BELOW = 5
CUT_WIDTHS = (("characters", 2), ("words", 1), ("characters", 10))
"""Units and sizes that count as the greatest; the last is for texts cut in front of a word."""
OPEN_SHARE = 0.4
"""Of cut texts that end with an end mark all the same, at most."""
HALF_OPEN, REST_ENDED = 0.6, 0.9
"""The same where so many of the shorter texts end with one."""
ENDED_SHARE, ENDED_TIMES, ENDED_CHANCE = 0.5, 3.0, 0.01
"""Of shorter texts that end with one: so many, or so many times as many as of the cut ones, and no chance."""
SAME_WORDS_SHARE = 0.8
MOST_SAME_WORDS = 4
STYLE_SHARE, STYLE_COUNT = 0.15, 10
FORM_COUNT = 3
"""People choose no Unicode form: a few texts in another one are no style."""
STYLE_WORDS = 3
END_MARKS = ".?!…。？！।؟۔።"
WORD = r"\S+"
CASINGS = ("upper case", "lower case", "sentence case")
ENDINGS = ("an end mark", "no end mark")
FORMS = ("composed", "decomposed")
_OTHER_SCRIPTS = r"[\p{Cyrillic}\p{Greek}]"


@dataclass(frozen=True)
class CommonLength:
    """Texts that end at one length.

    Attributes:
        length: that.
        unit: ``characters`` or ``words``.
        rows: places of the texts.
    """

    length: int
    unit: str
    rows: tuple[int, ...]


Sizes = NDArray[np.int64]
Marked = NDArray[np.bool_]


def cut_texts(texts: Sequence[str]) -> CommonLength | None:
    """Whether texts pile up at their greatest length, in characters or in words, as cut ones do."""
    sizes = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(*sizes_of(pl.col("text")))
    return cut_rows(*(sizes[name].to_numpy() for name in ("characters", "words", "ended")))


def sizes_of(text: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """What `cut_rows` looks at: ``characters``, ``words``, ``ended`` (whether an end mark is the last)."""
    plain = text.str.strip_chars()
    return (
        plain.str.len_chars().cast(pl.Int64).alias("characters"),
        plain.str.count_matches(WORD).cast(pl.Int64).alias("words"),
        plain.str.contains(f"[{END_MARKS}]$").alias("ended"),
    )


def cut_rows(characters: Sizes, words: Sizes, ended: Marked) -> CommonLength | None:
    """`cut_texts` from what `sizes_of` tells of each text ``[N]``."""
    sizes_in = {"characters": (characters, CUT_CHARACTERS), "words": (words, CUT_WORDS)}
    for unit, width in CUT_WIDTHS:
        sizes, least = sizes_in[unit]
        cut = _piled(sizes, least, width)
        if cut.any() and _is_open(cut, ended, words, needs_rest=width != 2):
            return CommonLength(int(sizes.max()), unit, tuple(np.flatnonzero(cut).tolist()))
    return None


def _piled(sizes: Sizes, least: int, width: int) -> Marked:
    """Rows of the greatest sizes (`width` of them), where many more have these than the next ones ``[N]``."""
    most = int(sizes.max(initial=0))
    if len(sizes) < LEAST_TEXTS or most < least:
        return np.zeros(len(sizes), np.bool_)
    top: Marked = sizes > most - width
    below = ((sizes > most - width - CUT_BELOW * width) & (sizes <= most - width)).sum() / CUT_BELOW
    many = top.sum() >= max(CUT_COUNT, CUT_SHARE * len(sizes), CUT_TIMES * below)
    return top if many else np.zeros(len(sizes), np.bool_)


def _is_open(cut: Marked, ended: Marked, words: Sizes, needs_rest: bool) -> bool:
    """Whether texts lack the end marks that the others have: one length by itself may be a design.

    Args:
        cut: texts of the greatest length ``[N]``.
        ended: texts with an end mark ``[N]``.
        words: of each text ``[N]``.
        needs_rest: whether there must be shorter ones, with end marks.
    """
    sure = (~cut).sum() >= LEAST_TEXTS // 4 and ended[~cut].mean() >= REST_ENDED
    if ended[cut].mean() > (HALF_OPEN if sure else OPEN_SHARE) or len(np.unique(words)) == 1:
        return False
    return not needs_rest or _rest_ends(ended[~cut], ended[cut])


def _rest_ends(rest: Marked, cut: Marked) -> bool:
    """Whether shorter texts end with a mark: most of them, or far more often than the longest."""
    if len(rest) < LEAST_TEXTS // 4:
        return False
    if rest.mean() >= ENDED_SHARE:
        return True
    from scipy.stats import fisher_exact

    counts = [[int(marked.sum()), int((~marked).sum())] for marked in (rest, cut)]
    far_more = rest.mean() >= ENDED_TIMES * cut.mean()
    return bool(far_more and fisher_exact(counts, alternative="greater").pvalue < ENDED_CHANCE)


def shared_words(texts: Sequence[str]) -> tuple[str, str, int] | None:
    """Words that most different texts begin or end with: ``first`` or ``last``, they, and in how many."""
    words = [text.split() for text in dict.fromkeys(texts)]
    usable = [one for one in words if len(one) >= STYLE_WORDS]
    if len(usable) < LEAST_TEXTS or len(usable) < 0.5 * len(words):
        return None
    for place in ("first", "last"):
        shared, count = "", 0
        for size in range(1, MOST_SAME_WORDS + 1):
            pieces = (" ".join(one[:size] if place == "first" else one[-size:]) for one in usable)
            piece, found = Counter(pieces).most_common(1)[0]
            if found < SAME_WORDS_SHARE * len(usable):
                break
            shared, count = piece, found
        if shared:
            return place, shared, count
    return None


def mixes_scripts(text: pl.Expr) -> pl.Expr:
    """Whether a letter that looks like Latin stands beside a Latin one, or the other way round."""
    return text.str.contains(rf"\p{{Latin}}\p{{M}}*{_OTHER_SCRIPTS}|{_OTHER_SCRIPTS}\p{{M}}*\p{{Latin}}")


def casing(text: pl.Expr) -> pl.Expr:
    """One of `CASINGS`; null where letters have no case, or words are few."""
    upper, lower = text.str.contains(r"[\p{Lu}\p{Lt}]"), text.str.contains(r"\p{Ll}")
    known = (text.str.count_matches(WORD) >= STYLE_WORDS) & (upper | lower)
    one = pl.when(~lower).then(pl.lit(CASINGS[0])).when(~upper).then(pl.lit(CASINGS[1]))
    return pl.when(known).then(one.otherwise(pl.lit(CASINGS[2])))


def ending(text: pl.Expr) -> pl.Expr:
    """One of `ENDINGS`; null for a few words."""
    marked = text.str.contains(f"[{END_MARKS}][\"'”’»)]*$")
    known = text.str.count_matches(WORD) >= STYLE_WORDS
    return pl.when(known).then(pl.when(marked).then(pl.lit(ENDINGS[0])).otherwise(pl.lit(ENDINGS[1])))


def form(text: pl.Expr) -> pl.Expr:
    """One of `FORMS`; null where there is nothing to compose."""
    composed, apart = text.str.normalize("NFC"), text.str.normalize("NFD")
    one = pl.when(text == composed).then(pl.lit(FORMS[0])).otherwise(pl.lit(FORMS[1]))
    return pl.when(composed != apart).then(one)


@dataclass(frozen=True)
class Style:
    """A way in which texts are written.

    Attributes:
        code: of the finding where several are common.
        of: its name, from a column of texts.
        names: that `of` may give.
        rule: of [text], which makes it one.
        share: of the texts that a second way has at least.
        count: how many texts that are at least.
    """

    code: str
    of: Callable[[pl.Expr], pl.Expr]
    names: tuple[str, ...]
    rule: str
    share: float
    count: int = STYLE_COUNT


CASING = Style("mixed_casing", casing, CASINGS, "lower", 0.15)
PUNCTUATION = Style("mixed_punctuation", ending, ENDINGS, "punctuation", 0.25)
UNICODE = Style("not_nfc", form, FORMS, "nfc", 0.02, FORM_COUNT)


def mixture(
    styles: Iterable[str | None], share: float = STYLE_SHARE, count: int = STYLE_COUNT
) -> dict[str, list[int]] | None:
    """Rows of each style where at least two are common, most common first; None where one rules."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, style in enumerate(styles):
        if style is not None:
            rows[style].append(row)
    ordered = dict(sorted(rows.items(), key=lambda item: -len(item[1])))
    total = sum(map(len, ordered.values()))
    second = sorted(map(len, ordered.values()))[-2:-1]
    return ordered if second and second[0] >= max(count, share * total) else None


def one_spelling(name: str) -> str:
    """A speaker's name without case, accents, folders, marks between parts, zeros in front of numbers.

    "Berg, Anna" is Anna Berg; numbers stay apart (1-12 is not 11-2).
    """
    last = re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1]
    surname, comma, first = last.partition(",")
    turned = f"{first} {surname}" if comma else last
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", turned) if not unicodedata.combining(c)
    ).casefold()
    parts = re.sub(r"(?<!\d)0+(?=\d)", "", "".join(c if c.isalnum() else " " for c in plain)).split()
    return re.sub(r"(?<!\d) | (?!\d)", "", " ".join(parts))


def spellings(names: Iterable[str]) -> dict[str, list[str]]:
    """Names that differ in spelling alone, by what they have in common."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        if key := one_spelling(name):
            found[key].append(name)
    return {key: written for key, written in found.items() if len(written) > 1}
