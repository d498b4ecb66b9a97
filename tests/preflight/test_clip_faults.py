"""Clips that are silent for half of their time, and numbers written in another way, with near misses."""

import numpy as np
import polars as pl
import pytest
from preflight_parts import RATE_HZ, recipe_with

from govor.audio.measures import longest_silence_s
from govor.preflight.base import BaseSaid
from govor.preflight.checks.sources import write_rate_preview
from govor.preflight.clips import Clip
from govor.preflight.materials import Materials
from govor.preflight.registry import REGISTRY, all_checks
from govor.preflight.run import run_check

LETTERS_A_S = 12


def noise(seconds: float, size: float = 0.1) -> np.ndarray:
    wave = size * np.random.default_rng(0).standard_normal(round(seconds * RATE_HZ))
    return wave.astype(np.float32)


def clip(number: int, speech_s: float, silence_s: float, letters: int) -> Clip:
    wave = np.concatenate([noise(speech_s), np.zeros(round(silence_s * RATE_HZ), np.float32)])
    return Clip(f"c{number}", "train", number, wave, "ab cd " * (letters // 4), "hr")


@pytest.fixture
def found(tmp_path):
    all_checks()

    def run(name, **made):
        materials = Materials(recipe_with(), "cpu", tmp_path)
        materials.__dict__.update({"language": "hr", **made})
        return run_check(REGISTRY[name], materials, {}).findings

    return run


def clips(damaged: int, speech_s: float, silence_s: float, letters: int) -> list[Clip]:
    whole = [clip(n, 3.0, 0.2, 3 * LETTERS_A_S) for n in range(20 - damaged)]
    return whole + [clip(100 + n, speech_s, silence_s, letters) for n in range(damaged)]


def test_the_longest_silence() -> None:
    wave = np.concatenate([noise(1.0), np.zeros(RATE_HZ, np.float32), noise(0.5), np.zeros(8000, np.float32)])
    assert longest_silence_s(wave, RATE_HZ) == pytest.approx(1.0, abs=0.06)
    assert longest_silence_s(noise(1.0), RATE_HZ) == 0.0 and longest_silence_s(wave[:0], RATE_HZ) == 0.0


@pytest.mark.parametrize(("damaged", "severity"), [(4, "warning"), (2, "warning"), (20, "error")])
def test_halves_that_are_gone(found, damaged, severity) -> None:
    held = Held(clips(damaged, 1.5, 1.5, 3 * LETTERS_A_S))
    seen = found("clips_are_not_cut_short", clips=held.clips, dataset=held)
    assert [(one.code, one.severity) for one in seen] == [("half_silent_audio", severity)]
    assert len(seen[0].ids) == damaged


def test_silence_at_the_ends_of_all_clips_is_no_fault(found) -> None:
    every = [clip(n, 3.0, 2.5, (3 if n % 5 else 5) * LETTERS_A_S) for n in range(20)]
    assert found("clips_are_not_cut_short", clips=every, dataset=Held(every)) == []


class Held:
    """A data set of clips at `RATE_HZ`."""

    def __init__(self, clips: list[Clip]) -> None:
        self.clips, self.sample_rate = clips, RATE_HZ


@pytest.mark.parametrize(
    "near",
    [
        clips(6, 3.0, 3.0, 3 * LETTERS_A_S),
        clips(6, 1.0, 0.5, LETTERS_A_S),
        clips(1, 1.5, 1.5, 3 * LETTERS_A_S),
        clips(0, 3.0, 0.0, 36),
    ],
    ids=["a long pause behind whole speech", "a short pause", "one clip", "none"],
)
def test_pauses_are_no_fault(found, near) -> None:
    held = Held(near)
    assert found("clips_are_not_cut_short", clips=held.clips, dataset=held) == []


def numbers(found, pairs):
    table = pl.DataFrame({"id": [f"u{n}" for n in range(len(pairs))], "normal": [own for own, _ in pairs]})
    said = BaseSaid("x", {f"u{n}": text for n, (_, text) in enumerate(pairs)}, len(pairs), 0.1)
    return [one.code for one in found("numbers_are_written_alike", base=said, tables={"dev": table})]


PLAIN = [("we met at noon", "we met at noon")] * 20


@pytest.mark.parametrize("pair", [("it is twelve", "it is 12"), ("in 1990", "in nineteen ninety")])
def test_numbers_written_in_another_way(found, pair) -> None:
    assert numbers(found, PLAIN + [pair] * 5) == ["numbers_written_otherwise"]
    assert numbers(found, [*PLAIN, pair]) == []
    assert numbers(found, PLAIN + [pair] * 5 + [("in 1990", "in 1990")] * 5) == []
    assert numbers(found, PLAIN) == []


def test_clips_are_rendered_before_and_after_a_rate_is_changed(tmp_path):
    import soundfile

    waves = [clip(n, 1.0, 0.0, 12) for n in range(5)]
    (tmp_path / "old.wav").write_bytes(b"")
    folder = write_rate_preview(tmp_path, waves, 16_000, 8_000)
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"c{n}-{when}.wav" for n in range(3) for when in ("after", "before")]
    assert soundfile.info(folder / "c0-before.wav").duration == pytest.approx(1.0, abs=0.01)
    assert soundfile.info(folder / "c0-after.wav").duration == pytest.approx(2.0, abs=0.01)
