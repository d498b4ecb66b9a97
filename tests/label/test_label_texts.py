"""What repeats, what agrees, and which phrases count."""

import pytest

from govor.label.texts import agreement, is_repetitive, phrases, plain, spoken_letters
from govor.text.compression import compression_ratio


def test_a_text_is_compared_as_it_sounds():
    assert plain("  Dobar dan, GOSPODO!") == "dobar dan gospodo"
    assert plain("٣ كتب، ñandú") == "٣ كتب ñandú"


@pytest.mark.parametrize(
    ("text", "second", "expected"),
    [
        ("Dobar dan.", "dobar dan", 1.0),
        ("abcd", "abce", 0.75),
        ("ab", "something else altogether", 0.0),
        ("", "", 1.0),
        ("", "words", 0.0),
    ],
)
def test_agreement_is_one_less_the_character_error_rate(text, second, expected):
    assert agreement(text, second) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "ne ne ne ne ne ne",
        "I do not know. I do not know. I do not know.",
        "and so and so and so and so and so",
        "谢谢谢谢谢谢谢谢谢谢",
        "one two three four five six seven " * 3,
    ],
)
def test_what_stands_again_and_again_is_a_loop(text):
    assert is_repetitive(text)


@pytest.mark.parametrize(
    "text", ["no no no no", "Hvala, hvala lijepa, hvala.", "I do not know. I do not know.", "", "jedan"]
)
def test_what_people_repeat_is_no_loop(text):
    assert not is_repetitive(text)


def test_a_character_that_is_a_syllable_counts_for_several_letters():
    assert spoken_letters("dobar dan") == 8
    assert spoken_letters("你好") == pytest.approx(5)


def test_the_compression_ratio_is_that_of_whisper():
    assert compression_ratio("") == 0
    assert compression_ratio("la " * 100) > 10 > 2 > compression_ratio("Danas govorimo o obrazovanju.")


def test_phrases_are_sentences_that_are_long_enough():
    assert list(phrases("Da. Thanks for watching! Nastavljamo sutra")) == [
        "thanks for watching",
        "nastavljamo sutra",
    ]
