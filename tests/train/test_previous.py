"""The utterance before, and the prompts that training mixes: functions of seed, epoch and id alone."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from speech_set import write_speech_set
from train_parts import WHISPER, weights

from govor.config import ModelConfig, Recipe, TextConfig
from govor.load import Dataset
from govor.models import new_model
from govor.text import Normaliser
from govor.train import train
from govor.train.feed import Feed, previous_rows


def table(*rows: tuple[str | None, float | None, float | None]) -> pl.DataFrame:
    schema = {"recording": pl.String, "start": pl.Float64, "end": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("rows", "before"),
    [
        ([("a", 0, 2), ("a", 2, 5), ("a", 5, 9)], [-1, 0, 1]),
        ([("a", 5, 9), ("b", 2, 5), ("a", 0, 2)], [2, -1, -1]),
        ([("a", 0, 2), ("a", 31.9, 40), ("a", 71, 75)], [-1, 0, -1]),
        ([("a", 0, 2), ("a", 0, 3)], [-1, -1]),
        ([(None, 0, 2), (None, 2, 3)], [-1, -1]),
        ([("a", None, 2), ("a", 2, 3), ("a", 3, None), ("a", 9, 10)], [-1, -1, 1, -1]),
    ],
)
def test_the_utterance_before(rows: list[Any], before: list[int]) -> None:
    assert previous_rows(table(*rows)).tolist() == before


def test_without_times_nothing_is_before() -> None:
    assert previous_rows(table(("a", 0, 2), ("a", 2, 3)).drop("start")).tolist() == [-1, -1]
    assert previous_rows(table()).tolist() == []


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_speech_set(tmp_path_factory.mktemp("talks") / "set", {"train": 24, "dev": 4}, talk=8)


@pytest.fixture(scope="module")
def family(tiny_whisper_files: Path) -> Any:
    scratch = {"model_type": "whisper", "tokenizer": str(tiny_whisper_files)}
    return new_model(
        ModelConfig(from_scratch=scratch, timestamps=True, plain_share=0.5, previous_share=0.5),
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=[],
        language="hr",
        device="cpu",
    )


def labels(talks: Path, family: Any, epoch: int, mixed: bool = True, seed: int = 5) -> dict[str, Any]:
    feed = Feed(Dataset.open(talks), "train", np.arange(24), family, seed=seed, mixed=mixed)
    return {one.id: (one.labels, one.context) for one in feed.examples(range(24), epoch)}


def test_prompts_are_mixed_by_seed_epoch_and_id(talks: Path, family: Any) -> None:
    first = labels(talks, family, 0)
    assert first == labels(talks, family, 0)
    assert first != labels(talks, family, 1) and first != labels(talks, family, 0, seed=6)
    plain = [family.prompt.no_timestamps in tokens for tokens, _ in first.values()]
    shown = [bool(context) for _, context in first.values()]
    assert 4 < sum(plain) < 20 and 3 < sum(shown) < 19
    assert not any(first[f"train-{number:03d}"][1] for number in (0, 8, 16))  # nothing was said before


def test_the_text_before_is_that_of_the_utterance_before(talks: Path, family: Any) -> None:
    texts = dict(Dataset.open(talks).table("train").select("id", "text").iter_rows())
    for name, (_, context) in labels(talks, family, 0).items():
        if context:
            before = f"train-{int(name[-3:]) - 1:03d}"
            said = family.normaliser(texts[before], "hr")
            assert list(context) == [family.prompt.previous, *family.text_tokens(said)]


def test_what_is_judged_is_never_mixed(talks: Path, family: Any) -> None:
    for tokens, context in labels(talks, family, 0, mixed=False).values():
        assert context == () and family.prompt.no_timestamps not in tokens


def test_a_run_says_which_prompt_dev_was_decoded_with(
    recipe: Callable[..., Recipe], tmp_path: Path, tiny_whisper_files: Path
) -> None:
    model = {
        "from_scratch": WHISPER | {"tokenizer": str(tiny_whisper_files)},
        "language": "hr",
        "timestamps": True,
        "previous_share": 0.2,
    }
    summary = train(recipe(steps=2, model=model, windows="short"), device="cpu")
    run = tmp_path / "work" / "run"
    assert summary["dev"]["prompt"]["timestamps"] is True and summary["dev"]["prompt"]["language"] == "hr"
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    judged = [line["prompt"] for line in lines if line["kind"] in ("eval", "dev")]
    assert judged and all(prompt["timestamps"] for prompt in judged)
    saved = json.loads((run / "model" / "govor.json").read_text())
    assert saved["plain_share"] == 0.5 and saved["previous_share"] == 0.2 and "generation" in saved


def test_a_continued_run_mixes_the_same_prompts(
    recipe: Callable[..., Recipe], tmp_path: Path, talks: Path, tiny_whisper_files: Path
) -> None:
    """The last checkpoint is taken away; what the steps behind the one before it give is the same bits."""
    model = {
        "from_scratch": WHISPER | {"tokenizer": str(tiny_whisper_files)},
        "language": "hr",
        "timestamps": True,
        "previous_share": 0.5,
    }
    made = recipe(steps=4, model=model, windows="short", save_every="2 steps", eval_utterances=1)
    made = dataclasses.replace(made, prepare=dataclasses.replace(made.prepare, out=str(talks)))
    train(made, device="cpu")
    run = tmp_path / "work" / "run"
    whole = weights(run, 4)
    shutil.rmtree(run / "checkpoints" / "step-00000004")
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, "summary": None}))
    summary = train(made, device="cpu")
    assert summary["resumed_from"] == 2 and weights(run, 4) == whole
