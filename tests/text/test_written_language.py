"""Which language texts are written in: told over many sentences, silent where it cannot be told."""

import numpy as np
import pytest

from govor.demo.sentences import distinct_sentences, written
from govor.text.written_language import _common, otherwise_written

CROATIAN = [written(said) for said in distinct_sentences(np.random.default_rng(7), 60)]
ENGLISH = [
    f"{who} {what} before the {when} because nobody had told them about the {thing}."
    for who, what in [
        ("The neighbours", "closed their windows"),
        ("Most of the children", "went back to school"),
        ("My older sister", "wrote another letter"),
    ]
    for when in ("weather changed", "shop was opened", "train had arrived")
    for thing in (
        "long way home",
        "broken bridge",
        "price of bread",
        "visitors from abroad",
        "empty house",
        "law",
    )
]


@pytest.mark.parametrize("stated", ["en", "ja", "fi", "sv-SE", "eng"])
def test_texts_of_another_language_are_named(stated: str) -> None:
    found = otherwise_written(CROATIAN, stated)
    assert found is not None and found.language in ("hr", "bs")
    assert found.pieces >= 0.8 * found.total and len(found.rows) >= 0.8 * len(CROATIAN) - 3


@pytest.mark.parametrize("stated", ["hr", "hrv", "sr-Latn", "bs"])
def test_the_stated_language_and_its_kin_are_quiet(stated: str) -> None:
    assert otherwise_written(CROATIAN, stated) is None


def test_english_is_english_in_any_casing() -> None:
    for texts in (ENGLISH, [one.upper() for one in ENGLISH], [one.lower().strip(".") for one in ENGLISH]):
        assert otherwise_written(texts, "en") is None
        found = otherwise_written(texts, "hr")
        assert found is not None and found.language in ("en", "pcm")


def test_a_part_in_another_language_is_found_with_its_rows() -> None:
    found = otherwise_written([*CROATIAN, *ENGLISH[:20]], "hr")
    assert found is not None and found.language in ("en", "pcm") and found.pieces < found.total / 2
    assert found.rows[0] >= len(CROATIAN) - 3 and found.rows[-1] >= len(CROATIAN) + 16


def test_rows_are_those_of_the_foreign_texts_and_their_copies_alone() -> None:
    often = CROATIAN[0]
    texts = [*CROATIAN, *(one for text in ENGLISH[:20] for one in (text, often, "", text))]
    found = otherwise_written(texts, "hr")
    assert found is not None
    named = [texts[row] for row in found.rows]
    assert often not in named and "" not in named
    assert all(named.count(text) in (0, 2) for text in ENGLISH[:20])


@pytest.mark.parametrize(
    ("unlike", "total", "named"),
    [
        (["sr"] * 13 + ["hr"] * 12 + ["bs"] * 3, 60, "sr"),
        (["sr"] * 13 + ["en"] * 15, 60, "en"),
        (["sr"] * 5, 60, None),
    ],
)
def test_kin_count_together(unlike: list[str], total: int, named: str | None) -> None:
    assert _common(unlike, total) == named


def test_a_few_foreign_sentences_are_no_other_language() -> None:
    assert otherwise_written([*CROATIAN[:30], *ENGLISH[:3], *CROATIAN[30:]], "hr") is None


@pytest.mark.parametrize(
    "texts", [["one", "two", "three"] * 200, [], ["", "…"] * 50, [str(n) for n in range(300)], CROATIAN[:5]]
)
def test_single_words_digits_and_few_texts_say_nothing(texts: list[str]) -> None:
    assert otherwise_written(texts, "en") is None


@pytest.mark.parametrize("stated", ["tw", "x-own", "", "Croatian", "mul"])
def test_a_language_that_the_classifier_does_not_know_is_not_judged(stated: str) -> None:
    assert otherwise_written(ENGLISH, stated) is None


def test_unlike_the_stated_language_and_like_no_other() -> None:
    """Words of an invented language: no name for it, and not in the stated one."""
    random = np.random.default_rng(1)
    syllables = ["ɛkɔ", "ŋwa", "nyɛ", "ɖu", "ʋɛ", "kpɔ", "gbɛ", "tsɔ", "ƒo", "dzɛ"]
    texts = [" ".join("".join(random.choice(syllables, 3)) for _ in range(8)) for _ in range(60)]
    found = otherwise_written(texts, "en")
    assert found is not None and found.pieces >= 0.9 * found.total
