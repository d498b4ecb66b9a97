"""Fault 3: Whisper's start, language, task and timestamp tokens, label limits, English-only models."""

from __future__ import annotations

import types
from dataclasses import replace

import polars as pl
import pytest
from preflight_parts import edit_json, recipe_with

from govor.errors import ModelError
from govor.models.base import FULL
from govor.preflight.checks.learning import describe
from govor.preflight.checks.lengths import labels_fit_the_decoder
from govor.preflight.checks.vocabulary import the_models_own_checks_pass, transcripts_come_back
from tiny_tokenizer import save_symbols_whisper_files


@pytest.fixture
def whisper(tiny_whisper_files, materials_of):
    """Materials of a tiny Whisper model; settings of [model] can be given."""

    def make(tables=None, files=tiny_whisper_files, **model):
        scratch = {"model_type": "whisper", "tokenizer": str(files)}
        return materials_of(recipe_with(model={"from_scratch": scratch, **model}), tables)

    return make


@pytest.fixture
def files(tiny_whisper_files, tmp_path):
    """A copy of the model's files, to be tampered with."""
    import shutil

    return shutil.copytree(tiny_whisper_files, tmp_path / "files")


def own(made):
    return list(the_models_own_checks_pass(made.family, made.tables, made.language, made.recipe))


def codes(findings):
    return [finding.code for finding in findings]


def encoding(family, change):
    encode = family.encode_text

    def changed(self, text, language=None, seconds=None):
        return change(list(encode(text, language)))

    family.encode_text = types.MethodType(changed, family)


def with_language(tables, *tags):
    return {
        split: t.with_columns(pl.Series("language", [tags[i % len(tags)] for i in range(t.height)]))
        for split, t in tables.items()
    }


def test_a_clean_whisper_gives_no_finding(whisper):
    made = whisper()
    assert not own(made)
    assert not list(transcripts_come_back(made.family, made.labels, made.normaliser, made.facts))


@pytest.mark.parametrize("kind", ["start token in the labels", "never started", "model starts with another"])
def test_start_tokens_twice_or_never_are_found(whisper, kind):
    made = whisper()
    family = made.family
    if kind == "start token in the labels":
        encoding(family, lambda tokens: [family.prompt.start, *tokens])
    elif kind == "never started":
        collate = family.collate

        def shifted(self, examples, windows=FULL):
            batch = collate(examples, windows)
            return replace(batch, inputs={**batch.inputs, "decoder_input_ids": batch.labels.clamp(min=0)})

        family.collate = types.MethodType(shifted, family)
    else:
        family.model.config.decoder_start_token_id = family.prompt.end
    found = own(made)
    assert codes(found) == ["start_token"] and "exactly one" in found[0].limit


@pytest.mark.parametrize("kind", ["wrong in the labels", "missing", "decoding told another", "wrong setting"])
def test_wrong_and_missing_language_tokens_are_found(whisper, tables, kind):
    made = whisper()
    if kind == "wrong in the labels":
        encoding(made.family, lambda tokens: [made.family.prompt.languages["sv"], *tokens[1:]])
    elif kind == "missing":
        encoding(made.family, lambda tokens: tokens[1:])
    elif kind == "decoding told another":
        made = whisper(language="sv")
    else:
        made = whisper(with_language(tables, None), language="sv")
        made.tables["train"] = made.tables["train"].with_columns(language=pl.lit("hr"))
    found = own(made)
    assert codes(found) == ["language_token"] and "[model] language = 'hr'" in found[0].fix


@pytest.mark.parametrize("kind", ["a region", "two languages", "the recipe's own"])
def test_right_language_tokens_give_no_finding(whisper, tables, kind):
    made = {
        "a region": lambda: whisper(with_language(tables, "hr-HR")),
        "two languages": lambda: whisper(with_language(tables, "hr", "sv-SE")),
        "the recipe's own": lambda: whisper(with_language(tables, None), language="hr"),
    }[kind]()
    assert not own(made)


