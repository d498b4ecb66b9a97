"""Texts in another language than the stated one, without any model; the remedy is a tag."""

import re

import numpy as np
import polars as pl
import pytest

from govor.demo.sentences import distinct_sentences, written
from govor.preflight.checks.languages import texts_are_in_the_stated_language

TEXTS = [written(said) for said in distinct_sentences(np.random.default_rng(5), 60)]


def rows(language: str | None, count: int = 60) -> pl.DataFrame:
    ids = [f"u{n:02d}" for n in range(count)]
    return pl.DataFrame(
        {"id": ids, "text": TEXTS[:count], "seconds": 2.0, "language": [language] * count},
        schema_overrides={"language": pl.String},
    )


@pytest.mark.parametrize(("column", "stated"), [("en", None), ("sv-SE", "hr"), (None, "ja")])
def test_the_language_is_named_and_its_tag_mends_it(column, stated):
    [found] = texts_are_in_the_stated_language(rows(column), stated)
    assert (found.code, found.severity) == ("other_language", "warning")
    assert found.count == len(found.ids) >= 45 and set(found.ids) <= set(rows("hr")["id"])
    tag = re.search(r"set the language to '(\w+)'", found.fix)[1]
    assert not list(texts_are_in_the_stated_language(rows(tag), stated))


def test_each_stated_language_is_judged_by_its_own_rows():
    mixed = pl.concat([rows("hr"), rows("fi").with_columns(pl.col("id") + "x")])
    [found] = texts_are_in_the_stated_language(mixed, "hr")
    assert "'fi'" in found.where and all(name.endswith("x") for name in found.ids)


@pytest.mark.parametrize(
    ("column", "stated"), [("hr", "en"), ("sr-Latn-RS", None), (None, None), ("tw", None)]
)
def test_what_is_right_or_cannot_be_told_is_quiet(column, stated):
    assert not list(texts_are_in_the_stated_language(rows(column), stated))


def test_a_related_language_that_lends_its_token_is_let_alone():
    """Rows without a language, in one that no classifier knows, and a model that is told another's."""
    random = np.random.default_rng(1)
    syllables = ["ɛkɔ", "ŋwa", "nyɛ", "ɖu", "ʋɛ", "kpɔ", "gbɛ", "tsɔ", "ƒo", "dzɛ"]
    texts = [" ".join("".join(random.choice(syllables, 3)) for _ in range(8)) for _ in range(60)]
    invented = rows(None).with_columns(pl.Series("text", texts))
    assert list(texts_are_in_the_stated_language(invented, "en")) == []
    [said] = texts_are_in_the_stated_language(invented.with_columns(language=pl.lit("en")), None)
    assert "none that govor can name" in said.measured  # the rows themselves say so: that is worth a finding
