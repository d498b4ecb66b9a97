"""Letters as a model of another language writes them."""

import random

import pytest

from govor.align.spelling import LEAST_LETTERS, learned

WORDS = ["fawr", "fel", "gofal", "hen", "haf", "cefn", "dydd", "dod", "mawr", "canol", "nos", "bara"]


def heard(word):
    """As a model without f and h writes it, which takes a double d for l."""
    return word.replace("dd", "l").replace("f", "v").replace("h", "")


def lessons(count, wrong=0.0):
    chance = random.Random(3)
    for _ in range(count):
        words = chance.choices(WORDS, k=6)
        said = "".join(map(heard, words))
        yield words, "".join(c if chance.random() >= wrong else chance.choice("aeosk") for c in said)


def test_what_is_always_heard_for_a_letter_is_written_for_it():
    spelling = learned(lessons(100))
    assert [spelling.of(word) for word in ("fyfyr", "heno", "bara")] == ["vyvyr", "eno", "bara"]
    assert spelling.of("dydd") == heard("dydd")
    assert spelling.of("dod") == "dod"  # only beside another d it is something else


def test_errors_by_chance_teach_nothing_else():
    spelling = learned(lessons(200, wrong=0.3))
    assert [spelling.of(word) for word in WORDS if "dd" not in word] == [
        heard(word) for word in WORDS if "dd" not in word
    ]


def test_all_that_is_written_for_a_letter_is_known_with_its_share():
    pairs = [(["fa", "fo"], said) for said in ["vavo"] * 60 + ["bavo"] * 20 + ["avo"] * 20]
    first, second = learned(pairs).writings("fa")
    assert sum(first.values()) == pytest.approx(1.0, abs=0.03)
    assert [first[text] for text in ("v", "b", "")] == pytest.approx([0.6, 0.2, 0.2], abs=0.05)
    assert second == pytest.approx({"a": 1.0})
    assert learned(pairs).writings("x") == [{"x": 1.0}]


def test_a_word_of_which_nothing_is_heard_stays():
    assert learned(lessons(100)).of("h") == "h"


def test_fast_speech_loses_letters_in_every_language_and_makes_none_foreign():
    lost = ((words, "".join(words).replace("f", "").replace("h", "")) for words, _ in lessons(100))
    assert not learned(lost).foreign
    assert learned(lessons(100)).foreign


def test_a_model_that_knows_the_language_and_little_text_teach_nothing():
    assert learned((words, "".join(words)) for words, _ in lessons(100)) is None
    few = [(["haf", "fel"], "avvel")] * (LEAST_LETTERS // 6 - 1)
    assert learned(few) is None
    assert learned([]) is None
