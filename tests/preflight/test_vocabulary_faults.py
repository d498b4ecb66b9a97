"""Fault 2: delimiters, languages, case, head sizes and special ids that do not fit the text or each other."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest
from preflight_parts import LETTERS, edit_json, recipe_with, save_base

from govor.errors import ModelError
from govor.preflight.checks.vocabulary import the_models_own_checks_pass, transcripts_come_back


def keep(base, **more):
    return recipe_with(model={"base": str(base), "from_scratch": {}, "vocabulary": "keep"}, **more)


def findings_of(made):
    round_trip = transcripts_come_back(made.family, made.labels, made.normaliser, made.facts)
    return [*round_trip, *the_models_own_checks_pass(made.family, made.tables, made.language, made.recipe)]


def codes(findings):
    return [finding.code for finding in findings]


def with_text(tables, split, texts):
    old = tables[split]["text"].to_list()
    return {**tables, split: tables[split].with_columns(pl.Series("text", [*texts, *old[len(texts) :]]))}


def test_a_delimiter_that_the_vocabulary_lacks_is_refused_by_name(base, materials_of):
    edit_json(base / "vocab.json", lambda d: d.update({" ": d.pop("|")}))
    edit_json(base / "tokenizer_config.json", lambda d: d.update(added_tokens_decoder={}))
    with pytest.raises(ModelError, match=r"word delimiter '\|' is not in the vocabulary"):
        _ = materials_of(keep(base)).family


def test_a_second_token_for_the_space_is_found(tmp_path, materials_of):
    base = save_base(tmp_path / "two", [LETTERS + "q"])
    edit_json(base / "vocab.json", lambda d: d.update({" ": d.pop("q")}))
    found = findings_of(materials_of(keep(base)))
    assert codes(found) == ["delimiter_mismatch"] and "writes spaces as '|'" in found[0].measured


def test_word_boundaries_that_become_unknown_are_found(base, materials_of):
    made = materials_of(keep(base))
    vocabulary = made.family.vocabulary
    made.family.vocabulary = dataclasses.replace(vocabulary, delimiter=vocabulary.unknown)
    found = findings_of(made)
    assert "delimiter_mismatch" in codes(found)
    finding = found[codes(found).index("delimiter_mismatch")]
    assert finding.severity == "error" and finding.samples and "word_delimiter_token" in finding.fix


@pytest.mark.parametrize("token", ["|", "_", "#"])
def test_a_delimiter_of_the_vocabulary_gives_no_finding(materials_of, token):
    assert not findings_of(materials_of(recipe_with(model={"delimiter": token})))


@pytest.mark.parametrize(
    "alphabet", ["abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуфхцчш", "αβγδεζηθικλμνξοπρστυφχψω"]
)
def test_a_vocabulary_of_another_language_is_found(tmp_path, materials_of, alphabet):
    found = findings_of(materials_of(keep(save_base(tmp_path / "other", [alphabet]))))
    assert codes(found) == ["vocabulary_other_language"]
    assert found[0].measured.count("'") >= 6 and "build" in found[0].fix


@pytest.mark.parametrize("alphabet", [LETTERS, LETTERS + "qwxyäöüßéèàñçåøæ", LETTERS + "0123456789'-"])
def test_a_vocabulary_that_covers_the_text_gives_no_finding(tmp_path, materials_of, alphabet):
    assert not findings_of(materials_of(keep(save_base(tmp_path / "own", [alphabet]))))


@pytest.mark.parametrize("letter", ["x", "y", "w"])
def test_a_vocabulary_built_from_test_text_is_found(tmp_path, materials_of, tables, letter):
    planted = with_text(tables, "test", [f"ministar {letter}a{letter} danas"])
    made = materials_of(tables=planted)
    every = [text for table in made.tables.values() for text in table["normal"].to_list()]
    base = save_base(tmp_path / "leaky", every)
    found = findings_of(materials_of(keep(base), planted))
    assert codes(found) == ["vocabulary_from_test"]
    assert repr(letter) in found[0].measured


@pytest.mark.parametrize("extra", ["", "qwxy", "ž"])
def test_a_vocabulary_not_built_from_test_gives_no_finding(tmp_path, materials_of, tables, extra):
    made = materials_of(tables=tables)
    base = save_base(tmp_path / "honest", [*made.tables["train"]["normal"].to_list(), LETTERS, extra])
    planted = with_text(tables, "test", [f"ministar {'x' if 'x' in extra else 'o'}ko danas"])
    assert not findings_of(materials_of(keep(base), planted))


@pytest.mark.parametrize("kind", ["capitals kept", "all capitals", "upper-case vocabulary but one letter"])
def test_text_in_the_other_case_is_found(tmp_path, materials_of, tables, kind):
    alphabet, rules = LETTERS, ["nfc", "punctuation", "spaces"]
    if kind == "all capitals":
        tables = {split: t.with_columns(pl.col("text").str.to_uppercase()) for split, t in tables.items()}
    if kind.startswith("upper-case"):
        alphabet, rules = LETTERS.upper() + "q", ["nfc", "lower", "punctuation", "spaces"]
    base = save_base(tmp_path / "cased", [alphabet], rules)
    found = findings_of(materials_of(keep(base, text={"rules": rules}), tables))
    assert codes(found) == ["vocabulary_case"]
    assert ("lower" if alphabet == LETTERS else "build") in found[0].fix


@pytest.mark.parametrize("kind", ["lower", "upper-case vocabulary alone", "both cases"])
def test_text_in_the_vocabularys_case_gives_no_finding(tmp_path, materials_of, kind):
    rules = (
        ["nfc", "punctuation", "spaces"]
        if kind == "both cases"
        else ["nfc", "lower", "punctuation", "spaces"]
    )
    alphabet = {
        "lower": LETTERS,
        "upper-case vocabulary alone": LETTERS.upper(),
        "both cases": LETTERS + LETTERS.upper(),
    }
    base = save_base(tmp_path / "cased", [alphabet[kind]], rules)
    assert not findings_of(materials_of(keep(base, text={"rules": rules})))


HINDI = ["राम घर जाता है।", "सीता फल खाती है।", "मोहन पानी पीता है।"]


def hindi(tables, danda):
    texts = {
        split: [HINDI[i % 3].replace("।", danda) for i in range(t.height)] for split, t in tables.items()
    }
    return {
        split: t.with_columns(pl.Series("text", texts[split]), language=pl.lit("hi"))
        for split, t in tables.items()
    }


RULES_KEEP = {"rules": ["nfc", "lower", "punctuation", "spaces"], "keep": "|।#"}
RULES_DROP = {"rules": ["nfc", "lower", "punctuation", "symbols", "spaces"]}


@pytest.mark.parametrize("danda", ["|", " |", "||"])
def test_a_delimiter_typed_in_the_text_is_found(tmp_path, materials_of, tables, danda):
    base = save_base(tmp_path / "hindi", ["".join(HINDI)])
    found = findings_of(materials_of(keep(base, text=RULES_KEEP), hindi(tables, danda)))
    assert codes(found) == ["delimiter_in_text"]
    assert "'|'" in found[0].measured and "[model] delimiter" in found[0].fix


def test_a_vocabulary_is_not_built_with_the_delimiter_inside(materials_of, tables):
    made = materials_of(recipe_with(text=RULES_KEEP), hindi(tables, "|"))
    with pytest.raises(ModelError, match=r"delimiter '\|'"):
        _ = made.family


@pytest.mark.parametrize(("danda", "rules"), [("।", RULES_KEEP), ("|", RULES_DROP), ("", RULES_KEEP)])
def test_a_real_danda_gives_no_finding(tmp_path, materials_of, tables, danda, rules):
    base = save_base(tmp_path / "hindi", ["".join(HINDI)])
    assert not findings_of(materials_of(keep(base, text=rules), hindi(tables, danda)))


@pytest.mark.parametrize("removed", [1, 4])
def test_a_head_larger_than_the_vocabulary_is_found(tmp_path, materials_of, removed):
    base = save_base(tmp_path / "large", [LETTERS + "qwxy"])
    edit_json(base / "vocab.json", lambda d: [d.pop(letter) for letter in "xywq"[:removed]])
    sizes = list(range(3, 3 + 31 - removed))
    edit_json(base / "vocab.json", lambda d: renumber(d, sizes))
    found = findings_of(materials_of(keep(base)))
    assert "head_size" in codes(found)
    assert (
        f"it has {34} outputs, the tokenizer {34 - removed} tokens"
        in found[codes(found).index("head_size")].measured
    )


def renumber(vocabulary, ids):
    letters = sorted(token for token in vocabulary if len(token) == 1 and token != "|")
    vocabulary.update(zip(letters, ids, strict=True))


def test_a_head_smaller_than_the_vocabulary_is_refused_by_name(base, materials_of):
    edit_json(base / "vocab.json", lambda d: d.update({"q": len(d), "w": len(d) + 1}))
    with pytest.raises(ModelError, match="head of 30 outputs lacks"):
        _ = materials_of(keep(base)).family


@pytest.mark.parametrize("kind", ["pad is a letter", "pad and unknown swapped", "unknown is pad"])
def test_special_ids_that_are_mixed_up_are_found(base, materials_of, kind):
    if kind == "pad is a letter":
        edit_json(base / "config.json", lambda d: d.update(pad_token_id=3))
    elif kind == "pad and unknown swapped":
        edit_json(base / "tokenizer_config.json", lambda d: d.update(pad_token="<unk>", unk_token="<pad>"))
    else:
        edit_json(base / "tokenizer_config.json", lambda d: d.update(unk_token="<pad>"))
    found = findings_of(materials_of(keep(base)))
    assert "special_ids_mixed" in codes(found)


@pytest.mark.parametrize("kind", ["as built", "pad elsewhere", "with markers"])
def test_special_ids_in_other_places_give_no_finding(tmp_path, base, materials_of, kind):
    if kind == "pad elsewhere":
        edit_json(base / "vocab.json", lambda d: d.update({"<pad>": 5, LETTERS[2]: 0}))
        edit_json(base / "config.json", lambda d: d.update(pad_token_id=5))
        edit_json(base / "tokenizer_config.json", lambda d: d.update(added_tokens_decoder={}))
    elif kind == "with markers":
        base = save_base(tmp_path / "marked", [LETTERS + "xy"])
        edit_json(base / "vocab.json", lambda d: d.update({"<s>": d.pop("x"), "</s>": d.pop("y")}))
    assert not findings_of(materials_of(keep(base)))


def test_a_letter_that_train_lacks_is_a_warning_of_its_own(materials_of, tables):
    found = findings_of(materials_of(tables=with_text(tables, "test", ["ministar čita 12 zakona"])))
    assert [(finding.code, finding.severity) for finding in found] == [("characters_missing", "warning")]
    assert "train: 0 of 30" in found[0].measured and "train text" in found[0].fix
