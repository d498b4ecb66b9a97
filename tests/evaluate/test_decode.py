"""Decoding plans and order, with a recogniser that knows the answer."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from govor.errors import UsageError
from govor.evaluate import decode_rows
from govor.evaluate.decode import decode_batches, plan_batches, plan_for
from govor.models.base import DecodeOptions
from govor.packing import Cost
from govor.records import Hypothesis
from speech import RATE, speak


@given(
    st.lists(st.floats(0.1, 40), min_size=1, max_size=60),
    st.floats(1, 100),
    st.integers(1, 9),
    st.integers(1, 70),
    st.sampled_from([0.0, 2.5, 30.0]),
)
def test_every_row_once_within_the_budget(durations, batch_s, max_batch, pool_rows, least):
    lengths = np.array(durations)
    batches = plan_batches(lengths, range(len(lengths)), batch_s, max_batch, pool_rows, Cost(least))
    lengths = np.maximum(lengths, least)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= max_batch
        assert len(batch) == 1 or lengths[batch].max() * len(batch) <= batch_s


class Clips:
    sample_rate = 8_000

    def __init__(self, lengths):
        self.lengths = lengths

    def table(self, split):
        return pl.DataFrame({"id": [f"u{n}" for n in self.lengths], "language": ["hr"] * len(self.lengths)})

    def durations(self, split):
        return np.array(self.lengths) / self.sample_rate

    def wave(self, split, row):
        return np.full(self.lengths[row], 0.5, np.float32)


class Counting:
    """Says how many samples it heard, at 16 kHz."""

    sample_rate = 16_000
    max_window_s = None

    def __init__(self):
        self.batches = []

    def recognise(self, sounds, options):
        self.batches.append([len(sound.wave) for sound in sounds])
        assert {sound.language for sound in sounds} == {"hr"}
        return [Hypothesis(str(len(sound.wave))) for sound in sounds]


def test_ids_keep_their_hypotheses_and_rates_are_converted():
    recogniser = Counting()
    clips = Clips([800, 4000, 1600, 2400])
    found = dict(decode_rows(recogniser, clips, "test", [0, 1, 2, 3], DecodeOptions(), batch_s=0.9))
    texts = {key: said.text for key, said in found.items()}
    assert texts == {"u800": "1600", "u4000": "8000", "u1600": "3200", "u2400": "4800"}
    assert recogniser.batches == [[8000], [4800, 3200, 1600]]


class Windowed(Counting):
    """Takes no more than 2 s at a time."""

    max_window_s = 2.0
    name = "windowed"

    def recognise(self, sounds, options):
        assert all(len(sound.wave) <= 2.0 * self.sample_rate for sound in sounds)
        return [Hypothesis("riječ", language="hr") for _ in sounds]


def test_clips_longer_than_the_window_are_transcribed_in_windows():
    clips = Clips([8_000, 44_000])
    speech = soxr.resample(np.tile(speak("vlada je donijela odluku"), 6), RATE, clips.sample_rate)
    clips.wave = lambda split, row: speech[: clips.lengths[row]]
    found = dict(decode_rows(Windowed(), clips, "test", [0, 1], DecodeOptions(), batch_s=20))
    assert found["u8000"].text == "riječ"
    assert set(found["u44000"].text.split()) == {"riječ"}


class Wide(Counting):
    """Computes 30 s for every wave."""

    max_window_s = 30.0


@pytest.mark.parametrize(("windows", "largest"), [("full", 3), ("short", 10)])
def test_a_clip_costs_the_window_that_is_computed_for_it(windows, largest):
    recogniser, clips = Wide(), Clips(list(range(8_000, 8_010)))
    options = DecodeOptions(windows=windows)
    found = list(decode_rows(recogniser, clips, "test", range(10), options, batch_s=90.0))
    assert len(found) == 10 and max(map(len, recogniser.batches)) == largest


@pytest.mark.parametrize(("device", "windows"), [("cpu", 8), ("cuda:1", 32)])
def test_how_much_is_decoded_together_hangs_on_the_device(device, windows):
    recogniser = Wide()
    recogniser.device = device
    batches = plan_for(recogniser, np.full(100, 3.0), range(100), None, DecodeOptions())
    assert max(map(len, batches)) == windows
    assert len(plan_for(recogniser, np.full(100, 3.0), range(100), 60.0, DecodeOptions())) == 50


class Cramped(Counting):
    """Has memory for two waves."""

    def recognise(self, sounds, options):
        if len(sounds) > 2:
            raise type("OutOfMemoryError", (RuntimeError,), {})("too many")
        return super().recognise(sounds, options)


def test_batches_that_do_not_fit_are_halved():
    recogniser = Cramped()
    found = list(decode_rows(recogniser, Clips([800] * 5), "test", range(5), DecodeOptions(), batch_s=60))
    assert len(found) == 5
    assert max(map(len, recogniser.batches)) == 2


class Small(Counting):
    """Has no memory for more than 5,000 samples."""

    def recognise(self, sounds, options):
        if sum(len(sound.wave) for sound in sounds) > 5_000:
            raise MemoryError
        return super().recognise(sounds, options)


def test_a_clip_that_needs_too_much_memory_alone_is_a_fault_of_its_own():
    clips = Clips([800, 4_000, 1_600])
    (batch,) = decode_batches(Small(), clips, "test", [[0, 1, 2]], DecodeOptions())
    assert [one.hypothesis and one.hypothesis.text for one in batch] == ["1600", None, "3200"]
    assert "memory" in batch[1].fault


def test_an_ngram_model_that_would_be_ignored_is_refused():
    writer = SimpleNamespace(name="w", writes_times=True, max_window_s=30.0)
    with pytest.raises(UsageError, match="takes no n-gram model"):
        plan_for(writer, np.ones(3), [0, 1, 2], None, DecodeOptions(lm="words.arpa"))
