"""No word is lost and none is said twice, whatever the windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_speech import RATE, SYLLABLES, KnowingRecogniser, noise_words, spoken

from govor.config import TranscribeConfig
from govor.records import Word
from govor.transcribe.merge import seam
from govor.transcribe.transcriber import Transcriber


@st.composite
def utterances(draw) -> tuple[list[Word], float]:
    """Words of a few syllables, many of them alike, with gaps from none to long pauses."""
    at, words = draw(st.floats(0, 3)), []
    for _ in range(draw(st.integers(1, 60))):
        text = "".join(draw(st.lists(st.sampled_from(SYLLABLES[:4]), min_size=1, max_size=2)))
        length = draw(st.floats(0.15, 0.8))
        words.append(Word(text, at, at + length))
        at += length + draw(st.sampled_from([0.02, 0.05, 0.1, 0.3, 0.8, 2.5]))
    return words, at + draw(st.floats(0, 3))


@settings(max_examples=60, deadline=None)
@given(utterances(), st.floats(5, 12), st.floats(1.0, 2.0), st.integers(0, 5), st.integers(100, 40_000))
def test_fixed_windows_lose_and_double_no_word(spoken_words, chunk_s, stride_s, seed, block):
    words, seconds = spoken_words
    recording = noise_words([(w.start, w.end) for w in words], seconds, seed)
    recogniser = KnowingRecogniser(recording, words, jitter_s=0.02, seed=seed)
    config = TranscribeConfig(chunk=chunk_s, stride=stride_s, batch_s=40)
    blocks = [recording[i : i + block] for i in range(0, len(recording), block)]
    transcript = Transcriber(recogniser, config).transcribe(blocks)
    assert transcript.text.split() == [word.text for word in words]
    assert recogniser.longest_s <= chunk_s + 0.021
    assert transcript.duration == pytest.approx(seconds, abs=1 / RATE)


@settings(max_examples=60, deadline=None)
@given(utterances(), st.floats(6, 30), st.integers(0, 5))
def test_windows_cut_at_pauses_lose_and_double_no_word(spoken_words, longest_s, seed):
    words, seconds = spoken_words
    recording = noise_words([(w.start, w.end) for w in words], seconds, seed)
    recogniser = KnowingRecogniser(recording, words, max_window_s=longest_s, jitter_s=0.02, seed=seed)
    transcript = Transcriber(recogniser, TranscribeConfig(batch_s=60)).transcribe([recording])
    assert transcript.text.split() == [word.text for word in words]
    assert recogniser.longest_s <= longest_s + 1e-9


@settings(max_examples=60, deadline=None)
@given(utterances(), st.floats(6, 30), st.integers(0, 5))
def test_windows_cut_at_every_pause_lose_and_double_no_word(spoken_words, longest_s, seed):
    words, seconds = spoken_words
    recording = noise_words([(w.start, w.end) for w in words], seconds, seed)
    recogniser = KnowingRecogniser(recording, words, jitter_s=0.02, seed=seed)
    config = TranscribeConfig(window=longest_s, batch_s=60)
    transcript = Transcriber(recogniser, config).transcribe([recording])
    assert transcript.text.split() == [word.text for word in words]
    assert recogniser.longest_s <= longest_s + 1e-9


@pytest.mark.parametrize("config", [TranscribeConfig(), TranscribeConfig(chunk=6, stride=1.5)])
def test_espeak_words_come_back_once_with_their_times(config, in_blocks):
    sentences = [f"Ovo je rečenica broj {n} i u njoj je nekoliko kratkih riječi" for n in range(12)]
    recording, words = spoken(sentences, pause_s=0.4)
    recogniser = KnowingRecogniser(recording, words, max_window_s=15, jitter_s=0.03)
    segments = list(Transcriber(recogniser, config).stream(in_blocks(recording), words=True, eager=False))
    heard = [word for segment in segments for word in segment.words]
    assert [word.text for word in heard] == [word.text for word in words]
    assert max(abs(a.start - b.start) for a, b in zip(heard, words, strict=True)) < 0.05


def test_a_word_that_both_windows_hear_is_taken_from_one():
    left = [Word("jedan", 0.0, 0.4), Word("dva", 0.5, 0.9), Word("tr", 1.0, 1.2)]
    right = [Word("va", 0.6, 0.9), Word("dva", 0.52, 0.92), Word("tri", 1.0, 1.4)]
    assert seam(left, right, 0.45, 1.2) == (2, 2)


def test_a_repeated_word_is_not_swallowed():
    left = [Word("da", 0.0, 0.1), Word("da", 0.15, 0.25)]
    right = [Word("da", 0.15, 0.25), Word("da", 0.3, 0.4)]
    kept, first = seam(left, right, 0.1, 0.3)
    assert [w.start for w in [*left[:kept], *right[first:]]] == [0.0, 0.15, 0.3]


def test_where_nothing_agrees_the_seam_splits_no_word():
    left = [Word("abc", 0.0, 1.0), Word("xx", 1.0, 1.2)]
    right = [Word("yy", 0.8, 1.0), Word("def", 1.1, 2.0)]
    kept, first = seam(left, right, 0.8, 1.2)
    assert (kept, first) == (1, 1)


def test_numpy_is_all_that_planning_needs():
    import subprocess
    import sys

    code = "import sys, govor.transcribe; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert isinstance(np.float32(0), np.float32)


def test_where_windows_disagree_the_sure_words_stay():
    """A correct phrase is not given up for the lone word of a window that began within it."""
    phrase = ["knocking", "people's", "hats", "off"]
    left = [Word(word, 10 + i / 2, 10.4 + i / 2, 0.9) for i, word in enumerate(phrase)]
    right = [Word("not", 10.6, 11.9, 0.2), Word("then", 13.2, 13.5, 0.9)]
    kept, first = seam(left, right, 10.0, 13.0)
    assert kept == 4 and [word.text for word in right[first:]] == ["then"]
    sure, unsure = Word("hats", 11.0, 11.5, 0.9), Word("bats", 11.0, 11.5, 0.3)
    ends = Word("people's", 10.5, 10.9, 0.9), Word("off", 11.6, 12.0, 0.9)
    for one, other in ((sure, unsure), (unsure, sure)):
        kept, first = seam([ends[0], one, ends[1]], [ends[0], other, ends[1]], 10.0, 12.5)
        joined = [*[ends[0], one, ends[1]][:kept], *[ends[0], other, ends[1]][first:]]
        assert [word.text for word in joined] == ["people's", "hats", "off"]
