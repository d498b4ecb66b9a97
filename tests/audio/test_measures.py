"""Measures of sounds whose answers are known: tones, voices, noise, silence, telephone speech."""

import numpy as np
import pytest
import soxr
from scipy.signal import lfilter

from govor.audio.measures import (
    Gauge,
    bandwidth_hz,
    envelope_correlation,
    level_db,
    pitch_hz,
    silent_share,
    speech_share,
)

RATE_HZ = 16_000
FORMANTS_HZ = ((700, 80), (1_200, 90), (2_600, 120), (3_500, 150))
NOISE = np.random.default_rng(0).standard_normal(4 * RATE_HZ).astype(np.float32) * 0.1


def voiced(pitch, seconds=2.0, rate_hz=RATE_HZ):
    """A vowel: pulses of the vocal folds with a little vibrato through four formants (G. Fant, 1960)."""
    if rate_hz != 48_000:
        return soxr.resample(voiced(pitch, seconds, 48_000), 48_000, rate_hz)
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    phase = np.cumsum(pitch * (1 + 0.02 * np.sin(2 * np.pi * 5 * time_s))) / rate_hz
    wave = np.diff(np.floor(phase), prepend=0.0) + 1e-3 * np.random.default_rng(1).standard_normal(len(phase))
    for centre_hz, width_hz in FORMANTS_HZ:
        radius = np.exp(-np.pi * width_hz / rate_hz)
        angle = 2 * np.pi * centre_hz / rate_hz
        wave = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], wave)
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


def tone(frequency_hz, seconds=2.0, size=0.5):
    phase = 2 * np.pi * frequency_hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (size * np.sin(phase)).astype(np.float32)


@pytest.mark.parametrize("pitch", [70, 95, 120, 160, 210, 260, 340])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 48_000])
def test_the_pitch_of_a_voice_is_found_without_octave_errors(pitch, rate_hz):
    assert pitch_hz(voiced(pitch, rate_hz=rate_hz), rate_hz) == pytest.approx(pitch, rel=0.05)


@pytest.mark.parametrize("factor", [3.0, 2.0, 1 / 3])
def test_the_pitch_of_a_voice_under_a_wrong_header_moves_with_it(factor):
    header_hz = round(48_000 / factor)
    assert pitch_hz(voiced(150, rate_hz=48_000), header_hz) == pytest.approx(150 / factor, rel=0.08)


def test_pitch_is_that_of_the_voice_between_pauses_and_hiss():
    pause = np.zeros(RATE_HZ, np.float32)
    speech = np.concatenate([pause, voiced(110), NOISE[:RATE_HZ] * 0.1, voiced(110), pause])
    assert pitch_hz(speech + 0.02 * NOISE[:1].item(), RATE_HZ) == pytest.approx(110, rel=0.05)


@pytest.mark.parametrize("wave", [NOISE, np.zeros(32_000, np.float32), voiced(120, 0.05)], ids=str)
def test_noise_silence_and_snippets_have_no_pitch(wave):
    assert pitch_hz(wave, RATE_HZ) is None


def test_a_click_at_the_edge_of_a_frame_has_no_bandwidth():
    samples = np.zeros(RATE_HZ, np.float32)
    samples[0] = 1.0
    assert bandwidth_hz(samples, RATE_HZ) == 0.0
    assert bandwidth_hz(np.zeros(RATE_HZ, np.float32), RATE_HZ) == 0.0
    assert bandwidth_hz(samples[:100], RATE_HZ) == 0.0


@pytest.mark.parametrize(("narrow_hz", "wide_hz"), [(8_000, 16_000), (8_000, 48_000), (16_000, 48_000)])
def test_the_bandwidth_is_that_of_the_lowest_rate_it_went_through(narrow_hz, wide_hz):
    noise = soxr.resample(NOISE, wide_hz, narrow_hz)
    assert bandwidth_hz(soxr.resample(noise, narrow_hz, wide_hz), wide_hz) == pytest.approx(
        narrow_hz / 2, rel=0.07
    )
    assert bandwidth_hz(NOISE, wide_hz) == pytest.approx(wide_hz / 2, rel=0.02)


