"""Real Whisper weights: skipped unless GOVOR_WEIGHTS names a folder with whisper-base and whisper-tiny-en."""

import os
from pathlib import Path

import numpy as np
import pytest

from govor.config import ModelConfig, TextConfig
from govor.features import Example
from govor.models import DecodeOptions, new_model, open_model, sounds
from govor.models.base import EncoderWindows, prompt_of
from govor.text import Normaliser

torch = pytest.importorskip("torch")

WEIGHTS = Path(os.environ.get("GOVOR_WEIGHTS", ""))
pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("GOVOR_WEIGHTS"),
        reason="GOVOR_WEIGHTS does not name a folder with Whisper weights",
    ),
    pytest.mark.slow,
]
STEPS = 12
TEXTS = {
    "zh": "今天的天气非常好",
    "te": "తోటలో పిల్లలు",
    "kk": "қыздар бақта - ойнап жүр",
    "cy": "'S dim ots - wir",
    "it": 'disse «no» e poi "forse" (mai)',
}


def base(name: str, texts=(), **config):
    return new_model(
        ModelConfig(base=str(WEIGHTS / name), **config),
        normaliser=Normaliser.of(TextConfig(rules=())),
        train_texts=texts,
        language=config.get("language"),
        device="cpu",
        precision="fp32",
    )


def wave(seed: int, seconds: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def learn(family, texts: dict[str, str]) -> None:
    """Learns one noise a text by heart, over short windows."""
    examples = []
    for seed, (language, text) in enumerate(texts.items()):
        features = family.features(wave(seed))
        tokens = family.label(text, language, 2.0).tokens
        examples.append(Example(language, features, tokens, 2.0, padding=family.extractor.padding(features)))
    batch = family.collate(examples, EncoderWindows("short"))
    trained = [p for p in family.model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=5e-5)
    family.model.eval()
    for _ in range(STEPS):
        loss, units = family.loss(batch)
        optimiser.zero_grad()
        (loss / units).backward()
        optimiser.step()


@pytest.mark.parametrize("timestamps", [False, True])
def test_what_is_learnt_is_what_comes_out(timestamps):
    """First tokens without a space, suppressed symbols, times."""
    family = base("whisper-base", TEXTS.values(), timestamps=timestamps)
    learn(family, TEXTS)
    options = DecodeOptions(windows="short")
    heard = family.recognise(sounds([wave(seed) for seed in range(len(TEXTS))], list(TEXTS)), options)
    assert [one.text for one in heard] == list(TEXTS.values())
    assert prompt_of(family, options)["timestamps"] == timestamps
    for one in heard:
        assert [span.text for span in one.spans] == ([one.text] if timestamps else [])
        assert all(span.start == 0 and span.end == pytest.approx(2.0, abs=0.1) for span in one.spans)


def test_an_english_only_model_has_its_own_tokens():
    texts = ['\'Tis late - he said "no" (twice)']
    family = base("whisper-tiny-en", texts)
    assert family.prompt.opening(None, family.manner) == [family.prompt.start, family.prompt.no_timestamps]
    assert family.suppression.undecodable(family.encode_text(texts[0]), family.prompt) == []
    names = {family.tokenizer.decode([t]) for t in family.settings["generation"]["released_tokens"]}
    assert {" '", " -", ' "', '"', " (", ")"} <= names and "♪" not in names and " [" not in names


def test_a_base_is_decoded_as_it_was_released():
    released = open_model(WEIGHTS / "whisper-base", device="cpu")
    assert prompt_of(released, DecodeOptions())["suppression"] == "as the model was released"
    assert prompt_of(released, DecodeOptions())["suppressed_tokens"] == 88


@pytest.mark.parametrize("name", ["whisper-base", "whisper-tiny-en"])
def test_a_folder_of_faster_whisper_is_prompted_as_the_original(name):
    """Its own ``lang_ids`` are one off where the model is for English alone."""
    pytest.importorskip("ctranslate2")
    if not (WEIGHTS / f"{name}-ct2").is_dir():
        pytest.skip(f"GOVOR_WEIGHTS holds no {name}-ct2")
    original, opened = (
        open_model(WEIGHTS / name, device="cpu"),
        open_model(WEIGHTS / f"{name}-ct2", device="cpu"),
    )
    fields = ("start", "end", "no_timestamps", "languages", "tasks", "previous")
    assert [getattr(opened.prompt, f) for f in fields] == [getattr(original.prompt, f) for f in fields]
    assert set(opened.settings["suppress_tokens"]) == set(original.suppression.always)
    assert set(opened.settings["begin_suppress_tokens"]) == set(original.suppression.first)
    assert opened.settings["vocabulary_size"] == original.model.config.vocab_size
    speech = sounds([wave(1, 1.0)], "en")
    assert (
        opened.recognise(speech, DecodeOptions())[0].tokens
        == original.recognise(speech, DecodeOptions())[0].tokens
    )
