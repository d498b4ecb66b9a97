"""A shelf whose truth is known: espeak-ng's recordings, their texts, and a model that hears with errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from govor.demo.sentences import distinct_sentences
from govor.espeak import synthesise
from govor.models.base import DecodeOptions, Sound
from govor.records import Hypothesis, Word
from transcribe.known_speech import RATE, KnowingRecogniser, Several

MODEL = "openai/whisper-base"
"""What the model is called that hears the shelf."""
VOICES = ("hr+f2", "hr+m3", "hr+f4", "hr+m5")
PAUSE_S = 0.7
HARD = 5
"""One sentence in so many is heard badly."""
MISHEARD = {True: 2, False: 9}
"""One letter in so many is heard as another, in sentences that are heard badly and in others."""


@dataclass(frozen=True)
class Said:
    """A sentence of a recording: seconds."""

    audio: str
    start: float
    end: float
    text: str
    hard: bool


def write(folder: Path, recordings: int, sentences: int) -> list[Said]:
    """``recordings``, ``texts`` and what is known of them; returns what is said."""
    for name in ("recordings", "texts", "known"):
        (folder / name).mkdir(parents=True)
    pool = distinct_sentences(np.random.default_rng(5), recordings * sentences)
    said = []
    for number in range(recordings):
        own = pool[number * sentences : (number + 1) * sentences]
        said += _write_one(folder, f"tape{number}", own, VOICES[number % len(VOICES)])
    return said


def _write_one(folder: Path, name: str, sentences: list[str], voice: str) -> list[Said]:
    rng = np.random.default_rng(len(name) + ord(name[-1]))
    pieces, words, said, at = [_hiss(rng, PAUSE_S)], [], [], PAUSE_S
    for number, sentence in enumerate(sentences):
        speech = synthesise(sentence, voice, 170)
        wave = soxr.resample(np.asarray(speech.samples, np.float32), speech.sample_rate, RATE)
        wave = wave[: np.flatnonzero(np.abs(wave) > 1e-3)[-1] + 1]
        end = at + len(wave) / RATE
        hard = number % HARD == HARD - 1
        starts = [at + word.start for word in speech.words]
        texts = [sentence[word.character : word.character + word.length] for word in speech.words]
        heard = [_misheard(text, MISHEARD[hard], rng) for text in texts]
        words += zip(heard, starts, [*starts[1:], end], strict=True)
        said.append(Said(f"{name}.flac", at, end, sentence, hard))
        pieces += [wave + _hiss(rng, len(wave) / RATE)[: len(wave)], _hiss(rng, PAUSE_S)]
        at = sum(map(len, pieces)) / RATE
    soundfile.write(folder / "recordings" / f"{name}.flac", np.concatenate(pieces), RATE)
    heading = f"ZAPISNIK {len(sentences)} IZ PISMOHRANE GRADSKE KNJIŽNICE"
    lines = [heading, *(f"{s[0].upper()}{s[1:]}." for s in sentences)]
    (folder / "texts" / f"{name}.txt").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    (folder / "known" / f"{name}.json").write_text(json.dumps(words))
    return said


def _hiss(rng: np.random.Generator, seconds: float) -> np.ndarray:
    return (rng.standard_normal(round(seconds * RATE) + 1) * 1e-3).astype(np.float32)


def _misheard(word: str, one_in: int, rng: np.random.Generator) -> str:
    return "".join("x" if rng.integers(one_in) == 0 else letter for letter in word)


class Hearer(Several):
    """Hears the recordings of a shelf."""

    name = "hearer"

    def __init__(self, folder: Path, deaf: bool = False) -> None:
        self.deaf = deaf
        super().__init__(
            [
                KnowingRecogniser(
                    soundfile.read(folder / "recordings" / f"{path.stem}.flac", dtype="float32")[0],
                    [Word(*word) for word in json.loads(path.read_text())],
                )
                for path in sorted((folder / "known").iterdir())
            ]
        )

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        assert not self.deaf
        return super().recognise(sounds, options)


def hear(folder: Path | str, deaf: bool = False) -> None:
    """From now on `MODEL` is in this process what hears the shelf of `folder`; others stay what they are.

    A `deaf` one must not be asked.
    """
    import govor.models

    hearer, opened = Hearer(Path(folder), deaf), govor.models.open_model

    def open_model(model, *arguments, **more):
        return hearer if str(model) == MODEL else opened(model, *arguments, **more)

    govor.models.open_model = open_model  # type: ignore[assignment]
