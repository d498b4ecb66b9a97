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


def test_the_same_names_in_two_folders_belong_to_those_of_one_name():
    recordings = ["tapes/ana/1.mp3", "tapes/ivo/1.mp3", "tapes/new/1.mp3"]
    texts = ["texts/ana/1.txt", "texts/ivo/1.txt", "texts/ivo/1.docx"]
    assert pairs_by_stem(recordings, texts) == [
        Pair("tapes/ana/1.mp3", "texts/ana/1.txt"),
        Pair("tapes/ivo/1.mp3", "texts/ivo/1.txt"),
        Pair("tapes/ivo/1.mp3", "texts/ivo/1.docx"),
    ]
    assert len(pairs_by_stem(["1.mp3", "b/1.mp3"], ["texts/1.txt"])) == 2


@pytest.mark.parametrize(
    "content",
    [
        "b.wav;c.txt\n",
        "recording\ttext\nb.wav\tc.txt\n",
        '\ufeff"tapes/b.wav","texts/c.txt",a remark\r\n',
        "b.wav,c.txt\nb.wav,c.txt\n",
        "tapes\\b.wav,texts\\c.txt\n",
        "b,c\n",
        "tapes/../tapes/b.wav,./texts/c.txt\n",
    ],
)
def test_tables_as_spreadsheets_write_them(tmp_path, content):
    file = tmp_path / "pairs.csv"
    file.write_text(content, newline="")
    assert read_pairs(file, RECORDINGS, TEXTS) == [Pair("tapes/b.wav", "texts/c.txt")]


def test_paths_may_count_from_the_tables_folder(tmp_path):
    (tmp_path / "lists").mkdir()
    file = tmp_path / "lists" / "pairs.csv"
    file.write_text("../tapes/b.wav,../texts/\u010d.txt\n")
    tapes, texts = [str(tmp_path / "tapes" / "b.wav")], [str(tmp_path / "texts" / "c\u030c.txt")]
    assert read_pairs(file, tapes, texts) == [Pair(tapes[0], texts[0])]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1.mp3,c.txt\n", r"line 1: '1.mp3' could be a/1.mp3 or b/1.mp3: write more of its path"),
        ("no.mp3,none.txt\na/1.mp3,c.txt\n", "line 1: 'no.mp3, none.txt' names no recording"),
        ("a/1.mp3,c.txt,d.txt\n", "line 1 names several texts"),
    ],
)
def test_a_table_is_not_read_as_something_else(tmp_path, content, said):
    file = tmp_path / "pairs.csv"
    file.write_text(content)
    with pytest.raises(CorpusError, match=said):
        read_pairs(file, ["a/1.mp3", "b/1.mp3"], ["c.txt", "d.txt"])


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
