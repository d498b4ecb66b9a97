"""Sentences that a gap has spread over talk beside them give it back; others stay as they are."""

import numpy as np
import pytest

from govor.align.fitting import fitted
from govor.align.gaps import between
from govor.align.letters import spelt

UNIT = ["vi", "måste", "tillbaka", "till", "stationen"]


def spread(heard, units=(UNIT,)):
    """What stands for the letters of some sentences, before and after; as places in what was heard."""
    text, said = spelt([word for unit in units for word in unit]), spelt(heard.split())
    numbers = np.repeat(np.arange(len(units)), [len(unit) for unit in units])
    pairs = between(text.codes, said.codes)
    found = np.full(len(text), -1, np.int64)
    found[pairs[:, 0]] = pairs[:, 1]
    return said, found, fitted(numbers, text, said, found)


def reached(said, found):
    """The words heard that letters stand for."""
    known = found[found >= 0]
    words = range(int(said.words[known.min()]), int(said.words[known.max()]) + 1)
    return " ".join(said.of_word(word) for word in words)


@pytest.mark.parametrize(
    ("heard", "left"),
    [
        ("vi måste tillbaka till stagenen jag står nu med", "vi måste tillbaka till stagenen"),
        ("det var så bra vi måst tilbaka til stationen", "vi måst tilbaka til stationen"),
        ("jag står nu med vi måste tillbaka til stagenen det var så", "vi måste tillbaka til stagenen"),
    ],
)
def test_words_at_the_edges_that_are_too_many_are_given_back(heard, left):
    said, before, after = spread(heard)
    assert left in reached(said, before) != left
    assert reached(said, after) == left


@pytest.mark.parametrize(
    "heard",
    [
        "vi måste tillbaka till stationen",
        "vi måste tillbaka till stagen på nu",  # misheard, and hardly longer
        "vid mosta tilbeka tel statsjonen",
        "vi måste jag står nu med allt detta tillbaka till stationen",  # an aside, not an edge
        "vi",
    ],
)
def test_what_fits_stays_as_it_is(heard):
    _, before, after = spread(heard)
    assert (before == after).all()


def test_two_sentences_share_no_talk_between_them():
    other = ["hon", "fick", "bra", "betyg"]
    said, _, after = spread(
        "vi måste tillbaka till stagenen jag står nu med hon fick bra betyg", (UNIT, other)
    )
    first = sum(map(len, UNIT))
    assert reached(said, after[:first]) == "vi måste tillbaka till stagenen"
    assert reached(said, after[first:]) == "hon fick bra betyg"


def test_nothing_heard_is_nothing_given_back():
    found = np.full(len(spelt(UNIT)), -1, np.int64)
    assert (fitted(np.zeros(len(UNIT), np.int64), spelt(UNIT), spelt(["x"]), found) == -1).all()
