"""Normalisers that others released say what theirs say; the answers were made once with the originals."""

import pytest

from govor.config import EvaluateConfig
from govor.evaluate.released import ReleasedNormaliser, released
from govor.evaluate.results import stored_normaliser

pytest.importorskip("transformers")

ENGLISH = {
    "Mr. Smith won't pay twenty-five dollars and 7 cents for the colour programme!": (
        "mister smith will not pay $25.07 for the color program"
    ),
    "He'd been there -- [laughter] um, it's the 3rd of May, two thousand and nineteen.": (
        "he had been there it is the 3rd of may 2019"
    ),
    "(aside) They’ll organise 1,000 theatres; that's 50% more, isn't it?": (
        "they ll organize 1000 theaters that is 50% more is not it"
    ),
    "": "",
}
LEADERBOARD = {
    "Ah, Mary's B.B.C. e-mail, OK? It's five G, huh.": "mary sbbc email okay it is 5g",
    "The travelogue's archaeology: I a m here at 5 p.m., all right, et cetera.": (
        "the travelog s archeology i am here at 5 pm alright etc"
    ),
    "I I want a U S A flag, a big cat": "i i want ausa flag a big cat",
}
BASIC = {
    "L'été — « déjà » (dit-il) [rire] 3,5 €": "l été déjà 3 5",
    "हिन्दी": "ह न द",
    "Ⅻ ﬁn": "xii fin",
}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (kind, text, expected)
        for kind, pairs in (("english", ENGLISH), ("leaderboard", LEADERBOARD), ("basic", BASIC))
        for text, expected in pairs.items()
    ],
)
def test_says_what_the_original_says(kind, text, expected):
    assert ReleasedNormaliser(kind)(text) == expected


def test_chosen_by_name_and_read_back():
    for kind in ("english", "leaderboard", "basic"):
        chosen = released(EvaluateConfig(rules=(kind,)).rules)
        assert chosen is not None and chosen.name.startswith(f"{kind} (transformers ")
        assert stored_normaliser(chosen.as_dict()) == chosen
    assert released(("nfc", "lower")) is None and released(None) is None
    assert ReleasedNormaliser("english").name != ReleasedNormaliser("leaderboard").name


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(
        ValueError, match=r"'leaderbord'; it must be one of nfc, .*; or, alone, one of english, lea"
    ):
        EvaluateConfig(rules=("leaderbord",))


def test_a_whole_normaliser_stands_alone():
    with pytest.raises(ValueError, match="english is a whole normaliser: name it alone"):
        EvaluateConfig(rules=("english", "lower"))
