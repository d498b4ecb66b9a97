"""Sentences that only the sound shows, between two that stand."""

import numpy as np
import pytest
from written_and_said import SENTENCES, said, side_of

from govor.align.joined_frames import frames_between
from govor.align.placing import Piece
from govor.align.planning import plan_group
from govor.align.refining import FixedPiece
from govor.align.second_look import Look, look_again, stretches
from govor.config import AlignConfig
from govor.models.ctc.alignment import place_parts
from govor.models.ctc.vocabulary import Vocabulary
from govor.transcribe.kept_frames import KeptFrames

FRAME_S = 0.04
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
VOCABULARY = Vocabulary(("<pad>", "|", *LETTERS), 0, 1, None, False, None)


class Model:
    """A CTC model that is fairly sure of what was said."""

    frame_s = FRAME_S

    def place_in(self, parts, strange=False):
        return place_parts(parts, VOCABULARY, FRAME_S, strange)


def piece(unit, start, end, recording=0):
    return Piece(unit, (unit * 8,), recording, start, end, (0, 8), 40, 1.0, 0.1, ((start, end),))


def sound(sentences, begin=0.0, sure=True):
    """Frames of sentences: a letter in two frames, a blank behind it, half a second between two."""
    tokens = []
    for sentence in sentences:
        for letter in sentence.lower():
            tokens += [VOCABULARY.tokens.index(letter)] * 2 + [0] if letter.isalpha() else [1, 0]
        tokens += [0] * 12
    scores = np.full((len(tokens), len(VOCABULARY.tokens)), -9.0 if sure else -3.4, np.float16)
    scores[np.arange(len(tokens)), tokens] = -0.1 if sure else -3.2
    return KeptFrames(begin, begin + len(tokens) * FRAME_S, scores)


def planned_with(text, heard):
    return plan_group(side_of(text), heard, "en", AlignConfig())


def test_stretches_lie_between_neighbours_of_one_recording():
    planned = planned_with(SENTENCES[:8], said(SENTENCES[:8]))
    stand = [piece(1, 3.0, 6.0), piece(2, 6.5, 9.0), piece(5, 20.0, 23.0), piece(7, 2.0, 4.0, recording=1)]
    found = stretches(planned, stand, [40.0, 9.0])
    assert [(one.start, one.end, one.units) for one in found] == [(0.0, 3.0, (0,)), (9.0, 20.0, (3, 4))]


def test_frames_of_windows_that_overlap_are_taken_once():
    windows = [sound(["abc"], begin=1.0), sound(["abc"], begin=1.4)]
    found = frames_between(windows, 1.2, 9.0, FRAME_S)
    assert np.all(np.diff(found.times) > 0)
    assert found.times[0] == pytest.approx(1.2, abs=FRAME_S)
    assert len(frames_between(windows, 50.0, 60.0, FRAME_S).times) == 0


def look(text, spoken, gap, least=-4.0, sure=True):
    """What is found of units `gap`, where the first and the last stand."""

    def spell(word):
        return planned.spoken[word].lower()

    planned = planned_with(text, said(spoken, begin=10.0, word_s=0.72))
    window = sound(spoken, begin=10.0, sure=sure)
    stand = [
        FixedPiece(piece(gap[0] - 1, 5.0, 10.0)),
        FixedPiece(piece(gap[-1] + 1, window.end, window.end + 5)),
    ]
    return look_again(Look(planned, Model(), spell, False, False, least), stand, lambda _: [window], [99.0])


def test_a_sentence_that_is_in_the_sound_is_found_there():
    found = look(SENTENCES[:4], SENTENCES[1:3], (1, 2))
    assert [one.piece.unit for one in found] == [1, 2]
    assert found[0].piece.start == pytest.approx(10.0, abs=0.1)
    first = sum(3 if letter.isalpha() else 2 for letter in SENTENCES[1]) + 12
    assert found[1].piece.start == pytest.approx(10.0 + first * FRAME_S, abs=0.1)
    assert all(one.log_probability > -0.5 for one in found)


def test_a_heading_and_talk_are_not_taken_for_each_other():
    text = [SENTENCES[0], "Zweiter Aufzug, dritte Szene im Walde", SENTENCES[1], SENTENCES[2]]
    found = look(text, [SENTENCES[1]], (1, 2))
    assert [one.piece.unit for one in found] == [2]
    assert not look(text, [SENTENCES[9]], (1, 2))


def test_a_vague_model_finds_nothing():
    """All that it says of a frame is about as likely as anything else, and so above the limit."""
    assert not look(SENTENCES[:3], [SENTENCES[1]], (1, 1), sure=False)
    assert look(SENTENCES[:3], [SENTENCES[1]], (1, 1))
