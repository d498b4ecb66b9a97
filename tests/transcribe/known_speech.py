"""Recordings whose words and times are known, and a recogniser that knows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from govor.espeak import synthesise
from govor.models.base import DecodeOptions, Sound, Wave
from govor.records import Hypothesis, Word
from govor.text import Normaliser

RATE = 16_000
SYLLABLES = ("ba", "ke", "di", "mo", "su", "la", "ri", "vo")


class UnknownWindowError(AssertionError):
    """A window that is no part of the recording."""


class KnowingRecogniser:
    """Hears the words that are wholly inside a window, by looking for the window in the recording.

    Words cut by an edge come out broken, and times are a little off, as with a real model.

    Attributes:
        calls: what was asked: (number of waves, options).
    """

    name, sample_rate = "knowing", RATE
    normaliser = Normaliser()

    def __init__(
        self,
        recording: np.ndarray,
        words: Sequence[Word],
        *,
        max_window_s: float | None = None,
        jitter_s: float = 0.0,
        seed: int = 0,
        language: str | None = None,
    ) -> None:
        self.recording, self.words, self.max_window_s = recording, list(words), max_window_s
        self.jitter_s, self.random, self.language = jitter_s, np.random.default_rng(seed), language
        self.calls: list[tuple[int, DecodeOptions]] = []
        self.longest_s = 0.0

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        self.calls.append((len(sounds), options))
        return [self._hear(sound, options) for sound in sounds]

    def _hear(self, sound: Sound, options: DecodeOptions) -> Hypothesis:
        wave = sound.wave
        seconds = len(wave) / RATE
        self.longest_s = max(self.longest_s, seconds)
        start = self._position(wave) / RATE
        heard = []
        for word in self.words:
            inside = min(word.end, start + seconds) - max(word.start, start)
            if inside <= 0.01:
                continue
            whole = inside >= word.end - word.start - 1e-6
            text = word.text if whole else word.text[: len(word.text) // 2] + "~"
            shift = self.random.uniform(-self.jitter_s, self.jitter_s)
            heard.append(Word(text, max(0.0, word.start - start + shift), word.end - start + shift))
        text = " ".join(word.text for word in heard)
        return Hypothesis(
            text, tuple(heard) if options.words else (), language=sound.language or self.language
        )

    def _position(self, wave: Wave) -> int:
        """Sample at which `wave` begins: the recording's noise makes every stretch unlike any other."""
        probe = wave[: min(len(wave), 64)]
        places = np.flatnonzero(self.recording[: len(self.recording) - len(probe) + 1] == probe[0])
        for place in places:
            if np.array_equal(self.recording[place : place + len(probe)], probe):
                return int(place)
        raise UnknownWindowError("this window is no part of the recording")

    def describe(self) -> dict[str, Any]:
        return {"family": "knowing"}


class Several:
    """Hears several recordings that are known."""

    name, sample_rate, max_window_s = "several", RATE, None
    normaliser = Normaliser()

    def __init__(self, known: Sequence[KnowingRecogniser]) -> None:
        self.known, self.calls = known, 0

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        self.calls += 1
        return [self._one(sound, options) for sound in sounds]

    def _one(self, sound: Sound, options: DecodeOptions) -> Hypothesis:
        for one in self.known:
            try:
                return one.recognise([sound], options)[0]
            except UnknownWindowError:
                continue
        return Hypothesis("")

    def describe(self) -> dict[str, str]:
        return {"family": self.name, "backend": "test"}


def noise_words(times: Sequence[tuple[float, float]], seconds: float, seed: int = 0) -> np.ndarray:
    """Noise that swells and fades where words are, faint noise elsewhere; no two stretches are the same."""
    random = np.random.default_rng(seed)
    samples = random.normal(0, 1e-4, round(seconds * RATE)).astype(np.float32)
    for start, end in times:
        a, b = round(start * RATE), round(end * RATE)
        shape = 0.02 + 0.13 * np.sin(np.linspace(0, np.pi, b - a)) ** 2
        samples[a:b] += (random.normal(0, 1, b - a) * shape).astype(np.float32)[: len(samples[a:b])]
    return samples


def spoken(sentences: Sequence[str], pause_s: float, voice: str = "hr") -> tuple[np.ndarray, list[Word]]:
    """espeak-ng's sentences one after the other with its own word times, over faint noise."""
    import soxr

    pieces, words, at = [np.zeros(int(0.3 * RATE), np.float32)], [], 0.3
    for sentence in sentences:
        speech = synthesise(sentence, voice)
        samples = soxr.resample(speech.samples, speech.sample_rate, RATE).astype(np.float32)
        ends = [word.start for word in speech.words[1:]] + [len(samples) / RATE]
        for word, end in zip(speech.words, ends, strict=True):
            text = sentence[word.character : word.character + word.length]
            words.append(Word(text, at + word.start, at + end))
        pause = np.zeros(round(pause_s * RATE), np.float32)
        pieces += [samples, pause]
        at += (len(samples) + len(pause)) / RATE
    recording = np.concatenate(pieces)
    noise = np.random.default_rng(0).normal(0, 1e-4, len(recording))
    return (recording + noise).astype(np.float32), words
