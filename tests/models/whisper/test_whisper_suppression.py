"""What decoding rules out: released where train texts need it, set by a recipe, saved, taken everywhere."""

import dataclasses
import json

import numpy as np
import pytest

from govor.config import ModelConfig, TextConfig
from govor.errors import ModelError, RecipeError
from govor.models import DecodeOptions, new_model, open_model, sounds
from govor.models.base import prompt_in_words, prompt_of
from govor.models.build import resume_model
from govor.models.whisper.suppression import Suppression
from govor.text import Normaliser
from tiny_tokenizer import SYMBOLS, save_symbols_whisper_files

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return save_symbols_whisper_files(tmp_path_factory.mktemp("models") / "symbols")


def make(files, texts=(), **config):
    return new_model(
        ModelConfig(from_scratch={"model_type": "whisper", "tokenizer": str(files)}, **config),
        normaliser=Normaliser.of(TextConfig(rules=()), "hr"),
        train_texts=iter(texts),
        language="hr",
        device="cpu",
        seed=3,
        precision="fp32",
    )


def names(family, tokens):
    return {family.tokenizer.decode([token]) for token in tokens}


def suppressed(family):
    return names(family, family.suppression.always)


@pytest.mark.parametrize(
    ("texts", "released"),
    [
        ([], set()),
        (["moj ujak", "l'acqua e-mail"], set()),
        (["a - b", "c"], {" -", "--", " --"}),
        (["'S dim ots"], {" '"}),
        (['he said "no"'], {'"', ' "'}),
        (["f(x)"], {"(", ")", " ("}),
        (["♪ la"], {"♪", " ♪"}),
        (["a [b] -[c"], {" [", "[", "]", " -", "--", " --", "-["}),
    ],
)
def test_train_texts_release_their_symbols_and_no_other(files, texts, released):
    family = make(files, texts)
    assert suppressed(family) == set(SYMBOLS) - released
    assert family.settings["generation"]["released_tokens"] == sorted(
        {family.tokenizer(s, add_special_tokens=False).input_ids[0] for s in released}
    )
    for text in texts:
        assert family.suppression.undecodable(family.encode_text(text, "hr"), family.prompt) == []


def test_texts_that_are_empty_may_end_at_once(files):
    assert make(files, ["a"]).prompt.end in make(files, ["a"]).suppression.first
    family = make(files, ["a", "", "b"])
    assert family.prompt.end not in family.suppression.first
    assert family.suppression.undecodable(family.encode_text("", "hr"), family.prompt) == []


def test_undecodable_names_first_and_later_tokens(files):
    family = make(files)
    prompt, space = family.prompt, family.text_tokens.space
    letter = family.text_tokens("қ")
    plain = prompt.opening("hr", family.manner)[1:]
    dash = family.text_tokens("a - b")[1]

    def bad(tokens):
        return family.suppression.undecodable([*plain, *tokens, prompt.end], prompt)

    assert bad(letter) == [] and bad([space, *letter]) == [space] and bad([*letter, space, *letter]) == []
    assert bad([*letter, dash]) == [dash] and bad([]) == [prompt.end]
    assert bad([prompt.end, *letter]) == [prompt.end] == bad([*letter, prompt.end, *letter])
    assert bad([*letter, prompt.start]) == [prompt.start]
    assert bad([*letter, prompt.timestamp(1.0)]) == [prompt.timestamp(1.0)]


def test_a_recipe_sets_any_of_it(files):
    none = make(files, ["a"], generation={"suppress_tokens": [], "begin_suppress_tokens": []})
    assert none.suppression == Suppression(frozenset(), frozenset())
    kept = make(files, ["a - b"], generation={"suppress_tokens": "base"})
    assert suppressed(kept) == set(SYMBOLS)
    own = make(files, ["a - b"], generation={"suppress_tokens": [3, 5], "max_initial_timestamp_index": 9})
    assert own.suppression.always == {3, 5}
    assert own.model.generation_config.max_initial_timestamp_index == 9
    assert own.settings["generation"]["asked"] == {
        "suppress_tokens": [3, 5],
        "max_initial_timestamp_index": 9,
    }


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"suppress": []}, "no setting 'suppress'"),
        ({"suppress_tokens": ["♪"]}, "list of token ids"),
        ({"suppress_tokens": [10**6]}, "list of token ids"),
        ({"begin_suppress_tokens": 3}, "list of token ids"),
        ({"num_beams": 5}, "no setting 'num_beams'"),
        ({"max_initial_timestamp_index": 0.5}, "whole number"),
        ({"language": "sv"}, r"set \[model\] language"),
        ({"return_timestamps": True}, r"set \[model\] timestamps"),
    ],
)
def test_what_cannot_be_set_is_one_sentence(files, asked, says):
    with pytest.raises(RecipeError, match=says):
        make(files, generation=asked)


