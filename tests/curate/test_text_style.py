"""How texts are written: what a program cut, what all begin with, mixed styles, names spelt twice."""

import random
import textwrap

import polars as pl
import pytest

from govor.curate.text_style import (
    casing,
    cut_texts,
    ending,
    form,
    mixture,
    shared_words,
    spellings,
)

SAID = "the river runs slowly past old houses and we sat there until evening came over them all"
WORDS = SAID.split()


def sentences(count: int = 80, seed: int = 0) -> list[str]:
    random_ = random.Random(seed)
    return [
        " ".join(random_.choices(WORDS, k=random_.randint(3, 14))).capitalize() + "." for _ in range(count)
    ]


def test_whole_texts_are_not_cut() -> None:
    assert cut_texts(sentences()) is None
    assert cut_texts(["seven", "three", "eight", "nine"] * 20) is None
    assert cut_texts([f"call four five six {n}." for n in range(50)]) is None


def test_texts_cut_in_a_column_of_forty_characters() -> None:
    texts = [text[:40] for text in sentences()]
    found = cut_texts(texts)
    assert found is not None and (found.length, found.unit) == (40, "characters")
    assert {len(texts[row]) for row in found.rows} <= {39, 40} and len(found.rows) > 20


def test_texts_cut_behind_six_words() -> None:
    found = cut_texts([" ".join(text.split()[:6]) for text in sentences()])
    assert found is not None and (found.length, found.unit) == (6, "words")


def test_texts_cut_behind_four_words_beside_titles_without_full_stops() -> None:
    """Few texts are shorter, and not all of these end with a mark: still far more than of the cut ones."""
    long = [text for text in sentences(120) if len(text.split()) > 4]
    cut = [" ".join(text.split()[:4]) for text in long]
    short = ["City map", "Old bridge", "It rains.", "Look up.", "He ran.", "Market square", "Go on."]
    found = cut_texts([*cut, *short])
    assert found is not None and (found.length, found.unit) == (4, "words")
    assert cut_texts([*cut, *(text.rstrip(".") for text in short)]) is None


@pytest.mark.parametrize("width", [30, 40])
def test_texts_cut_in_front_of_a_word(width: int) -> None:
    texts = [textwrap.shorten(text, width, placeholder="") for text in sentences(120)]
    found = cut_texts(texts)
    assert found is not None and found.unit == "characters" and width - 10 < found.length <= width
    assert cut_texts([text.rstrip(".") + "." for text in texts]) is None


def test_six_words_with_their_full_stops_are_a_design() -> None:
    texts = [" ".join(text.rstrip(".").split()[:6]) + "." for text in sentences()]
    found = cut_texts(texts)
    assert found is None or found.unit == "characters"


def test_words_that_all_texts_share() -> None:
    plain = [text.rstrip(".").lower() for text in sentences()]
    assert shared_words(plain) is None
    assert shared_words([f"anna berg {text}" for text in plain]) == ("first", "anna berg", 80)
    assert shared_words([f"{text} over and out" for text in plain]) == ("last", "over and out", 80)
    assert shared_words(["seven", "eight"] * 40) is None


def styles(of, *texts: str) -> list[str | None]:
    found = pl.DataFrame({"text": texts}).select(of(pl.col("text")))
    return found.to_series().to_list()


def test_styles() -> None:
    assert styles(casing, "A B C", "a b c", "A b c", "a b", "一 二 三", "1 2 3") == [
        *("upper case", "lower case", "sentence case", None, None, None)
    ]
    assert styles(ending, "It is so.", "It is so", "He said “no!”", "Yes.", "क्या हुआ है।") == [
        *("an end mark", "no end mark", "an end mark", None, "an end mark")
    ]
    assert styles(form, "caf\u00e9", "cafe\u0301", "cafe") == ["composed", "decomposed", None]


def test_a_mixture_needs_two_common_styles() -> None:
    assert mixture(["a"] * 80 + ["b"] * 20 + [None] * 50) == {"a": [*range(80)], "b": [*range(80, 100)]}
    assert mixture(["a"] * 95 + ["b"] * 5) is None
    assert mixture(["a"] * 8 + ["b"] * 8) is None
    assert mixture([None] * 10) is None
    assert mixture(["a"] * 8 + ["b"] * 3, 0.02, 3) == {"a": [*range(8)], "b": [8, 9, 10]}


def test_spellings_of_one_name() -> None:
    found = spellings(["spk1", "SPK-01", "spk 001", "spk10", "Anna", "anna ", "Ana"])
    assert sorted(found.values()) == [["Anna", "anna "], ["spk1", "SPK-01", "spk 001"]]
    assert spellings(["1", "10", "100", "a1", "a11"]) == {}
    assert spellings(["1-12", "11-2", "s 1 2", "s 12", "Maria José", "José Maria"]) == {}
    respelt = [["Anna Berg", "Berg, Anna"], ["Zoë", "zoe"], ["s01", "speakers/s1", "a\\b\\S1"]]
    assert list(spellings(name for names in respelt for name in names).values()) == respelt
