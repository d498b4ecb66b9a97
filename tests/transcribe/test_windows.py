"""Silence, language, batching, memory."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from known_speech import RATE, KnowingRecogniser, noise_words

from govor.config import TranscribeConfig
from govor.errors import AudioError, UsageError
from govor.espeak import synthesise
from govor.records import Hypothesis, Word
from govor.text import Normaliser
from govor.transcribe import Transcriber
from govor.transcribe.buffer import Buffer
from govor.transcribe.decoding import alike
from govor.transcribe.windows import cut


class Counting:
    """Says something about whatever it is given, and remembers how much that was."""

    name, sample_rate, normaliser = "counting", RATE, Normaliser()

    def __init__(self, max_window_s=30.0, languages=()):
        self.max_window_s, self.languages = max_window_s, list(languages)
        self.seconds, self.calls, self.told = [], [], []

    def recognise(self, sounds, options):
        self.calls.append([len(sound.wave) / RATE for sound in sounds])
        self.told.append([sound.language for sound in sounds])
        self.seconds += self.calls[-1]
        heard = [s.language or (self.languages.pop(0) if self.languages else None) for s in sounds]
        return [Hypothesis("riječ", language=language) for language in heard]

    def describe(self):
        return {}


def switched(levels, seconds):
    """Steady noise that is switched to each level in turn."""
    noise = np.random.default_rng(0).normal(0, 1, RATE * seconds * len(levels))
    return (noise * np.repeat(levels, RATE * seconds)).astype(np.float32)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(RATE * 20, np.float32),
        np.zeros(0, np.float32),
        np.random.default_rng(0).normal(0, 1e-4, RATE * 20).astype(np.float32),
        np.random.default_rng(0).normal(0, 5e-3, RATE * 50).astype(np.float32),
        (0.01 * np.sin(np.arange(RATE * 40) * 2 * np.pi * 50 / RATE)).astype(np.float32),
        np.random.default_rng(0).normal(0, 0.2, RATE * 5).astype(np.float32),
        np.full(RATE * 5, 0.3, np.float32),
        switched([0.0, 3e-3, 0.0, 2e-2, 0.0], 7),
        switched([1e-3, 1e-2, 1e-3, 1e-2], 31),
    ],
    ids=["digital", "empty", "faint", "steady noise", "hum", "loud noise", "offset", "gated noise", "fan"],
)
@pytest.mark.parametrize("config", [TranscribeConfig(), TranscribeConfig(chunk=10, stride=1)])
@pytest.mark.parametrize("window_s", [30.0, None], ids=["fixed window", "any length"])
def test_silence_gives_no_text_and_is_not_decoded(samples, config, window_s):
    recogniser = Counting(max_window_s=window_s)
    transcript = Transcriber(recogniser, config).transcribe([samples])
    assert (transcript.text, transcript.segments, recogniser.calls) == ("", (), [])
    assert transcript.duration == pytest.approx(len(samples) / RATE)


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.003])
def test_quiet_speech_is_speech(gain):
    recording = gain * noise_words([(t, t + 0.4) for t in np.arange(0.1, 20, 0.5)], 20)
    recogniser = Counting()
    Transcriber(recogniser).transcribe([recording.astype(np.float32)])
    assert sum(recogniser.seconds) > 19


def levelled(recording, seconds=0.01):
    """As a telephone or a studio makes everything equally loud, here with no delay and no limit."""
    width = round(RATE * seconds)
    power = np.convolve(recording**2, np.ones(width) / width, mode="same")
    return (0.1 * recording / np.sqrt(np.maximum(power, 1e-9))).astype(np.float32)


@pytest.mark.parametrize(
    "text", ["govorimo o jeziku i školi", "mama mi je namijenila malinu", "sss aaa šššš mmm"]
)
def test_speech_that_is_always_equally_loud_is_speech(text):
    voice = synthesise(text, "hr", 150)
    recording = soxr.resample(voice.samples, voice.sample_rate, RATE)
    spoken = levelled(recording[np.abs(recording) > 1e-4])
    recogniser = Counting()
    Transcriber(recogniser).transcribe([spoken])
    assert sum(recogniser.seconds) > 0.9 * len(spoken) / RATE


def test_speech_between_stretches_of_gated_noise_is_heard():
    recording = switched([0.0, 3e-3, 0.0, 3e-3, 0.0], 8)
    words = [(9.0, 9.4), (17.0, 17.5), (17.6, 18.2), (26.0, 26.3)]
    recording += noise_words(words, 40) * (np.abs(noise_words(words, 40)) > 1e-3)
    recogniser = Counting()
    transcript = Transcriber(recogniser).transcribe([recording.astype(np.float32)])
    said = [(s.start, s.end) for s in transcript.segments]
    for start, end in words:
        assert any(a <= start and end <= b for a, b in said), (start, said)


@pytest.mark.parametrize("seconds", [3.0, 3.007, 3.0199, 41.011])
@pytest.mark.parametrize("window_s", [30.0, None])
def test_no_time_is_behind_the_end_of_the_recording(seconds, window_s):
    words = [(t, min(t + 0.5, seconds)) for t in np.arange(0.1, seconds, 0.7)]
    recording = noise_words(words, seconds)
    windows = list(cut(Buffer([recording], RATE), TranscribeConfig(), window_s))
    assert max(w.end for w in windows) <= len(recording) / RATE + 1e-9
    assert max(w.speech[1] for w in windows) <= len(recording) / RATE + 1e-9


def test_strides_that_leave_nothing_of_a_models_window_are_refused():
    with pytest.raises(UsageError, match="shorter --stride"):
        list(cut(Buffer([], RATE), TranscribeConfig(chunk=100, stride=20), 30.0))


def test_long_pauses_are_not_decoded():
    recording = noise_words([(1, 3), (100, 103), (200, 202)], 300)
    recogniser = Counting()
    transcript = Transcriber(recogniser).transcribe([recording])
    assert len(transcript.segments) == 3
    assert sum(recogniser.seconds) < 12


def test_a_model_of_any_length_gets_utterances_with_little_silence_around():
    sentences = [(0.9, 2.3), (3.1, 6.0), (6.5, 9.0), (10.2, 14.0)]
    recording = noise_words(sentences, 20)
    windows = list(cut(Buffer([recording], RATE), TranscribeConfig(), None))
    assert len(windows) == len(sentences)
    for window, (start, end) in zip(windows, sentences, strict=True):
        assert 0.0 <= start - window.start <= 0.25
        assert 0.0 <= window.end - end <= 0.25


def test_a_model_with_a_fixed_window_gets_as_many_utterances_as_fit():
    recording = noise_words([(0.9, 2.3), (3.1, 6.0), (6.5, 9.0), (10.2, 14.0)], 20)
    windows = list(cut(Buffer([recording], RATE), TranscribeConfig(), 30.0))
    assert [(window.speech[0] < 1, window.speech[1] > 13.9) for window in windows] == [(True, True)]


@pytest.mark.parametrize(("asked_s", "longest_s"), [(None, 25.0), (29.0, 29.0), (12.0, 12.0)])
def test_windows_leave_some_of_a_fixed_one_free_unless_another_length_is_asked_for(asked_s, longest_s):
    recording = noise_words([(t, t + 0.8) for t in range(100)], 100)
    windows = list(cut(Buffer([recording], RATE), TranscribeConfig(window=asked_s), 30.0))
    assert longest_s - 3 < max(window.duration for window in windows) <= longest_s


def test_the_language_most_seconds_are_in_wins_and_the_others_are_decoded_again():
    recording = noise_words([(t, t + 8) for t in range(0, 90, 11)], 95)
    recogniser = Counting(max_window_s=12.0, languages=["hr", "sr", "hr", "hr"])
    transcript = Transcriber(recogniser, TranscribeConfig(batch_s=40, language="one")).transcribe([recording])
    assert transcript.language == "hr"
    assert set(recogniser.told[0]) == {None}
    assert all(set(told) == {"hr"} for told in recogniser.told[1:])


def test_a_short_window_costs_a_model_with_a_fixed_one_all_of_it():
    recording = noise_words([(t, t + 2) for t in range(0, 90, 3)], 95)
    recogniser = Counting(max_window_s=30.0, languages=["hr"])
    config = TranscribeConfig(window=4.0, batch_s=90, language="hr")
    Transcriber(recogniser, config).transcribe([recording])
    assert max(map(len, recogniser.calls)) == 3


def test_a_given_language_is_kept():
    recogniser = Counting(languages=["sr"])
    transcript = Transcriber(recogniser, TranscribeConfig(language="hr")).transcribe(
        [noise_words([(1, 3)], 5)]
    )
    assert transcript.language == "hr"


def test_the_first_segment_comes_before_the_last_window_is_read():
    recording = noise_words([(t, t + 8) for t in range(0, 290, 10)], 300)
    read = []

    def blocks():
        for i in range(0, len(recording), RATE):
            read.append(i)
            yield recording[i : i + RATE]

    recogniser = Counting(max_window_s=30.0)
    run = Transcriber(recogniser).stream(blocks())
    next(run)
    assert len(recogniser.seconds) == 1
    assert read[-1] < len(recording) / 2
    list(run)
    assert run.duration == pytest.approx(300)


def test_windows_of_like_length_are_decoded_together():
    groups = alike([2.0, 9.0, 2.1, 8.8, 5.0, 2.05])
    assert sorted(i for group in groups for i in group) == list(range(6))
    for group in groups:
        durations = [[2.0, 9.0, 2.1, 8.8, 5.0, 2.05][i] for i in group]
        assert len(group) <= 2 or max(durations) * len(group) <= 1.16 * sum(durations)


def test_words_are_asked_for_only_where_windows_overlap():
    words = [Word("riječ", t, t + 0.5) for t in np.arange(0.2, 60, 0.6)]
    recording = noise_words([(w.start, w.end) for w in words], 60)
    paused, overlapping = KnowingRecogniser(recording, words), KnowingRecogniser(recording, words)
    Transcriber(paused, TranscribeConfig(chunk=10)).transcribe([recording])
    Transcriber(overlapping, TranscribeConfig(chunk=10, stride=1)).transcribe([recording])
    assert not any(options.words for _, options in paused.calls)
    assert all(options.words for _, options in overlapping.calls)


class Cramped(Counting):
    """Has memory for so many windows together, and for none above so many seconds."""

    def __init__(self, most, longest_s=1e9):
        super().__init__()
        self.most, self.longest_s = most, longest_s

    def recognise(self, sounds, options):
        if len(sounds) > self.most or any(len(sound.wave) > self.longest_s * RATE for sound in sounds):
            raise RuntimeError("CUDA failed with error out of memory")
        return super().recognise(sounds, options)


def test_batches_of_windows_that_do_not_fit_are_halved():
    recording = noise_words([(t, t + 8) for t in range(0, 180, 11)], 190)
    config = TranscribeConfig(window=12, language="hr")
    whole, halved = Counting(), Cramped(3)
    expected = Transcriber(whole, config).transcribe([recording])
    found = Transcriber(halved, config).transcribe([recording])
    assert found.segments == expected.segments and len(found.segments) > 8
    assert max(map(len, whole.calls)) > 3 >= max(map(len, halved.calls))


def test_a_window_that_needs_too_much_memory_alone_is_an_error_of_its_recording():
    recording = noise_words([(1, 9)], 12)
    with pytest.raises(AudioError, match="window at 0") as caught:
        Transcriber(Cramped(8, longest_s=5.0)).transcribe([recording])
    assert caught.value.code == "out_of_memory"


@pytest.mark.slow
def test_ten_hours_need_no_more_memory_than_one():
    import subprocess
    import sys

    code = """
