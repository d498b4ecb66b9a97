"""Fault 5: what crosses splits, the test split choosing the model, test splits too small to tell anything."""

from __future__ import annotations

import polars as pl
import pytest
from preflight_parts import recipe_with, table_of

from govor.errors import LimitError
from govor.preflight.checks.baseline import slices_are_columns
from govor.preflight.checks.baseline import test_split_can_tell as split_can_tell
from govor.preflight.checks.splits import nothing_crosses_splits, the_test_split_chooses_nothing

OWN = {"select": {"test": 10, "dev": 10}}


def codes(findings):
    return [finding.code for finding in findings]


def crossing(materials_of, tables, **sections):
    made = materials_of(recipe_with(**sections), tables)
    return list(nothing_crosses_splits(made.tables, made.recipe))


def copied(tables, columns, source="train", target="test", rows=1):
    """The first rows of `target` get `columns` of the first rows of `source`."""
    changes = []
    for column in columns:
        values = tables[target][column].to_list()
        values[:rows] = tables[source][column].to_list()[:rows]
        changes.append(pl.Series(column, values))
    return {**tables, target: tables[target].with_columns(changes)}


def long_texts(tables):
    """Texts of more words than `govor.curate.sentences` asks for."""
    return {split: t.with_columns(pl.col("text") + " danas i ovdje") for split, t in tables.items()}


@pytest.mark.parametrize("column", ["id", "audio_sha256"])
@pytest.mark.parametrize("target", ["test", "dev"])
def test_the_same_clip_in_two_splits_is_always_an_error(materials_of, tables, column, target):
    found = crossing(materials_of, copied(tables, [column], target=target))
    assert codes(found) == ["duplicate_id" if column == "id" else "leak_audio"]
    assert found[0].severity == "error" and f"1 of 10 (10%) {target} rows" in found[0].measured


@pytest.mark.parametrize("column", ["recording", "speaker", "text"])
def test_what_govors_own_split_leaks_is_an_error(materials_of, tables, column):
    code = "leak_sentence" if column == "text" else f"leak_{column}"
    found = crossing(materials_of, copied(long_texts(tables), [column], rows=3), **OWN)
    assert codes(found) == [code] and found[0].severity == "error"


@pytest.mark.parametrize("column", ["recording", "speaker", "text"])
def test_what_the_sources_split_leaks_is_a_warning_with_counts(materials_of, tables, column):
    found = crossing(materials_of, copied(long_texts(tables), [column], rows=3))
    assert [finding.severity for finding in found] == ["warning"]
    assert "of 10" in found[0].measured


def test_the_same_sentence_in_another_spelling_is_found(materials_of, tables):
    tables = long_texts(tables)
    text = tables["train"]["text"][0].upper().replace(".", " !")
    planted = {
        **tables,
        "test": tables["test"].with_columns(pl.Series("text", [text, *tables["test"]["text"].to_list()[1:]])),
    }
    assert codes(crossing(materials_of, planted)) == ["leak_sentence"]


@pytest.mark.parametrize("word", ["nueve", "hvala lijepa", "no sé nada"])
def test_a_few_words_that_everybody_says_are_no_leak(materials_of, tables, word):
    """As select has it: it left "nueve" in train and test, and preflight then stopped the run."""
    said = {
        split: table.with_columns(pl.Series("text", [word, *table["text"].to_list()[1:]]))
        for split, table in tables.items()
    }
    assert crossing(materials_of, said, **OWN) == []


@pytest.mark.parametrize("kind", ["clean", "unknown speakers", "a sentence inside another"])
def test_splits_that_share_nothing_give_no_finding(materials_of, tables, kind):
    if kind == "unknown speakers":
        tables = {
            split: table.with_columns(
                pl.Series("speaker", [("unknown", None, "")[i % 3] for i in range(table.height)])
            )
            for split, table in tables.items()
        }
    if kind == "a sentence inside another":
        longer = tables["train"]["text"][0].rstrip(".") + " i sutra."
        texts = [longer, *tables["test"]["text"].to_list()[1:]]
        tables = {**tables, "test": tables["test"].with_columns(pl.Series("text", texts))}
    assert not crossing(materials_of, tables, **OWN)


def choosing(materials_of, tables, **sections):
    made = materials_of(recipe_with(**sections), tables)
    return list(the_test_split_chooses_nothing(made.tables, made.recipe))


