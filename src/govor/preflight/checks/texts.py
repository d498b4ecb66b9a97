"""All text, no model: what is left after normalising, and whether all splits are written alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import polars as pl

from govor.curate.text_style import ENDINGS, ending
from govor.findings import Finding, Severity, share_of, some
from govor.preflight.clips import Tables
from govor.preflight.registry import check
from govor.text import Normaliser

EMPTY_TRAIN_SHARE_LIMIT = 0.01
"""Above this share of train rows without text, something is wrong with the rules, not with a few rows."""
PLACEHOLDERS = ("null", "nan", "n/a", "#n/a", "none", "undefined", "<na>", "nat", "#value!", "#ref!")
PLACEHOLDER_ROWS, PLACEHOLDER_WORDS = 2, 3
"""Rows from which they are no word that somebody said, and words of the median text."""
FILE_NAME = (
    r"(?i)^\S*[^\s.]\.(wav|mp3|flac|ogg|opus|m4a|aac|wma|webm|mp4|aiff?|amr|sph|txt|lab|textgrid|eaf)$"
)
COMMON_SHARE, COMMON_TIMES = 0.2, 10.0
"""A trait that so many texts of a split have, so many times as many as of another, is a way of writing."""
DIGITS, DIGITS_SHARE = "digits", 0.05
"""Not every text has a number: of their digits, a smaller share is a way of writing."""
CHANCE_LIMIT = 1e-4


@check("empty_text")
def references_have_text(tables: Tables, normaliser: Normaliser) -> Iterator[Finding]:
    """Every reference has text left after normalising."""
    for split, table in tables.items():
        empty = table.filter(pl.col("normal") == "")
        if empty.height:
            yield _empty(split, table, empty, normaliser)
    yield from _placeholders(tables)
    yield from _file_names(tables)


def _file_names(tables: Tables) -> Iterator[Finding]:
    """Names of files, and ids with a number in them, in the column of texts."""
    texts = pl.concat([table.select("id", "text") for table in tables.values()])
    text = pl.col("text").str.strip_chars()
    own = (text == pl.col("id")) & text.str.contains(r"^\S*\d\S*$") & text.str.contains(r"\D")
    mine = texts.filter(text.str.contains(FILE_NAME) | own)
    if mine.height < PLACEHOLDER_ROWS:
        return
    yield Finding(
        "empty_text",
        "error",
        "texts",
        f"{share_of(mine.height, texts.height)} are names of files or ids, such as {mine['text'][0]!r}",
        "what is said",
        "the model learns to write it",
        "import again with the column of the texts (--columns 1=text), or leave these ids out with"
        " govor select --exclude findings.parquet --codes empty_text",
        count=mine.height,
        ids=tuple(mine["id"]),
    )


def _placeholders(tables: Tables) -> Iterator[Finding]:
    """What programs write where they have no text, among texts of several words."""
    texts = pl.concat([table.select("id", "text") for table in tables.values()])
    words = texts["text"].str.count_matches(r"\S+").median()
    mine = texts.filter(pl.col("text").str.strip_chars().str.to_lowercase().is_in(PLACEHOLDERS))
    if mine.height < PLACEHOLDER_ROWS or not isinstance(words, float) or words < PLACEHOLDER_WORDS:
        return
    yield Finding(
        "empty_text",
        "error",
        "texts",
        f"{share_of(mine.height, texts.height)} are {some(map(repr, mine['text'].unique().sort()), 3)}, which"
        " programs write where there is none",
        "what is said",
        "the model learns to write it",
        "leave these ids out with govor select --exclude findings.parquet --codes empty_text",
        count=mine.height,
        ids=tuple(mine["id"]),
    )


def _empty(split: str, table: pl.DataFrame, empty: pl.DataFrame, normaliser: Normaliser) -> Finding:
    few_in_train = split == "train" and empty.height <= EMPTY_TRAIN_SHARE_LIMIT * table.height
    sources = [f"{row['id']}: {row['text']!r}" for row in empty.head(5).iter_rows(named=True)]
    severity: Severity = "warning" if few_in_train else "error"
    return Finding(
        "empty_text",
        severity,
        f"split {split}",
        f"{share_of(empty.height, table.height)} references are empty after {normaliser.name}",
        "every reference keeps at least one character",
        "such a clip teaches the model to say nothing, and any word it says for it counts as an error",
        "leave these ids out with [select] exclude, or drop the rule of [text] rules that empties them",
        tuple(sources),
        count=empty.height,
        ids=tuple(empty["id"]),
    )


def has_digits(text: str) -> bool:
    """Whether any character is a digit."""
    return any(c.isdigit() for c in text)


NORMAL = pl.col("normal")
TRAITS: dict[str, tuple[pl.Expr, str]] = {
    "upper-case letters": (NORMAL.str.contains(r"[\p{Lu}\p{Lt}]"), "lower"),
    "punctuation": (NORMAL.str.contains(r"[\p{P}--['’\-]]"), "punctuation"),
    "end marks": (ending(NORMAL) == ENDINGS[0], "punctuation"),
    DIGITS: (NORMAL.str.contains(r"\p{Nd}"), ""),
    "decomposed characters": (NORMAL.str.normalize("NFC") != NORMAL, "nfc"),
}
"""What texts may have, and the rule of [text] that takes it away."""


@check("references_written_differently")
def splits_are_written_alike(tables: Tables) -> Iterator[Finding]:
    """All splits are written the same way after normalising."""
    texts = {split: table.filter(NORMAL != "") for split, table in tables.items()}
    told: set[tuple[str, str, str]] = set()
    for trait, (has, rule) in TRAITS.items():
        counts = {split: int(rows.select(has.sum()).item()) for split, rows in texts.items() if rows.height}
        for first, second in combinations(counts, 2):
            seen = ((counts[first], texts[first].height), (counts[second], texts[second].height))
            share = DIGITS_SHARE if trait == DIGITS else COMMON_SHARE
            if _differ(*seen, share) and (first, second, rule) not in told:
                told.add((first, second, rule))
                yield _written_differently(trait, rule, (first, second), seen)


def _differ(first: tuple[int, int], second: tuple[int, int], share: float) -> bool:
    rare, common = sorted((first[0] / first[1], second[0] / second[1]))
    return common >= max(share, COMMON_TIMES * rare) and chance(first, second) < CHANCE_LIMIT


def chance(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Two-sided Fisher exact probability of two (count, total) pairs; R. A. Fisher, 1922."""
    (a, n), (b, m) = first, second
    low, high = max(0, a + b - m), min(n, a + b)
    logs = [_log_choose(n, k) + _log_choose(m, a + b - k) for k in range(low, high + 1)]
    total = _log_choose(n + m, a + b)
    seen = logs[a - low] - total
    return min(1.0, sum(math.exp(log - total) for log in logs if log - total <= seen + 1e-9))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _written_differently(
    trait: str, rule: str, names: tuple[str, str], seen: tuple[tuple[int, int], tuple[int, int]]
) -> Finding:
    measured = ", ".join(f"{name}: {share_of(*one)}" for name, one in zip(names, seen, strict=True))
    fix = f"add the rule {rule!r} to [text] rules" if rule else "bring all splits to one spelling"
    return Finding(
        "references_written_differently",
        "error",
        f"splits {some(names)}",
        f"references with {trait}: {measured}",
        "all splits are written in the same way after the rules of [text]",
        "the model learns one way of writing and is scored on another, so a good model looks bad",
        f"{fix}; govor inspect shows a text before and after each rule",
    )
