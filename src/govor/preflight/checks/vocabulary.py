"""Every transcript through the model's vocabulary and back."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from govor.config import Recipe
from govor.findings import Finding, count_of, share_of, some
from govor.models.base import Family
from govor.models.families import own_checks_of
from govor.models.own_checks import OWN_CODES, DataFacts
from govor.preflight.clips import Tables
from govor.preflight.materials import Facts
from govor.preflight.registry import check
from govor.text import Normaliser

OTHER_LANGUAGE_SHARE = 0.1
"""Above this share of damaged transcripts the vocabulary was made for other text."""
RARE_SHARE = 0.01


@dataclass(frozen=True)
class LetterCoverage:
    """What the vocabulary makes of single characters.

    Attributes:
        known: come back as they are.
        cased: are known in the other case only.
        spaces: come back as a space.
        missing: do not come back.
    """

    known: frozenset[str]
    cased: frozenset[str]
    spaces: frozenset[str]
    missing: frozenset[str]


@check(
    "delimiter_mismatch",
    "delimiter_in_text",
    "vocabulary_case",
    "vocabulary_other_language",
    "characters_missing",
    "text_changed_by_tokenizer",
)
def transcripts_come_back(
    family: Family, labels: Tables, normaliser: Normaliser, facts: Facts
) -> Iterator[Finding]:
    """Every transcript comes back unchanged from the model's tokens."""
    damaged = {split: table.filter(pl.col("back") != pl.col("normal")) for split, table in labels.items()}
    total, hurt = sum(t.height for t in labels.values()), sum(t.height for t in damaged.values())
    facts["round_trip"] = f"{total - hurt:,} of {total:,} transcripts come back from tokens unchanged"
    if not hurt:
        return
    counts = Counter("".join(text for table in damaged.values() for text in table["normal"].to_list()))
    letters = sort_letters(family, counts, normaliser)
    everything = pl.concat(list(damaged.values()))
    samples = _samples(everything)
    causes = [
        *_delimiter(family, letters, normaliser, hurt, total, samples),
        *_collisions(letters, counts, samples),
        *_case(letters, counts, hurt, total, samples),
        *_missing(letters, counts, labels, damaged, samples),
    ]
    ids = tuple(everything["id"])
    yield from (replace(one, ids=ids) for one in causes)
    if not causes and not letters.missing:
        yield _changed_finding(damaged, labels, samples)


@check(*OWN_CODES)
def the_models_own_checks_pass(
    family: Family, tables: Tables, language: str | None, recipe: Recipe
) -> Iterable[Finding]:
    """The model's head, special tokens and settings are right for its kind."""
    rows = {
        split: table["language"].to_list() for split, table in tables.items() if "language" in table.columns
    }
    seen = DataFacts(
        {split: table["normal"].to_list() for split, table in tables.items()},
        {split: table["duration"].to_list() for split, table in tables.items()},
        {split: table["id"].to_list() for split, table in tables.items()},
        language,
        frozenset(code for column in rows.values() for code in column if code),
        rows,
        recipe.model.language,
        recipe.model.task,
    )
    return own_checks_of(family, seen)


COMPOSED = "add the rule 'nfc' to [text] rules: these marks stand apart from their letters"


def sort_letters(family: Family, characters: Counter[str], normaliser: Normaliser) -> LetterCoverage:
    """Tries every character between two others that are known."""

    def back(text: str) -> str:
        return normaliser(family.decode_text(family.encode_text(text)))

    plain = [c for c in characters if not c.isspace()]
    known = {c for c in plain if back(c) == c}
    frame = next((c for c, _ in characters.most_common() if c in known and c.isalpha()), "")
    if frame:
        known |= {c for c in plain if back(f"{frame}{c}{frame}") == f"{frame}{c}{frame}"}
        spaces = {c for c in plain if back(f"{frame}{c}{frame}") == f"{frame} {frame}"}
    else:
        spaces = set()
    spaces |= set(plain) & {family.delimiter} - known
    unknown = set(plain) - known - spaces
    cased = {
        c
        for c in unknown
        if c.swapcase() != c and c.swapcase() in family.decode_text(family.encode_text(c.swapcase()))
    }
    return LetterCoverage(frozenset(known), frozenset(cased), frozenset(spaces), frozenset(unknown - cased))


def _samples(damaged: pl.DataFrame) -> tuple[str, ...]:
    rows = damaged.head(3).iter_rows(named=True)
    return tuple(f"{row['id']}: {row['normal']!r} comes back as {row['back']!r}" for row in rows)


