"""The language of every window, smoothed: one odd window changes nothing, ten sure seconds do."""

import pytest

from govor.transcribe.languages import LanguageStretches, Vote


def settled(*votes):
    stretches = LanguageStretches()
    found = [pair for number, vote in enumerate(votes) for pair in stretches.add(Vote(number, *vote))]
    found += stretches.finish()
    assert [item for item, _ in found] == list(range(len(votes)))  # all of them, in order
    return [language for _, language in found]


def sure(language, seconds):
    return ((language, 0.95), ("xx", 0.02)), seconds


EN, DE = sure("en", 20.0), sure("de", 20.0)
HR = ((("hr", 0.45), ("bs", 0.35), ("sr", 0.15)), 20.0)
BS = ((("bs", 0.55), ("hr", 0.4)), 20.0)


@pytest.mark.parametrize(
    ("votes", "languages"),
    [
        ([EN, EN, DE, DE], ["en", "en", "de", "de"]),
        ([EN, DE, EN], ["en", "de", "en"]),
        ([EN, sure("de", 4.0), EN], ["en", "en", "en"]),
        ([EN, sure("de", 4.0), sure("de", 7.0), EN], ["en", "de", "de", "en"]),
        ([EN, sure("de", 4.0), sure("fr", 4.0), sure("de", 4.0), EN], ["en"] * 5),
        ([HR, BS, HR, BS, BS], ["hr"] * 5),
        ([EN, ((("de", 0.5), ("en", 0.4)), 30.0), EN], ["en"] * 3),
        ([sure("de", 3.0), EN, EN], ["en"] * 3),
        ([sure("de", 3.0), sure("de", 3.0)], ["de", "de"]),
        ([EN, sure("de", 6.0), ((("de", 0.5), ("en", 0.4)), 5.0), EN], ["en"] * 4),
        ([EN, sure("de", 6.0), ((("de", 0.5), ("en", 0.4)), 5.0), DE], ["en", "de", "de", "de"]),
        ([EN, sure("de", 6.0)], ["en", "en"]),
        ([], []),
    ],
)
def test_a_change_is_sure_over_ten_seconds_of_speech(votes, languages):
    assert settled(*votes) == languages


def test_what_is_certain_does_not_wait():
    stretches = LanguageStretches()
    assert list(stretches.add(Vote("a", *EN))) == [("a", "en")]
    assert list(stretches.add(Vote("b", *sure("de", 6.0)))) == []
    assert list(stretches.add(Vote("c", *sure("de", 6.0)))) == [("b", "de"), ("c", "de")]
