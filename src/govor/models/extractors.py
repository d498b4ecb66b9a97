"""From a transformers feature extractor to the extractor that loader workers use."""

from __future__ import annotations

from typing import Any

from govor.errors import ModelError
from govor.features import Extractor, LogMelSpec, WaveSpec
from govor.shape import ShapeError, fitted

ZERO_GUARD = 2.0**-24  # added before the logarithm by Parakeet's extractor
KALDI_FLOOR = 1.192092955078125e-07
_SIZES = ("sample_rate", "mels", "window_samples", "fft_samples", "hop_samples", "stack")
LARGEST = 1_000_000
"""Of each: a rate of 1 MHz, frames of 20 s at 48 kHz."""


def extractor_of(feature_extractor: Any) -> Extractor:
    """The extractor that gives the same features as `feature_extractor`.

    Raises:
        ModelError: no extractor here agrees with that kind, or its settings are damaged.
    """
    name = type(feature_extractor).__name__
    if name not in _KINDS:
        raise ModelError(
            f"the model's feature extractor is {name}, which govor cannot compute itself: "
            f"known are {', '.join(_KINDS)}"
        )
    try:
        made = _KINDS[name](feature_extractor)
        return _checked(fitted(vars(made), type(made)))
    except (TypeError, ValueError) as error:  # ShapeError is one
        raise ModelError(
            f"the settings of the model's {name} (preprocessor_config.json) are damaged ({error}): "
            "copy the model again"
        ) from error


def _checked(made: Extractor) -> Extractor:
    """Sizes that something can be computed with.

    Raises:
        ShapeError: one is not, or so large that a frame does not fit into a minute.
    """
    sizes = [(name, size) for name, size in vars(made).items() if name in _SIZES]
    for name, size in sizes:
        if not 1 <= size <= LARGEST:
            raise ShapeError(f"{name} is {size}")
    return made


def _waves(reference: Any) -> Extractor:
    return WaveSpec(reference.sampling_rate, bool(reference.do_normalize))


def _windowed(reference: Any) -> Extractor:
    return LogMelSpec(
        sample_rate=reference.sampling_rate,
        mels=reference.feature_size,
        window_samples=reference.n_fft,
        fft_samples=reference.n_fft,
        hop_samples=reference.hop_length,
        limit_samples=reference.n_samples,
    )


def _parakeet(reference: Any) -> Extractor:
    return LogMelSpec(
        sample_rate=reference.sampling_rate,
        mels=reference.feature_size,
        window_samples=reference.win_length,
        fft_samples=reference.n_fft,
        hop_samples=reference.hop_length,
        window="hann_symmetric",
        edges="zeros",
        preemphasis=reference.preemphasis or 0.0,
        high_hz=reference.sampling_rate / 2,
        log="log_add",
        log_offset=ZERO_GUARD,
        normalise="per_mel",
    )


def _seamless(reference: Any) -> Extractor:
    return LogMelSpec(
        sample_rate=reference.sampling_rate,
        mels=reference.num_mel_bins,
        fft_samples=512,
        window="povey",
        edges="none",
        preemphasis=0.97,
        scale=2.0**15,
        remove_offset=True,
        filters="kaldi",
        low_hz=20.0,
        high_hz=reference.sampling_rate // 2,
        log="log_floor",
        log_offset=KALDI_FLOOR,
        normalise="per_mel_variance",
        stack=reference.stride,
        padding_value=reference.padding_value,
    )


_KINDS = {
    "Wav2Vec2FeatureExtractor": _waves,
    "WhisperFeatureExtractor": _windowed,
    "ParakeetFeatureExtractor": _parakeet,
    "SeamlessM4TFeatureExtractor": _seamless,
}
