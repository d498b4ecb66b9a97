"""Pairs by name, by list, by what was heard."""

import random

import pytest

from govor.align.pairing import Pair, groups_of, pairs_by_stem, proposals, read_pairs
from govor.errors import CorpusError

RECORDINGS = ["tapes/A1.mp3", "tapes/b.wav"]
TEXTS = ["texts/a1.docx", "texts/c.txt"]


def test_stems():
    assert pairs_by_stem(RECORDINGS, TEXTS) == [Pair("tapes/A1.mp3", "texts/a1.docx")]


def test_a_list_names_paths_their_ends_or_names(tmp_path):
    file = tmp_path / "pairs.csv"
    file.write_text("recording,text\nb.wav,texts/c.txt\ntapes/A1.mp3,c.txt\n")
    assert read_pairs(file, RECORDINGS, TEXTS) == [
        Pair("tapes/b.wav", "texts/c.txt"),
        Pair("tapes/A1.mp3", "texts/c.txt"),
    ]


@pytest.mark.parametrize(("content", "said"), [("b.wav,none.txt\n", "line 1"), ("", "has no pair")])
def test_a_wrong_list_is_named(tmp_path, content, said):
    file = tmp_path / "pairs.csv"
    file.write_text(content)
    with pytest.raises(CorpusError, match=said):
        read_pairs(file, RECORDINGS, TEXTS)
    with pytest.raises(CorpusError, match="cannot be read"):
        read_pairs(tmp_path / "no.csv", RECORDINGS, TEXTS)


def test_groups_hang_together():
    pairs = [Pair("r1", "t1"), Pair("r2", "t1"), Pair("r3", "t2"), Pair("r2", "t3")]
    assert groups_of(pairs) == [(["r1", "r2"], ["t1", "t3"]), (["r3"], ["t2"])]


def test_what_was_heard_points_at_its_text():
    generator = random.Random(0)
    texts = {f"t{n}": "".join(generator.choice("abcdefghijkl") for _ in range(4000)) for n in range(5)}

    def misheard(text):
        return "".join(c if generator.random() > 0.25 else generator.choice("abcdefghijkl") for c in text)

    heard = {f"r{n}": misheard(texts[f"t{n}"]) for n in range(4)}
    heard["other"] = "".join(generator.choice("abcdefghijkl") for _ in range(4000))
    found = {one.recording: one for one in proposals(heard, texts)}
    assert all(found[f"r{n}"].text == f"t{n}" and found[f"r{n}"].sure for n in range(4))
    assert not found["other"].sure
