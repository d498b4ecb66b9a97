"""Silero's network: quiet for what nobody says, sure of speech however quiet, the same in any blocks."""

import numpy as np
import pytest
import soxr

from govor.audio.voice import CHUNK, LISTENED_S, RATE, SpeechStream, VoiceShare, open_voice
from govor.espeak import synthesise
from govor.transcribe.speech import runs, voiced_frames

needs_weights = pytest.mark.skipif(open_voice(RATE) is None, reason="silero-vad is not installed")


def heard(samples, size=100_000):
    voice = open_voice(RATE)
    for i in range(0, len(samples), size):
        voice.hear(samples[i : i + size].astype(np.float32))
    return voice.chunks


@pytest.fixture(scope="module")
def speech():
    said = synthesise("the quick brown fox jumps over the lazy dog and runs away", "en")
    samples = soxr.resample(said.samples, said.sample_rate, RATE)
    return np.concatenate([np.zeros(RATE), samples, np.zeros(RATE)]).astype(np.float32)


def sounds():
    random, seconds = np.random.default_rng(1), np.arange(10 * RATE) / RATE
    yield np.zeros(10 * RATE)
    yield random.normal(0, 0.1, 10 * RATE)
    yield random.normal(0, 1e-4, 10 * RATE)
    yield 0.2 * np.sin(2 * np.pi * 50 * seconds) + random.normal(0, 0.003, 10 * RATE)


@needs_weights
def test_nobody_speaks_in_noise_and_hum():
    for samples in sounds():
        assert not voiced_frames(heard(samples)).any()


@needs_weights
@pytest.mark.parametrize("level_db", [0, -30, -50])
def test_speech_is_heard_at_any_level(speech, level_db):
    chunks = heard(speech * 10 ** (level_db / 20))
    voiced = voiced_frames(chunks)
    seconds = len(speech) / RATE - 2
    assert voiced.sum() * CHUNK / RATE > 0.9 * seconds
    assert not voiced[:15].any() and not voiced[-10:].any()


@needs_weights
def test_the_size_of_blocks_changes_nothing(speech):
    np.testing.assert_allclose(heard(speech, 333), heard(speech), atol=1e-5)


@needs_weights
def test_numpy_computes_what_torch_does(speech):
    """The package's own network, with the weights of its other file."""
    torch = pytest.importorskip("torch")
    from importlib.util import find_spec
    from pathlib import Path

    from govor.audio import voice as module

    (folder,) = find_spec("silero_vad").submodule_search_locations
    theirs = torch.jit.load(Path(folder) / "data" / "silero_vad.jit")
    names = {"stft.forward_basis_buffer": "stft_conv.weight", "decoder.decoder.2.": "final_conv."}
    names |= {f"encoder.{i}.reparam_conv.": f"conv{i + 1}." for i in range(4)}
    names |= {"decoder.rnn.": "lstm_cell."}
    weights = {}
    for key, value in theirs.state_dict().items():
        name = key.removeprefix("_model.")
        for old, new in names.items():
            if key.startswith("_model.") and name.startswith(old):
                weights[name.replace(old, new)] = value.numpy()
    ours = SpeechStream(weights)
    loud = (0.3 * speech / np.abs(speech).max()).astype(np.float32)
    ours._gains = lambda samples: np.ones(len(samples) // CHUNK, np.float32)
    ours.hear(loud)
    with torch.inference_mode():
        rows = torch.from_numpy(loud[: len(ours.chunks) * CHUNK].reshape(-1, CHUNK))
        expected = [float(theirs(row, RATE)) for row in rows]
    np.testing.assert_allclose(ours.chunks, expected, atol=1e-4)
    assert module.NAME.startswith("silero")


def test_what_may_be_speech_goes_with_what_is_and_a_click_alone_does_not():
    p = np.zeros(100, np.float32)
    p[20:40], p[30] = 0.15, 0.9
    p[60:70] = 0.15
    assert runs(voiced_frames(p)) == [(16, 44)]


def test_a_rate_that_is_not_its_own_has_no_detector():
    assert open_voice(8_000) is None


@needs_weights
def test_a_listener_tells_the_share_of_speech_at_any_rate(speech):
    shares = []
    for samples, rate in ((speech, RATE), (soxr.resample(speech, RATE, 44_100), 44_100)):
        listener = VoiceShare(rate)
        for i in range(0, len(samples), 10_000):
            listener.add(samples[i : i + 10_000])
        shares.append(listener.share)
    spoken_s = len(speech) / RATE - 2
    assert shares == pytest.approx([spoken_s / (spoken_s + 2)] * 2, abs=0.15)


@needs_weights
def test_a_listener_hears_the_beginning_alone():
    listener = VoiceShare(RATE)
    for _ in range(round(LISTENED_S) + 5):
        listener.add(np.zeros(RATE, np.float32))
    assert len(listener._voice.chunks) <= LISTENED_S * RATE / CHUNK
    assert listener.share == 0.0 and VoiceShare(RATE).share is None
