"""One recording encoded again in two splits, and the same sentence recorded again."""

import numpy as np
import pytest
from preflight_parts import RATE_HZ, MemoryDataset, table_of

from govor.audio.measures import loudness_agreement
from govor.preflight.budget import Budget
from govor.preflight.checks.splits import no_recording_is_encoded_again
from govor.preflight.repeats import find_repeats

SENTENCE = "the river runs slowly past old houses"


def syllables(seed: int, seconds: float = 3.0) -> np.ndarray:
    """Noise that is loud and quiet by turns, as syllables are."""
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.uniform(0.0, 1.0, round(seconds * 8)), RATE_HZ // 8)
    return (0.1 * loudness * rng.standard_normal(len(loudness))).astype(np.float32)


def encoded(wave: np.ndarray, delay_s: float = 0.05, gain: float = 0.5) -> np.ndarray:
    noise = 0.001 * np.random.default_rng(9).standard_normal(len(wave))
    return np.pad((wave + noise) * gain, (round(delay_s * RATE_HZ), 0)).astype(np.float32)


def held(test_wave: np.ndarray, text: str = SENTENCE, sound: str = "b"):
    waves = {"a": syllables(1), "b": test_wave}
    facts = {"language": "en", "speaker": "s", "recording": "r"}
    tables = {
        split: table_of(
            [{"id": name, "text": said, "normal": said, "duration": 3.0, "audio_sha256": digest, **facts}]
        )
        for split, name, said, digest in (("train", "a", SENTENCE, "a"), ("test", "b", text, sound))
    }
    return MemoryDataset(tables, waves), tables


@pytest.mark.parametrize("delay_s", [0.0, 0.025, 0.2])
def test_a_recording_through_a_codec_is_the_same(delay_s) -> None:
    assert loudness_agreement(syllables(1), encoded(syllables(1), delay_s), RATE_HZ) > 0.97
    assert loudness_agreement(syllables(1), encoded(syllables(2), delay_s), RATE_HZ) < 0.9
    assert loudness_agreement(syllables(1), np.zeros(RATE_HZ, np.float32), RATE_HZ) == 0.0


def told(dataset, tables):
    facts: dict[str, str] = {}
    return list(no_recording_is_encoded_again(find_repeats(dataset, tables, Budget(1)), facts)), facts


def test_one_recording_encoded_again_is_an_error_and_its_ids_are_named() -> None:
    (found,), facts = told(*held(encoded(syllables(1))))
    assert (found.code, found.severity, found.ids) == ("leak_audio", "error", ("a",))
    assert "1 are one recording encoded again, 0 were recorded again" in facts["same_sentences"]


@pytest.mark.parametrize(
    ("wave", "text", "sound"),
    [
        (syllables(2), SENTENCE, "b"),
        (encoded(syllables(1)), "another text than that of the river", "b"),
        (encoded(syllables(1)), SENTENCE, "a"),
    ],
    ids=["recorded again", "another sentence", "equal samples, which hashes tell"],
)
def test_what_is_no_recording_encoded_again(wave, text, sound) -> None:
    found, _ = told(*held(wave, text, sound))
    assert found == []
