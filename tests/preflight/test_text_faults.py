"""Labels, remarks, escapes and placeholders in texts; and what is written like them and is said."""

import polars as pl
import pytest

from govor.config import TextConfig
from govor.preflight.checks.styles import (
    no_markup_is_learnt,
    texts_begin_differently,
    words_keep_to_one_script,
)
from govor.preflight.checks.texts import references_have_text, splits_are_written_alike
from govor.text import Normaliser

WORDS = ("river", "stone", "market", "evening", "letter", "garden", "window")
TEXTS = [" ".join(WORDS[(n * 3 + k * (n % 5 + 1)) % 7] for k in range(4 + n % 4)) for n in range(60)]
NORMALISER = Normaliser.of(TextConfig(), "en")


def tables(change) -> dict[str, pl.DataFrame]:
    """Train and test in which row n has the text that `change` makes of it."""
    rows = [{"id": f"u{n:02d}", "text": change(text, n)} for n, text in enumerate(TEXTS)]
    frame = pl.DataFrame([{**row, "normal": NORMALISER(row["text"], "en")} for row in rows])
    return {"train": frame[:45], "test": frame[45:]}


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (lambda text, n: f"{('Ana', 'Ivo K.', 'Eva')[n % 3]}: {text}", "a name"),
        (lambda text, n: f"{n + 1}) {text}", "a running number"),
    ],
)
def test_labels_before_texts_name_their_rows(label, said):
    [found] = texts_begin_differently(tables(label))
    assert (found.code, found.severity, len(found.ids)) == ("shared_words", "warning", 60)
    assert said in found.measured and "import again" in found.fix
    assert not list(texts_begin_differently(tables(lambda text, n: text)))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("remarks", lambda text, n: f"{text} (laughs)"),
        ("remarks", lambda text, n: f"{{noise}} {text}"),
        ("escapes", lambda text, n: text.replace(" ", "\\n", 1)),
        ("escapes", lambda text, n: text.replace(" ", "%20", 1)),
    ],
)
def test_what_programs_and_annotators_write_is_found(kind, change):
    [found] = no_markup_is_learnt(tables(lambda text, n: change(text, n) if n % 4 == 0 else text), NORMALISER)
    assert (found.code, found.severity) == ("tags_in_text", "warning") and kind in found.measured
    assert found.ids == tuple(f"u{n:02d}" for n in range(0, 60, 4))
    mended = tables(lambda text, n: text)
    assert not list(no_markup_is_learnt(mended, NORMALISER))


@pytest.mark.parametrize(
    "change",
    [
        lambda text, n: f"{text} ({text.split()[0]} {n})" if n < 10 else text,
        lambda text, n: f"{text} 100%",
        lambda text, n: f"{text} / {n}",
    ],
)
def test_brackets_that_do_not_recur_and_signs_are_quiet(change):
    assert not list(no_markup_is_learnt(tables(change), NORMALISER))


@pytest.mark.parametrize("word", ["NULL", "nan", " n/a "])
def test_placeholders_are_no_texts(word):
    planted = tables(lambda text, n: word if n % 10 == 0 else text)
    [found] = references_have_text(planted, NORMALISER)
    assert (found.code, found.severity) == ("empty_text", "error")
    assert found.ids == ("u00", "u10", "u20", "u30", "u40", "u50")
    left = {split: table.filter(~pl.col("id").is_in(found.ids)) for split, table in planted.items()}
    assert not list(references_have_text(left, NORMALISER))


@pytest.mark.parametrize(
    "change",
    [
        lambda text, n: ("none", "one", "two")[n % 3],
        lambda text, n: f"{text} none",
        lambda text, n: "nan" if n == 3 else text,
    ],
    ids=["commands", "in sentences", "once"],
)
def test_words_that_are_said_are_no_placeholders(change):
    assert not list(references_have_text(tables(change), NORMALISER))


@pytest.mark.parametrize(
    "name",
    [lambda n: f"clips/a_{n}.MP3", lambda n: f"u{n:02d}", lambda n: f"take {n}".replace(" ", "-") + ".wav"],
)
def test_names_of_files_are_no_texts(name):
    planted = tables(lambda text, n: name(n) if n % 10 == 0 else text)
    [found] = references_have_text(planted, NORMALISER)
    assert (found.code, found.severity) == ("empty_text", "error") and "names of files" in found.measured
    assert found.ids == ("u00", "u10", "u20", "u30", "u40", "u50")


@pytest.mark.parametrize("text", ["the site example.com", "mp3", "u77", "version 2.0"])
def test_a_word_with_a_dot_or_a_number_is_a_text(text):
    assert not list(references_have_text(tables(lambda said, n: text if n % 10 == 0 else said), NORMALISER))


def test_one_text_for_all_is_found():
    [found] = texts_begin_differently(
        tables(lambda text, n: text if n % 10 == 1 else "Transcript to follow.")
    )
    assert (found.code, len(found.ids)) == ("shared_words", 54) and "one and the same text" in found.measured
    few = tables(lambda text, n: ("yes", "no", "perhaps")[n % 3])
    assert not list(texts_begin_differently(few))  # commands


RAW = Normaliser.of(TextConfig(rules=("nfc", "spaces")), "en")


def raw(change) -> dict[str, pl.DataFrame]:
    """The same under rules that leave signs."""
    made = tables(change)
    return {split: table.with_columns(normal=pl.col("text")) for split, table in made.items()}


@pytest.mark.parametrize("marks", ["**{}**", "## {}", "__{}__ here"])
def test_markdown_is_found_where_the_rules_leave_it(marks):
    planted = raw(lambda text, n: marks.format(text) if n % 4 == 0 else text)
    [found] = no_markup_is_learnt(planted, RAW)
    assert "Markdown" in found.measured and found.ids == tuple(f"u{n:02d}" for n in range(0, 60, 4))
    removed = tables(lambda text, n: marks.format(text) if n % 4 == 0 else text)
    assert not list(no_markup_is_learnt(removed, NORMALISER))


@pytest.mark.parametrize("text", ["he said f**k", "#1 of them", "2 ** 3", "a__b__c", "* a point"])
def test_signs_that_are_no_markdown_are_quiet(text):
    assert not list(no_markup_is_learnt(raw(lambda said, n: f"{text} {said}"), RAW))


def test_letters_of_two_alphabets_in_a_word_are_found():
    [found] = words_keep_to_one_script(tables(lambda text, n: text.replace("e", "е") if n < 20 else text))
    assert (found.code, found.severity) == ("mixed_scripts", "warning")
    assert set(found.ids) <= {f"u{n:02d}" for n in range(20)} and len(found.ids) >= 15
    assert not list(words_keep_to_one_script(tables(lambda text, n: f"{text} да 5 Ω")))


def test_fewer_numbers_than_texts_tell_that_a_split_writes_them_otherwise():
    """A tenth of the texts has a number: in train as a word, in test as a digit."""
    number = {"train": "seven", "test": "7"}
    frames = {
        split: pl.DataFrame(
            {"id": f"{split}{n}", "normal": f"text {number[split]}" if n % 10 == 0 else "text"}
            for n in range(500)
        )
        for split in number
    }
    [found] = splits_are_written_alike(frames)
    assert "references with digits" in found.measured and "train: 0 of 500" in found.measured
    same = {"train": frames["test"], "test": frames["test"]}
    assert not list(splits_are_written_alike(same))
