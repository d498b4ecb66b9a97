"""CTC: vocabulary, loss, decoding, words, saving."""

import json
from dataclasses import replace

import numpy as np
import pytest

from govor.config import ModelConfig, TextConfig
from govor.errors import ModelError, RecipeError
from govor.features import Example
from govor.models import DecodeOptions, new_model, open_model, resume_model, sounds
from govor.models.ctc.frames import collapse, repeats, words_of
from govor.models.ctc.vocabulary import build_vocabulary
from govor.text import Normaliser

torch = pytest.importorskip("torch")

SMALL = {
    "parakeet_ctc": {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "subsampling_factor": 4,
        "subsampling_conv_channels": 8,
    },
    "wav2vec2": {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "conv_dim": [16] * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 2,
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
    },
    "wav2vec2-bert": {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "feature_projection_input_dim": 160,
    },
}


def family_of(kind: str, texts=("ab cč", "ddd"), **config):
    return new_model(
        ModelConfig(from_scratch={"model_type": kind, **SMALL[kind]}, **config),
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=texts,
        language="hr",
        device="cpu",
        seed=3,
        precision="fp32",
    )


@pytest.fixture(scope="module", params=sorted(SMALL))
def family(request):
    return family_of(request.param)


def wave(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def example(family, seconds: float, text: str, seed: int = 0, name: str = "u") -> Example:
    features = family.features(wave(seconds, seed))
    return Example(name, features, tuple(family.encode_text(text)), seconds)


def test_vocabulary_comes_back():
    vocabulary = build_vocabulary(["ab č", "c a"])
    assert vocabulary.tokens == ("<pad>", "<unk>", "|", "a", "b", "c", "č")
    assert vocabulary.decode(vocabulary.encode("abc č")) == "abc č"
    assert vocabulary.missing("a x|") == {"x", "|"}
    assert vocabulary.encode("x") == [1]
    assert len(vocabulary.tokenizer) == 7


def test_transformers_keeps_the_delimiter_of_a_saved_model(tmp_path):
    """By itself it takes every delimiter for | when it opens a tokenizer."""
    from transformers import AutoTokenizer

    family = family_of("wav2vec2", texts=("ab |č",), delimiter="#")
    family.save(tmp_path)
    again = open_model(tmp_path, device="cpu")
    for tokenizer in (AutoTokenizer.from_pretrained(tmp_path), again.vocabulary.tokenizer):
        ids = tokenizer("ab |č").input_ids
        assert ids == family.encode_text("ab |č")
        assert tokenizer.decode(ids, group_tokens=False) == "ab |č"
    assert again.decode_text(ids) == "ab |č"


def test_a_delimiter_that_transformers_forgot_is_that_of_the_settings(tmp_path):
    """As models on the Hub have it."""
    family_of("wav2vec2", delimiter="#").save(tmp_path)
    path = tmp_path / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "word_delimiter_token": "#"}))
    opened = open_model(tmp_path, device="cpu")
    assert opened.delimiter == "#" and opened.decode_text(opened.encode_text("ab c")) == "ab c"


@pytest.mark.parametrize("texts", [[], [""], ["a|b"]])
def test_vocabulary_refuses(texts):
    with pytest.raises(ModelError):
        build_vocabulary(texts)


def test_collapse_merges_repeats_then_drops_blanks():
    best = np.array([0, 3, 3, 0, 3, 2, 4, 4, 0])
    runs = collapse(best, np.linspace(0.1, 0.9, 9).astype(np.float32), skipped=[0, 1])
    assert [(r.token, r.first, r.last) for r in runs] == [(3, 1, 2), (3, 4, 4), (2, 5, 5), (4, 6, 7)]
    words = words_of(runs, build_vocabulary(["ab"]), frame_s=0.04)
    assert [(w.text, round(w.start, 3), round(w.end, 3)) for w in words] == [
        ("aa", 0.04, 0.2),
        ("b", 0.24, 0.32),
    ]


def test_repeats():
    assert repeats([3, 3, 4, 4, 4]) == 3


def test_frames_agree_with_the_model(family):
    for seconds in (0.5, 1.23, 2.0):
        batch = family.collate([example(family, seconds, "ab")])
        with torch.inference_mode():
            logits = family.model.eval()(**batch.inputs).logits
        assert logits.shape[1] - int(batch.frames[0]) in (0, 1)
        assert family.label_frames(seconds) == int(batch.frames[0])


def test_padding_leaves_loss_and_text_unchanged(family):
    family.model.eval()
    short, long = example(family, 0.9, "ab c", 1), example(family, 2.1, "ddd", 2)
    alone, units = family.loss(family.collate([short]))
    other, _ = family.loss(family.collate([long]))
    both, two = family.loss(family.collate([short, long]))
    assert (units, two) == (1, 2)
    assert both.item() == pytest.approx(alone.item() + other.item(), rel=1e-3)
    options = DecodeOptions(words=True)
    waves = [wave(0.9, 1), wave(2.1, 2)]
    together = family.recognise(sounds(waves), options)
    assert [h.text for h in together] == [family.recognise(sounds([w]), options)[0].text for w in waves]


