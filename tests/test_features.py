"""Our log-mels against the feature extractors of transformers."""

import numpy as np
import pytest

from govor.features import LogMelSpec, WaveSpec, mel_filters

transformers = pytest.importorskip("transformers")

LENGTHS = [123, 400, 1_600, 24_000, 73_111]


def wave_of(samples: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    times = np.arange(samples) / 16_000
    tones = sum(np.sin(2 * np.pi * hz * times) * 0.1 for hz in (180, 523, 2_900))
    return (tones * np.hanning(samples) + rng.normal(0, 0.01, samples)).astype(np.float32)


@pytest.mark.parametrize("mels", [80, 128])
@pytest.mark.parametrize("samples", [*LENGTHS, 479_700, 479_990, 480_000])
def test_range_log_mel_equals_the_padded_window(mels: int, samples: int) -> None:
    from govor.models.extractors import extractor_of

    reference = transformers.WhisperFeatureExtractor(feature_size=mels)
    wave = wave_of(samples)
    expected = reference(wave, sampling_rate=16_000, return_tensors="np").input_features[0].T
    spec = extractor_of(reference)
    frames = spec(wave)
    assert frames.shape[0] == spec.frames(samples)
    assert np.abs(frames - expected[: len(frames)]).max() < 2e-4
    if len(frames) < len(expected):
        assert np.abs(expected[len(frames) :] - spec.padding(frames)).max() < 2e-4


def test_silence_is_the_floor() -> None:
    spec = LogMelSpec(limit_samples=480_000)
    frames = spec(np.zeros(8_000, np.float32))
    assert np.allclose(frames, -1.5)
    assert spec.padding(frames) == -1.5


@pytest.mark.parametrize("samples", [1_600, 24_000, 73_111])
def test_standardised_log_mel_equals_transformers(samples: int) -> None:
    from govor.models.extractors import extractor_of

    reference = transformers.ParakeetFeatureExtractor()
    wave = wave_of(samples)
    out = reference([wave], sampling_rate=16_000)
    valid = int(out["attention_mask"][0].sum())
    frames = extractor_of(reference)(wave)
    assert frames.shape == (valid, 80)
    assert np.abs(frames - out["input_features"][0][:valid].numpy()).max() < 2e-3


@pytest.mark.parametrize("stride", [2, 4])
@pytest.mark.parametrize("samples", [1_600, 24_000, 73_111])
def test_kaldi_frames_equal_transformers(samples: int, stride: int) -> None:
    from govor.models.extractors import extractor_of

    reference = transformers.SeamlessM4TFeatureExtractor(padding_value=1.0, stride=stride)
    wave = wave_of(samples)
    out = reference(wave, sampling_rate=16_000, pad_to_multiple_of=stride, return_tensors="np")
    frames = extractor_of(reference)(wave)
    expected = out["input_features"][0]
    assert len(expected) - len(frames) in (0, 1)
    assert frames.shape[1] == 80 * stride
    assert np.abs(frames - expected[: len(frames)]).max() < 5e-3


def test_normalised_wave_equals_transformers() -> None:
    wave = wave_of(20_000) + np.float32(0.2)
    reference = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    expected = reference(wave, sampling_rate=16_000, return_tensors="np").input_values[0]
    assert np.abs(WaveSpec()(wave) - expected).max() < 1e-5


def test_filters_equal_transformers() -> None:
    from transformers.audio_utils import mel_filter_bank

    slaney = mel_filter_bank(201, 80, 0.0, 8000.0, 16_000, norm="slaney", mel_scale="slaney")
    assert np.abs(mel_filters("slaney", 80, 400, 16_000, 0.0, 8000.0) - slaney).max() < 1e-7
    kaldi = mel_filter_bank(
        257, 80, 20, 8000, 16_000, norm=None, mel_scale="kaldi", triangularize_in_mel_space=True
    )
    assert np.abs(mel_filters("kaldi", 80, 512, 16_000, 20.0, 8000.0) - kaldi).max() < 1e-6


def test_too_short_for_a_frame_is_empty() -> None:
    assert LogMelSpec(edges="none", fft_samples=512)(np.zeros(100, np.float32)).shape == (0, 80)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("Whisper", "hop_length", 0),
        ("Whisper", "n_fft", "400"),
        ("Whisper", "sampling_rate", 10**9),
        ("Parakeet", "win_length", [1]),
        ("Parakeet", "preemphasis", "x"),
        ("Wav2Vec2", "sampling_rate", None),
    ],
)
def test_damaged_settings_of_an_extractor_are_said(kind, field, value):
    import transformers

    from govor.errors import ModelError
    from govor.models.extractors import extractor_of

    reference = getattr(transformers, f"{kind}FeatureExtractor")()
    setattr(reference, field, value)
    with pytest.raises(ModelError, match=r"preprocessor_config\.json\) are damaged"):
        extractor_of(reference)