def _delimiter(
    family: Family,
    letters: LetterCoverage,
    normaliser: Normaliser,
    hurt: int,
    total: int,
    samples: tuple[str, ...],
) -> Iterator[Finding]:
    frame = next(iter(sorted(letters.known, key=lambda c: (not c.isalpha(), c))), "")
    if not frame:
        return
    text = f"{frame} {frame}"
    back = normaliser(family.decode_text(family.encode_text(text)))
    if back == text:
        return
    yield Finding(
        "delimiter_mismatch",
        "error",
        "tokenizer",
        f"{text!r} comes back as {back!r}; {share_of(hurt, total)} transcripts are damaged",
        "the token that stands for the space is in the vocabulary",
        "every word boundary becomes unknown: the WER stays near 1.0 however long the model trains",
        samples=samples,
    )


def _collisions(letters: LetterCoverage, counts: Counter[str], samples: tuple[str, ...]) -> Iterator[Finding]:
    for character in sorted(letters.spaces):
        yield Finding(
            "delimiter_in_text",
            "error",
            "[model] delimiter",
            f"{character!r} stands for the space in the vocabulary and occurs"
            f" {count_of(counts[character], 'time')} in the transcripts",
            "the delimiter occurs in no transcript",
            "the model cannot tell this character from a space (in Devanagari texts '|' is often typed for"
            " the danda '।')",
            f"set [model] delimiter to a character that no transcript holds, or let [text] rules remove"
            f" {character!r} ('punctuation', without {character!r} in [text] keep)",
            samples,
        )


def _case(
    letters: LetterCoverage, counts: Counter[str], hurt: int, total: int, samples: tuple[str, ...]
) -> Iterator[Finding]:
    if not letters.cased:
        return
    lower = sum(c.islower() for c in letters.cased) * 2 > len(letters.cased)
    have, want = ("upper", "lower") if lower else ("lower", "upper")
    yield Finding(
        "vocabulary_case",
        "error",
        "vocabulary",
        f"it has {have}-case letters only, the transcripts are {want} case; {share_of(hurt, total)}"
        f" are damaged ({some(sorted(letters.cased), 8)})",
        "text and vocabulary in one case",
        "almost every letter is unknown to the model, it learns to say nothing",
        "set [model] vocabulary = 'build'" if lower else "add 'lower' to [text] rules",
        samples,
    )


def _missing(
    letters: LetterCoverage, counts: Counter[str], labels: Tables, damaged: Tables, samples: tuple[str, ...]
) -> Iterator[Finding]:
    if not letters.missing:
        return
    touched = {split: _holding(table, letters.missing) for split, table in damaged.items()}
    shares = {split: touched[split] / max(labels[split].height, 1) for split in touched}
    listed = some((f"{c!r} ({counts[c]:,})" for c in sorted(letters.missing, key=lambda c: -counts[c])), 12)
    where = ", ".join(f"{split}: {share_of(touched[split], labels[split].height)}" for split in touched)
    if shares.get("train", max(shares.values())) > OTHER_LANGUAGE_SHARE:
        yield Finding(
            "vocabulary_other_language",
            "error",
            "vocabulary",
            f"{count_of(len(letters.missing), 'character')} of the transcripts are not in it: {listed};"
            f" transcripts that hold one: {where}",
            f"at most {OTHER_LANGUAGE_SHARE:.0%} of the transcripts of a split",
            "the vocabulary was made for other text, perhaps another language; these can never be written",
            COMPOSED if _loose(letters.missing) else "",
            samples,
        )
    elif touched.get("train") or max(shares.values()) > RARE_SHARE:
        yield Finding(
            "characters_missing",
            "warning",
            "vocabulary",
            f"it lacks {listed}; transcripts that hold one: {where}",
            "every character of the transcripts",
            "words with such a character always count as errors; in train they teach the unknown token",
            COMPOSED
            if _loose(letters.missing)
            else "add a rule to [text] rules that rewrites them, leave these utterances out"
            " ([select] exclude), or"
            + (
                " set [model] vocabulary = 'build'"
                if touched.get("train")
                else " add train text that holds them"
            ),
            samples,
        )


def _loose(missing: frozenset[str]) -> bool:
    """Whether all that is missing are marks that stand apart from their letters."""
    return all(unicodedata.combining(c) for c in missing)


def _holding(table: pl.DataFrame, characters: frozenset[str]) -> int:
    return sum(not characters.isdisjoint(text) for text in table["normal"].to_list())


def _changed_finding(damaged: Tables, labels: Tables, samples: tuple[str, ...]) -> Finding:
    """An error where a tokenizer changes text as a rule; a few odd rows of a split stop nothing."""
    few = all(table.height <= max(1.0, RARE_SHARE * labels[split].height) for split, table in damaged.items())
    hurt, total = sum(t.height for t in damaged.values()), sum(t.height for t in labels.values())
    return Finding(
        "text_changed_by_tokenizer",
        "warning" if few else "error",
        "tokenizer",
        f"{share_of(hurt, total)} transcripts do not come back, though every single character does",
        "decoding gives back what was encoded",
        "the tokenizer cleans or merges text: what the model learns is not what it is scored on",
        samples=samples,
    )
