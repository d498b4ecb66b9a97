"""Which sample rate voices speak for: many of them, or nothing is said."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.audio.voices import Voice, likeliest_rate, odd_pace, odd_part, voice_of, wrong_rates

PLAIN = [Voice(110, 13), Voice(210, 14), Voice(140, 11), Voice(180, 12), Voice(95, 13), Voice(240, 12)]


def slowed(voice, factor):
    return Voice(voice.pitch_hz / factor, voice.letters_per_s / factor, voice.clips)


@pytest.mark.parametrize(("true_hz", "stated_hz"), [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000)])
def test_a_corpus_under_a_wrong_header_is_named_with_its_rate(true_hz, stated_hz):
    (wrong,) = wrong_rates([(stated_hz, slowed(voice, true_hz / stated_hz)) for voice in PLAIN])
    assert wrong.sure and len(wrong.members) == wrong.total == 6 and wrong.stated_hz == stated_hz
    assert 0.7 < wrong.likely_hz / true_hz < 1.4


def test_odd_ones_among_many_are_named_and_are_sure_from_three_on():
    right = [(16_000, voice) for voice in PLAIN * 3]
    odd = [(16_000, slowed(PLAIN[number], 3)) for number in (0, 2, 4)]
    (wrong,) = wrong_rates([*right, *odd])
    assert wrong.sure and wrong.members == (18, 19, 20) and wrong.total == 21
    (doubtful,) = wrong_rates([*right, odd[2]])
    assert not doubtful.sure and doubtful.members == (18,)


@pytest.mark.parametrize("voice", [Voice(114, 4.0), Voice(114, 3.5), Voice(70, 9), Voice(330, 20)])
def test_one_clip_is_no_evidence(voice):
    assert wrong_rates([(16_000, voice)]) == []


def test_one_long_recording_of_many_utterances_is():
    (wrong,) = wrong_rates([(16_000, Voice(45, 4.2, clips=80))])
    assert wrong.sure and wrong.likely_hz in (44_100, 48_000)


def test_recordings_are_judged_with_those_of_their_own_rate():
    right = [(48_000, voice) for voice in PLAIN]
    (wrong,) = wrong_rates([*right, *[(16_000, slowed(voice, 3)) for voice in PLAIN]])
    assert wrong.stated_hz == 16_000 and wrong.members == tuple(range(6, 12))


@pytest.mark.parametrize(("pitch", "letters"), [(None, 40), (120.0, None), (120.0, 6)])
def test_a_voice_needs_pitch_and_letters_that_are_heard(pitch, letters):
    assert voice_of(pitch, letters, 2.0) is None
    assert voice_of(120.0, 30, 2.0) == Voice(120.0, 15.0)


@given(st.lists(st.tuples(st.floats(85, 300), st.floats(8, 19)), min_size=1, max_size=20))
def test_people_as_they_are_give_nothing(people):
    assert wrong_rates([(16_000, Voice(*one)) for one in people]) == []


@given(st.floats(30, 700), st.floats(1, 60), st.sampled_from([8_000, 16_000, 48_000]))
def test_a_likely_rate_is_never_near_the_stated_one(pitch, pace, stated_hz):
    likely_hz, _ = likeliest_rate(Voice(pitch, pace), stated_hz)
    assert max(likely_hz / stated_hz, stated_hz / likely_hz) >= 1.8


def paces(middle, count=30, seed=0):
    rng = random.Random(seed)
    return [
        Voice(120 * rng.lognormvariate(0, 0.25), middle * rng.lognormvariate(0, 0.2)) for _ in range(count)
    ]


@pytest.mark.parametrize(("language", "middle"), [("sv-SE", 21.0), ("it", 8.0), ("sl", 6.4), (None, 21.0)])
def test_a_corpus_that_is_too_fast_or_too_slow(language, middle):
    found = odd_pace(paces(middle), language)
    assert found is not None and (found.factor > 1) == (middle > 12)


@pytest.mark.parametrize(("language", "middle"), [("sv", 15.5), ("ar", 9.4), ("sl", 14.5), ("fi", 16.0)])
def test_how_languages_are_spoken_is_quiet(language, middle):
    assert odd_pace(paces(middle), language) is None


def test_a_few_clips_say_nothing_of_a_pace():
    assert odd_pace(paces(25.0, count=8), "sv") is None


def test_a_part_that_is_played_too_fast_by_what_the_others_are_like():
    quick = [Voice(one.pitch_hz * 1.6, one.letters_per_s * 1.6) for one in paces(13, 60, seed=1)]
    assert odd_part(quick, paces(13, 60)) == pytest.approx(1.6, rel=0.15)
    assert odd_part(paces(13, seed=1), paces(13)) is None
    higher = [Voice(one.pitch_hz * 1.6, one.letters_per_s) for one in paces(13, seed=1)]
    assert odd_part(higher, paces(13)) is None  # other speakers
