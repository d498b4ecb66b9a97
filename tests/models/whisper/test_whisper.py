"""Whisper: prompt, labels, windows, loss, decoding, words, saving."""

import json
import shutil

import numpy as np
import pytest

from govor.config import ModelConfig, TextConfig
from govor.errors import ModelError, RecipeError
from govor.features import Example
from govor.models import DecodeOptions, new_model, open_model, sounds
from govor.models.base import EncoderWindows
from govor.models.whisper.words import first_frames, token_words
from govor.text import Normaliser
from tiny_families import make_whisper as make

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def family(tiny_whisper_files):
    return make(tiny_whisper_files)


def wave(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def example(family, seconds: float, text: str, seed: int = 0, name: str = "u") -> Example:
    features = family.features(wave(seconds, seed))
    labels = tuple(family.encode_text(text, "hr", seconds))
    return Example(name, features, labels, seconds, padding=family.extractor.padding(features))


def test_labels_are_prompt_text_end(family):
    labels = family.encode_text("čaša", "hr-HR")
    names = family.tokenizer.convert_ids_to_tokens(labels)
    assert names[:3] == ["<|hr|>", "<|transcribe|>", "<|notimestamps|>"] and names[-1] == "<|endoftext|>"
    assert "<|startoftranscript|>" not in names
    assert family.decode_text(labels) == "čaša"


def test_language_of_the_row_else_of_the_recipe(family):
    def named(language):
        return family.tokenizer.convert_ids_to_tokens(family.encode_text("a", language))[0]

    assert named("sv-SE") == "<|sv|>" and named(None) == "<|hr|>" and named("tw") == "<|hr|>"


def test_unknown_language_is_one_sentence(tiny_whisper_files):
    family = make(tiny_whisper_files)
    family.settings = {**family.settings, "language": None}
    with pytest.raises(ModelError, match="set \\[model\\] language"):
        family.encode_text("a", "tw")


def test_timestamps_are_looked_up(tiny_whisper_files):
    family = make(tiny_whisper_files, timestamps=True)
    names = family.tokenizer.convert_ids_to_tokens(family.encode_text("a", "hr", 2.345))
    assert names[2] == "<|0.00|>" and names[-2:] == ["<|2.34|>", "<|endoftext|>"]
    assert family.decode_text(family.encode_text("a b", "hr", 2.345)) == "a b"


def test_decoder_starts_once(family):
    batch = family.collate([example(family, 1.0, "ab"), example(family, 2.0, "abcdef")])
    starts, labels = batch.inputs["decoder_input_ids"], batch.labels
    assert (starts[:, 0] == family.prompt.start).all() and (starts == family.prompt.start).sum() == 2
    assert torch.equal(starts[1, 1:], labels[1, :-1]) and family.loss(batch)[1] == (labels >= 0).sum()


def test_features_in_the_batch_are_those_of_transformers(family):
    samples = wave(2.0)
    reference = family.feature_extractor(samples, sampling_rate=16_000, return_tensors="pt").input_features
    ours = family.collate([example(family, 2.0, "ab")]).inputs["input_features"]
    assert ours.shape == (1, 80, 3000)
    assert torch.allclose(ours, reference, atol=2e-4)


def test_short_windows_equal_sliced_positions(family):
    from transformers import WhisperForConditionalGeneration

    family.model.eval()
    batch = family.collate(
        [example(family, 2.0, "ab"), example(family, 2.31, "ab c")], EncoderWindows("short")
    )
    assert batch.inputs["input_features"].shape[-1] == 234
    with torch.no_grad():
        ours = family.model(**batch.inputs).logits
    assert family.model.config.max_source_positions == 1500
    config = type(family.model.config).from_dict(
        {**family.model.config.to_dict(), "max_source_positions": 117}
    )
    sliced = WhisperForConditionalGeneration(config).eval()
    state = family.model.state_dict()
    name = "model.encoder.embed_positions.weight"
    sliced.load_state_dict({**state, name: state[name][:117]})
    with torch.no_grad():
        assert torch.equal(ours, sliced(**batch.inputs).logits)


@pytest.mark.parametrize(("windows", "frames"), [("short", 234), ("full", 3000)])
def test_decoding_over_short_windows(family, windows, frames):
    """What training compares full windows with."""
    heard = []
    hook = family.model.get_encoder().conv1.register_forward_hook(
        lambda module, args, output: heard.append(args[0].shape[-1])
    )
    family.recognise(sounds([wave(2.31), wave(1.0)], "hr"), DecodeOptions(windows=windows))
    hook.remove()
    assert heard == [frames]


def test_windows_are_restored_after_a_failure(family):
    with pytest.raises(ValueError, match="even number"):
        family.model.get_encoder()(torch.zeros(1, 80, 101))
    with pytest.raises(RuntimeError):
        family.model.get_encoder()(torch.zeros(1, 79, 200))
    assert family.model.config.max_source_positions == 1500
    assert family.model.get_encoder().embed_positions.num_embeddings == 1500


def test_mixed_windows_are_a_seeded_share(family):
    mixed = EncoderWindows("mixed")
    frames = [
        family.collate([example(family, 1.0, "a", name=f"u{i}")], mixed).inputs["input_features"].shape[-1]
        for i in range(80)
    ]
    again = family.collate([example(family, 1.0, "a", name="u0")], mixed).inputs["input_features"].shape[-1]
    shares = []
    for share in (0.0, 0.1, 0.5, 1.0):
        windows = EncoderWindows("mixed", share)
        made = [family.collate([example(family, 1.0, "a", name=f"u{i}")], windows) for i in range(40)]
        shares.append([batch.inputs["input_features"].shape[-1] for batch in made].count(3000) / 40)
    assert set(frames) == {102, 3000} and 8 <= frames.count(3000) <= 36 and again == frames[0]
    assert shares[0] == 0 < shares[1] < 0.25 < shares[2] < 0.75 < shares[3] == 1


def test_loss_is_that_of_transformers(family):
    family.model.eval()
    batch = family.collate([example(family, 1.0, "ab"), example(family, 2.0, "abcdef")])
    total, units = family.loss(batch)
    with torch.no_grad():
        expected = family.model(input_features=batch.inputs["input_features"], labels=batch.labels).loss
    assert float(total.detach()) / units == pytest.approx(float(expected), rel=1e-5)


def test_what_does_not_fit_is_named(family):
    good, long_text = example(family, 1.0, "ab", name="ok"), example(family, 1.0, "a" * 500, name="text")
    long_wave = Example("wave", good.features, good.labels, 30.5)
    batch = family.collate([good, long_text, long_wave])
    assert batch.impossible == ["text", "wave"] and family.loss(batch)[1] == len(good.labels)
    assert torch.isfinite(family.loss(batch)[0])


def test_saved_folder_opens_everywhere(family, tmp_path):
    from transformers import AutoProcessor, pipeline

    family.save(tmp_path)
    assert not list(tmp_path.glob("*.bin")) and (tmp_path / "preprocessor_config.json").exists()
    AutoProcessor.from_pretrained(tmp_path)
    again = open_model(tmp_path, device="cpu")
    waves = [wave(1.0, 5), wave(1.5, 6)]
    ours = again.recognise(sounds(waves), DecodeOptions())
    assert ours == family.recognise(sounds(waves), DecodeOptions())
    pipe = pipeline("automatic-speech-recognition", model=str(tmp_path))
    heard = pipe(waves[0].copy(), generate_kwargs={"max_new_tokens": 20})["text"]
    theirs = family.tokenizer.encode(heard.strip())[:10]
    assert theirs == family.tokenizer.encode(ours[0].text)[:10]


def test_batch_says_what_each_alone_says(family):
    waves = [wave(0.4, 1), wave(1.5, 2), wave(0.9, 3)]
    together = family.recognise(sounds(waves, ["hr", "sv", None]), DecodeOptions())
    alone = [
        family.recognise(sounds([w], [language]), DecodeOptions())[0]
        for w, language in zip(waves, ["hr", "sv", None], strict=True)
    ]
    assert len(together[0].tokens) <= 16 + 50 * 0.4  # a longer wave beside it lets it write no more
    for one, other in zip(together, alone, strict=True):
        assert (one.text, one.tokens, one.language) == (other.text, other.tokens, other.language)
        assert one.confidence == pytest.approx(other.confidence, rel=1e-4)
    assert [h.language for h in together] == ["hr", "sv", "hr"]


def test_language_is_detected_when_nobody_says_it(family, tiny_whisper):
    opened = open_model(tiny_whisper, device="cpu")
    opened.settings = {**opened.settings, "language": None}
    (heard,) = opened.recognise(sounds([wave(0.3)]), DecodeOptions())
    assert heard.language in opened.prompt.languages


def test_long_waves_are_refused(family):
    with pytest.raises(ModelError, match="longer than the 30 s"):
        family.recognise(sounds([wave(30.5)]), DecodeOptions())


def test_words_cover_the_text(family):
    (heard,) = family.recognise(sounds([wave(1.0)]), DecodeOptions(words=True))
    assert " ".join(word.text for word in heard.words).split() == heard.text.split()
    assert all(0 <= word.start <= word.end <= 1.0 for word in heard.words)


def test_beam_search(family):
    assert len(family.recognise(sounds([wave(0.3)]), DecodeOptions(beam_size=3))) == 1


def test_path_is_found_in_a_matrix():
    cost = np.full((4, 12), 1.0)
    for row, columns in enumerate([(0, 3), (3, 4), (4, 9), (9, 12)]):
        cost[row, slice(*columns)] = 0.0
    assert first_frames(cost).tolist() == [0, 3, 4, 9]


def test_pieces_are_whole_characters(family):
    tokens = family.tokenizer(" čaša je", add_special_tokens=False).input_ids
    words = token_words(family.tokenizer, tokens, np.arange(len(tokens) + 1) * 0.1)
    assert [word.text for word in words] == ["čaša", "je"]
    assert words[0].end == words[1].start


@pytest.mark.parametrize("sizes", [{}, {"tokenizer": "/nowhere/at/all"}, {"d_modle": 3}])
def test_bad_recipes(sizes, tiny_whisper_files):
    if "d_modle" in sizes:
        sizes = {"tokenizer": str(tiny_whisper_files), **sizes}
    with pytest.raises((RecipeError, ModelError)):
        new_model(
            ModelConfig(from_scratch={"model_type": "whisper", **sizes}),
            normaliser=Normaliser(),
            train_texts=[],
            device="cpu",
        )


def test_real_tokenizer(shared_data):
    family = make(shared_data / "whisper-tiny-no-weights")
    labels = family.encode_text("Dobar dan, kako ste?", "hr")
    assert labels[:3] == [50291, 50359, 50363] and labels[-1] == 50257
    assert family.decode_text(labels) == "Dobar dan, kako ste?"
    assert family.prompt.timestamp(0.0) == 50364 and family.max_labels == 448


def test_a_pipeline_batches_a_saved_model_whose_base_had_no_pad_token(tiny_whisper_files, tmp_path):
    from transformers import AutoTokenizer, pipeline

    base = tmp_path / "base"
    shutil.copytree(tiny_whisper_files, base)
    path = base / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    del settings["pad_token"]
    path.write_text(json.dumps(settings))
    assert AutoTokenizer.from_pretrained(base).pad_token is None
    family = new_model(
        ModelConfig(from_scratch={"model_type": "whisper", "tokenizer": str(base)}),
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=[],
        language="hr",
        device="cpu",
        seed=1,
    )
    family.save(tmp_path / "saved")
    pipe = pipeline("automatic-speech-recognition", model=str(tmp_path / "saved"), device="cpu")
    random = np.random.default_rng(0)
    waves = [random.normal(0, 0.1, 16_000).astype(np.float32) for _ in range(3)]
    heard = pipe(waves, batch_size=2, generate_kwargs={"max_new_tokens": 4})
    assert len(heard) == 3
