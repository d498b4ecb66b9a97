"""What each stage makes of one utterance, as plain values; showing them is done elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.audio.measures import bandwidth_hz, level_db
from govor.config import TextConfig
from govor.evaluate.edits import align
from govor.features import LogMelSpec, Wave, mel_filters
from govor.findings import count_of
from govor.inspection.subject import Subject
from govor.models.base import DecodeOptions, Extracting, Recogniser, Sound, Spelling, require_language
from govor.records import Hypothesis
from govor.store import readable_bytes
from govor.text import Normaliser

TOKENS_SHOWN = 500
WORDS_COMPARED = 1_000
"""Texts have no limit; what is shown of one has."""


@dataclass(frozen=True)
class TokenRow:
    """One label.

    Attributes:
        id: token id.
        name: as the vocabulary writes it.
        text: what it decodes to by itself.
    """

    id: int
    name: str
    text: str


@dataclass(frozen=True)
class Tokens:
    """The labels of the text.

    Attributes:
        rows: one by one, no more than `TOKENS_SHOWN`.
        count: all of them.
        back: text of all of them together.
        frames: output frames that the clip has, or None where that does not matter.
        needed: output frames that the labels need.
        limit: most labels that the model takes, or None.
    """

    rows: tuple[TokenRow, ...]
    count: int
    back: str
    frames: int | None
    needed: int
    limit: int | None


@dataclass(frozen=True)
class Inspection:
    """Everything about one utterance.

    Attributes:
        subject: the utterance.
        header: facts of the header and of decoding, as (name, value).
        wave: samples ``[T]`` at `rate_hz`, as the model gets them.
        rate_hz: the model's sample rate.
        features: ``[F, D]`` log-mel frames, or None where the model reads samples.
        frame_s: seconds from one feature frame to the next.
        features_note: what these features are, and what they lose, in words.
        normaliser: name of the rules.
        steps: (rule, before, after) for every rule that changes the text.
        normal: normalised text, or None without a text.
        tokens: labels, or None without a model or text.
        hypothesis: what the model says, or None without a model.
        blocks: aligned words as (tag, reference words, hypothesis words).
        model: the model's description.
    """

    subject: Subject
    header: tuple[tuple[str, str], ...]
    wave: Wave
    rate_hz: int
    features: NDArray[np.float32] | None
    frame_s: float
    features_note: tuple[str, ...]
    normaliser: str
    steps: tuple[tuple[str, str, str], ...]
    normal: str | None
    tokens: Tokens | None
    hypothesis: Hypothesis | None
    blocks: tuple[tuple[str, str, str], ...]
    model: Mapping[str, object]


def inspect_utterance(
    subject: Subject, recogniser: Recogniser | None = None, language: str | None = None
) -> Inspection:
    """Takes one utterance through every stage.

    Args:
        subject: what is inspected.
        recogniser: the model whose features, tokens and words are shown; without one, usual features are.
        language: overrides the utterance's own.

    Raises:
        LanguageError: the model cannot be told `language`.
    """
    if recogniser and language:
        require_language(recogniser, language)
    language = language or subject.language
    normaliser = recogniser.normaliser if recogniser else Normaliser.of(TextConfig(), language)
    extractor = recogniser.extractor if isinstance(recogniser, Extracting) else LogMelSpec()
    rate_hz = recogniser.sample_rate if recogniser else extractor.sample_rate
    wave = at_rate(subject, rate_hz)
    features, frame_s = _features(extractor, wave)
    normal = normaliser(subject.text, language) if subject.text is not None else None
    hypothesis = _recognise(recogniser, wave, language) if recogniser else None
    said = normaliser(hypothesis.text, language) if hypothesis else ""
    return Inspection(
        subject,
        header_rows(subject),
        wave,
        rate_hz,
        features,
        frame_s,
        features_words(subject, extractor, features, recogniser is not None),
        normaliser.name,
        tuple(normaliser.changes(subject.text, language)) if subject.text is not None else (),
        normal,
        _tokens(recogniser, normal, language, len(wave) / rate_hz) if normal else None,
        hypothesis,
        word_blocks(normal, said) if hypothesis and normal is not None else (),
        recogniser.describe() if recogniser else {},
    )


def at_rate(subject: Subject, rate_hz: int) -> Wave:
    """The subject's samples at the model's rate."""
    if subject.facts.sample_rate == rate_hz:
        return subject.wave
    import soxr

    return np.asarray(soxr.resample(subject.wave, subject.facts.sample_rate, rate_hz), np.float32)


def header_rows(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Facts of the header and what decoding found."""
    facts, wave = subject.facts, subject.wave
    rate = facts.sample_rate
    peak = float(np.abs(wave).max(initial=0.0))
    bit_rate = f", {facts.bit_rate / 1000:.0f} kbit/s" if facts.bit_rate else ""
    declared = f"{facts.declared_s:.3f} s" if facts.declared_s is not None else "none that can be trusted"
    shown = ", only the beginning" if subject.cut else ""
    rows = [
        ("source", subject.source),
        ("container and codec", f"{facts.container}, {facts.codec}, read by {facts.decoder}"),
        ("sample rate", f"{rate:,} Hz, {count_of(facts.channels, 'channel')}"),
        ("size", f"{readable_bytes(facts.size_bytes)}{bit_rate}"),
        ("declared length", declared),
        ("decoded here", f"{subject.seconds:.3f} s from {subject.start:.2f} s{shown}"),
        ("true bandwidth", f"{bandwidth_hz(wave, rate):,.0f} Hz of {rate // 2:,} Hz"),
        ("level", f"{level_db(wave):.1f} dB on average, peak {20 * np.log10(max(peak, 1e-6)):.1f} dB"),
    ]
    rows += [("language", subject.language)] if subject.language else []
    return (*rows, *subject.fields)


