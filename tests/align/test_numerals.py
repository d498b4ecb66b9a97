"""Numbers as they may be read."""

import pytest

from govor.align.numerals import readings, roman_value


@pytest.mark.parametrize(
    ("written", "language", "said"),
    [
        ("3,5", "hr", "tri zarez pet"),
        ("0.25", "sv", "noll komma två fem"),
        ("12 500", "sv", "tolvtusen femhundra"),
        ("1’984", "it", "millenovecentottantaquattro"),
        ("1,00,000", "en-IN", "one lakh"),
        ("XIV.", "en", "fourteenth"),
        ("25", "nb", "tjuefem"),
        ("٢١", "ar", "واحد وعشرون"),
    ],
)
def test_readings(written, language, said):
    assert said in readings(written, language)


@pytest.mark.parametrize(
    ("word", "value"),
    [("IV", 4), ("(MCMLXXXIV)", 1984), ("II.", 2), ("IIII", 0), ("CIVIL", 0), ("", 0), ("iv", 0)],
)
def test_roman_numerals(word, value):
    assert roman_value(word) == value
