"""Which tier holds what is said."""

from __future__ import annotations

import pytest

from govor.corpora.tiers import NoSpokenTierError, SpokenCue, choose, utterances
from govor.corpora.timed_text import Tier, TimedText


def tier(name: str, *cells: tuple[float, float, str]) -> Tier:
    return Tier(name, tuple(TimedText(*cell) for cell in cells))


WORDS = tier("Ana - words", (0, 0.4, "dobar"), (0.4, 0.9, "dan"), (0.9, 2.0, ""), (2.0, 2.5, "hvala"))
PHONES = tier("Ana - phones", (0, 0.1, "d"), (0.1, 0.2, "o"))
SPOKEN = tier("Ana", (0, 1, "Dobar dan."), (1, 2, ""), (2, 3, "Hvala!"))


def spoken(tiers: list[Tier], wanted: str | None) -> list[SpokenCue]:
    return utterances(choose(tiers, wanted), wanted)


def texts(*tiers: Tier, wanted: str | None = None) -> list[str]:
    return [item.cue.text for item in spoken(list(tiers), wanted)]


def test_utterances_go_before_words_and_phones_are_never_taken() -> None:
    assert texts(PHONES, WORDS, SPOKEN) == ["Dobar dan.", "Hvala!"]


def test_words_alone_are_joined_up_to_pauses() -> None:
    found = spoken([PHONES, WORDS], None)
    assert [item.cue.text for item in found] == ["dobar dan", "hvala"]
    assert (found[0].cue.start, found[0].cue.end, found[0].cue.speaker) == (0, 0.9, "Ana")
    assert [(w.text, w.start) for w in found[0].words] == [("dobar", 0), ("dan", 0.4)]


def test_words_inside_an_utterance_are_its_words() -> None:
    first, second = spoken([WORDS, tier("Ana - utterances", (0, 1, "Dobar dan."), (2, 3, "Hvala!"))], None)
    assert [w.text for w in first.words] == ["dobar", "dan"]
    assert [w.text for w in second.words] == ["hvala"]


def test_one_tier_a_speaker_names_the_speakers() -> None:
    found = spoken([SPOKEN, tier("Ivo", (0.5, 1.5, "Dan."))], None)
    assert [(item.cue.speaker, item.cue.text) for item in found] == [
        ("Ana", "Dobar dan."),
        ("Ivo", "Dan."),
        ("Ana", "Hvala!"),
    ]


def test_a_tier_can_be_named() -> None:
    assert texts(SPOKEN, tier("tx@A", (0, 1, "drugo")), wanted="tx") == ["drugo"]
    with pytest.raises(NoSpokenTierError, match=r"\(lyrics\); tiers: Ana"):
        texts(SPOKEN, wanted="lyrics")


def test_long_stretches_of_words_are_cut() -> None:
    cells = [(0.4 * i, 0.4 * i + 0.4, f"r{i}") for i in range(120)]
    found = spoken([tier("words", *cells)], None)
    assert sum(len(item.words) for item in found) == 120
    assert max(item.cue.end - item.cue.start for item in found) <= 20.0