def test_levels_are_decibels_of_full_scale():
    assert level_db(tone(440, size=1.0)) == pytest.approx(-3.01, abs=0.01)
    assert level_db(tone(440, size=0.1)) == pytest.approx(-23.01, abs=0.01)
    assert level_db(np.zeros(10, np.float32)) == level_db(np.empty(0, np.float32)) == pytest.approx(-120)


def test_speech_and_silence_are_shares_of_the_time():
    half = np.concatenate([voiced(120), np.zeros(2 * RATE_HZ, np.float32)])
    assert silent_share(half, RATE_HZ) == pytest.approx(0.5, abs=0.03)
    assert speech_share(half, RATE_HZ) == pytest.approx(0.5, abs=0.03)
    quiet_noise = np.concatenate([voiced(120), 0.001 * tone(300)])
    assert silent_share(quiet_noise, RATE_HZ) == pytest.approx(0.5, abs=0.03)
    hiss = np.concatenate([voiced(120), 0.015 * NOISE[: 2 * RATE_HZ]])
    assert (silent_share(hiss, RATE_HZ), speech_share(hiss, RATE_HZ)) == (0.0, pytest.approx(0.5, abs=0.03))
    assert speech_share(np.zeros(RATE_HZ, np.float32), RATE_HZ) == 0.0


def test_channels_that_take_turns_do_not_go_together():
    first = np.concatenate([voiced(120), np.zeros(2 * RATE_HZ, np.float32)])
    assert envelope_correlation(first, first[::-1].copy(), RATE_HZ) < 0
    assert envelope_correlation(first, 0.5 * first, RATE_HZ) == pytest.approx(1.0)


@pytest.mark.parametrize(("other", "lost_db"), [(1.0, 0.0), (0.0, -3.01), (-1.0, -120.0)])
def test_what_mixing_takes_away(other, lost_db):
    wave = voiced(120)
    gauge = Gauge(RATE_HZ)
    gauge.add(np.stack([wave, other * wave], axis=1), (1 + other) / 2 * wave)
    assert gauge.mix_db == pytest.approx(lost_db, abs=0.02)


@pytest.mark.parametrize("block_s", [0.5, 1.0, 30.0])
def test_a_stream_is_measured_as_the_whole_is(block_s):
    wave = np.concatenate([voiced(130), np.zeros(RATE_HZ, np.float32), voiced(130)])
    gauge, size = Gauge(RATE_HZ), int(block_s * RATE_HZ)
    for start in range(0, len(wave), size):
        block = wave[start : start + size]
        gauge.add(block[:, None], block)
    found = gauge.measures()
    assert gauge.samples == len(wave) and found.mix_db is None
    assert found.pitch_hz == pytest.approx(pitch_hz(wave, RATE_HZ), rel=0.02)
    assert found.speech == pytest.approx(speech_share(wave, RATE_HZ), abs=0.02)
    assert found.silent == pytest.approx(0.2, abs=0.02)
    assert found.peak == np.abs(wave).max()


@pytest.mark.parametrize("silence_s", [0.5, 2.0, 6.0])
def test_silence_at_the_ends_changes_neither_seconds_of_speech_nor_pitch(silence_s):
    loud_and_soft = np.concatenate([voiced(120) * gain for gain in (1.0, 0.3, 0.04, 0.02) * 2])
    speech = (loud_and_soft + 0.001 * np.resize(NOISE, len(loud_and_soft))).astype(np.float32)
    padded = np.pad(speech, round(silence_s * RATE_HZ))
    seconds = speech_share(speech, RATE_HZ) * len(speech)
    assert speech_share(padded, RATE_HZ) * len(padded) == pytest.approx(seconds, rel=0.02)
    assert pitch_hz(padded, RATE_HZ) == pytest.approx(pitch_hz(speech, RATE_HZ), rel=0.02)


def test_silence_has_no_pitch():
    assert pitch_hz(np.zeros(2 * RATE_HZ, np.float32), RATE_HZ) is None
