"""Words end where they are spoken, whatever silence the model gave them."""

import pytest

from govor.records import Word
from govor.transcribe import Segment
from govor.transcribe.subtitles import LONGEST_CUE_S, CueRules, cues
from govor.transcribe.word_lengths import LEAST_S, TIMES_USUAL, USUAL_S, without_pauses


def segment(*words: Word) -> Segment:
    return Segment(words[0].start, words[-1].end, " ".join(w.text for w in words), words)


def test_a_word_leaves_the_pause_behind_it_and_a_first_word_the_one_before_it():
    first, second, last = Word("Dobar", 0.0, 4.0), Word("dan", 4.0, 4.3), Word("svima.", 4.3, 29.0)
    [found] = without_pauses([segment(first, second, last)])
    longest = [LEAST_S + TIMES_USUAL * USUAL_S * letters for letters in (5, 3, 6)]
    assert found.words[0] == Word("Dobar", pytest.approx(4.0 - longest[0]), 4.0)
    assert found.words[1] == second
    assert found.words[2] == Word("svima.", 4.3, pytest.approx(4.3 + longest[2]))
    assert (found.start, found.end) == (found.words[0].start, found.words[2].end)


def test_slow_speech_keeps_its_length():
    """Where most words are slow, the recording is: no word of twice that length is cut."""
    words = [Word("polako", n * 0.6, n * 0.6 + 0.6) for n in range(12)]
    words.append(Word("polako", 7.2, 8.4))
    slow = segment(*words)
    assert without_pauses([slow]) == (slow,)


def test_segments_without_words_stay_as_they_are():
    plain = Segment(0.0, 28.0, "bez vremena")
    assert without_pauses([plain]) == (plain,)


def test_no_cue_of_one_word_stays_long():
    alone = segment(Word("Da.", 10.0, 35.0))
    [cue] = cues([alone], CueRules(), 60.0)
    assert cue.end - cue.start == LONGEST_CUE_S
    [cue] = cues(without_pauses([alone]), CueRules(), 60.0)
    assert cue.end - cue.start < 1.5
