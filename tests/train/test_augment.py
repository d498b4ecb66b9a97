"""Augmentation: each does what it says, and everything hangs on (seed, epoch, id) alone."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from govor.config.train import AugmentConfig
from govor.errors import RecipeError
from govor.train.augment import Augmenter, at_speed, in_room, masked, noise_files, smoothed, with_noise
from govor.train.seeds import generator

RATE = 16_000


@dataclass(frozen=True)
class AugmentWork:
    """What a loader worker does with one clip."""

    augmenter: Augmenter
    samples: np.ndarray
    picture: np.ndarray

    def __call__(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        wave = self.augmenter.wave(self.samples, 2, name)
        return wave, self.augmenter.features(self.picture, 2, name)


TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


def test_draws_hang_on_seed_epoch_and_id() -> None:
    config = AugmentConfig(speed=(0.9, 1.1), gain_db=6.0, reverb=0.5, time_masks=1)
    one = Augmenter(config, 3)
    other = Augmenter(config, 3)
    other.wave(TONE, 5, "something else")
    assert np.array_equal(one.wave(TONE, 2, "a"), other.wave(TONE, 2, "a"))
    assert not np.array_equal(one.wave(TONE, 2, "a"), one.wave(TONE, 3, "a"))
    assert not np.array_equal(one.wave(TONE, 2, "a"), Augmenter(config, 4).wave(TONE, 2, "a"))


def test_every_augmentation_is_the_same_in_another_process(tmp_path: Path) -> None:
    """Speed, room, noise, gain, smoothing and masks, in whatever order clips come."""
    soundfile.write(tmp_path / "hum.wav", 0.1 * np.sin(np.arange(RATE)), RATE)
    config = AugmentConfig(
        speed=(0.9, 1.1), gain_db=6.0, noise=str(tmp_path), noise_chance=1.0, reverb=1.0, time_masks=2,
        frequency_masks=2, smooth=0.5,
    )  # fmt: skip
    picture = np.random.default_rng(0).normal(size=(90, 80)).astype(np.float32)
    work, names = AugmentWork(Augmenter(config, 3), TONE, picture), ["a", "b", "c"]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        there = dict(zip(names[::-1], pool.map(work, names[::-1]), strict=True))
    for name in names:
        here = work(name)
        assert all(np.array_equal(one, other) for one, other in zip(here, there[name], strict=True))
    changed = [not np.array_equal(there["a"][part], there["b"][part]) for part in (0, 1)]
    assert all(changed)


def test_speed_changes_length_and_pitch() -> None:
    fast = at_speed(TONE, 1.25, RATE)
    assert len(fast) == pytest.approx(RATE / 1.25, abs=2)
    peak = np.argmax(np.abs(np.fft.rfft(fast))) * RATE / len(fast)
    assert peak == pytest.approx(550, abs=3)


@given(st.floats(-10, 40))
def test_noise_has_the_ratio_asked_for(snr_db: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    mixed = with_noise(TONE, noise, snr_db, generator("x"))
    measured = 10 * np.log10(np.mean(TONE**2) / np.mean((mixed - TONE) ** 2))
    assert measured == pytest.approx(snr_db, abs=0.05)


def test_a_room_keeps_energy_and_rings_on() -> None:
    click = np.zeros(RATE, np.float32)
    click[1000] = 0.5
    wet = in_room(click, 0.3, generator("x"), RATE)
    assert np.mean(wet**2) == pytest.approx(np.mean(click**2), rel=1e-3)
    assert np.abs(wet[:1000]).max() < 1e-6 < np.abs(wet[1100:3000]).max()


def test_smoothing_blurs_a_point() -> None:
    picture = np.zeros((21, 9), np.float32)
    picture[10, 4] = 1
    blurred = smoothed(picture, 1.0)
    assert blurred[10, 4] == pytest.approx(1 / (2 * np.pi), rel=0.05) and blurred.sum() == pytest.approx(1)


def test_masks_are_no_wider_than_asked() -> None:
    picture = np.random.default_rng(0).normal(size=(200, 80)).astype(np.float32)
    config = AugmentConfig(time_masks=1, time_mask_share=0.1, frequency_masks=1, frequency_mask_share=0.25)
    for number in range(30):
        changed = masked(picture, config, generator(number)) != picture
        assert (changed.all(axis=1)).sum() <= 20 and (changed.all(axis=0)).sum() <= 20


def test_noise_folder(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="holds no sound files"):
        noise_files(str(tmp_path))
    soundfile.write(tmp_path / "hum.wav", 0.1 * np.sin(np.arange(RATE)), RATE)
    config = AugmentConfig(noise=str(tmp_path), noise_chance=1.0)
    assert not np.array_equal(Augmenter(config, 0).wave(TONE, 0, "a"), TONE)


@pytest.mark.parametrize("setting", [{"speed": (3.0,)}, {"reverb": 1.5}, {"noise_chance": -0.1}])
def test_settings_out_of_range(setting: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"between|must be from"):
        AugmentConfig(**setting)


def test_slower_playback_stays_inside_the_window() -> None:
    augmenter = Augmenter(AugmentConfig(speed=(0.5,)), 0, RATE, max_s=1.5)
    assert len(augmenter.wave(TONE, 0, "a")) == RATE
    assert len(augmenter.wave(TONE[: RATE // 2], 0, "a")) == RATE