def _features(extractor: Any, wave: Wave) -> tuple[NDArray[np.float32] | None, float]:
    features = extractor(wave)
    if features.ndim == 1:
        return None, 1 / extractor.sample_rate
    return features, getattr(extractor, "hop_samples", 160) * getattr(
        extractor, "stack", 1
    ) / extractor.sample_rate


def features_words(
    subject: Subject, extractor: Any, features: NDArray[np.float32] | None, own: bool
) -> tuple[str, ...]:
    """What the features are and what they lose, in sentences."""
    whose = "The model gets" if own else "A usual model gets"
    if features is None:
        return (f"{whose} the samples themselves, with zero mean and unit variance; no log-mel is computed.",)
    bands, top_hz = extractor.mels, extractor.high_hz
    hop_ms = 1000 * extractor.hop_samples / extractor.sample_rate
    window_ms = 1000 * extractor.window_samples / extractor.sample_rate
    stacked = f", {extractor.stack} frames side by side" if extractor.stack > 1 else ""
    return (
        f"{whose} {len(features)} frames of {bands} log-mel bands up to {top_hz:,.0f} Hz: the energy of"
        f" {window_ms:g} ms of sound every {hop_ms:g} ms{stacked}.",
        lost_words(subject, top_hz),
        band_words(extractor),
    )


def band_words(extractor: Any) -> str:
    """How wide the bands are, and what that loses."""
    filters = mel_filters(
        extractor.filters,
        extractor.mels,
        extractor.fft_samples,
        extractor.sample_rate,
        extractor.low_hz,
        extractor.high_hz,
    )
    widths_hz = (filters > 0).sum(axis=0) * extractor.sample_rate / extractor.fft_samples
    low_hz, high_hz = widths_hz[0], widths_hz[-1]
    return (
        f"A band is {low_hz:.0f} Hz wide at the bottom and {high_hz:.0f} Hz at the top, as hearing is finer"
        " for low sounds; inside a band the exact pitch is lost. Phase is lost too: the sound cannot be put"
        " together again from this picture."
    )


def lost_words(subject: Subject, top_hz: float) -> str:
    """What lies above the features' highest frequency."""
    rate = subject.facts.sample_rate
    reach = bandwidth_hz(subject.wave, rate)
    if rate / 2 <= top_hz:
        return f"Nothing is lost above: at {rate:,} Hz the recording itself ends at {rate // 2:,} Hz."
    above = energy_above(subject.wave, rate, top_hz)
    if reach <= top_hz:
        return f"Little is lost above {top_hz:,.0f} Hz: the recording's sound ends near {reach:,.0f} Hz."
    return (
        f"What is above {top_hz:,.0f} Hz is lost: the recording reaches {reach:,.0f} Hz, and {above:.2%} of"
        " its energy is up there, mostly the hiss of s, š, f and breath."
    )


def energy_above(wave: Wave, rate_hz: int, limit_hz: float) -> float:
    """Share of the energy above a frequency."""
    size = 4096
    blocks = [wave[i : i + size] for i in range(0, max(len(wave) - size + 1, 1), size)]
    window = np.hanning(size)
    power = sum(
        (np.abs(np.fft.rfft(np.pad(block, (0, size - len(block))) * window)) ** 2 for block in blocks),
        np.zeros(size // 2 + 1),
    )
    above = np.fft.rfftfreq(size, 1 / rate_hz) > limit_hz
    return float(power[above].sum() / max(power.sum(), 1e-30))


def _tokens(recogniser: Any, normal: str, language: str | None, seconds: float) -> Tokens | None:
    if not hasattr(recogniser, "encode_text"):
        return None
    ids = recogniser.encode_text(normal, language, seconds)
    name = recogniser.token_name if isinstance(recogniser, Spelling) else str
    shown = ids[:TOKENS_SHOWN]
    rows = tuple(TokenRow(token, name(token), recogniser.decode_text([token])) for token in shown)
    return Tokens(
        rows,
        len(ids),
        recogniser.decode_text(ids),
        recogniser.label_frames(seconds),
        recogniser.frames_needed(ids),
        recogniser.max_labels,
    )


def _recognise(recogniser: Recogniser, wave: Wave, language: str | None) -> Hypothesis:
    longest = recogniser.max_window_s
    heard = wave[: int(longest * recogniser.sample_rate)] if longest else wave
    return recogniser.recognise([Sound(heard, language)], DecodeOptions(words=True))[0]


def word_blocks(reference: str, hypothesis: str) -> tuple[tuple[str, str, str], ...]:
    """Aligned words as (tag, reference, hypothesis); tags are equal, replace, delete and insert."""
    ours, theirs = reference.split()[:WORDS_COMPARED], hypothesis.split()[:WORDS_COMPARED]
    return tuple(
        (
            block.tag,
            _joined(ours[block.start : block.end]),
            _joined(theirs[block.hypothesis_start : block.hypothesis_end]),
        )
        for block in align(ours, theirs)
    )


def _joined(words: Sequence[str]) -> str:
    return " ".join(words)
