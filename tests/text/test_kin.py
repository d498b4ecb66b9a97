"""Codes of one language, and of languages that pass for one."""

import pytest

from govor.text.kin import group_of, kin_of, same_language


@pytest.mark.parametrize(
    ("code", "usual"),
    [("nb", "no"), ("fil", "tl"), ("cmn", "zh"), ("arb", "ar"), ("swh", "sw"), ("pes", "fa"), ("gn", "gug")],
)
def test_codes_of_one_language_are_kin(code, usual):
    assert same_language(code) == usual
    assert group_of(code) == group_of(usual) and {code, usual} <= kin_of(code)


def test_a_relative_is_another_language():
    assert same_language("bs") == "bs" and kin_of("bs") == kin_of("hr")
    assert group_of("sl") == "sl" and kin_of("sl") == {"sl"}
