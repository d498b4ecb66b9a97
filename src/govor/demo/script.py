"""Who reads what: the plan of the demo's recordings, a pure function of a seed."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from govor.demo.sentences import distinct_sentences

HEARD_VOICES = ("hr", "hr+f1", "hr+m3", "hr+f4", "hr+m5")
UNHEARD_VOICES = ("hr+m1", "hr+m2", "hr+m7")
RATES_WPM = (140, 165, 190)
TRAIN_SENTENCES, DEV_SENTENCES, TEST_SENTENCES, LONG_SENTENCES = 52, 20, 20, 30
ID_LETTERS = string.ascii_letters + string.digits + "-_"
ID_LENGTH = 11
TOLD = 4
"""Status of the process that makes a recording: what it says is a sentence for people."""


@dataclass(frozen=True)
class Recording:
    """One recording to be made.

    Attributes:
        name: 11 characters, ``-`` and ``_`` among them, as video sites have them.
        file: name of the file; its white space may differ from the manifest's.
        voice: espeak-ng voice, the speaker.
        words_per_minute: rate of speech.
        split: ``train``, ``dev`` or ``test``.
        heard: whether the voice occurs in train.
        sentences: what is read, as spoken.
        seed: seed of pauses, noise and the second transcript.
    """

    name: str
    file: str
    voice: str
    words_per_minute: int
    split: str
    heard: bool
    sentences: tuple[str, ...]
    seed: int


def plan_recordings(seed: int = 0, scale: float = 1.0) -> list[Recording]:
    """The demo's recordings.

    No sentence occurs in two splits; three voices occur in test alone.

    Args:
        seed: of everything random.
        scale: share of the sentences; below 1 for quick tests.
    """
    rng = np.random.default_rng(seed)
    slots = [*_train_slots(), *_dev_slots(), *_test_slots()]
    counts = [max(2, round(count * scale)) for *_, count in slots]
    pool = distinct_sentences(rng, sum(counts))
    recordings = []
    for index, ((voice, rate, split, _), count) in enumerate(zip(slots, counts, strict=True)):
        name = _name(rng, index)
        taken, pool = tuple(pool[:count]), pool[count:]
        heard = voice in HEARD_VOICES
        recordings.append(Recording(name, _file(name, index), voice, rate, split, heard, taken, seed + index))
    return recordings


def _train_slots() -> Iterable[tuple[str, int, str, int]]:
    return [(voice, rate, "train", TRAIN_SENTENCES) for voice in HEARD_VOICES for rate in RATES_WPM]


def _dev_slots() -> Iterable[tuple[str, int, str, int]]:
    return [(voice, RATES_WPM[1], "dev", DEV_SENTENCES) for voice in HEARD_VOICES[:3]]


def _test_slots() -> Iterable[tuple[str, int, str, int]]:
    heard = [(voice, RATES_WPM[i % 3], "test", TEST_SENTENCES) for i, voice in enumerate(HEARD_VOICES)]
    heard[0] = (*heard[0][:3], LONG_SENTENCES)
    return [*heard, *((voice, RATES_WPM[1], "test", TEST_SENTENCES) for voice in UNHEARD_VOICES)]


def _name(rng: np.random.Generator, index: int) -> str:
    letters = [ID_LETTERS[int(i)] for i in rng.integers(len(ID_LETTERS), size=ID_LENGTH)]
    letters[1 + index % 9] = "-" if index % 2 else "_"
    letters[0] = string.ascii_letters[index % 52]
    return "".join(letters)


def _file(name: str, index: int) -> str:
    stray = {2: f"{name} .mp3", 5: f" {name}.mp3", 9: f"{name[:4]} {name[4:]}.mp3"}
    return stray.get(index, f"{name}.mp3")
