"""What the base model can do before training, and what the test set can tell apart afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import polars as pl

from govor.config import PreflightConfig, Recipe, TrainConfig
from govor.findings import Finding, count_of, share_of, some
from govor.models.base import Family
from govor.models.published import Measured, PublishedRate
from govor.preflight.base import BaseSaid
from govor.preflight.checks.texts import has_digits
from govor.preflight.clips import Tables
from govor.preflight.materials import Facts
from govor.preflight.registry import check
from govor.text import Normaliser

USUAL_WER = 0.2
SPREAD_FACTOR = 2.0
"""Errors cluster in utterances: their variance is about twice the binomial one."""
NORMAL_95 = 1.96
FEWEST_NUMBERS, NUMBERS_SHARE = 3, 0.1
JUDGED_UTTERANCES = 10
WORSE_SHARE = 0.5
"""Of the way from the known WER to 1: further than this is not the data's difficulty alone."""
GOOD_WER = 0.1
LARGEST_TEST_SHARE = 0.5
"""Of all utterances: a larger test set leaves too little to learn from, and is not advised."""


@check()
def base_model_is_measured(
    base: BaseSaid, tables: Tables, normaliser: Normaliser, training: TrainConfig, facts: Facts
) -> Iterator[Finding]:
    """The base model's WER on the dev utterances that training is judged on."""
    from govor.evaluate import score

    table = tables[training.dev_split].filter(pl.col("id").is_in(list(base.texts)))
    references = dict(zip(table["id"].to_list(), table["text"].to_list(), strict=True))
    languages = (
        dict(zip(references, table["language"].to_list(), strict=True)) if "language" in table.columns else {}
    )
    scored = score(references, base.texts, normaliser, languages=languages)
    facts["base_wer"] = {**scored.wer.as_dict(), "utterances": table.height, "of": base.rows}
    yield from ()


@check("base_much_worse", "base_nearly_right", after="base_model_is_measured")
def base_model_is_as_good_as_known(
    base: BaseSaid, family: Family, tables: Tables, recipe: Recipe, language: str | None, facts: Facts
) -> Iterator[Finding]:
    """The base model reaches what models of its size are known to, and leaves something to gain."""
    measured = facts.get("base_wer")
    if not measured or measured["value"] is None or len(base.texts) < JUDGED_UTTERANCES:
        return
    known = family.published(language) if isinstance(family, Measured) else None
    if known and (measured["low"] or 0.0) > known.wer + WORSE_SHARE * max(0.0, 1 - known.wer):
        yield _much_worse(known, measured["value"], language, base)
    yield from _nearly_right(float(measured["value"]), tables.get(recipe.evaluate.split))


def _much_worse(known: PublishedRate, wer: float, language: str | None, base: BaseSaid) -> Finding:
    return Finding(
        "base_much_worse",
        "warning",
        "the base model on dev",
        f"its WER is {wer:.2f} on {len(base.texts)} utterances in {language!r}",
        f"models of its size have {known.wer:.2f} on {known.on} ({known.source})",
        "transcripts of other clips, another language, damaged audio or wrong decoding settings look like"
        " this, and so does very hard speech",
    )


def _nearly_right(wer: float, table: pl.DataFrame | None) -> Iterator[Finding]:
    if table is None or not table.height or not 0 < wer <= GOOD_WER:
        return
    words = int(table["normal"].str.split(" ").list.len().sum())
    half = half_width(wer, words)
    if wer / 2 < half:
        yield Finding(
            "base_nearly_right",
            "warning",
            f"the base model, split test of {table.height:,} utterances",
            f"its WER on dev is {wer:.3f}; on test it would read ±{half:.3f}",
            "half of the errors must be more than that",
            "this test set could not show what training gains",
        )


@check("numbers_written_otherwise", after="base_model_is_measured")
def numbers_are_written_alike(base: BaseSaid, tables: Tables, training: TrainConfig) -> Iterator[Finding]:
    """The base model writes numbers as the transcripts do: in digits or in words."""
    texts = dict(tables[training.dev_split].select("id", "normal").iter_rows())
    pairs = [(name, texts[name], said) for name, said in base.texts.items() if name in texts]
    said_only = [(name, own, said) for name, own, said in pairs if has_digits(said) and not has_digits(own)]
    own_only = [(name, own, said) for name, own, said in pairs if has_digits(own) and not has_digits(said)]
    both = sum(has_digits(own) and has_digits(said) for _, own, said in pairs)
    more = max(said_only, own_only, key=len)
    if len(more) >= max(FEWEST_NUMBERS, NUMBERS_SHARE * len(pairs)) and len(more) > 2 * both:
        yield _numbers(more, len(pairs), in_words=more is said_only)