def test_labels_that_do_not_fit_are_named_and_left_out(family):
    family.model.train()
    fits, too_long = example(family, 1.0, "ab", 1, "fits"), example(family, 1.0, "d" * 60, 2, "long")
    batch = family.collate([fits, too_long])
    assert batch.impossible == ["long"]
    loss, units = family.loss(batch)
    loss.backward()
    assert units == 1 and torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in family.model.parameters() if p.grad is not None)


def test_loss_is_that_of_torch(family):
    family.model.eval()
    batch = family.collate([example(family, 1.5, "ab cč", 4)])
    with torch.no_grad():
        logits = family.model(**batch.inputs).logits
        frames = int(batch.frames[0])
        expected = torch.nn.functional.ctc_loss(
            logits[0, :frames].log_softmax(-1),
            batch.labels[0],
            torch.tensor(frames),
            torch.tensor(batch.labels.shape[1]),
        )
        assert float(family.loss(batch)[0]) == pytest.approx(float(expected), rel=1e-4)


def test_saved_folder_opens_everywhere(family, tmp_path):
    from transformers import AutoModelForCTC, AutoProcessor, pipeline

    family.save(tmp_path)
    assert not list(tmp_path.glob("*.bin")) and (tmp_path / "preprocessor_config.json").exists()
    AutoModelForCTC.from_pretrained(tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    assert processor.tokenizer.get_vocab() == {t: i for i, t in enumerate(family.vocabulary.tokens)}
    again = open_model(tmp_path, device="cpu")
    waves = [wave(1.0, 5), wave(2.5, 6)]
    assert again.normaliser == family.normaliser
    ours = again.recognise(sounds(waves), DecodeOptions())
    assert ours == family.recognise(sounds(waves), DecodeOptions())
    heard = pipeline("automatic-speech-recognition", model=str(tmp_path))(waves[1].copy())
    assert heard["text"].replace("<unk>", "").split() == ours[1].text.split()


def test_resumed_weights_are_the_same(family, tmp_path):
    family.save(tmp_path)
    again = resume_model(ModelConfig(from_scratch={"model_type": "x"}), tmp_path, device="cpu")
    pairs = zip(family.model.named_parameters(), again.model.named_parameters(), strict=True)
    for (name, one), (same, other) in pairs:
        assert name == same and torch.equal(one, other) and one.requires_grad == other.requires_grad


def test_log_probs(family):
    (scores,) = family.log_probs([wave(1.0)])
    assert scores.shape == (family.label_frames(1.0), len(family.vocabulary.tokens))
    assert np.allclose(np.exp(scores).sum(1), 1, atol=1e-4)


def test_very_short_waves(family):
    texts = family.recognise(sounds([wave(0.0), wave(0.001), wave(0.02)]), DecodeOptions(words=True))
    assert len(texts) == 3 and texts[0].text == ""


def test_new_weights_come_from_the_seed_alone():
    before = torch.get_rng_state()
    one, other = family_of("parakeet_ctc"), family_of("parakeet_ctc")
    assert torch.equal(before, torch.get_rng_state())
    for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_model_spec_augment_hangs_on_the_draw_alone():
    family = new_model(
        ModelConfig(from_scratch={"model_type": "wav2vec2", **SMALL["wav2vec2"], "mask_time_prob": 0.5}),
        normaliser=Normaliser(),
        train_texts=["ab"],
        device="cpu",
    )
    family.model.train()
    batch = family.collate([example(family, 2.0, "ab")])
    np.random.seed(0)
    one = float(family.loss(replace(batch, draw=7))[0].detach())
    np.random.rand(5)
    assert float(family.loss(replace(batch, draw=7))[0].detach()) == one
    assert float(family.loss(replace(batch, draw=8))[0].detach()) != one


def test_unknown_sizes_name_the_nearest():
    with pytest.raises(RecipeError, match="hidden_size"):
        new_model(
            ModelConfig(from_scratch={"model_type": "parakeet_ctc", "hiden_size": 3}),
            normaliser=Normaliser(),
            train_texts=["a"],
            device="cpu",
        )


def test_missing_model_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="not a model's folder"):
        open_model(tmp_path / "nothing")
    with pytest.raises(ModelError, match="no model"):
        open_model(tmp_path)


def test_run_folder_opens_its_model(tiny_ctc, tmp_path):
    (tmp_path / "model").symlink_to(tiny_ctc)
    assert open_model(tmp_path, device="cpu").describe()["vocabulary"] == 34
