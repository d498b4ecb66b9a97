"""The page "From a shelf of recordings": its commands, in order, on recordings whose truth is known."""

import csv
import json
import re
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest

import govor.models
import known_shelf
from govor.cli import run
from govor.config import SelectConfig, load_recipe
from govor.store import read_json

PAGE = Path(__file__).parents[2] / "docs" / "shelf.md"
OFF_S = 0.3
SMALL = (
    "select.dev=10",
    "select.test=10",
    "select.count_tolerance=0.5",
    "preflight.minutes=0.0",
    "train.steps=6",
    "train.lr=1e-3",
    "train.threads=1",
    "train.eval_utterances=4",
    "train.trackers=[]",
)
"""What a test has time for."""


def commands() -> list[list[str]]:
    block = re.search(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert block
    return [shlex.split(line, comments=True)[1:] for line in block[1].splitlines()]


def carry_out(*words: str) -> None:
    with patch.object(sys, "argv", ["govor", *words]):
        assert run() == 0, words


def judge(sheet: Path, said: list[known_shelf.Said]) -> int:
    """What people write into a sheet: keep where text and times are right, else drop; how many stay."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["verdict"] = "keep" if truth_of(row, said) else "drop"
    rows[0] |= {"verdict": "correct", "corrected": rows[0]["text"].upper()}
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return sum(row["verdict"] != "drop" for row in rows)


def truth_of(row, said: list[known_shelf.Said]) -> known_shelf.Said | None:
    """The sentence that an utterance is, or None where text or times are wrong."""
    text = re.sub(r"\W+", " ", row["text"]).strip().lower()
    for one in said:
        if one.text.lower() == text:
            near = abs(one.start - float(row["start"])) < OFF_S and abs(one.end - float(row["end"])) < OFF_S
            return one if near else None
    return None


def mended(path: Path, base: Path, *, source: str, work: str, limit: bool) -> Path:
    """The recipe for a small shelf and a small model: other settings stay as they are."""
    recipe = load_recipe(path, SMALL)
    recipe = replace(
        recipe,
        work=str(path.parent / work),
        corpus=replace(recipe.corpus, source=str(path.parent / source)),
        model=replace(recipe.model, base=str(base), language="hr"),
    )
    if not limit:
        usual = SelectConfig()
        select = replace(recipe.select, min_similarity=usual.min_similarity, limits_on=usual.limits_on)
        recipe = replace(recipe, select=select, evaluate=replace(recipe.evaluate, slices=()))
    made = path.with_name(f"{work}.toml")
    made.write_text(recipe.to_toml(), encoding="utf-8")
    return made


def true_table(folder: Path, said: list[known_shelf.Said], splits: dict[str, str]) -> None:
    """What was said at its true times, in the splits that the aligned corpus has."""
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["audio", "start", "end", "text", "split", "language"])
        for one in said:
            row = [one.audio, one.start, one.end, one.text, splits[one.audio], "hr"]
            writer.writerow(row)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_commands_of_the_page(tmp_path, monkeypatch, tiny_ctc):
    said = known_shelf.write(tmp_path, recordings=4, sentences=10)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("govor.models.open_model", govor.models.open_model)  # as it was, afterwards
    known_shelf.hear(tmp_path)
    shutil.copytree(tiny_ctc, tmp_path / "small")
    *steps, last = commands()
    for words in steps:
        if words[0] == "review":
            kept = judge(tmp_path / "review.csv", said)
        carry_out(*words)
    assert last == ["run", "from-a-shelf.toml"]
    recipe = tmp_path / "from-a-shelf.toml"
    carry_out("run", str(mended(recipe, tmp_path / "small", source="reviewed", work="work", limit=True)))

    aligned = pl.read_parquet(tmp_path / "aligned" / "utterances.parquet").to_dicts()
    assert len(aligned) >= 36
    right = [truth_of(row, said) for row in aligned]
    assert sum(one is not None for one in right) >= 0.9 * len(aligned)
    assert not any("PISMOHRANE" in row["text"] for row in aligned)
    assert kept >= 0.9 * len(aligned)

    selected = pl.read_parquet(tmp_path / "work" / "selected" / "utterances.parquet")
    assert selected["text_before"].drop_nulls().len() == 1  # the review came through the recipe
    train, held = (selected.filter(pl.col("split").is_in(names)) for names in (["train"], ["dev", "test"]))
    assert train["within_limits"].all()
    assert not held["within_limits"].all()  # what was hard to hear is in dev and test
    assert json.loads((tmp_path / "work" / "dataset" / "dataset.json").read_text())["easings"] == []

    splits = dict(selected.select("audio", "split").unique().iter_rows())
    true_table(tmp_path / "recordings", said, splits)
    true = mended(recipe, tmp_path / "small", source="recordings/truth.csv", work="true", limit=False)
    carry_out("run", str(true))
    ours, theirs = (read_json(tmp_path / work / "evaluation" / "summary.json") for work in ("work", "true"))
    assert ours["slices"]["within_limits"]["True"]["utterances"] < ours["utterances"]
    assert abs(theirs["utterances"] - ours["utterances"]) <= 2
    cost = ours["wer"]["value"] - theirs["wer"]["value"]
    print(f"what alignment cost: {100 * cost:+.1f} points of WER (of a model that learned nothing)")
