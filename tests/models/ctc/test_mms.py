"""Checkpoints with a language in each adapter: the right one hears, and an unknown one is refused."""

import json

import numpy as np
import pytest

from govor.config import ModelConfig, TextConfig
from govor.errors import LanguageError, ModelError, RecipeError
from govor.models import DecodeOptions, new_model, open_model, sounds
from govor.models.base import Multilingual, require_language
from govor.models.ctc.languages import adapter_of, short_tag
from govor.text import Normaliser
from govor.transcribe.decoding import given_language

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

LETTERS = {"eng": "abc", "hrv": "čžšđ", "srp-script_latin": "lj", "srp-script_cyrillic": "љњ"}
KNOWN = [*LETTERS, "cmn-script_simplified", "swh", "hsb"]


def test_tags_and_codes():
    def of(tag):
        return adapter_of(tag, KNOWN, "m")

    assert of("hr") == of("hrv") == of("hr-HR") == "hrv"
    assert of("sr-Latn") == of("srp-script_latin") == "srp-script_latin"
    assert of("sr-Cyrl-RS") == "srp-script_cyrillic"
    assert of("zh") == of("zh-CN") == of("cmn") == "cmn-script_simplified" and of("sw") == "swh"
    assert [short_tag(code) for code in KNOWN] == ["en", "hr", "sr", "sr", "cmn", "swh", "hsb"]
    with pytest.raises(LanguageError, match="several scripts: name one of srp-script_cyrillic, srp-script_l"):
        of("sr")
    with pytest.raises(LanguageError, match="language 'hrx'; the nearest of its 7 are hrv"):
        of("hrx")


def tokens_of(letters):
    return {token: place for place, token in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *letters])}


@pytest.fixture(scope="module")
def mms(tmp_path_factory):
    """A random wav2vec2 whose head writes, whatever it hears, the last letter of the adapter's alphabet."""
    from safetensors.torch import save_file
    from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    folder = tmp_path_factory.mktemp("mms")
    torch.manual_seed(0)
    model = Wav2Vec2ForCTC(
        Wav2Vec2Config(
            **{"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
            **{"conv_dim": [16] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2},
            **{"feat_extract_norm": "layer", "do_stable_layer_norm": True, "adapter_attn_dim": 4},
            vocab_size=len(tokens_of(LETTERS["eng"])),
            pad_token_id=0,
        )
    )
    _say_last(model.lm_head)
    model.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({k: tokens_of(v) for k, v in LETTERS.items()}))
    tokenizer = Wav2Vec2CTCTokenizer(str(folder / "vocab.json"), target_lang="eng", pad_token="<pad>")
    tokenizer.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    for code in ("hrv", "srp-script_latin"):
        head = torch.nn.Linear(32, len(tokens_of(LETTERS[code])))
        _say_last(head)
        weights = {name: value.clone() for name, value in model._get_adapters().items()}
        weights |= {"lm_head.weight": head.weight.data, "lm_head.bias": head.bias.data}
        save_file(weights, folder / f"adapter.{code}.safetensors")
    return folder


def _say_last(head):
    head.weight.data.zero_()
    head.bias.data.zero_()
    head.bias.data[-1] = 5.0


def wave():
    return np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)


def test_every_sound_is_heard_in_its_own_language(mms):
    opened = open_model(mms, device="cpu")
    assert isinstance(opened, Multilingual)
    batch = sounds([wave()] * 4, ["hr", None, "sr-Latn", "hrv"])
    heard = opened.recognise(batch, DecodeOptions())
    assert [(one.text, one.language) for one in heard] == [("đ", "hr"), ("c", "en"), ("j", "sr"), ("đ", "hr")]
    for sound, expected in zip(batch, heard, strict=True):  # whatever was heard before it
        assert opened.recognise([sound], DecodeOptions()) == [expected]


def test_an_unknown_language_is_refused_with_the_nearest(mms):
    opened = open_model(mms, device="cpu")
    for refused in (
        lambda: opened.check_language("hrx"),
        lambda: opened.recognise(sounds([wave()], "hrx"), DecodeOptions()),
    ):
        with pytest.raises(LanguageError, match="'hrx'; the nearest of its 4 are hrv"):
            refused()
    opened.check_language(None)


def test_an_adapter_without_its_file_is_named(mms):
    opened = open_model(mms, device="cpu")
    with pytest.raises(ModelError, match=r"put adapter\.srp-script_cyrillic\.safetensors beside its weights"):
        opened.recognise(sounds([wave()], "sr-Cyrl"), DecodeOptions())
    assert opened.recognise(sounds([wave()]), DecodeOptions())[0].text == "c"


def new(mms, language, **config):
    return new_model(
        ModelConfig(base=str(mms), **config),
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=["čđ"],
        language=language,
        device="cpu",
    )


def test_training_begins_with_the_adapter_of_the_data(mms, tmp_path):
    family = new(mms, "hr")
    assert family.vocabulary.missing("čđ") == set() and family.vocabulary.missing("c") == {"c"}
    family.save(tmp_path / "model")
    opened = open_model(tmp_path / "model", device="cpu")
    assert opened.recognise(sounds([wave()]), DecodeOptions())[0].text == "đ"
    with pytest.raises(RecipeError, match="adapter = true"):
        new(mms, "fi")


def test_an_export_holds_one_language_and_says_so(mms):
    from govor.models.ctc.onnx import _settings

    opened = open_model(mms, device="cpu")
    assert _settings(opened, None)["language"] == "en"
    assert _settings(new(mms, "hr"), None)["language"] == "hr"


def test_nobody_chose_the_language_that_is_heard(mms, tmp_path, capsys):
    opened = open_model(mms, device="cpu")
    for asked in (None, given_language("one")):
        require_language(opened, asked)
        assert "does not tell languages apart and hears all in that of its weights" in capsys.readouterr().err
    require_language(opened, "hr")
    with pytest.raises(LanguageError, match="no adapter for the language 'fi'"):
        require_language(opened, "fi")
    new(mms, "hr").save(tmp_path / "trained")
    require_language(open_model(tmp_path / "trained", device="cpu"), None)
    assert not capsys.readouterr().err
