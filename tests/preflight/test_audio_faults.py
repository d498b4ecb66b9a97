"""Fault 1: wrong sample rates, telephone bandwidth, stereo, audio cut by the model's window."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import soundfile
import soxr
from preflight_parts import recipe_with, sentences, speak

from govor.config import TrainConfig
from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter
from govor.preflight.budget import Budget
from govor.preflight.checks.lengths import clips_fit_the_window
from govor.preflight.checks.sources import (
    channels_can_be_mixed,
    rates_of_sources_are_true,
    sources_use_their_band,
)
from govor.preflight.sources import read_sources

VOICES = ("hr", "hr+f2", "hr+m3", "hr+f4", "hr+m5")


def corpus_of(folder, clips, splits=None):
    """A corpus of WAV files from (samples, rate in the header, text)."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (samples, header_hz, text) in enumerate(clips):
        soundfile.write(folder / f"u{number}.wav", samples, header_hz)
        split = splits[number] if splits else "train"
        rows.append(
            {
                "id": f"u{number}",
                "recording": f"u{number}",
                "audio": f"u{number}.wav",
                "text": text,
                "language": "hr",
                "split": split,
            }
        )
    with CorpusWriter(folder / "corpus", CorpusInfo("table", str(folder), str(folder))) as writer:
        writer.write(pl.DataFrame(rows))
    return Corpus.open(folder / "corpus")


def sources_of(corpus):
    return list(read_sources(corpus, 50, 0, Budget(1)))


def speech(rate_hz, count=6, words_per_minute=160, voices=VOICES):
    return [
        (speak(text, voices[i % len(voices)], words_per_minute, rate_hz), text)
        for i, text in enumerate(sentences(count, seed=3))
    ]


def codes(findings):
    return [finding.code for finding in findings]


@pytest.mark.parametrize(("true_hz", "header_hz"), [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000)])
def test_a_header_with_another_rate_is_found_and_named(tmp_path, true_hz, header_hz):
    clips = [(wave, header_hz, text) for wave, text in speech(true_hz)]
    found = list(rates_of_sources_are_true(sources_of(corpus_of(tmp_path, clips))))
    assert codes(found) == ["wrong_sample_rate"]
    assert str(header_hz) in found[0].where and found[0].severity == "error"
    likely_hz = int(found[0].measured.rsplit(" ", 2)[1])
    assert 0.7 < likely_hz / true_hz < 1.5


@pytest.mark.parametrize(
    ("rate_hz", "words_per_minute", "voices"),
    [(48_000, 160, VOICES), (16_000, 90, ("hr+m1", "hr+m3")), (8_000, 240, ("hr+f2", "hr+f4"))],
    ids=["true 48 kHz", "slow deep voices", "fast high voices at 8 kHz"],
)
def test_true_headers_give_no_finding(tmp_path, rate_hz, words_per_minute, voices):
    clips = [(wave, rate_hz, text) for wave, text in speech(rate_hz, 6, words_per_minute, voices)]
    assert not list(rates_of_sources_are_true(sources_of(corpus_of(tmp_path, clips))))


@pytest.mark.parametrize("count", [1, 2])
def test_two_wrong_recordings_among_many_are_found_and_one_is_no_evidence(tmp_path, count):
    clips = [(wave, 16_000, text) for wave, text in speech(16_000, 8)]
    wrong = [(wave, 16_000, text) for wave, text in speech(48_000, count, voices=("hr+m3",))]
    found = list(rates_of_sources_are_true(sources_of(corpus_of(tmp_path, [*clips, *wrong]))))
    assert codes(found) == ["wrong_sample_rate"] * (count - 1)
    if count == 1:
        return
    assert "2 of 10" in found[0].measured and "u8" in found[0].samples[0]
    assert found[0].severity == "warning" and "asetrate" not in found[0].fix and "listen" in found[0].fix


def narrow(wave, rate_hz=16_000):
    """Through an 8 kHz telephone and back."""
    return soxr.resample(soxr.resample(wave, rate_hz, 8_000), 8_000, rate_hz)


@pytest.mark.parametrize("where", ["all", "test only", "8 kHz headers"])
def test_telephone_bandwidth_is_found(tmp_path, where):
    clips, splits = [], []
    for number, (wave, text) in enumerate(speech(16_000, 12)):
        split = "test" if number % 2 else "train"
        thin = where != "test only" or split == "test"
        clips.append(
            (soxr.resample(wave, 16_000, 8_000), 8_000, text)
            if where == "8 kHz headers"
            else (narrow(wave) if thin else wave, 16_000, text)
        )
        splits.append(split)
    found = list(sources_use_their_band(sources_of(corpus_of(tmp_path, clips, splits))))
    assert codes(found) == ["narrow_band"]
    assert ("cannot be compared" in found[0].why) == (where == "test only")