import resource, sys
import numpy as np
from govor.config import TranscribeConfig
from govor.records import Hypothesis
from govor.text import Normaliser
from govor.transcribe import Transcriber
class Silent:
    name, sample_rate, normaliser, max_window_s = "s", 16000, Normaliser(), 30.0
    def recognise(self, sounds, options):
        return [Hypothesis("riječ " * 10) for _ in sounds]
random = np.random.default_rng(0)
swell = np.sin(np.linspace(0, 9, 16000))
levels = [0.1 if n % 4 else 1e-4 for n in range(60)]
minute = np.concatenate([random.normal(0, level, 16000) * swell for level in levels]).astype("f4")
def blocks(hours):
    for _ in range(int(hours * 60)):
        yield minute
peaks = []
for hours in (1, 10):
    transcript = Transcriber(Silent()).transcribe(blocks(hours))
    assert abs(transcript.duration - hours * 3600) < 1 and len(transcript.segments) > hours * 60
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(*peaks)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    one, ten = map(int, done.stdout.split())
    assert ten < one * 1.1


class Voice:
    """A detector that is as sure of a frame as its samples are loud."""

    def __init__(self):
        self.heard = np.zeros(0, np.float32)

    def hear(self, samples):
        self.heard = np.concatenate([self.heard, samples])

    def frames(self, first, count, frame_samples):
        whole = np.pad(self.heard, (0, max(0, (first + count) * frame_samples - len(self.heard))))
        frames = whole[first * frame_samples : (first + count) * frame_samples].reshape(count, -1)
        return np.abs(frames).max(axis=1)


