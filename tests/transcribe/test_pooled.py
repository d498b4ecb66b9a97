"""Recordings that are heard at once: the texts and the order of one after the other, in fuller batches."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from govor.config import TranscribeConfig
from govor.errors import AudioError
from govor.models.base import DecodeOptions, Sound
from govor.transcribe import Transcriber
from govor.transcribe.pooled import AT_ONCE, pooled
from stub_recogniser import StubRecogniser

RATE = 16_000
LARGE = TranscribeConfig(batch_s=600.0)


def talk(seconds, seed):
    """Noise that swells and fades, which is taken for speech."""
    random = np.random.default_rng(seed)
    shape = np.repeat(random.uniform(0, 0.2, seconds * 4), RATE // 4)
    return (random.normal(0, 1, len(shape)) * shape).astype(np.float32)


def heard(transcriber, samples):
    return transcriber.transcribe([samples], words=True)


def test_texts_and_order_are_those_of_one_after_the_other():
    talks = [talk(seconds, seed) for seed, seconds in enumerate((50, 2, 31, 5, 1, 9, 40))]
    alone = [heard(Transcriber(StubRecogniser()), one) for one in talks]
    together = [
        result() for result in pooled(StubRecogniser(), talks, heard, TranscribeConfig(batch_s=180.0))
    ]
    assert [one.text for one in together] == [one.text for one in alone]
    assert [one.segments for one in together] == [one.segments for one in alone]


def test_windows_of_several_recordings_share_batches():
    stub = StubRecogniser(gate=threading.Event())
    asking = threading.Semaphore(0)

    def ask(transcriber, number):
        if number:
            assert stub.entered.wait(30)
        asking.release()
        wave = np.zeros((number + 1) * RATE, np.float32)
        return transcriber.recogniser.recognise([Sound(wave)], DecodeOptions())[0].text

    results = pooled(stub, range(AT_ONCE), ask, LARGE)
    first = next(results)  # it is being decoded until all others wait
    for _ in range(AT_ONCE):
        assert asking.acquire(timeout=30)
    time.sleep(0.2)
    stub.gate.set()
    found = [first(), *(result() for result in results)]
    assert found == [" ".join(["dan"] * (n + 1)) for n in range(AT_ONCE)]
    assert stub.batches[0] == 1 and sum(stub.batches) == AT_ONCE > len(stub.batches)


def test_what_fails_fails_in_its_place():
    def work(transcriber, number):
        if number == 2:
            raise AudioError("broken", "broken")
        return number

    found = []
    for result in pooled(StubRecogniser(), range(9), work, LARGE):
        try:
            found.append(result())
        except AudioError:
            found.append(None)
    assert found == [0, 1, None, 3, 4, 5, 6, 7, 8]


def test_one_recording_has_the_recogniser_for_itself():
    stub = StubRecogniser()
    (result,) = pooled(stub, ["a"], lambda transcriber, item: (transcriber.recogniser, item), LARGE)
    assert result() == (stub, "a")


def test_no_more_are_begun_than_are_heard_at_once_and_leaving_ends_them():
    begun, gate = [], threading.Event()

    def work(transcriber, number):
        begun.append(number)
        assert gate.wait(30)
        return number

    results = pooled(StubRecogniser(), range(99), work, LARGE)
    first = next(results)
    gate.set()
    assert first() == 0
    results.close()
    assert len(begun) <= AT_ONCE
    assert not [one for one in threading.enumerate() if one.name.startswith("recording")]


@pytest.mark.parametrize("many", [1, 3])
def test_an_error_of_the_recogniser_reaches_its_recording(many):
    class Failing(StubRecogniser):
        def recognise(self, sounds, options):
            raise IndexError("448")

    results = pooled(Failing(), [talk(2, n) for n in range(many)], heard, TranscribeConfig(batch_s=180.0))
    for result in results:
        with pytest.raises(IndexError, match="448"):
            result()
