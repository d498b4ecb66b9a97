"""Remedies are tried: a fault is planted, its remedy is followed by machine, and the finding goes.

Settings are read off the remedy's own words; ids go through the file that it names and select's own reader.
"""

import random
import re
import unicodedata

import polars as pl
import pytest
from preflight_parts import recipe_with, table_of

from govor.curate.exclusion import Exclusions
from govor.preflight.ids import write_ids
from govor.preflight.materials import Materials
from govor.preflight.registry import REGISTRY, all_checks
from govor.preflight.run import run_check

WORDS = [
    *("river", "runs", "slowly", "past", "old", "houses", "and", "we", "sat", "there", "until", "evening"),
    *("café", "naïve", "señor", "über", "élan", "crème"),
]
RULES = ["nfc", "invisible", "spaces"]


def rows(split, count, seed):
    rng = random.Random(seed)
    made = []
    for number in range(count):
        text = " ".join(rng.choices(WORDS, k=rng.randint(4, 9))).capitalize() + "."
        facts = {
            "id": f"{split}{number}",
            "recording": f"{split}-r{number}",
            "language": "en",
            "duration": 3.0,
        }
        made.append({**facts, "text": text, "speaker": f"{split}-s{number % 4}"})
    return made


class Texts:
    """A data set of rows without sound."""

    fingerprint, sample_rate = "rows", 16_000

    def __init__(self, tables):
        self.tables, self.splits = tables, {split: table.height for split, table in tables.items()}

    def table(self, split):
        return self.tables[split]


def tables(change=lambda row, rng: row, share=1.0):
    rng, made = random.Random(7), {}
    for seed, (split, count) in enumerate({"train": 80, "dev": 20, "test": 20}.items()):
        changed = [change(row, rng) if rng.random() < share else row for row in rows(split, count, seed)]
        made[split] = table_of(changed)
    return made


def found(name, tmp_path, held, rules):
    all_checks()
    made = Materials(recipe_with(text={"rules": rules}), "cpu", tmp_path)
    made.__dict__["dataset"] = Texts(held)
    return run_check(REGISTRY[name], made, {}).findings


def with_text(what):
    return lambda row, rng: {**row, "text": what(row["text"])}


def rules_after(fix, rules):
    """What [text] rules are where a remedy is followed."""
    rule = re.search(r"the rule '(\w+)'", fix)[1]
    return [rule, *rules] if "in front of" in fix else [*rules[:-1], rule, rules[-1]]


NO_NFC = ["invisible", "spaces"]
DECOMPOSED = with_text(lambda text: unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("check", "code", "change", "share", "rules"),
    [
        ("no_markup_is_learnt", "tags_in_text", with_text(lambda t: f"{t} &amp; &#39;so&#39;"), 0.5, RULES),
        ("no_markup_is_learnt", "tags_in_text", with_text(lambda t: f"<b>{t}</b>"), 0.3, RULES),
        ("no_markup_is_learnt", "tags_in_text", with_text(lambda t: f"{t} [laughter]"), 1.0, RULES),
        ("texts_are_written_alike", "mixed_casing", with_text(str.upper), 0.4, RULES),
        ("texts_are_written_alike", "mixed_casing", with_text(str.lower), 0.5, RULES),
        ("texts_are_written_alike", "mixed_punctuation", with_text(lambda t: t.rstrip(".")), 0.5, RULES),
        ("texts_are_written_alike", "not_nfc", DECOMPOSED, 0.5, NO_NFC),
        ("texts_are_written_alike", "not_nfc", DECOMPOSED, 0.2, NO_NFC),
    ],
)
def test_a_rule_that_a_remedy_names_mends_it(tmp_path, check, code, change, share, rules) -> None:
    held = tables(change, share)
    assert found(check, tmp_path, tables(), rules) == []
    seen = found(check, tmp_path, held, rules)
    assert [one.code for one in seen] == [code] and seen[0].severity == "warning"
    assert found(check, tmp_path, held, rules_after(seen[0].fix, rules)) == []


def without(held, findings, code, tmp_path):
    """The tables without the ids that the findings' own file lists."""
    listed = Exclusions.read([str(write_ids(findings, tmp_path))], [code]).exact
    return {split: table.filter(~pl.col("id").is_in(list(listed))) for split, table in held.items()}


def near(held):
    """Test sentences that train has with another number."""
    train = held["train"].with_columns(
        pl.when(pl.int_range(pl.len()) < 5)
        .then(pl.lit("We met 999 people at the station."))
        .otherwise(pl.col("text"))
        .alias("text")
    )
    test = held["test"].with_columns(
        pl.when(pl.int_range(pl.len()) < 3)
        .then(pl.lit("We met 12 people at the station."))
        .otherwise(pl.col("text"))
        .alias("text")
    )
    return {**held, "train": train, "test": test}


def emptied(held):
    few = pl.when(pl.int_range(pl.len()) < 2).then(pl.lit("")).otherwise(pl.col("text")).alias("text")
    return {**held, "test": held["test"].with_columns(few)}


def shared(held):
    """Test rows that say sentences of train."""
    sentences = [*held["train"]["text"][:4], *held["test"]["text"][4:]]
    return {**held, "test": held["test"].with_columns(pl.Series("text", sentences))}


def respelt(held):
    """Test speakers who are train's in capitals."""
    names = [f"TRAIN-S{number % 4}" for number in range(held["test"].height)]
    return {**held, "test": held["test"].with_columns(pl.Series("speaker", names))}


@pytest.mark.parametrize(
    ("check", "code", "plant"),
    [
        ("no_sentence_is_nearly_shared", "leak_near_sentence", near),
        ("references_have_text", "empty_text", emptied),
        ("nothing_crosses_splits", "leak_sentence", shared),
        ("speakers_have_one_spelling", "speaker_spellings", respelt),
    ],
)
def test_ids_that_a_finding_lists_are_enough_to_leave_out(tmp_path, check, code, plant) -> None:
    held = plant(tables())
    assert found(check, tmp_path, tables(), RULES) == []
    seen = found(check, tmp_path, held, RULES)
    assert [one.code for one in seen] == [code]
    assert found(check, tmp_path, without(held, seen, code, tmp_path), RULES) == []


@pytest.mark.parametrize(
    "change",
    [
        with_text(lambda t: f"{t} R&D & more"),
        with_text(lambda t: t.replace("river", "r < 3")),
        with_text(lambda t: f"“{t}”"),
    ],
    ids=["an ampersand", "a smaller-than sign", "quotes"],
)
def test_what_looks_like_mark_up_is_quiet(tmp_path, change) -> None:
    assert found("no_markup_is_learnt", tmp_path, tables(change), RULES) == []


def test_mark_up_that_the_rules_remove_is_quiet(tmp_path) -> None:
    held = tables(with_text(lambda t: f"<b>{t}</b> [noise]"))
    assert found("no_markup_is_learnt", tmp_path, held, ["tags", *RULES]) == []


def test_texts_cut_by_a_program_and_words_before_all_texts(tmp_path) -> None:
    cut = found("texts_are_whole", tmp_path, tables(with_text(lambda t: t[:30])), RULES)
    assert [one.code for one in cut] == ["texts_cut"] and "30 characters" in cut[0].measured
    assert found("texts_are_whole", tmp_path, tables(), RULES) == []
    named = found("texts_begin_differently", tmp_path, tables(with_text(lambda t: f"Speaker 1: {t}")), RULES)
    assert [one.code for one in named] == ["shared_words"] and "'Speaker 1:'" in named[0].measured
    assert found("texts_begin_differently", tmp_path, tables(), RULES) == []