def test_generation_is_refused_for_ctc(tiny_ctc):
    with pytest.raises(RecipeError, match="write with a decoder"):
        new_model(
            ModelConfig(base=str(tiny_ctc), generation={"suppress_tokens": []}),
            normaliser=Normaliser(),
            train_texts=["a"],
            device="cpu",
        )


def test_it_is_saved_and_taken_up_again(files, tmp_path):
    family = make(files, ["a - b"])
    family.save(tmp_path)
    saved = json.loads((tmp_path / "generation_config.json").read_text())
    assert saved["suppress_tokens"] == sorted(family.suppression.always)
    assert saved["begin_suppress_tokens"] == sorted(family.suppression.first)
    assert open_model(tmp_path, device="cpu").suppression == family.suppression
    config = ModelConfig(base=str(files))
    assert resume_model(config, tmp_path, device="cpu", precision="fp32").suppression == family.suppression


def test_a_lora_run_continues_with_its_own_not_its_bases(files, tmp_path):
    make(files).save(tmp_path / "base")
    config = ModelConfig(base=str(tmp_path / "base"), lora={"r": 2})
    family = new_model(
        config,
        normaliser=Normaliser.of(TextConfig(rules=()), "hr"),
        train_texts=["a - b"],
        language="hr",
        device="cpu",
        precision="fp32",
    )
    assert " -" not in suppressed(family)
    family.save(tmp_path / "step")
    again = resume_model(config, tmp_path / "step", device="cpu", precision="fp32")
    assert (
        again.suppression == family.suppression
        and again.settings["generation"] == family.settings["generation"]
    )


def test_decoding_writes_what_is_released_and_nothing_else(files):
    """A model that wants to write dashes alone."""
    for texts, dashes in ((["a"], False), (["a - b"], True)):
        family = make(files, texts)
        dash = family.tokenizer(" -", add_special_tokens=False).input_ids[0]

        def wanting(module, args, output, dash=dash):
            output[..., dash] = 100.0
            return output

        family.model.proj_out.register_forward_hook(wanting)
        (heard,) = family.recognise(sounds([np.zeros(1600, np.float32)]), DecodeOptions())
        assert (dash in heard.tokens) == dashes


def test_the_prompt_says_what_is_suppressed(files, tmp_path):
    family = make(files, ["a - b"])
    told = prompt_of(family, DecodeOptions())
    assert told == {
        "language": "hr",
        "task": "transcribe",
        "timestamps": False,
        "previous_text": False,
        "suppressed_tokens": len(SYMBOLS) - 3,
        "suppression": "fitted to its train text: 3 released",
    }
    assert "3 released" in prompt_in_words(told) and "without timestamps" in prompt_in_words(told)
    family.save(tmp_path)
    (tmp_path / "govor.json").unlink()
    assert (
        prompt_of(open_model(tmp_path, device="cpu"), DecodeOptions())["suppression"]
        == "as the model was released"
    )


def test_most_texts_are_told_apart_without_encoding(files):
    family = make(files)
    suspect = family.suppression.suspicion(family.tokenizer, family.prompt)
    assert not any(map(suspect, ["moj ujak", "l'acqua", "e-mail", "šuma č", "қыз", "广州"]))
    assert all(map(suspect, ["a - b", "", "f(x)", "♪", "'s middags", "a <|en|> b"]))
    assert dataclasses.is_dataclass(family.suppression)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("suppress_tokens", [1, None]),
        ("begin_suppress_tokens", 220),
        ("alignment_heads", [[0]]),
        ("max_initial_timestamp_index", "50"),
    ],
)
def test_generation_settings_of_another_shape_are_said(files, tmp_path, field, value):
    make(files).save(tmp_path / "model")
    path = tmp_path / "model" / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(ModelError, match=rf"generation_config\.json is damaged .*{field}"):
        open_model(str(tmp_path / "model"), device="cpu")