def _numbers(rows: Sequence[tuple[str, str, str]], total: int, in_words: bool) -> Finding:
    return Finding(
        "numbers_written_otherwise",
        "warning",
        "transcripts and the base model",
        f"in {share_of(len(rows), total)} dev utterances the transcript has "
        + ("words where the base model writes digits" if in_words else "digits and the base model has none"),
        "numbers written in one way",
        "until the model has learnt the other way, every number is an error, and the WER before training says"
        " little"
        if in_words
        else "digits do not say how they are spoken, which a model has to learn from each by itself",
        samples=tuple(f"{name}: {own!r} decoded as {said!r}" for name, own, said in rows[:5]),
        count=len(rows),
        ids=tuple(name for name, _, _ in rows),
    )


@check("test_too_small", after="base_model_is_measured")
def test_split_can_tell(
    tables: Tables, recipe: Recipe, settings: PreflightConfig, facts: Facts
) -> Iterator[Finding]:
    """The test split is large enough for the difference that is hoped for."""
    table = tables.get(recipe.evaluate.split)
    if table is None or not table.height:
        return
    words = int(table["normal"].str.split(" ").list.len().sum())
    wer, assumed = expected_wer(facts)
    half = half_width(wer, words)
    facts["test_interval"] = f"a WER of {wer:.2f} on {table.height:,} utterances would read ±{half:.3f}"
    if half > settings.hoped_difference:
        everything = sum(one.height for one in tables.values())
        yield _too_small(
            recipe.evaluate.split, table, words, (wer, assumed, half), settings.hoped_difference, everything
        )


@check("slice_column_missing")
def slices_are_columns(tables: Tables, recipe: Recipe) -> Iterator[Finding]:
    """Every column that evaluation slices by is in the data set."""
    from govor.evaluate.results import missing_columns

    table = tables.get(recipe.evaluate.split)
    if table is None:
        return
    stored = table.drop("normal")
    missing = missing_columns(stored, recipe.evaluate)
    if missing:
        yield Finding(
            "slice_column_missing",
            "error",
            "[evaluate] slices",
            f"the data set has no column {some(missing)}; it has {', '.join(stored.columns)}",
            f"slices = {list(recipe.evaluate.slices)}",
            "evaluation would end with an error, after all of the training",
            "take it out of [evaluate] slices, or prepare a corpus that has it",
        )


def expected_wer(facts: Facts) -> tuple[float, str]:
    """The WER to reckon with: the base model's where it was measured, and where it comes from."""
    base = facts.get("base_wer")
    if base and 0 < (base["value"] or 0) < USUAL_WER:
        return float(base["value"]), "the base model's"
    return USUAL_WER, "a usual one"


def half_width(wer: float, words: int) -> float:
    """Half the 95% interval of a WER over so many words, errors clustered as they usually are."""
    return NORMAL_95 * math.sqrt(SPREAD_FACTOR * wer * (1 - wer) / max(words, 1))


def _too_small(
    split: str,
    table: pl.DataFrame,
    words: int,
    reckoned: tuple[float, str, float],
    hoped: float,
    everything: int,
) -> Finding:
    wer, assumed, half = reckoned
    needed = math.ceil(table.height * (half / hoped) ** 2)
    larger = (
        f"set [select] test = {needed}, or say what you hope for"
        if needed <= LARGEST_TEST_SHARE * everything
        else f"the data set has {everything:,} utterances in all, too few for that: compare models in pairs"
        " on the same rows ([evaluate] baseline), which tells smaller differences apart, get more test data,"
        " or say what you hope for"
    )
    return Finding(
        "test_too_small",
        "warning",
        f"split {split}",
        f"{count_of(table.height, 'utterance')} with {words:,} words: a WER of {wer:.2f} ({assumed}) would"
        f" have a 95% interval of ±{half:.3f}",
        f"the difference hoped for is {hoped:g}; to be sure of it takes about {needed:,} such utterances",
        "two models could not be told apart on it, whichever is better",
        f"{larger} with [preflight] hoped_difference",
    )