@pytest.mark.parametrize("kind", ["full band", "11 kHz microphone", "one muffled recording"])
def test_full_bandwidth_gives_no_finding(tmp_path, kind):
    clips = []
    for number, (wave, text) in enumerate(speech(16_000, 6)):
        if kind == "11 kHz microphone":
            wave = soxr.resample(soxr.resample(wave, 16_000, 12_000), 12_000, 16_000)
        if kind == "one muffled recording" and number == 0:
            wave = narrow(wave)
        clips.append((wave, 16_000, text))
    assert not list(sources_use_their_band(sources_of(corpus_of(tmp_path, clips))))


def two_people(wave, other):
    """Two people on a channel each, one after the other."""
    silence = np.zeros_like
    return np.stack([np.concatenate([wave, silence(other)]), np.concatenate([silence(wave), other])], axis=1)


@pytest.mark.parametrize("kind", ["two people", "out of phase", "other programme"])
def test_channels_that_must_not_be_mixed_are_found(tmp_path, kind):
    said = speech(16_000, 6)
    clips = []
    for (wave, text), (other, _) in zip(said, said[1:] + said[:1], strict=True):
        length = min(len(wave), len(other))
        pairs = {
            "two people": two_people(wave, other),
            "out of phase": np.stack([wave, -0.95 * wave], axis=1),
            "other programme": np.stack([wave[:length], other[length - 1 :: -1][:length]], axis=1),
        }
        clips.append((pairs[kind], 16_000, text))
    found = list(channels_can_be_mixed(sources_of(corpus_of(tmp_path, clips))))
    assert codes(found) == ["antiphase_audio" if kind == "out of phase" else "channels_differ"]


@pytest.mark.parametrize("kind", ["twice the same", "one silent", "two microphones"])
def test_stereo_of_one_source_gives_no_finding(tmp_path, kind):
    generator = np.random.default_rng(0)
    clips = []
    for wave, text in speech(16_000, 4):
        pairs = {
            "twice the same": np.stack([wave, wave], axis=1),
            "one silent": np.stack([wave, np.zeros_like(wave)], axis=1),
            "two microphones": np.stack(
                [wave, 0.6 * np.roll(wave, 12) + 1e-3 * generator.standard_normal(len(wave))], axis=1
            ),
        }
        clips.append((pairs[kind], 16_000, text))
    assert not list(channels_can_be_mixed(sources_of(corpus_of(tmp_path, clips))))


class Windowed:
    def __init__(self, max_window_s):
        self.max_window_s = max_window_s


def lasting(tables, *seconds):
    durations = [*seconds, *[3.0] * (tables["train"].height - len(seconds))]
    return {**tables, "train": tables["train"].with_columns(pl.Series("duration", durations))}


@pytest.mark.parametrize("seconds", [(30.5,), (31.0, 45.0, 120.0), (30.01,)])
def test_clips_that_the_model_cuts_are_found(tables, seconds):
    found = list(clips_fit_the_window(Windowed(30.0), lasting(tables, *seconds)))
    assert codes(found) == ["too_long"]
    assert found[0].measured.startswith(f"{len(seconds)} of 30") and "max_duration = 30" in found[0].fix
    assert found[0].severity == ("error" if len(seconds) > 1 else "warning")  # training leaves one out


@pytest.mark.parametrize(("allowed", "severity"), [(0.1, "warning"), (0.09, "error")])
def test_as_many_clips_as_training_leaves_out_stop_nothing(tables, allowed, severity):
    long = lasting(tables, 31.0, 32.0, 33.0)
    (found,) = clips_fit_the_window(Windowed(30.0), long, TrainConfig(max_skipped=allowed))
    assert found.severity == severity
    (found,) = clips_fit_the_window(Windowed(30.0), {"test": long["train"]}, TrainConfig(max_skipped=0.0))
    assert found.severity == "warning" and "windows" in found.why


@pytest.mark.parametrize(("window_s", "seconds"), [(30.0, (30.0,)), (30.0, (29.99, 0.5)), (None, (300.0,))])
def test_clips_that_fit_give_no_finding(tables, window_s, seconds):
    assert not list(clips_fit_the_window(Windowed(window_s), lasting(tables, *seconds)))


def test_the_corpus_is_found_beside_the_data_set(tmp_path, materials_of):
    made = materials_of(recipe_with())
    corpus_of(made.workspace.root, [(wave, 16_000, text) for wave, text in speech(48_000)])
    assert codes(rates_of_sources_are_true(made.sources)) == ["wrong_sample_rate"]


@pytest.mark.parametrize("text", ["1984, 1999, 2026 i 31415926", "Da.", ""])
def test_texts_that_do_not_spell_what_is_said_are_no_evidence(tmp_path, text):
    """A year is ten syllables and four digits: such clips look slow, and are not."""
    clips = [(wave, 16_000, text) for wave, _ in speech(16_000, 8, 100, ("hr+m3",))]
    assert not list(rates_of_sources_are_true(sources_of(corpus_of(tmp_path, clips))))
