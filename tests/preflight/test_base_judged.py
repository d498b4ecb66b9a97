"""The base model's WER against figures with sources, and against what the test set can show."""

import polars as pl
import pytest
from preflight_parts import recipe_with

from govor.models.published import PublishedRate
from govor.models.whisper.published import published_wer
from govor.preflight.base import BaseSaid
from govor.preflight.materials import Materials
from govor.preflight.registry import REGISTRY, all_checks
from govor.preflight.run import run_check


class Known:
    def published(self, language):
        return PublishedRate(0.3, "a set", "a paper") if language == "hr" else None


@pytest.fixture
def judged(tmp_path):
    """Codes for a measured WER with its lower end, on a test split of so many words."""
    all_checks()

    def run(value, low, words=20_000, language="hr", utterances=20):
        made = Materials(recipe_with(), "cpu", tmp_path)
        said = BaseSaid("x", {f"u{n}": "" for n in range(utterances)}, utterances, 0.1)
        table = pl.DataFrame({"normal": ["a b c d e"] * (words // 5)})
        made.__dict__.update(base=said, family=Known(), tables={"test": table}, language=language)
        made.facts["base_wer"] = {"value": value, "low": low, "high": 1.0}
        found = run_check(REGISTRY["base_model_is_as_good_as_known"], made, {}).findings
        return [one.code for one in found]

    return run


def test_far_above_what_is_known(judged) -> None:
    assert judged(0.9, 0.8) == ["base_much_worse"]
    assert judged(1.2, 1.0) == ["base_much_worse"]


def test_harder_speech_than_the_papers_is_quiet(judged) -> None:
    assert judged(0.5, 0.4) == [] and judged(0.9, 0.6) == []


def test_a_language_without_a_figure_and_few_utterances_are_not_judged(judged) -> None:
    assert judged(1.2, 1.0, language="tw") == [] and judged(1.2, 1.0, utterances=5) == []


def test_a_base_so_good_that_nothing_would_show(judged) -> None:
    assert judged(0.03, 0.01, words=300) == ["base_nearly_right"]
    assert judged(0.03, 0.01, words=40_000) == [] and judged(0.3, 0.2, words=300) == []
    assert judged(0.0, 0.0, words=300) == []


def test_the_table_has_a_source_for_every_figure() -> None:
    found = published_wer(512, "en")
    assert found is not None and found.wer == 0.128 and "card" in found.source
    assert published_wer(1280, "en") == PublishedRate(0.059, found.on, found.source)
    assert published_wer(384, "it") is None and published_wer(512, "tw") is None
