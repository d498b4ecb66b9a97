"""Which of two sentences that are alike has the sound."""

import numpy as np
import pytest
from written_and_said import SENTENCES, said, side_of

from govor.align.letters import spelt
from govor.align.planning import plan_group
from govor.align.rivals import with_rivals
from govor.config import AlignConfig

FIRST = "Return the first release in which this feature was recognized"
SECOND = "Return the release in which this feature will become mandatory"


def placed(text, heard):
    planned = plan_group(side_of(text), said(heard), "en", AlignConfig())
    return [planned.side.units[piece.unit].text for piece in planned.plan.placed]


@pytest.mark.parametrize("spoken", [FIRST, SECOND])
@pytest.mark.parametrize("order", [(FIRST, SECOND), (SECOND, FIRST)])
def test_of_two_sentences_alike_the_spoken_one_is_placed(spoken, order):
    heard = spoken.replace("release", "relies").replace("feature", "feather")
    text = [*SENTENCES[:10], *order, *SENTENCES[10:20]]
    found = placed(text, [*SENTENCES[:10], heard, *SENTENCES[10:20]])
    assert spoken in found
    assert set(order) - {spoken} - set(found)


def settled(sentences, heard, where):
    """Which sentences have a place, where each stood at some letters heard before."""
    words = [sentence.split() for sentence in sentences]
    text, other = spelt([word for one in words for word in one]), spelt(heard.split())
    units = np.repeat(np.arange(len(words)), [len(one) for one in words])
    found = np.full(len(text), -1, np.int64)
    for unit, begin in where.items():
        low = int(text.first[int(np.flatnonzero(units == unit)[0])])
        size = min(sum(map(len, words[unit])), len(other) - begin)
        found[low : low + size] = np.arange(begin, begin + size)
    made = with_rivals(units, text, other, found)
    return sorted({int(units[text.words[letter]]) for letter in np.flatnonzero(made >= 0)})


def test_a_sentence_that_fits_keeps_its_place():
    assert settled(["ab cd ef gh", "ab cd ef gi"], "ab cd ef gh", {0: 0}) == [0]


def test_a_sentence_with_a_place_of_its_own_takes_no_other():
    assert settled(["abcd efgh", "abxx efgh"], "abxx efgh abxx efgh", {0: 0, 1: 8}) == [0, 1]
    assert settled(["abcd efgh", "abxx efgh"], "abxx efgh abxx efgh", {0: 0}) == [1]


def test_no_sentence_takes_a_place_beyond_one_that_stands():
    assert settled(["abcd efgh", "mnop qrst", "abxx efgh"], "abxx efgh mnop qrst", {0: 0, 1: 8}) == [0, 1]
