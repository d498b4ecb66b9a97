"""``--language``: it wins over a tag of the same language, never over another language, and says so."""

import polars as pl
import pytest

from govor.config import CorpusConfig
from govor.corpora import import_corpus
from govor.corpora.language_tags import decide


@pytest.fixture
def source(tmp_path):
    """A table whose rows name their languages in several ways."""
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    languages = ["sv-SE", "sv-SE", "swe", "Swedish", "", "fi", "sv"]
    rows = [f"a{i}\ta.wav\thej {i}\t{i}\t{i + 1}\t{tag}" for i, tag in enumerate(languages)]
    (tmp_path / "rows.tsv").write_text("id\taudio\ttext\tstart\tend\tlanguage\n" + "\n".join(rows) + "\n")
    return tmp_path / "rows.tsv"


def languages(out):
    return pl.read_parquet(out / "utterances.parquet").sort("id")["language"].to_list()


def test_the_flag_wins_over_tags_of_the_same_language_and_says_so(source, tmp_path):
    summary = import_corpus(CorpusConfig(source=str(source), language="sv"), tmp_path / "out")
    assert languages(tmp_path / "out") == ["sv", "sv", "sv", "sv", "sv", "fi", "sv"]
    told = " ".join(summary.remarks)
    assert "4 rows name the language sv-SE" in told and "they are sv, as --language says" in told
    assert "1 rows name the language fi: they keep it" in told


def test_a_fuller_tag_wins_over_the_shorter_one(source, tmp_path):
    import_corpus(CorpusConfig(source=str(source), language="sv-FI"), tmp_path / "out")
    assert languages(tmp_path / "out") == ["sv-FI"] * 5 + ["fi", "sv-FI"]


def test_without_the_flag_rows_keep_what_they_say(source, tmp_path):
    summary = import_corpus(CorpusConfig(source=str(source)), tmp_path / "out")
    assert languages(tmp_path / "out") == ["sv-SE", "sv-SE", "swe", "Swedish", None, "fi", "sv"]
    assert "language" not in " ".join(summary.remarks)


@pytest.mark.parametrize(
    ("own", "flag", "decided"),
    [
        ("hrv", "hr", "hr"),
        ("sr-Latn", "sr", "sr"),
        ("de", "nds", "de"),
        ("nb", "no", "nb"),
        ("iw", "he", "he"),
    ],
)
def test_the_same_language_is_told_by_its_iso_code(own, flag, decided):
    assert decide(own, flag) == decided
