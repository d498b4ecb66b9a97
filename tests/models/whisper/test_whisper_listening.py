"""Texts scored on a sound by Whisper: its own log-probabilities, whatever the batch and the case."""

import math

import numpy as np
import pytest

from govor.models import open_model
from govor.models.base import Sound
from govor.models.listening import Listening
from govor.models.whisper.listening import SILENT_CLASS, classes_of


@pytest.fixture(scope="module")
def family(tiny_whisper):
    return open_model(tiny_whisper, device="cpu")


@pytest.fixture(scope="module")
def ears(family):
    wave = np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)
    return family.listen(Sound(wave, "hr"), "short")


TEXTS = ["dobar dan", "dobar dan svima", "b", "jedan dva tri"]


def test_it_can_listen_and_tells_languages(family, ears) -> None:
    assert isinstance(family, Listening)
    assert sum(ears.languages.values()) == pytest.approx(1.0, abs=1e-4)
    assert set(ears.languages) == set(family.prompt.languages)
    assert family.language_code("hr-HR") == "hr" and family.language_code("xx") is None


def test_a_text_scores_the_same_in_any_batch(ears) -> None:
    together = ears.fits(TEXTS)
    alone = [ears.fits([text])[0] for text in TEXTS]
    assert [one.total for one in together] == pytest.approx([one.total for one in alone], abs=1e-3)
    assert all(one.total < 0 and one.units >= 2 for one in together)


def test_it_is_the_sum_of_its_parts(family, ears) -> None:
    (fit,) = ears.fits(["dobar dan"])
    assert 0 < fit.before <= -fit.total and 0 < fit.after <= -fit.total
    assert fit.mean == pytest.approx(fit.total / fit.units)


def test_texts_that_take_no_place_or_too_many(ears) -> None:
    empty, endless, plain = ears.fits(["", "dobar dan " * 400, "dan"])
    assert empty.total == endless.total == -math.inf and math.isfinite(plain.total)


def test_case_and_punctuation_make_no_other_token(family) -> None:
    end = family.prompt.end
    classes = classes_of(family.tokenizer, end)
    texts = family.tokenizer.batch_decode([[token] for token in range(end)])
    places = {text: token for token, text in enumerate(texts)}
    pairs = [(text, text.upper()) for text in places if text.isalpha() and text != text.upper()]
    known = [(places[low], places[high]) for low, high in pairs if high in places]
    assert known and all(classes[low] == classes[high] != SILENT_CLASS for low, high in known)
    marks = [token for text, token in places.items() if text.strip() in (".", ",", "?")]
    assert marks and all(classes[token] == SILENT_CLASS for token in marks)
    assert classes[end] != SILENT_CLASS and len(classes) == end + 1