def test_a_language_that_the_model_lacks_is_trained_under_another_ones_token(whisper, tables):
    assert not own(whisper(with_language(tables, "tw"), language="sv"))
    made = whisper(with_language(tables, "tw"), language="sv")
    encoding(made.family, lambda tokens: tokens[1:])
    (found,) = own(made)
    assert found.code == "language_token" and "related" in found.fix and "'tw'" not in found.fix


@pytest.mark.parametrize("kind", ["translate", "missing", "translate in the labels alone"])
def test_wrong_and_missing_task_tokens_are_found(whisper, kind):
    made = whisper(task="translate") if kind == "translate" else whisper()
    tasks = made.family.prompt.tasks
    if kind == "missing":
        encoding(made.family, lambda tokens: [t for t in tokens if t not in tasks.values()])
    elif kind != "translate":
        encoding(
            made.family,
            lambda tokens: [tasks["translate"] if t == tasks["transcribe"] else t for t in tokens],
        )
    found = own(made)
    assert codes(found) == ["task_token"] and "transcribe" in found[0].fix


@pytest.mark.parametrize("kind", ["some rows with", "begin without end", "decoding alone"])
def test_timestamps_half_on_are_found(whisper, kind):
    made = whisper()
    prompt = made.family.prompt
    turn = iter(range(10_000))
    if kind == "some rows with":
        encoding(made.family, lambda tokens: _timed(prompt, tokens) if next(turn) % 2 else tokens)
    elif kind == "begin without end":
        encoding(made.family, lambda tokens: [*tokens[:3], prompt.timestamp(0.0), *tokens[3:]])
    else:
        made.family.settings["timestamps"] = True
        encoding(made.family, lambda tokens: tokens)
    found = own(made)
    assert codes(found) == ["timestamps_mixed"] and "[model] timestamps" in found[0].fix


def _timed(prompt, tokens):
    words = [t for t in tokens[2:-1] if t != prompt.no_timestamps]
    return [*tokens[:2], prompt.timestamp(0.0), *words, prompt.timestamp(1.5), prompt.end]


@pytest.mark.parametrize("kind", ["all with", "all without", "switched off in decoding"])
def test_timestamps_all_on_or_off_give_no_finding(whisper, kind):
    made = whisper()
    if kind == "all with":
        made = whisper(timestamps=True)
    if kind == "switched off in decoding":
        made.family.model.generation_config.return_timestamps = False
    assert not own(made)


def long_text(tables, letters):
    texts = ["a" * letters, *tables["train"]["text"].to_list()[1:]]
    return {**tables, "train": tables["train"].with_columns(pl.Series("text", texts))}


def over(made):
    return list(labels_fit_the_decoder(made.family, made.labels))


@pytest.mark.parametrize("beyond", [1, 30, 400])
def test_labels_over_the_decoders_limit_are_found(whisper, tables, beyond):
    made = whisper(tables)
    room = made.family.max_labels - len(made.family.encode_text("a")) + 1
    found = over(whisper(long_text(tables, room + beyond)))
    assert codes(found) == ["very_long_text"]
    assert f"at most {made.family.max_labels}" in found[0].limit and found[0].samples[0].startswith("train00")


@pytest.mark.parametrize("short_by", [0, 1, 100])
def test_labels_within_the_limit_give_no_finding(whisper, tables, short_by):
    made = whisper(tables)
    room = made.family.max_labels - len(made.family.encode_text("a")) + 1
    assert not over(whisper(long_text(tables, room - short_by)))


def test_texts_that_the_decoder_cannot_hold_are_no_fault_of_its_tokens(whisper, tables):
    assert not own(whisper(long_text(tables, 600)))


def english_only(files):
    edit_json(files / "generation_config.json", lambda d: (d.pop("lang_to_id"), d.pop("task_to_id", None)))
    return files


@pytest.mark.parametrize("kind", ["Croatian data", "translate asked for", "languages listed all the same"])
def test_multilingual_settings_on_an_english_model_are_found(whisper, files, tables, kind):
    if kind == "languages listed all the same":
        edit_json(files / "generation_config.json", lambda d: d.update(is_multilingual=False))
        made = whisper(with_language(tables, "en"), files)
    elif kind == "translate asked for":
        made = whisper(with_language(tables, "en"), english_only(files), task="translate")
    else:
        made = whisper(tables, english_only(files))
    found = own(made)
    assert "english_only_model" in codes(found) and ".en" in found[0].fix


