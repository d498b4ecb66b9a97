"""Transcript and aligner's words are parted together, and the transcript stays what it was."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.curate.cutting import TimedWord, cut_points, units_of
from govor.curate.junctions import junctions, tokens_of


def parted(text: str, words: list[str]) -> list[tuple[str, str]]:
    """The text before every junction, and the words before it (as few as may stand there)."""
    tokens = tokens_of(text)
    found = junctions(text, tokens, words)
    return [(text[: tokens[j.token].start].strip(), " ".join(words[: j.words[0]])) for j in found]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Da, svima!", "da svima", [("Da,", "da")]),
        ("Bilo je – kažem – lijepo.", "bilo je kažem lijepo", ["Bilo", "Bilo je –", "Bilo je – kažem –"]),
        ("Godine 1984. bilo", "godine tisuću devetsto bilo", ["Godine", "Godine 1984."]),
        ("sto-dva ljudi", "sto dva ljudi", [("sto-dva", "sto dva")]),
        ("je bilo lijepo", "je ovaj bilo lijepo", [("je", "je"), ("je bilo", "je ovaj bilo")]),
        ("- Kamo? - Doma.", "kamo doma", [("- Kamo?", "kamo")]),
        ("今天很好。他", "今天 很好 他", [("今天", "今天"), ("今天很好。", "今天 很好")]),
    ],
)  # fmt: skip
def test_parted_where_both_agree(text: str, words: str, expected: list[object]) -> None:
    found = parted(text, words.split())
    if all(isinstance(entry, str) for entry in expected):
        assert [before for before, _ in found][: len(expected)] == expected
    else:
        assert found == expected


def test_a_token_that_no_word_answers_to_is_never_at_an_edge() -> None:
    """Nobody knows on which side of a cut it is said."""
    assert parted("je danas bilo lijepo", ["je", "bilo", "lijepo"]) == [("je danas bilo", "je bilo")]


def test_words_of_another_text_part_nothing() -> None:
    assert parted("abc def ghi", ["xyz", "uvw", "rst"]) == []


def timed(words: list[str]) -> list[TimedWord]:
    return [TimedWord(n * 1.0, n + 0.8, word) for n, word in enumerate(words)]


def test_marks_and_numbers_of_the_transcript_are_kept() -> None:
    text = "Dobro: 21 put, «rekao»  je ..."
    units = units_of(text, timed(["dobro", "dvadeset", "jedan", "put", "rekao", "je"]))
    pieces = cut_points(units, 6.0, 3.5)
    said = [text[units[piece.first].first : units[piece.last - 1].last] for piece in pieces]
    assert said == ["Dobro: 21", "put, «rekao»  je ..."]
    assert [(piece.start, piece.end) for piece in pieces] == [(0.0, 2.9), (2.9, 6.0)]


def test_bare_times_need_as_many_tokens() -> None:
    bare = [TimedWord(n * 1.0, n + 0.8) for n in range(3)]
    assert len(units_of("Jedan, dva, tri.", bare)) == 3
    assert len(units_of("Jedan, dva.", bare)) == 1


words = st.lists(st.text("abcčšž", min_size=1, max_size=5), min_size=1, max_size=12)


@given(words, words, st.floats(1.0, 6.0))
def test_pieces_put_together_are_the_transcript(text: list[str], heard: list[str], limit: float) -> None:
    whole = " ".join(f"{word}," for word in text)
    units = units_of(whole, timed(heard))
    pieces = cut_points(units, float(len(heard)), limit)
    said = [whole[units[piece.first].first : units[piece.last - 1].last] for piece in pieces]
    assert not pieces or " ".join(said) == whole
    assert all(a.end <= b.start for a, b in pairwise(pieces))
