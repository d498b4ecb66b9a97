"""All text, no model: what reaches the model that nobody says, and texts that are written in several ways."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from govor.config import Recipe
from govor.curate.leaks import NO_NAMES
from govor.curate.sentences import letters, with_sentence
from govor.curate.text_labels import CommonLabels, labelled
from govor.curate.text_style import (
    CASING,
    PUNCTUATION,
    UNICODE,
    cut_texts,
    mixes_scripts,
    mixture,
    shared_words,
    spellings,
)
from govor.findings import Finding, Severity, share_of, some
from govor.preflight.clips import Tables
from govor.preflight.materials import Facts
from govor.preflight.registry import check
from govor.text import Normaliser

ENTITY = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[A-Za-z]{2,8});")
TAG = re.compile(r"</?[A-Za-z][^<>]*>|\[[^\[\]]+\]")
ESCAPE = re.compile(r"\\[nrt]|\\u[0-9a-fA-F]{4}|%[0-9A-F]{2}")
ASIDE = re.compile(r"\([^()]{1,30}\)|\{[^{}]{1,30}\}|\*[^*]{1,30}\*")
"""Noises and other remarks: what stands so in many texts in the same words (`ASIDE_TEXTS`, `ASIDE_SHARE`)."""
MARKDOWN = re.compile(
    r"\*\*(?=\S)[^*\n]+(?<=\S)\*\*|(?<!\w)__(?=\S)[^_\n]+(?<=\S)__(?!\w)|^\s*#{1,6}\s(?=\S)"
)
MARKDOWN_SIGN = re.compile(r"\*\*|__|^\s*#{1,6}\s")
ONE_TEXT_SHARE, ONE_TEXT_ROWS = 0.8, 10
ASIDE_TEXTS, ASIDE_SHARE = 5, 0.02
FEW_SHARE, FEW_ROWS = 0.01, 10
KEY = r"[\p{N}\p{M}\s]+"


@check("tags_in_text")
def no_markup_is_learnt(tables: Tables, normaliser: Normaliser) -> Iterator[Finding]:
    """No mark-up reaches the model: what [text] rules leave of it is not a word."""
    total = sum(table.height for table in tables.values())
    asides = _recurring(tables, total)
    kinds = {"entities": ENTITY, "tags": TAG, "escapes": ESCAPE, "Markdown": MARKDOWN}
    kinds |= {"remarks": asides} if asides else {}
    for kind, rows in _marked(tables, normaliser, kinds).items():
        yield _markup(kind, rows, total)


def _recurring(tables: Tables, total: int) -> re.Pattern[str] | None:
    """Finds the remarks in brackets that many texts have, or None."""
    spans = Counter(
        span for table in tables.values() for text in table["text"] for span in set(ASIDE.findall(text or ""))
    )
    often = [span for span, count in spans.items() if count >= max(ASIDE_TEXTS, ASIDE_SHARE * total)]
    return re.compile("|".join(map(re.escape, often))) if often else None


def _marked(tables: Tables, normaliser: Normaliser, kinds: Mapping[str, re.Pattern[str]]) -> dict[str, Rows]:
    """Ids and texts, by kind of mark-up, in which it changes what is left after the rules."""
    found: dict[str, Rows] = {kind: [] for kind in kinds}
    for table in tables.values():
        languages = table["language"].to_list() if "language" in table.columns else [None] * table.height
        for name, text, normal, language in zip(
            table["id"], table["text"], table["normal"], languages, strict=True
        ):
            for kind, pattern in kinds.items() if text else ():
                if pattern.search(text) and normaliser(_plain(text, pattern), language) != normal:
                    found[kind].append((name, text))
    return {kind: rows for kind, rows in found.items() if rows}


def _plain(text: str, pattern: re.Pattern[str]) -> str:
    if pattern is MARKDOWN:
        return MARKDOWN_SIGN.sub("", text)
    return html.unescape(text) if pattern is ENTITY else pattern.sub(" ", text)


MARKUP_FIX = {
    "entities": "put the rule 'entities' in front of [text] rules, or decode them in the source",
    "tags": "put the rule 'tags' in front of [text] rules",
    "escapes": "decode them in the source (\\n is a new line, %20 a space) and import again",
    "Markdown": "add the rule 'punctuation' to [text] rules, or take ** __ # out of the source and import"
    " again",
    "remarks": "take them out of the source, or write them in [square brackets], which the text rule tags"
    " takes away, and import again",
}


def _markup(kind: str, rows: Sequence[tuple[str, str]], total: int) -> Finding:
    few = len(rows) < FEW_ROWS and len(rows) < FEW_SHARE * total
    return Finding(
        "tags_in_text",
        "info" if few else "warning",
        "texts",
        f"{share_of(len(rows), total)} hold {kind} that [text] rules leave",
        "only what is said",
        "the model learns to write words that nobody says, such as amp or br",
        MARKUP_FIX[kind],
        tuple(f"{name}: {text!r}" for name, text in rows[:5]),
        count=len(rows),
        ids=tuple(name for name, _ in rows),
    )


Rows = list[tuple[str, str]]


def _rows(tables: Tables, column: str) -> Rows:
    return [
        (name, text or "")
        for table in tables.values()
        for name, text in zip(table["id"].to_list(), table[column].to_list(), strict=True)
    ]


@check("texts_cut")
def texts_are_whole(tables: Tables) -> Iterator[Finding]:
    """Texts do not all end at one length."""
    rows = _rows(tables, "text")
    cut = cut_texts([text for _, text in rows])
    if cut is None:
        return
    ids = tuple(rows[place][0] for place in cut.rows)
    yield Finding(
        "texts_cut",
        "warning",
        "texts",
        f"{share_of(len(ids), len(rows))} end at {cut.length} {cut.unit}, and none is longer",
        "fewer and fewer texts towards the longest",
        "a program cut them: what is said after that is learnt as silence",
        samples=tuple(f"{rows[place][0]}: …{rows[place][1][-30:]!r}" for place in cut.rows[:5]),
        count=len(ids),
        ids=ids,
    )


@check("mixed_scripts")
def words_keep_to_one_script(tables: Tables) -> Iterator[Finding]:
    """No word has letters of two alphabets."""
    rows = _rows(tables, "normal")
    texts = pl.DataFrame({"text": [text for _, text in rows]}, schema={"text": pl.String})
    places = texts.select(mixes_scripts(pl.col("text")).arg_true()).to_series().to_list()
    if not places:
        return
    few = len(places) < FEW_ROWS and len(places) < FEW_SHARE * len(rows)
    yield Finding(
        "mixed_scripts",
        "info" if few else "warning",
        "texts after [text] rules",
        f"{share_of(len(places), len(rows))} have words with Latin and Cyrillic or Greek letters",
        "one alphabet in a word",
        "a letter that looks like another is another token: the model learns two spellings of one word",
        samples=tuple(f"{rows[place][0]}: {rows[place][1][:60]!r}" for place in places[:5]),
        count=len(places),
        ids=tuple(rows[place][0] for place in places),
    )


@check("shared_words")
def texts_begin_differently(tables: Tables) -> Iterator[Finding]:
    """Texts do not all begin or end with the same words, and are not all one."""
    rows = _rows(tables, "normal")
    if said := [text for _, text in rows if text]:
        [(one, count)] = Counter(said).most_common(1)
        if len(rows) >= ONE_TEXT_ROWS and count >= ONE_TEXT_SHARE * len(rows):
            yield _one_text(one, rows)
            return
    found = shared_words([text for _, text in rows])
    texts = [] if found else _rows(tables, "text")
    if labels := labelled([text for _, text in texts]):
        yield _labels(labels, texts)
    if found:
        place, words, count = found
        mine = tuple(
            name
            for name, text in rows
            if (text.startswith(words + " ") if place == "first" else text.endswith(" " + words))
        )
        yield Finding(
            "shared_words",
            "warning",
            "texts",
            f"{count:,} different texts have the same {place} words: {words!r}",
            "below 80% of the texts",
            "a name, a number or a title before every text is rarely said; the model learns to write it",
            count=len(mine),
            ids=mine,
        )


def _one_text(text: str, rows: Rows) -> Finding:
    mine = tuple(name for name, own in rows if own == text)
    return Finding(
        "shared_words",
        "warning",
        "texts",
        f"{share_of(len(mine), len(rows))} have one and the same text: {text[:60]!r}",
        "a text for each recording",
        "the model learns to write it whatever it hears",
        "if these recordings say other things, take their texts from the source again and import again",
        count=len(mine),
        ids=mine,
    )


def _labels(found: CommonLabels, rows: Rows) -> Finding:
    return Finding(
        "shared_words",
        "warning",
        "texts",
        f"{share_of(len(found.rows), len(rows))} {'begin' if found.place == 'first' else 'end'} with"
        f" {found.what} ({', '.join(map(repr, found.samples))})",
        "texts begin and end with what is said",
        "a name, a number or a title before every text is rarely said; the model learns to write it",
        "listen to one with govor inspect; if they are not said, take them out of the source's texts (they"
        " belong into a column of their own) and import again",
        tuple(f"{rows[row][0]}: {rows[row][1]!r}" for row in found.rows[:5]),
        count=len(found.rows),
        ids=tuple(rows[row][0] for row in found.rows),
    )


@check("mixed_casing", "mixed_punctuation", "not_nfc")
def texts_are_written_alike(tables: Tables) -> Iterator[Finding]:
    """Texts are written in one way after [text] rules: casing, end marks, Unicode form."""
    rows = _rows(tables, "normal")
    normal = pl.DataFrame({"normal": [text for _, text in rows]}, schema={"normal": pl.String})
    for style in (CASING, PUNCTUATION, UNICODE):
        styles = normal.select(style.of(pl.col("normal"))).to_series().to_list()
        found = mixture(styles, style.share, style.count)
        if found:
            yield _mixed_finding(style.code, found, style.rule, rows)


def _mixed_finding(code: str, found: dict[str, list[int]], rule: str, rows: Rows) -> Finding:
    total = sum(map(len, found.values()))
    told = ", ".join(f"{style}: {share_of(len(mine), total)}" for style, mine in found.items())
    rarer = [place for mine in list(found.values())[1:] for place in mine]
    return Finding(
        code,
        "warning",
        "texts after [text] rules",
        told,
        "one way of writing",
        "the model cannot hear which way a text is written: it guesses, and every other guess is an error",
        f"add the rule '{rule}' to [text] rules, or bring the source to one way of writing",
        tuple(f"{rows[place][0]}: {rows[place][1][:60]!r}" for place in rarer[:5]),
        count=len(rarer),
        ids=tuple(rows[place][0] for place in rarer),
    )


@check("leak_near_sentence")
def no_sentence_is_nearly_shared(tables: Tables, recipe: Recipe) -> Iterator[Finding]:
    """No dev or test sentence stands in train with another number, accent or spacing."""
    learnt = tables.get(recipe.train.train_split)
    if learnt is None:
        return
    for split, table in tables.items():
        if split != recipe.train.train_split:
            yield from _nearly(_near_keys(learnt), _near_keys(table), split, table.height)


def _near_keys(table: pl.DataFrame) -> pl.DataFrame:
    """``id``, ``sentence`` (as leaks compare it) and ``near``: its letters alone."""
    keyed = with_sentence(table.lazy().select("id", "normal"), "normal").collect()
    plain = letters(pl.col("normal")).str.normalize("NFKD").str.replace_all(KEY, "")
    return keyed.with_columns(plain.alias("near")).rename({"_sentence": "sentence"})


def _nearly(learnt: pl.DataFrame, held: pl.DataFrame, split: str, total: int) -> Iterator[Finding]:
    known = held.filter(
        pl.col("sentence").is_not_null() & ~pl.col("sentence").is_in(learnt["sentence"].to_list())
    )
    pairs = known.join(
        learnt.filter(pl.col("sentence").is_not_null()).unique("near"), on="near", suffix="_train"
    )
    if not pairs.height:
        return
    yield Finding(
        "leak_near_sentence",
        "warning",
        f"split {split}",
        f"{share_of(pairs.height, total)} rows say a sentence of train except for numbers, accents or spaces",
        "none",
        "the model can answer them from memory, the WER is too good",
        samples=tuple(
            f"{row['id']}: {row['normal']!r}; {row['id_train']}: {row['normal_train']!r}"
            for row in pairs.head(5).iter_rows(named=True)
        ),
        count=pairs.height,
        ids=tuple(pairs["id"]),
    )


@check("speaker_spellings")
def speakers_have_one_spelling(tables: Tables, facts: Facts) -> Iterator[Finding]:
    """No speaker is written in several ways."""
    named = [
        (str(speaker), split)
        for split, table in tables.items()
        if "speaker" in table.columns
        for speaker in table["speaker"].drop_nulls().unique().sort()
        if str(speaker).strip().lower() not in NO_NAMES
    ]
    names = len({name for name, _ in named})
    facts["speakers"] = (
        f"{names:,} names; whether two of them are one voice was not looked at"
        if names
        else "none is named; whether splits share voices was not looked at"
    )
    found = spellings(name for name, _ in named)
    if not found:
        return
    splits = {key: {split for name, split in named if name in names} for key, names in found.items()}
    crossing = [key for key, where in splits.items() if len(where) > 1]
    severity: Severity = "warning" if crossing else "info"
    rows = [pl.col("speaker").cast(pl.String).is_in([name for names in found.values() for name in names])]
    ids = tuple(
        name for table in tables.values() if "speaker" in table.columns for name in table.filter(*rows)["id"]
    )
    yield Finding(
        "speaker_spellings",
        severity,
        "column speaker",
        f"{len(found)} speakers are written in several ways, {len(crossing)} of them in several splits"
        f" ({some((' = '.join(names) for names in found.values()), 3)})",
        "one spelling each; voices were not compared",
        "splits that should share no speaker do, and the WER is too good",
        count=len(found),
        ids=ids,
    )