@pytest.mark.parametrize(
    "sections",
    [
        {"train": {"dev_split": "test"}},
        {"evaluate": {"split": "dev"}},
        {"evaluate": {"sets": {"parliament": "there/dataset:dev"}}, "train": {"dev_split": "dev"}},
    ],
    ids=["chosen on test", "reported on dev", "all sets are dev"],
)
def test_choosing_on_what_is_reported_is_found(materials_of, tables, sections):
    assert codes(choosing(materials_of, tables, **sections)) == ["selection_on_test"]


@pytest.mark.parametrize("splits", [("train", "test"), ("train",)])
def test_without_a_dev_split_there_is_nothing_to_choose_on(materials_of, tables, splits):
    found = choosing(materials_of, {split: tables[split] for split in splits})
    assert codes(found) == ["no_dev_split"] and "[select] dev" in found[0].fix


@pytest.mark.parametrize(
    "sections",
    [{}, {"evaluate": {"sets": {"dev": "x:dev", "test": "x:test"}}}, {"evaluate": {"split": "test"}}],
    ids=["usual", "dev and test reported apart", "named"],
)
def test_a_test_split_that_chooses_nothing_gives_no_finding(materials_of, tables, sections):
    assert not choosing(materials_of, tables, **sections)


def of_size(tables, utterances, words):
    rows = [
        {
            "id": f"t{i}",
            "text": " ".join(["riječ"] * words),
            "duration": 1.0,
            "normal": " ".join(["riječ"] * words),
        }
        for i in range(utterances)
    ]
    return {**tables, "test": table_of(rows)}


def telling(tables, hoped, facts=None):
    recipe = recipe_with(preflight={"hoped_difference": hoped})
    return list(split_can_tell(tables, recipe, recipe.preflight, facts if facts is not None else {}))


@pytest.mark.parametrize(("utterances", "words"), [(5, 8), (50, 8), (300, 2)])
def test_a_test_split_too_small_says_how_many_it_needs(tables, utterances, words):
    plenty = {**tables, "train": pl.concat([tables["train"].select("id", "duration")] * 2000)}
    found = telling(of_size(plenty, utterances, words), 0.02)
    assert codes(found) == ["test_too_small"] and found[0].severity == "warning"
    needed = int(found[0].fix.split("test = ")[1].split(",")[0])
    assert not telling(of_size(tables, needed, words), 0.02)
    assert telling(of_size(tables, needed * 9 // 10, words), 0.02)
    assert "±0." in found[0].measured


def test_a_test_split_that_the_corpus_does_not_hold_is_not_advised(tables):
    (found,) = telling(of_size(tables, 30, 8), 0.02)
    assert (
        "[select] test" not in found.fix and "70 utterances in all" in found.fix and "baseline" in found.fix
    )


@pytest.mark.parametrize(
    ("utterances", "hoped", "facts"),
    [(500, 0.02, {}), (10, 0.3, {}), (150, 0.02, {"base_wer": {"value": 0.03}})],
    ids=["500 utterances", "a great difference hoped for", "a base model with a low WER"],
)
def test_a_test_split_that_can_tell_gives_no_finding(tables, utterances, hoped, facts):
    assert not telling(of_size(tables, utterances, 8), hoped, facts)


def test_accepting_is_recorded_and_lets_the_run_go_on(materials_of, tables, tmp_path):
    from govor.preflight.registry import REGISTRY, all_checks
    from govor.preflight.run import run_check, stop_on_errors, summarise

    all_checks()
    for accept, stops in (((), True), (("duplicate_id",), False)):
        made = materials_of(recipe_with(preflight={"accept": accept}), copied(tables, ["id"]))
        outcome = run_check(REGISTRY["nothing_crosses_splits"], made, {})
        summary = summarise([outcome], made, tmp_path)
        assert summary["accepted"] == list(accept) and summary["errors"] == int(stops)
        if stops:
            with pytest.raises(LimitError, match="duplicate_id"):
                stop_on_errors(summary)
        else:
            stop_on_errors(summary)


def test_a_column_to_slice_by_that_is_not_there_is_said_before_training(materials_of):
    made = materials_of(recipe_with(evaluate={"slices": ["speaker", "gender", "bandwidth_hz"]}))
    (found,) = slices_are_columns(made.tables, made.recipe)
    assert found.code == "slice_column_missing" and found.severity == "error"
    assert "no column gender;" in found.measured and "normal" not in found.measured


def test_columns_that_are_there_and_a_missing_test_split_are_no_fault(materials_of, tables):
    made = materials_of(recipe_with(evaluate={"slices": ["speaker"]}))
    assert not list(slices_are_columns(made.tables, made.recipe))
    without = {split: table for split, table in tables.items() if split != "test"}
    made = materials_of(recipe_with(evaluate={"slices": ["gender"]}), without)
    assert not list(slices_are_columns(made.tables, made.recipe))
