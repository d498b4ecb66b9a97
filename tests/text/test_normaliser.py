import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.config import TextConfig, recipe_from
from govor.config.text import PUNCTUATION_EXCEPTIONS, TEXT_RULES
from govor.errors import ModelError, RecipeError
from govor.text import RULES, Normaliser
from govor.text.rules import LAST_PUNCTUATION

DEFAULT = Normaliser.of(TextConfig())


@pytest.mark.parametrize(
    ("source", "language", "expected"),
    [
        ("Riječ je – naravno – o „povećanju“…", "hr", "riječ je naravno o povećanju"),
        ("Dana 1. siječnja 2020. godine.", "hr", "dana 1. siječnja 2020. godine"),
        ("L’été, c'est 'fini'!", "fr", "l'été c'est fini"),
        ("hyn yw’r gorau ‘oll’", "cy", "hyn yw'r gorau oll"),
        ("IŞIK İstanbul", "tr", "ışık istanbul"),
        ("IŞIK İstanbul", "tr-TR", "ışık istanbul"),
        ("IS", "az-Latn", "ıs"),
        ("I AM", "en", "i am"),
        ("हिन्दी में, लिखो।", "hi", "हिन्दी में लिखो"),
        ("می‌خواهم", "fa", "می‌خواهم"),
        ("a\u00adb\u200bc\ufeff\td", None, "abc d"),
        ("5 € + 3 | x", None, "5 3 x"),
        ("e\u0301te\u0301", None, "été"),
        ("ΟΔΟΣ", "el", "οδος"[:-1] + "ς"),
        ("3.14 a.b ...", None, "3.14 a b"),
        ("", None, ""),
        ("…", None, ""),
    ],
)
def test_known_texts(source: str, language: str | None, expected: str) -> None:
    assert DEFAULT(source, language) == expected


def test_language_of_the_normaliser_is_used_where_a_row_names_none() -> None:
    turkish = Normaliser.of(TextConfig(), "tr")
    assert turkish("I") == "ı"
    assert turkish("I", "en") == "i"


def test_upper_knows_turkish() -> None:
    assert Normaliser(("upper",), language="tr")("ışık istanbul") == "IŞIK İSTANBUL"


def test_exceptions_can_be_switched_off() -> None:
    strict = Normaliser.of(TextConfig(exceptions=()))
    assert strict("Dana 1. ne c'est") == "dana 1 ne c est"


def test_keep_holds_everywhere() -> None:
    kept = Normaliser.of(TextConfig(keep="-%€"))
    assert kept("e-mail, 5 % - 3 €!") == "e-mail 5 % - 3 €"


def test_tags_go_only_when_asked() -> None:
    assert Normaliser(("tags", "spaces"))("ja [noise] <unk> da") == "ja da"
    assert Normaliser(("spaces",))("ja [noise]  da") == "ja [noise] da"


def test_marks_go_only_when_asked() -> None:
    assert Normaliser(("marks",))("čćé") == "cce"


def test_changes_name_the_rule_that_changed_something() -> None:
    assert DEFAULT.changes("Da, ne") == [
        ("lower", "Da, ne", "da, ne"),
        ("punctuation", "da, ne", "da  ne"),
        ("spaces", "da  ne", "da ne"),
    ]
    assert DEFAULT.changes("da") == []


def test_travels_as_json() -> None:
    made = Normaliser.of(TextConfig(keep="-", exceptions=("apostrophe",)), "hr")
    again = Normaliser.from_dict(json.loads(json.dumps(made.as_dict())))
    assert again == made
    assert again.name == "govor-1:nfc+invisible+lower+punctuation+symbols+spaces"


@pytest.mark.parametrize("fault", [{"rules": ["future"]}, {"rules": ["lower"], "versions": {"lower": 99}}])
def test_refuses_rules_it_does_not_have(fault: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="install the"):
        Normaliser.from_dict(fault)


def test_config_names_exactly_the_rules_there_are() -> None:
    assert tuple(RULES) == TEXT_RULES
    assert PUNCTUATION_EXCEPTIONS == ("number_dot", "apostrophe")


def test_unknown_rule_in_a_recipe() -> None:
    with pytest.raises(RecipeError, match=r"text\.rules has 'lowercase'; it must be one of nfc"):
        recipe_from({"text": {"rules": ["lowercase"]}})


def test_no_punctuation_or_symbol_is_above_the_scanned_planes() -> None:
    late = (chr(c) for c in range(LAST_PUNCTUATION, sys.maxunicode + 1))
    assert not [c for c in late if unicodedata.category(c)[0] in "PS"]


@given(st.text())
def test_idempotent(text: str) -> None:
    once = DEFAULT(text)
    assert DEFAULT(once) == once


@given(st.text())
def test_letters_and_marks_survive(text: str) -> None:
    """What punctuation and symbols take away is never a letter, a mark or a number."""
    normaliser = Normaliser(("punctuation", "symbols"))
    kept = [c for c in text if unicodedata.category(c)[0] in "LMN"]
    assert [c for c in normaliser(text) if unicodedata.category(c)[0] in "LMN"] == kept


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("text", ["Ab, c! + d\u00ad", "Ab, čž! + ˛d"])
def test_a_rule_does_the_same_whichever_plane_a_text_is_in(rule, text):
    """How much of Unicode is looked through depends on the last character."""
    only = Normaliser((rule,))
    assert [only(f"{text} x{last}") for last in "中𠀀"] == [only(f"{text} x") + last for last in "中𠀀"]
    assert only("") == ""
