"""Fault 10: references that are empty after normalising, or written in another way than train."""

from __future__ import annotations

import polars as pl
import pytest
from preflight_parts import recipe_with

from govor.preflight.checks.texts import chance, references_have_text, splits_are_written_alike

RAW = {"text": {"rules": ["nfc", "spaces"]}}


def codes(findings):
    return [finding.code for finding in findings]


def with_texts(table, change):
    return table.with_columns(pl.Series("text", [change(text) for text in table["text"].to_list()]))


def written(materials_of, tables, **sections):
    return list(splits_are_written_alike(materials_of(recipe_with(**sections), tables).tables))


def plain(text):
    return text.lower().rstrip(".")


@pytest.mark.parametrize("kind", ["case and punctuation", "digits", "accents as marks of their own"])
def test_train_written_unlike_the_references_is_found(materials_of, tables, kind):
    import unicodedata

    sections = RAW
    if kind == "case and punctuation":
        planted = {**tables, "train": with_texts(tables["train"], plain)}
    elif kind == "digits":
        planted = {split: with_texts(t, plain) for split, t in tables.items()}
        planted["test"] = with_texts(planted["test"], lambda text: f"{text} 25")
        planted["dev"] = with_texts(planted["dev"], lambda text: f"{text} 7")
    else:
        sections = {"text": {"rules": ["lower", "punctuation", "spaces"]}}
        planted = {split: with_texts(t, lambda text: f"čovjek {text}") for split, t in tables.items()}
        planted["test"] = with_texts(planted["test"], lambda text: unicodedata.normalize("NFD", text))
    found = written(materials_of, planted, **sections)
    assert set(codes(found)) == {"references_written_differently"}
    if kind == "case and punctuation":
        assert "'lower'" in found[0].fix and "train: 0 of 30" in found[0].measured


@pytest.mark.parametrize("kind", ["normalised alike", "raw alike", "one odd row"])
def test_splits_written_alike_give_no_finding(materials_of, tables, kind):
    if kind == "normalised alike":
        assert not written(materials_of, {**tables, "train": with_texts(tables["train"], plain)})
    elif kind == "raw alike":
        assert not written(materials_of, tables, **RAW)
    else:
        planted = {split: with_texts(t, plain) for split, t in tables.items()}
        texts = ["Danas!", *planted["test"]["text"].to_list()[1:]]
        planted["test"] = planted["test"].with_columns(pl.Series("text", texts))
        assert not written(materials_of, planted, **RAW)


def test_the_chance_is_fishers():
    from scipy.stats import fisher_exact

    for first, second in (((0, 30), (10, 10)), ((3, 20), (9, 15)), ((1, 100), (0, 5))):
        table = [[first[0], first[1] - first[0]], [second[0], second[1] - second[0]]]
        assert chance(first, second) == pytest.approx(fisher_exact(table).pvalue, rel=1e-6)


def empties(materials_of, tables, **sections):
    made = materials_of(recipe_with(**sections), tables)
    return list(references_have_text(made.tables, made.normaliser))


def first_text(tables, split, text):
    texts = [text, *tables[split]["text"].to_list()[1:]]
    return {**tables, split: tables[split].with_columns(pl.Series("text", texts))}


@pytest.mark.parametrize(("split", "text"), [("test", "…"), ("dev", "  "), ("train", "-- ?!")])
def test_references_that_become_empty_are_found(materials_of, tables, split, text):
    found = empties(materials_of, first_text(tables, split, text))
    assert codes(found) == ["empty_text"]
    assert split in found[0].where and found[0].samples == (f"{tables[split]['id'][0]}: {text!r}",)
    assert "exclude" in found[0].fix


@pytest.mark.parametrize("text", ["a", "25.", "Đ!"])
def test_short_references_give_no_finding(materials_of, tables, text):
    assert not empties(materials_of, first_text(tables, "test", text))
