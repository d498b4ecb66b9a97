"""What the second round adds, and what it must leave as it is."""

from govor.align.heard import HeardWord
from govor.align.hearing import Hearing, Hearings
from govor.align.outcome import Outcome, PlacedShare, PlacedUtterance, Unplaced, Untranscribed
from govor.align.rounds import joined_rounds, mixed


def utterance(text, start, end, line=1, audio="a.wav"):
    return PlacedUtterance(audio, start, end, text, "a.txt", line, (), (), (), text, 0.1)


def outcome(*utterances, unplaced=(), bare=(), share=0.5):
    parts = (PlacedShare("a.wav", "partly placed", share),), (PlacedShare("a.txt", "partly placed", share),)
    return Outcome("", utterances, unplaced, bare, *parts)


def heard(*words, audio="a.wav"):
    return Hearing(audio, 60.0, "hr", tuple(HeardWord(text, at, at + 1, 0) for text, at in words))


def test_the_second_model_is_heard_only_where_no_text_was_placed():
    other = heard(("x", 1), audio="b.wav")
    first = Hearings({"a.wav": heard(("jedan", 1), ("dwa", 10), ("tri", 20)), "b.wav": other})
    second = Hearings({"a.wav": heard(("JEDAN", 1), ("dva", 10), ("TRI", 20))})
    found = mixed(first, second, [outcome(bare=(Untranscribed("a.wav", 9.5, 12.0),))])
    assert [word.text for word in found.heard["a.wav"].words] == ["jedan", "dva", "tri"]
    assert found.heard["b.wav"] == other


def test_what_the_first_round_placed_stays_as_it_was():
    sure = utterance("Dobar dan.", 1.0, 2.0)
    moved = utterance("Dobar dan.", 1.3, 2.4)
    new = utterance("Hvala lijepa.", 5.0, 6.0, line=2)
    found = joined_rounds(outcome(sure), outcome(moved, new, share=0.9))
    assert found.utterances == (sure, new)
    assert found.recordings[0].share == 0.9


def test_a_place_that_is_taken_is_not_given_twice():
    sure = utterance("Dobar dan.", 1.0, 3.0)
    over_it = utterance("Hvala lijepa.", 1.2, 2.6, line=2)
    assert joined_rounds(outcome(sure), outcome(over_it)).utterances == (sure,)


def test_what_is_placed_is_neither_unplaced_nor_without_a_text():
    sure = utterance("Dobar dan.", 1.0, 3.0)
    lost = Unplaced("a.txt", 1, "Dobar dan.", "unplaced"), Unplaced("a.txt", 2, "Naslov", "unspoken")
    bare = Untranscribed("a.wav", 1.0, 3.0), Untranscribed("a.wav", 30.0, 31.0)
    found = joined_rounds(outcome(sure), outcome(unplaced=lost, bare=bare, share=0.1))
    assert found.unplaced == lost[1:]
    assert found.untranscribed == bare[1:]
    assert found.texts[0].share == 0.5
