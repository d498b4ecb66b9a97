"""The inner loop: spans of every kind, memory that is let go of."""

import numpy as np
import pytest
import soundfile as sf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govor.audio import load_mono
from govor.audio.limits import DecodeLimits
from govor.audio.source import opened
from govor.prepare import cutting
from govor.prepare.cutting import EncodedClip, Refusal, WantedSpan, cut_recording
from govor.prepare.settings import Settings

SETTINGS = Settings("wav", 16_000, 10**8, 10**8, 172_800.0, 30.0, {})
SECONDS = 20


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("audio") / "r.flac"
    sf.write(path, np.random.default_rng(3).normal(0, 0.1, (SECONDS * 44_100, 2)), 44_100)
    return path


def cut(path, spans, given_settings=SETTINGS):
    with opened(str(path), DecodeLimits()) as source:
        return list(cut_recording(source, spans, given_settings))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, SECONDS - 1), st.floats(0.01, 12)), min_size=1, max_size=8))
def test_overlapping_spans_are_each_exact(recording, spans):
    whole = load_mono(recording)
    wanted = [
        WantedSpan(i, None, start, min(start + length, SECONDS)) for i, (start, length) in enumerate(spans)
    ]
    outcomes = cut(recording, wanted)
    assert sorted(outcome.row for outcome in outcomes) == list(range(len(spans)))
    for clip in outcomes:
        span = wanted[clip.row]
        exact = whole[round(span.start * 16_000) : round(span.end * 16_000)]
        if not len(exact):
            assert clip.reason == "empty_span"
            continue
        assert clip.samples == len(exact)
        assert np.abs(load_mono(clip.content) - exact).max() < 1e-4


def test_outcomes_come_in_the_order_in_which_spans_end(recording):
    spans = [WantedSpan(0, None, None, None), WantedSpan(1, None, 1.0, 9.0), WantedSpan(2, None, 2.0, 3.0)]
    assert [clip.row for clip in cut(recording, spans)] == [2, 1, 0]


def test_a_span_may_end_a_little_late_but_not_much(recording):
    late, later = cut(recording, [WantedSpan(0, None, 18.0, 20.05), WantedSpan(1, None, 18.0, 20.5)])
    assert isinstance(late, EncodedClip) and abs(late.samples - 2 * 16_000) <= 1
    assert isinstance(later, Refusal) and later.reason == "past_end"


def test_clips_longer_than_allowed_are_refused(recording):
    short = Settings("wav", 16_000, 10**8, 10**8, 172_800.0, 5.0, {})
    reasons = [
        outcome.reason
        for outcome in cut(recording, [WantedSpan(0, None, 0, 6), WantedSpan(1, None, None, None)], short)
    ]
    assert reasons == ["clip_too_long", "clip_too_long"]


def test_clips_that_are_open_together_are_bounded(recording, monkeypatch):
    """The largest goes first: a mistaken table of whole recordings takes no others with it."""
    monkeypatch.setattr(cutting, "OPEN_BYTES", 300_000)
    spans = [
        WantedSpan(0, None, None, None),
        WantedSpan(1, None, 1.0, 3.0),
        WantedSpan(2, None, 0.0, 15.0),
        WantedSpan(3, None, 17.0, 19.0),
    ]
    outcomes = {outcome.row: outcome for outcome in cut(recording, spans)}
    assert {row: outcome.reason for row, outcome in outcomes.items() if isinstance(outcome, Refusal)} == {
        0: "clip_too_long",
        2: "clip_too_long",
    }
    assert "more than 0.3 MB" in outcomes[2].detail


def test_a_refused_clip_is_refused_whatever_else_is_cut_beside_it(recording, monkeypatch):
    """Clips of other shards are there in one run, and in the run after a kill they are not."""
    monkeypatch.setattr(cutting, "OPEN_BYTES", 300_000)
    mine = [
        WantedSpan(0, None, 0.0, 8.0, 5),
        WantedSpan(1, None, 1.0, 9.0, 5),
        WantedSpan(2, None, 11.0, 19.0, 5),
    ]
    others = [WantedSpan(3, None, 0.5, 8.5, 6), WantedSpan(4, 1, 11.0, 19.0, 6)]
    alone = {outcome.row: outcome for outcome in cut(recording, mine)}
    beside = {outcome.row: outcome for outcome in cut(recording, mine + others)}
    assert {row: beside[row] for row in alone} == alone
    assert [row for row in alone if isinstance(alone[row], Refusal)] == [0]


def test_finished_clips_are_let_go_of(recording, monkeypatch):
    made = []
    honest = cutting._OpenClip

    def remember(*args):
        made.append(honest(*args))
        return made[-1]

    monkeypatch.setattr(cutting, "_OpenClip", remember)
    cut(recording, [WantedSpan(i, None, float(i), i + 0.9) for i in range(SECONDS)])
    assert len(made) == SECONDS and all(item._encoder is None for item in made)


@pytest.mark.parametrize(("peak", "kept"), [(0, False), (1, False), (2, True), (32_768, True)])
def test_dither_is_silence_and_the_quietest_speech_is_not(tmp_path, peak, kept):
    wave = np.zeros(16_000, np.int16)
    wave[5_000] = -peak
    sf.write(tmp_path / "r.wav", wave, 16_000)
    (outcome,) = cut(tmp_path / "r.wav", [WantedSpan(0, None, None, None)])
    assert isinstance(outcome, EncodedClip) if kept else outcome.reason == "silent"


def test_a_clip_over_a_hole_is_refused_and_what_follows_is_right(tmp_path):
    path = tmp_path / "r.ogg"
    sf.write(path, np.random.default_rng(3).normal(0, 0.1, 16_000 * 12), 16_000)
    whole, content = load_mono(path), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    before, over, behind = cut(
        path, [WantedSpan(i, None, start, start + 3) for i, start in enumerate((0, 5, 9))]
    )
    assert isinstance(before, EncodedClip) and isinstance(behind, EncodedClip)
    assert (over.reason, "without sound" in over.detail) == ("corrupt", True)
    assert np.corrcoef(load_mono(behind.content), whole[9 * 16_000 : 12 * 16_000])[0, 1] > 0.95