@pytest.mark.parametrize("tags", [("en",), ("en-GB", "en-US"), (None,)])
def test_an_english_model_with_english_gives_no_finding(whisper, files, tables, tags):
    assert not own(whisper(with_language(tables, *tags), english_only(files)))


def test_suppressed_letters_are_found(whisper):
    made = whisper()
    made.family.model.generation_config.suppress_tokens = made.family.tokenizer.encode(
        "n", add_special_tokens=False
    )
    found = own(made)
    assert codes(found) == ["decoding_settings"] and "suppress_tokens" in found[0].where


@pytest.mark.parametrize(
    ("timestamps", "spare", "fits"), [(False, 0, True), (True, 0, False), (True, 1, True)]
)
def test_times_of_labels_are_counted(whisper, tables, timestamps, spare, fits):
    """Begin and end take two places, one more than no-timestamps."""
    room = 448 - len(["language", "task", "no timestamps", "end"])
    made = whisper(long_text(tables, room - spare), timestamps=timestamps)
    assert made.labels["train"]["tokens"].max() == 448 - spare + timestamps
    assert (over(made) == []) == fits


@pytest.fixture
def symbols(tmp_path):
    return save_symbols_whisper_files(tmp_path / "symbols")


def ending(tables, mark, *splits):
    """The tables, `mark` behind every text of some splits."""
    return {
        split: table.with_columns(pl.col("text") + (mark if split in splits else ""))
        for split, table in tables.items()
    }


RAW = {"rules": []}


def fitted(materials_of, files, tables, **model):
    scratch = {"model_type": "whisper", "tokenizer": str(files)}
    return materials_of(recipe_with(model={"from_scratch": scratch, **model}, text=RAW), tables)


def test_symbols_of_train_texts_are_no_fault(materials_of, symbols, tables):
    everywhere = ending(tables, ' - "da" (ne)', "train", "dev", "test")
    assert not own(fitted(materials_of, symbols, everywhere))


def test_symbols_that_only_test_has_are_a_warning(materials_of, symbols, tables):
    (found,) = own(fitted(materials_of, symbols, ending(tables, " - da", "test")))
    assert (found.code, found.severity) == ("decoding_settings", "warning")
    assert "10 of 20" in found.measured and "suppress_tokens = []" in found.fix


def test_what_the_recipe_suppresses_is_an_error_that_names_it(materials_of, symbols, tables):
    marked = ending(tables, " - da", "train", "dev")
    (found,) = own(fitted(materials_of, symbols, marked, generation={"suppress_tokens": "base"}))
    assert (found.code, found.severity) == ("decoding_settings", "error")
    assert "[model] generation (suppress_tokens)" in found.fix and "30 of 30" in found.measured
    assert not own(fitted(materials_of, symbols, marked, generation={"suppress_tokens": []}))


def test_a_tokenizer_of_another_model_is_refused_by_name(whisper, files):
    edit_json(files / "generation_config.json", lambda d: d.update(decoder_start_token_id=5))
    with pytest.raises(ModelError, match="start token"):
        _ = whisper(files=files).family


def test_the_real_tokenizer_gives_no_finding(shared_data, materials_of):
    sizes = {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 1,
        "decoder_attention_heads": 1,
    }
    scratch = {"model_type": "whisper", "tokenizer": str(shared_data / "whisper-tiny-no-weights"), **sizes}
    made = materials_of(recipe_with(model={"from_scratch": scratch}))
    assert not own(made)
    assert not list(transcripts_come_back(made.family, made.labels, made.normaliser, made.facts))


def test_on_a_cpu_one_batch_is_practised_over_short_windows(whisper):
    made = whisper()
    made.budget.total_s = 2.0
    assert made.practice.windows == "short"
    assert made.practice.losses and "short encoder windows" in describe(made.practice)
