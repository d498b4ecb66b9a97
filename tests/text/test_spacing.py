"""Scripts with and without spaces between words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.text.spacing import columns, joined, pieces, space_between, spaces_before


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        (["Dobar dan.", "", " Kako ste? "], "Dobar dan. Kako ste?"),
        (["你好。", "今天天气很好"], "你好。今天天气很好"),
        (["今日は", "いい天気"], "今日はいい天気"),
        (["你好", "world", "再见"], "你好 world 再见"),
        (["안녕하세요", "오늘은"], "안녕하세요 오늘은"),
        (["สวัสดีครับ", "ผมชื่อ"], "สวัสดีครับ ผมชื่อ"),
        ([], ""),
    ],
)
def test_texts_are_joined_as_their_script_is_written(texts, whole):
    assert joined(texts) == whole


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("dan,", ["dan,"]),
        ("l'été", ["l'été"]),
        ("हिन्दी", ["हिन्दी"]),
        ("안녕하세요", ["안녕하세요"]),
        ("「你好」。", ["「你", "好」。"]),
        ("ウィキ", ["ウィ", "キ"]),
        ("เด็กทำ", ["เด็", "ก", "ทำ"]),
        ("用GPU吧", ["用", "GPU", "吧"]),
    ],
)
def test_words_of_unspaced_scripts_part_at_characters_that_may_begin_a_line(word, parts):
    assert pieces(word) == parts


@given(st.text(st.sampled_from("abč '.,。、「」你好ウィキーเด็กทำ안녕\u0301(")))
def test_pieces_are_the_whole_word(word):
    assert "".join(pieces(word)) == word


@given(st.lists(st.sampled_from(["dan", "你", "好。", "world", "ทำ", "ok,"]), min_size=1), st.data())
def test_spaces_are_those_of_the_text(words, data):
    spaces = ["", *(data.draw(st.sampled_from(["", " "])) for _ in words[1:])]
    text = "".join(space + word for space, word in zip(spaces, words, strict=True))
    found = spaces_before(words, text)
    assert "".join(space + word for space, word in zip(found, words, strict=True)) == text


def test_where_the_text_lacks_a_word_the_scripts_decide():
    assert spaces_before(["dobar", "dan", "svima"], "dobar svima") == ["", " ", " "]
    assert spaces_before(["你", "好", "吗"], "你吗") == ["", "", ""]


def test_wide_characters_take_two_columns():
    assert columns("dan") == 3 and columns("你好。") == 6 and columns("안") == 2 and columns("e\u0301") == 1
    assert space_between("", "a") == "" == space_between("a", "")
