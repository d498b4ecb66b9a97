"""Sentences as keys: when two transcripts say the same, and when that means anything."""

from __future__ import annotations

import polars as pl

SENTENCE = "_sentence"
"""Column of the key: the letters of a text, null where it is too short to mean a leak."""
MIN_SENTENCE_WORDS = 4
"""Shorter sentences ("thank you", "seventeen") say nothing about a leak: they do not join groups."""
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
UNSPACED_LETTERS_A_WORD = 2
"""Rough length of a word in scripts that put no spaces between words."""


def letters(text: pl.Expr) -> pl.Expr:
    """Lower-case letters, marks and numbers of a text, one space between words: punctuation plays no part."""
    plain = text.str.normalize("NFKC").str.to_lowercase()
    return plain.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars(" ")


SYLLABLES, MORAS = r"[\p{Han}\p{Hangul}]", r"[\p{Hiragana}\p{Katakana}]"
LETTERS_A_SYLLABLE, LETTERS_A_MORA = 3, 2
"""What a character of these scripts counts beside letters of an alphabet, when pace is measured."""


def letter_count(plain: pl.Expr) -> pl.Expr:
    """Letters, marks and numbers of a text that went through `letters`."""
    return plain.str.len_chars() - plain.str.count_matches(" ", literal=True)


def spoken_letters(plain: pl.Expr) -> pl.Expr:
    """Letters that are heard in a text that went through `letters`; null where digits stand for words."""
    more = (LETTERS_A_SYLLABLE - 1) * plain.str.count_matches(SYLLABLES)
    more += (LETTERS_A_MORA - 1) * plain.str.count_matches(MORAS)
    return pl.when(~plain.str.contains(r"\p{N}")).then(letter_count(plain) + more)


def word_count(plain: pl.Expr) -> pl.Expr:
    """Words of a text that went through `letters`; scripts without spaces are counted by length."""
    spaced = pl.when(plain == "").then(0).otherwise(plain.str.count_matches(" ", literal=True) + 1)
    unspaced = plain.str.count_matches(UNSPACED)
    return pl.max_horizontal(spaced, unspaced // UNSPACED_LETTERS_A_WORD)


def with_sentence(frame: pl.LazyFrame, text: str = "text") -> pl.LazyFrame:
    """`frame` with ``_plain`` (see `letters`) and the key of its sentence, `SENTENCE`.

    Columns rather than expressions: an expression that is used twice is computed twice.
    """
    plain = pl.col("_plain")
    frame = frame.with_columns(letters(pl.col(text).fill_null("")).alias("_plain"))
    frame = frame.with_columns(word_count(plain).alias("_words"))
    return frame.with_columns(pl.when(pl.col("_words") >= MIN_SENTENCE_WORDS).then(plain).alias(SENTENCE))
