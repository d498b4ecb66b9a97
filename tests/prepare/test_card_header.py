"""The header of cards is YAML that gives back what was meant, whatever languages are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.prepare.card_header import dataset_header, header_text, language_header, size_category

yaml = pytest.importorskip("yaml")


def read(header):
    text = header_text(header)
    assert text.startswith("---\n") and text.endswith("\n---\n")
    return yaml.safe_load(text[4:-4])


@pytest.mark.parametrize(
    "tag", ["no", "*", "@x", "y", "on", "12", "- a", "a: b", "#", "'", '"', "null", "!x", "&a", "{"]
)
def test_languages_of_any_name(tag):
    found = read(dataset_header(["train"], 5, [tag]))
    assert found["language"] == [tag]
    assert found["configs"] == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}
    ]


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.recursive(texts, lambda inner: st.lists(texts, min_size=1) | st.dictionaries(texts, inner, min_size=1))
)
def test_everything_is_read_back(value):
    assert read({"key": value}) == {"key": value}


def test_the_language_alone_is_iso_639():
    assert language_header(["sv-SE", "zh-CN", "hr", "hrv", "sr-Latn", ""]) == {
        "language": ["hr", "sr", "sv", "zh"],
        "language_bcp47": ["sr-Latn", "sv-SE", "zh-CN"],
    }
    assert "language" not in read(dataset_header(["train"], 5, []))


def test_sizes():
    assert [size_category(n) for n in (999, 1_000, 5_000_000)] == ["n<1K", "1K<n<10K", "1M<n<10M"]
