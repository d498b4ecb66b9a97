"""Not better than the base on the rows that are evaluated: said first, status 3 where required."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govor.commands.evaluate import _bounds, lines_of
from govor.config import EvaluateConfig
from govor.errors import LimitError, RecipeError, UsageError
from govor.evaluate import evaluate
from govor.evaluate.base import base_of
from govor.store import read_json, write_json

REQUIRED = EvaluateConfig(require={"better_than_base": True})
Tuned = Callable[..., str]


@pytest.fixture
def tuned(stage: Any, perfect: Any, careless: Any, tmp_path: Path) -> Tuned:
    """A fine-tuned model's folder; keywords go into its ``govor.json``."""

    def make(now: Any = careless, before: Any = perfect, **settings: Any) -> str:
        for name, recogniser in (("tuned", now), ("start", before)):
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            (folder / "config.json").write_text("{}")
            stage[0][name] = recogniser
        write_json(tmp_path / "tuned" / "govor.json", {"base": str(tmp_path / "start"), **settings})
        return str(tmp_path / "tuned")

    return make


def test_worse_ends_with_status_3_after_everything_is_written(tuned: Tuned, tmp_path: Path) -> None:
    with pytest.raises(LimitError, match=r"not better than its base model on test: WER .* against 0\.00%"):
        evaluate(tuned(), "stub", tmp_path / "e", REQUIRED)
    summary = read_json(tmp_path / "e" / "summary.json")
    assert summary["better_than_base"] is False and summary["baseline"]["wer"]["value"] == 0
    assert lines_of(summary)[0].startswith("not better than its base model on test")
    page = (tmp_path / "e" / "report.html").read_text()
    assert page.index("Not better than its base model") < page.index("95% intervals:")


def test_better_passes(tuned: Tuned, tmp_path: Path, careless: Any, perfect: Any) -> None:
    summary = evaluate(tuned(perfect, careless), "stub", tmp_path / "e", REQUIRED)
    assert summary["better_than_base"] is True and not lines_of(summary)[0].startswith("not better")


def test_the_same_is_not_better(tuned: Tuned, tmp_path: Path, perfect: Any) -> None:
    with pytest.raises(LimitError, match="not better"):
        evaluate(tuned(perfect, perfect), "stub", tmp_path / "e", REQUIRED)


def test_said_without_being_required(tuned: Tuned, tmp_path: Path) -> None:
    config = EvaluateConfig(baseline=str(tmp_path / "start"))
    summary = evaluate(tuned(), "stub", tmp_path / "e", config)
    assert summary["better_than_base"] is False and "not better" in lines_of(summary)[0]


def test_a_baseline_that_is_not_the_base_says_nothing_of_it(stage: Any, tuned: Tuned, tmp_path: Path) -> None:
    folder = tuned()
    stage[0]["other"] = stage[0]["start"]
    summary = evaluate(folder, "stub", tmp_path / "e", EvaluateConfig(baseline="other"))
    assert summary["better_than_base"] is None and summary["comparison"]["better"] is False


def test_required_against_another_baseline_is_refused_unless_the_base_is_gone(
    stage: Any, tuned: Tuned, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tuned()
    stage[0]["other"] = stage[0]["start"]
    config = EvaluateConfig(baseline="other", require={"better_than_base": True})
    with pytest.raises(UsageError, match="leave one of the two out"):
        evaluate(folder, "stub", tmp_path / "e", config)
    (tmp_path / "start").rename(tmp_path / "moved")
    with pytest.raises(LimitError, match="not better"):
        evaluate(folder, "stub", tmp_path / "e", config)
    assert "govor compares with other instead" in capsys.readouterr().err


@pytest.mark.parametrize(("settings", "why"), [({"base": None}, "from scratch"), ({"new_head": True}, "new")])
def test_new_models_and_new_heads_have_no_base(
    settings: dict[str, Any], why: str, tuned: Tuned, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tuned(**settings)
    assert why in base_of(folder).why_none
    summary = evaluate(folder, "stub", tmp_path / "e", REQUIRED)
    assert summary["better_than_base"] is None and summary["baseline"] is None
    assert "does not apply" in capsys.readouterr().err


def test_what_training_found_on_dev_is_said_too(
    tuned: Tuned, tmp_path: Path, careless: Any, perfect: Any
) -> None:
    on_dev = {
        "better": False,
        "sentence": "nothing that was trained is better than the base model: dev WER …",
    }
    folder = tuned(perfect, careless, base_on_dev=on_dev)
    summary = evaluate(folder, "stub", tmp_path / "e", EvaluateConfig(baseline=str(tmp_path / "start")))
    assert lines_of(summary)[0] == on_dev["sentence"]
    alone = evaluate(folder, "stub", tmp_path / "alone", EvaluateConfig())
    assert lines_of(alone)[0] == on_dev["sentence"] and alone["better_than_base"] is None
    assert "Nothing that was trained is better" in (tmp_path / "e" / "report.html").read_text()


def test_every_set_is_held_to_it(tuned: Tuned, tmp_path: Path) -> None:
    config = EvaluateConfig(sets={"one": ":test", "two": ":test"}, require={"better_than_base": True})
    with pytest.raises(LimitError, match="not better"):
        evaluate(tuned(), "stub", tmp_path / "e", config)
    found = read_json(tmp_path / "e" / "summary.json")["sets"]
    assert [one["better_than_base"] for one in found.values()] == [False, False]


def test_how_it_is_written() -> None:
    assert _bounds(["better-than-base", "wer=0.3"]) == {"better_than_base": True, "wer": 0.3}
    assert _bounds(["better_than_base=false"]) == {"better_than_base": False}
    with pytest.raises(UsageError, match="true or false"):
        _bounds(["better-than-base=0.3"])
    from govor.config import recipe_from

    kept = recipe_from({"evaluate": {"require": {"better_than_base": True, "wer": 0.5}}})
    assert kept.evaluate.require == {"better_than_base": True, "wer": 0.5}
    with pytest.raises(RecipeError, match="it must be true or false"):
        recipe_from({"evaluate": {"require": {"better_than_base": 1}}})


def test_a_split_without_reference_words_cannot_tell(tuned: Tuned, tmp_path: Path, dataset: Any) -> None:
    import polars as pl

    folder = tuned()
    dataset.frame = dataset.frame.with_columns(text=pl.lit(""))
    summary = evaluate(folder, "stub", tmp_path / "e", REQUIRED)
    assert summary["better_than_base"] is None and summary["wer"]["value"] is None
