"""Lengths of texts and recordings: whose belong together, where they are a row off, where nothing fits."""

import numpy as np
import pytest

from govor.curate.pairing import pairing, shifted

NAN = float("nan")


def rows(count: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Letters of sentences and the seconds that they take at 12 letters a second, within a fifth or so."""
    random = np.random.default_rng(seed)
    letters = random.integers(12, 90, count).astype(float)
    return letters, letters / 12 * np.exp(0.2 * random.standard_normal(count)) + 0.5


def test_texts_that_belong_to_their_recordings_are_quiet() -> None:
    letters, seconds = rows()
    found = pairing(letters, seconds)
    assert found is not None and found.correlation > 0.8 and not found.shuffled
    assert shifted(letters, seconds) is None


@pytest.mark.parametrize("offset", [-10, -2, -1, 1, 3, 6])
def test_texts_that_stand_rows_off_are_named_with_their_distance(offset: int) -> None:
    letters, seconds = rows()
    found = shifted(np.roll(letters, offset), seconds)
    assert found is not None and found.offset == offset
    assert found.first <= 11 and found.last >= 108


def test_a_line_that_is_missing_moves_all_behind_it() -> None:
    letters, seconds = rows()
    found = shifted(np.concatenate([letters[:50], letters[51:], letters[:1]]), seconds)
    assert found is not None and found.offset == -1 and abs(found.first - 50) <= 3 and found.last >= 116


@pytest.mark.parametrize("seed", range(6))
def test_short_sentences_of_nearly_one_length_from_the_middle_on(seed: int) -> None:
    """Half of a hundred rows, where lengths tell little: correlation 0.7 where texts belong to recordings."""
    random = np.random.default_rng(seed)
    letters = np.exp(3.2 + 0.45 * random.standard_normal(100)).round()
    seconds = letters / 12 * np.exp(0.35 * random.standard_normal(100)) + 1
    assert shifted(letters, seconds) is None
    assert shifted(random.permutation(letters), seconds) is None
    moved = np.concatenate([letters[:50], np.roll(letters[50:], 1)])
    found = shifted(moved, seconds)
    assert found is not None and found.offset == 1 and abs(found.first - 50) <= 12


def test_rows_without_letters_or_seconds_do_not_hide_it() -> None:
    letters, seconds = rows()
    letters, seconds = np.roll(letters, 1), seconds.copy()
    letters[::7], seconds[::11] = NAN, NAN
    found = shifted(letters, seconds)
    assert found is not None and found.offset == 1


def test_shuffled_texts_agree_with_nothing() -> None:
    letters, seconds = rows()
    found = pairing(np.random.default_rng(3).permutation(letters), seconds)
    assert found is not None and found.shuffled and abs(found.correlation) < 0.3


def test_texts_sorted_by_length_are_not_a_row_off() -> None:
    letters, seconds = rows()
    order = np.argsort(letters)
    assert shifted(letters[order], seconds[order]) is None


@pytest.mark.parametrize("letters", [np.full(200, 5.0), np.tile([3.0, 4.0, 5.0, 4.0], 50), np.full(20, NAN)])
def test_digits_one_length_and_few_rows_say_nothing(letters: np.ndarray) -> None:
    seconds = np.random.default_rng(0).uniform(0.4, 0.6, len(letters))
    assert pairing(letters, seconds) is None and shifted(letters, seconds) is None
