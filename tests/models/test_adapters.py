"""What is trained: LoRA, frozen parts, MMS adapters; saved merged, taken up again exactly."""

import numpy as np
import pytest

from govor.config import ModelConfig
from govor.errors import ModelError, RecipeError
from govor.features import Example
from govor.models import DecodeOptions, new_model, open_model, resume_model, sounds
from govor.models.base import EncoderWindows
from govor.text import Normaliser

torch = pytest.importorskip("torch")


def start(base, **config):
    return new_model(
        ModelConfig(base=str(base), **config),
        normaliser=Normaliser(),
        train_texts=["ab cč"],
        language="hr",
        device="cpu",
        precision="fp32",
    )


def train_a_little(family, steps=3):
    draw = np.random.default_rng(0)
    waves = [draw.normal(0, 0.1, 16_000).astype(np.float32) for _ in range(2)]
    examples = [
        Example(f"u{i}", family.features(w), tuple(family.encode_text("ab a", "hr")), 1.0)
        for i, w in enumerate(waves)
    ]
    wanted = [p for p in family.model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(wanted, lr=1e-2)
    family.model.train()
    for _ in range(steps):
        total, units = family.loss(family.collate(examples, EncoderWindows("short")))
        (total / units).backward()
        optimiser.step()
        optimiser.zero_grad()
    family.model.eval()
    return waves


SIZES = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
FAMILIES = {
    "wav2vec2": {
        **SIZES,
        "conv_dim": [16] * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2,
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
    },
    "wav2vec2-bert": {**SIZES, "feature_projection_input_dim": 160},
}


@pytest.fixture(scope="module", params=["tiny_ctc", "tiny_whisper", *FAMILIES])
def base(request, tmp_path_factory):
    """A folder of each family."""
    kind = request.param
    if kind not in FAMILIES:
        return request.getfixturevalue(kind)
    scratch = {"model_type": kind, **FAMILIES[kind], "mask_time_prob": 0.0}
    folder = tmp_path_factory.mktemp("family")
    new_model(
        ModelConfig(from_scratch=scratch),
        normaliser=Normaliser(),
        train_texts=["abcč d"],
        language="hr",
        device="cpu",
    ).save(folder)
    return folder


def test_lora_trains_little_and_is_saved_merged(base, tmp_path):
    family = start(base, lora={"r": 2})
    facts = family.describe()
    assert facts["trainable_parameters"] < 0.35 * facts["parameters"]
    waves = train_a_little(family)
    before = {name: p.clone() for name, p in family.model.named_parameters()}
    family.save(tmp_path)
    assert all(torch.equal(p, before[name]) for name, p in family.model.named_parameters())
    opened = open_model(tmp_path, device="cpu")
    assert opened.describe()["parameters"] < facts["parameters"]
    assert [h.tokens for h in opened.recognise(sounds(waves), DecodeOptions())] == [
        h.tokens for h in family.recognise(sounds(waves), DecodeOptions())
    ]
    plain = open_model(base, device="cpu").recognise(sounds(waves), DecodeOptions())
    assert [h.confidence for h in plain] != [
        h.confidence for h in opened.recognise(sounds(waves), DecodeOptions())
    ]


def test_lora_is_taken_up_exactly(base, tmp_path):
    family = start(base, lora={"r": 2})
    train_a_little(family)
    family.save(tmp_path)
    again = resume_model(ModelConfig(base=str(base), lora={"r": 2}), tmp_path, device="cpu")
    one, other = dict(family.model.named_parameters()), dict(again.model.named_parameters())
    assert one.keys() == other.keys()
    buffers = dict(again.model.named_buffers())
    assert all(torch.equal(b, buffers[name]) for name, b in family.model.named_buffers())
    for name, parameter in one.items():
        assert torch.equal(parameter, other[name]), name
        assert parameter.requires_grad == other[name].requires_grad, name


def test_lora_is_not_taken_up_on_another_base(base, tmp_path):
    """A folder written over, or a Hub model that moved on, has other weights under the same name."""
    family = start(base, lora={"r": 2})
    train_a_little(family)
    family.save(tmp_path / "saved")
    other = start(base)
    train_a_little(other)
    other.save(tmp_path / "other")
    config = ModelConfig(base=str(tmp_path / "other"), lora={"r": 2})
    with pytest.raises(ModelError, match="was trained on another base than the one"):
        resume_model(config, tmp_path / "saved", device="cpu")


def test_freezing_takes_numbers_whole(wav2vec2_base):
    family = start(wav2vec2_base, settings={"num_hidden_layers": 11}, freeze=("wav2vec2.encoder.layers.1",))
    frozen = {n for n, p in family.model.named_parameters() if not p.requires_grad}
    assert {n.split(".")[3] for n in frozen if ".encoder.layers." in n} == {"1"}


def test_freezing_by_prefix(tiny_ctc):
    family = start(tiny_ctc, freeze=("encoder.subsampling", "encoder.layers.0"))
    frozen = {n for n, p in family.model.named_parameters() if not p.requires_grad}
    assert frozen and all(n.startswith(("encoder.subsampling", "encoder.layers.0")) for n in frozen)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"freeze": ("nothing",)}, "no parameter starts with 'nothing'"),
        ({"freeze": ("encoder", "ctc_head")}, "nothing to train"),
        ({"lora": {"rank": 2}}, "no setting 'rank'"),
        ({"lora": {"targets": ["query"]}}, "modules are called"),
        ({"adapter": True}, "no language adapters"),
        ({"from_scratch": {"model_type": "parakeet_ctc"}}, "both base and from_scratch"),
    ],
)
def test_settings_that_name_nothing(tiny_ctc, config, message):
    with pytest.raises(RecipeError, match=message):
        start(tiny_ctc, **config)


