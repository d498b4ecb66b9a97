"""Sounds of several clients share batches, whatever their languages; what is wrong with one stays with it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from govor.errors import AudioError
from govor.models.base import DecodeOptions, Sound
from govor.records import Hypothesis
from govor.transcribe.batcher import Batcher
from govor.transcribe.patience import Patience
from stub_recogniser import StubRecogniser


class Telling(StubRecogniser):
    """Says the language of each sound; has memory for `most` together, and for none above 20 s."""

    most = 1_000

    def recognise(self, sounds, options):
        if len(sounds) > self.most or any(len(sound.wave) > 20 * self.sample_rate for sound in sounds):
            raise MemoryError
        super().recognise(sounds, options)
        return [Hypothesis(f"{sound.language} {len(sound.wave)}") for sound in sounds]


def sound(seconds, language):
    return Sound(np.zeros(round(seconds * 16_000), np.float32), language)


def asked_together(stub, requests, batch_s=600.0):
    """What each request gets, all of them waiting behind one that is being answered."""
    gate = stub.gate = threading.Event()
    batcher = Batcher(stub, batch_s)
    with ThreadPoolExecutor(len(requests) + 1) as pool:
        first = pool.submit(batcher.recognise, [sound(1, "xx")], DecodeOptions())
        assert stub.entered.wait(30)
        futures = [pool.submit(batcher.recognise, one, options) for one, options in requests]
        while batcher._requests.qsize() < len(requests):
            pass
        gate.set()
        first.result()
        found = [future.exception() or [said.text for said in future.result()] for future in futures]
    batcher.close()
    return found


def test_eight_clients_of_two_languages_make_one_batch():
    stub = Telling()
    requests = [([sound(1 + n, ("hr", "sv")[n % 2])], DecodeOptions()) for n in range(8)]
    found = asked_together(stub, requests)
    assert found == [[f"{('hr', 'sv')[n % 2]} {(1 + n) * 16_000}"] for n in range(8)]
    assert stub.batches == [1, 8]


def test_what_is_decoded_another_way_waits_for_the_next_batch():
    stub = Telling()
    plain, words = DecodeOptions(), DecodeOptions(words=True)
    requests = [([sound(2, "hr")], options) for options in (plain, words, plain, words)]
    assert asked_together(stub, requests) == [["hr 32000"]] * 4
    assert stub.batches == [1, 2, 2]


def test_no_batch_is_above_the_budget():
    stub = Telling()  # computes 30 s for each
    assert len(asked_together(stub, [([sound(2, "hr")] * 5, DecodeOptions())] * 2, batch_s=120.0)) == 2
    assert stub.batches == [1, 4, 4, 2]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_batches_that_do_not_fit_are_halved_and_one_that_fails_alone_is_its_own_error(most):
    stub = Telling()
    stub.most = most
    requests = [([sound(n, "hr")], DecodeOptions()) for n in (1, 25, 2, 3)]
    found = asked_together(stub, requests)
    assert isinstance(found[1], AudioError) and found[1].code == "out_of_memory"
    assert [found[0], found[2], found[3]] == [["hr 16000"], ["hr 32000"], ["hr 48000"]]


def test_the_time_of_a_batch_is_shared_out_to_those_who_are_in_it():
    batcher = Batcher(Telling())
    callers = [batcher.for_one(Patience()) for _ in range(2)]
    for caller in callers[:1]:
        caller.recognise([sound(1, "hr")], DecodeOptions())
    batcher.close()
    assert callers[0].spent_s > 0 and callers[1].spent_s == 0
