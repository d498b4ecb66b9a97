"""Votes of a known kind: which are taken for another language, whatever comes before and after them."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.config.label import LEAST_LANGUAGE_PROBABILITY
from govor.label.usual import ENOUGH_S, ENOUGH_VOTES, FAR, Usual
from govor.text.kin import kin_of
from govor.transcribe.languages import Vote


def vote(seconds=4.0, **shares):
    return Vote(None, sorted(shares.items(), key=lambda one: -one[1]), seconds)


def alone(code, votes):
    """What is usual where each segment is a recording of its own."""
    return Usual.of(code, [[one] for one in votes])


def wavering(count):
    """A model that hardly knows Slovenian: now Croatian, now others, seldom surely."""
    kinds = (
        vote(hr=0.5, sk=0.2, bs=0.1, sl=0.02),
        vote(hr=0.4, pl=0.3, sl=0.06),
        vote(la=0.3, hr=0.2, sl=0.1),
        vote(hr=0.8, bs=0.1, sl=0.005),
        vote(sl=0.35, hr=0.2, ro=0.1),
        vote(uk=0.3, hr=0.2, sl=0.03),
    )
    return [kinds[number % len(kinds)] for number in range(count)]


KNOWN = [vote(it=0.99, es=0.005)] * 9 + [vote(it=0.65, es=0.1), vote(it=0.24, pl=0.2), vote(it=0.9, ro=0.05)]
SPANISH = vote(es=0.92, it=0.042, pt=0.01)


def test_a_language_that_the_model_hardly_knows_is_kept_and_others_are_not():
    right, wrong = wavering(24), [vote(es=0.97, pt=0.01, sl=0.0003), vote(it=0.9, sl=0.005)]
    usual = alone("sl", [*right, *wrong])
    assert usual.own == {"sl", "hr"} and usual.confused == ("hr",)
    assert [usual.other(one) for one in right] == [None] * 24
    assert [usual.other(one) for one in wrong] == ["es", "it"]


def test_one_sure_vote_for_another_is_unusual_where_the_model_knows_the_language():
    usual = alone("it", [*KNOWN, SPANISH])
    assert usual.other(SPANISH) == "es"
    assert usual.confused == ()
    assert [usual.other(one) for one in KNOWN] == [None] * len(KNOWN)
    assert usual.other(vote(es=0.92, it=0.062)) is None  # more than a twentieth of the usual
    assert usual.other(vote(es=0.4, pl=0.3, it=0.1)) is None  # it wavers
    assert usual.other(vote(hr=0.4, sk=0.4, it=0.0001)) == "hr"  # it wavers far from what is usual


def test_the_limit_of_a_known_language_is_the_fixed_one():
    assert math.exp(-FAR) == pytest.approx(LEAST_LANGUAGE_PROBABILITY, abs=0.001)


@pytest.mark.parametrize("count", [0, 1, ENOUGH_VOTES - 1])
def test_with_few_votes_the_limit_is_fixed(count):
    usual = alone("sl", wavering(count))
    assert usual.middle is None and usual.own == {"sl"}
    assert usual.other(vote(hr=0.4, sl=0.049)) == "hr"
    assert usual.other(vote(hr=0.4, sl=0.051)) is None


@pytest.mark.parametrize("wrong", [12, 40])
def test_recordings_in_another_language_do_not_become_usual(wrong):
    """All of them, or most of them: the model is sure, so it does not confuse them."""
    spanish = [vote(es=0.9, it=0.01)] * wrong + [vote(es=0.5, it=0.02)] * (wrong // 5)
    usual = alone("it", spanish)
    assert {usual.other(one) for one in spanish} == {"es"}
    mixed = alone("it", [*spanish, *KNOWN])
    assert mixed.other(spanish[0]) == "es"
    assert not any(mixed.other(one) for one in KNOWN)


def test_recordings_in_which_the_model_wavers_between_other_languages_do_not_become_usual():
    """Slovenian where Spanish is asked for: the model is not sure of any language, but not for Spanish."""
    usual = alone("es", [Vote(None, [*one.shares, ("es", 0.001)], 4.0) for one in wavering(40)])
    assert usual.middle is None and usual.own == kin_of("es")
    assert [usual.other(one) is not None for one in wavering(40)] == [True] * 40


@pytest.mark.parametrize(("asked", "heard"), [("sr", "hr"), ("hr", "bs"), ("no", "nn"), ("ms", "id")])
def test_kin_counts_as_the_language_itself(asked, heard):
    kin = vote(**{heard: 0.95, asked: 0.001, "en": 0.01})
    assert alone(asked, []).other(kin) is None
    usual = alone(asked, [kin] * 30)
    assert usual.other(kin) is None
    assert usual.other(vote(en=0.95, **{asked: 0.001})) == "en"


def test_a_vote_on_little_speech_has_to_be_clearer():
    def doubtful(seconds):
        return vote(seconds, hu=0.8, it=0.02)

    for usual in (alone("it", []), alone("it", KNOWN)):
        assert usual.other(doubtful(ENOUGH_S)) == usual.other(doubtful(20)) == "hu"
        assert usual.other(doubtful(ENOUGH_S / 3)) is None
        assert usual.other(vote(1.4, hu=0.99, it=0.0)) == "hu"


DOUBTFUL = vote(0.9, en=0.4, de=0.2, it=0.03)
"""On little speech: by itself it may be Italian."""
SWEDISH = [vote(sv=0.9, it=0.001), vote(0.9, en=0.4, sv=0.3, it=0.01), vote(1.1, sv=0.5, it=0.02)]


def test_a_recording_in_another_language_goes_as_a_whole():
    usual = Usual.of("it", [*([one] for one in KNOWN), SWEDISH])
    assert [usual.other(one) for one in SWEDISH] == ["sv", None, None]
    assert usual.others(SWEDISH) == ["sv"] * 3
    assert usual.others(SWEDISH[1:2]) == [None]  # alone it says little


def test_of_a_recording_in_another_language_only_what_is_surely_in_the_asked_one_stays():
    usual = alone("it", KNOWN)
    assert usual.others([*SWEDISH, vote(it=0.95), DOUBTFUL]) == ["sv"] * 3 + [None, "sv"]


def test_a_segment_in_another_language_goes_out_of_a_usual_recording():
    usual, wavers = alone("it", KNOWN), vote(hr=0.4, sk=0.3, it=0.001)
    assert usual.others([*KNOWN[:3], wavers, SPANISH, DOUBTFUL]) == [None] * 3 + ["hr", "es", None]


def test_without_what_is_usual_a_recording_goes_only_where_the_model_is_sure():
    """A few recordings in a language that it hardly knows are not all lost for one another."""
    usual = Usual.of("sl", [])
    known = [*wavering(6), vote(1.2, hr=0.4, sl=0.02)]
    assert usual.others(known) == [usual.other(one) for one in known]
    foreign = [vote(es=0.97, sl=0.001)] * 2 + [vote(1.2, es=0.55, sl=0.02)]
    assert [usual.other(one) for one in foreign] == ["es", "es", None]
    assert usual.others(foreign) == ["es"] * 3


def test_what_is_heard_nowhere_is_in_no_language():
    usual = alone("it", KNOWN)
    assert usual.others([]) == []
    assert usual.others([vote(), SWEDISH[0], vote(), SWEDISH[2]]) == [None, "sv", None, "sv"]
    assert usual.others([vote(), vote()]) == [None, None]


def test_how_widely_votes_spread_moves_no_limit():
    """Swedish that the model knows badly: votes spread, and the limit is still a twentieth of the usual."""
    given = (0.9, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02)
    wide = [vote(sv=given[n % 7], **{("en", "no", "de")[n % 3]: 0.3}) for n in range(35)]
    usual = alone("sv", wide)
    assert usual.middle == pytest.approx(math.log(0.2), abs=0.001)
    assert [usual.other(one) for one in wide] == [None] * len(wide)
    assert usual.other(vote(es=0.5, sv=0.9 * 0.2 * math.exp(-FAR))) == "es"
    assert usual.other(vote(es=0.5, sv=1.1 * 0.2 * math.exp(-FAR))) is None


def test_the_median_of_a_recording_says_more_than_a_segment():
    """Slovenian, of which the model gives now much, now little: Swedish recordings lie between."""
    given, taken = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.011), ("hr", "cs", "la", "uk", "pl")
    wide = [vote(sl=given[n % 7], **{taken[n % 5]: 0.3}) for n in range(35)]
    usual = alone("sl", wide)
    swedish = [vote(sv=0.4, en=0.2, sl=0.008)] * 6
    assert usual.deviation > 1.5
    assert usual.others(swedish[:1]) == [None]
    assert usual.others(swedish) == ["sv"] * 6
    assert usual.others(wide) == [None] * len(wide)


def test_most_recordings_tell_whether_a_language_is_known():
    """Segments of which too few give it enough, in recordings of which most do."""
    right = [[vote(sl=0.2, hr=0.2), vote(sl=0.05, hr=0.2), vote(sl=0.005, hr=0.3)]] * 5
    foreign = [vote(es=0.97, sl=0.0001)] * 7
    usual = Usual.of("sl", [*right, foreign])
    assert alone("sl", [one for several in [*right, foreign] for one in several]).middle is None
    assert usual.middle is not None and usual.others(foreign) == ["es"] * 7


def test_no_vote_says_nothing():
    assert alone("it", KNOWN).other(vote()) is None
    assert alone("it", []).other(vote()) is None


shares = st.dictionaries(st.sampled_from(["sl", "hr", "it", "es", "en", "cs"]), st.floats(0, 1), max_size=6)
votes = st.lists(st.builds(lambda s, seconds: vote(seconds, **s), shares, st.floats(0.1, 30)), max_size=40)


@settings(deadline=None, max_examples=60)
@given(votes, st.randoms(use_true_random=False))
def test_the_order_of_the_recordings_changes_nothing(several, chance: random.Random):
    mixed = list(several)
    chance.shuffle(mixed)
    assert alone("sl", several) == alone("sl", mixed)


@settings(deadline=None, max_examples=60)
@given(votes, st.floats(0.1, 30), st.floats(0, 1), st.floats(0, 1))
def test_more_of_the_asked_language_never_sets_aside(several, seconds, one, two):
    low, high = sorted((one, two))
    usual = alone("sl", several)
    if usual.other(vote(seconds, sl=high, es=0.9)):
        assert usual.other(vote(seconds, sl=low, es=0.9)) == "es"
