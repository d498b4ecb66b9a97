"""Words are timed where that is asked, and where stretches do not tell on which side of a joint they are."""

import numpy as np
import pytest

from govor.models import DecodeOptions
from govor.models.base import Sound
from govor.models.whisper.words import are_parted
from govor.records import Span
from tiny_families import make_whisper as make

pytest.importorskip("torch")
JOINTS = (8.0, 16.0)


@pytest.mark.parametrize(
    ("times", "parted"),
    [
        ([(0.5, 7.8), (8.3, 15.9), (16.2, 20.0)], True),
        ([(0.5, 8.4), (7.6, 16.4), (15.6, 20.0)], True),  # models round
        ([(0.5, 3.0), (3.0, 7.0), (9.0, 15.0), (17.0, 20.0)], True),
        ([(0.5, 15.8), (16.2, 20.0)], False),  # over a joint
        ([(0.5, 7.0), (8.2, 20.0)], False),
        ([(0.5, 7.8), (16.2, 20.0)], False),  # nothing in the middle
        ([(0.5, 7.8), (8.3, 15.9)], False),
        ([], False),
    ],
)
def test_stretches_that_stand_between_joints_tell_where_their_words_stand(times, parted):
    assert are_parted([Span("w", start, end) for start, end in times], JOINTS) == parted


def test_without_joints_there_is_nothing_to_tell():
    assert are_parted([Span("w", 0.0, 20.0)], ()) and are_parted([], ())


@pytest.mark.parametrize("joints", [(), (0.5,), (1.0, 2.0)])
def test_a_sound_with_joints_has_words_where_they_are_needed(tiny_whisper_files, joints):
    """The others of its batch have none."""
    family = make(tiny_whisper_files, timestamps=True)
    wave = np.random.default_rng(1).normal(0, 0.1, 48_000).astype(np.float32)
    options = DecodeOptions(timestamps=True)
    (asked,) = family.recognise([Sound(wave, "hr")], DecodeOptions(timestamps=True, words=True))
    plain, said = family.recognise([Sound(wave, "hr"), Sound(wave, "hr", joints)], options)
    assert asked.words and not plain.words
    assert [one.text for one in said.words] == (
        [] if are_parted(plain.spans, joints) else [one.text for one in asked.words]
    )