def levels_of(*stretches):
    """Sound that is as loud as said for so many seconds each."""
    return np.concatenate([np.full(round(seconds * RATE), level, np.float32) for level, seconds in stretches])


def packed(recording, window_s=None):
    buffer = Buffer([recording[i : i + 4_000] for i in range(0, len(recording), 4_000)], RATE, Voice())
    return list(cut(buffer, TranscribeConfig(window=window_s), 30.0, one_language=True))


@pytest.mark.parametrize("pause_s", [1.5, 3.0, 9.5])
def test_windows_of_one_language_reach_over_long_pauses_and_leave_most_of_them_out(pause_s):
    said = [(1.0, 4.0), (0.0, pause_s)] * 10
    windows = packed(levels_of(*said))
    assert len(windows) < 4
    assert all(window.heard_s <= 25.0 for window in windows)
    regions = [region for window in windows for region in window.regions]
    begins = [k * (4.0 + pause_s) for k in range(10)]
    assert [round((a + b) / 2, 1) for a, b in regions] == [round(begin + 2.0, 1) for begin in begins]
    for window in windows:
        spoken = sum(min(window.end, b + 4.0) - b for b in begins if window.start <= b < window.end)
        assert (window.samples == 1.0).sum() == pytest.approx(spoken * RATE, abs=3 * 320)
        for start, end in window.gaps:
            assert end - start == pytest.approx(pause_s - 0.16 - 1.1, abs=0.05)
        for region in window.regions:
            assert (window.part(*region).samples == 1.0).sum() == pytest.approx(4.0 * RATE, abs=2 * 320)


@pytest.mark.parametrize(
    "between",
    [
        [(0.0, 12.0)],  # too long
        [(0.0, 3.0), (0.3, 4.0), (0.0, 3.0)],  # what may be speech and is not sure: noise stays by itself
    ],
)
def test_some_pauses_end_a_window(between):
    windows = packed(levels_of((1.0, 5.0), *between, (1.0, 5.0)))
    assert len(windows) == 1 + len(between) // 2 + 1 and not any(window.gaps for window in windows)


def test_windows_of_several_languages_end_in_long_pauses():
    recording = levels_of((1.0, 5.0), (0.0, 3.0), (1.0, 5.0))
    buffer = Buffer([recording], RATE, Voice())
    assert len(list(cut(buffer, TranscribeConfig(), 30.0))) == 2
    assert len(packed(recording)) == 1