@pytest.fixture(scope="module")
def wav2vec2_base(tmp_path_factory):
    """A pretrained-only wav2vec2: no head, no tokenizer, as XLS-R comes."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForPreTraining

    config = Wav2Vec2Config(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=[16] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        codevector_dim=16,
        proj_codevector_dim=16,
        num_codevectors_per_group=8,
    )
    folder = tmp_path_factory.mktemp("base")
    Wav2Vec2ForPreTraining(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    return folder


def test_pretrained_base_gets_a_head_and_a_vocabulary(wav2vec2_base, tmp_path):
    family = start(wav2vec2_base)
    assert family.vocabulary.tokens == ("<pad>", "<unk>", "|", "a", "b", "c", "č")
    frozen = {n for n, p in family.model.named_parameters() if not p.requires_grad}
    assert frozen and all(n.startswith("wav2vec2.feature_extractor") for n in frozen)
    family.save(tmp_path)
    assert open_model(tmp_path, device="cpu").vocabulary.tokens == family.vocabulary.tokens


def test_new_head_comes_from_the_seed(wav2vec2_base):
    one, other = start(wav2vec2_base), start(wav2vec2_base)
    assert torch.equal(one.model.lm_head.weight, other.model.lm_head.weight)


def test_kept_vocabulary_is_the_base_s(tiny_ctc):
    assert len(start(tiny_ctc).vocabulary.tokens) == 34
    assert len(start(tiny_ctc, vocabulary="build").vocabulary.tokens) == 7


def test_language_adapter_trains_alone(wav2vec2_base, tmp_path):
    family = start(wav2vec2_base, adapter=True)
    trained = {n for n, p in family.model.named_parameters() if p.requires_grad}
    assert trained and all("adapter_layer" in n or n.startswith("lm_head") for n in trained)
    waves = train_a_little(family)
    family.save(tmp_path)
    opened = open_model(tmp_path, device="cpu")
    assert opened.recognise(sounds(waves), DecodeOptions()) == family.recognise(
        sounds(waves), DecodeOptions()
    )


def test_language_adapter_gets_its_own_vocabulary(wav2vec2_base, tmp_path):
    start(wav2vec2_base).save(tmp_path)
    family = new_model(
        ModelConfig(base=str(tmp_path), adapter=True),
        normaliser=Normaliser(),
        train_texts=["xyz"],
        language="cy",
        device="cpu",
    )
    assert family.vocabulary.tokens[3:] == ("x", "y", "z")


def test_settings_of_the_base_can_be_changed(wav2vec2_base):
    family = start(wav2vec2_base, settings={"attention_dropout": 0.0, "mask_time_prob": 0.0})
    assert family.model.config.attention_dropout == 0.0


def test_loss_falls_when_trained(base):
    family = start(base)
    draw = np.random.default_rng(0)
    wave = draw.normal(0, 0.1, 16_000).astype(np.float32)
    labels = tuple(family.encode_text("abc", "hr"))
    batch = family.collate([Example("u", family.features(wave), labels, 1.0)])
    first = family.loss(batch)[0].item()
    train_a_little(family, steps=10)
    assert family.loss(batch)[0].item() < first
