"""A recogniser that needs no model: it says how long each window is, one word a second."""

import threading

import numpy as np

from govor.records import Hypothesis, Word
from govor.text import Normaliser


class StubRecogniser:
    """Says ``word`` once for every begun second; counts batches; waits for `gate` where one is given."""

    name = "stub"
    sample_rate = 16_000
    max_window_s = 30.0
    normaliser = Normaliser()

    def __init__(self, word="dan", gate=None, sure=None):
        self.word, self.gate, self.entered, self.sure = word, gate, threading.Event(), sure
        self.batches = []
        self.lock = threading.Lock()

    def recognise(self, sounds, options):
        self.entered.set()
        if self.gate is not None:
            assert self.gate.wait(30)
        with self.lock:
            self.batches.append(len(sounds))
        return [self._say(sound.wave) for sound in sounds]

    def _say(self, wave):
        seconds = int(np.ceil(len(wave) / self.sample_rate))
        end = len(wave) / self.sample_rate
        words = tuple(Word(self.word, i, min(i + 0.8, end), self.sure) for i in range(seconds))
        return Hypothesis(" ".join([self.word] * seconds), words, 0.9, "hr")

    def describe(self):
        return {"family": "stub"}
