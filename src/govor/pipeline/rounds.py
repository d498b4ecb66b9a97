"""Self-training: rounds of label, select, train, measure; one that gains too little is the last.

Each round labels the recipe's recordings with the model of the round before, keeps the surest texts, trains
the base model again on them and on what people wrote, and compares on dev. The test split chooses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from govor.config import LabelConfig, MergeConfig, Recipe, SelectConfig, Workspace
from govor.console import say
from govor.corpora.folder import CorpusSummary
from govor.evaluate.stored import StoredSummary, as_stored
from govor.records import Rate, Summary
from govor.store import fingerprint, free_place, read_json, write_json

NOTHING: Rate = {"value": None, "low": None, "high": None}
KEY = "round.json"
"""What a round was made of, in its folder."""
MADE = ("run", "dataset", "evaluation")
"""Of a round, what other settings or another model make again; the rest knows by itself."""


@dataclass(frozen=True)
class Round:
    """What a round came to.

    Attributes:
        number: from 1.
        labelled: segments with a text.
        kept: the surest of them, which were trained on.
        hours: of these.
        wer: on dev, of the round's model.
        gain: by which the WER is lower than that of the model before, with its interval; None for its ends
            where nothing is known of them.
        gained: whether the whole interval is a gain.
        model: the round's run.
    """

    number: int
    labelled: int
    kept: int
    hours: float
    wer: Rate
    gain: Rate
    gained: bool
    model: str


@dataclass(frozen=True)
class RoundsSummary(Summary):
    """What `self_train` returns.

    Attributes:
        rounds: in order.
        ended: why there are no more.
        model: the best run: that of the last round that gained, else the one before all rounds.
        split: that the rounds were measured on.
        out: folder of the rounds.
    """

    rounds: Sequence[Round]
    ended: str
    model: str
    split: str
    out: str


def self_train(recipe: Recipe, device: str = "auto") -> RoundsSummary:
    """Runs the rounds of ``[label]``; called again, goes on where it stands.

    Args:
        recipe: with its work folder, in which the stages before have run.
        device: where a model runs.
    """
    place = Workspace.of(recipe)
    best, rounds, ended = str(place.run), list[Round](), ""
    for number in range(1, recipe.label.rounds + 1):
        made = _round(recipe, number, best, device)
        rounds.append(made)
        say(f"label: round {number}: {_sentence(made)}")
        if not made.gained:
            ended = f"round {number} gained less than its interval"
            break
        best = made.model
    ended = ended or f"there were {recipe.label.rounds} rounds"
    return RoundsSummary(tuple(rounds), ended, best, recipe.train.dev_split, str(place.rounds))


def _sentence(made: Round) -> str:
    value, gain = made.wer["value"], made.gain["value"]
    wer = "undefined" if value is None else f"{value:.4f}"
    said = "" if gain is None else f", {abs(gain):.4f} {'lower' if gain >= 0 else 'higher'} than before"
    return f"{made.kept:,} of {made.labelled:,} segments kept; dev WER {wer}{said}"


def _round(recipe: Recipe, number: int, model: str, device: str) -> Round:
    from govor.evaluate import evaluate
    from govor.train import train

    place = Workspace.of(recipe)
    folder = place.rounds / str(number)
    labelled, kept = _texts(recipe, folder, model, device)
    _begin(recipe, folder, model, kept.fingerprint)
    dataset = _dataset(recipe, folder)
    own = replace(
        recipe,
        work=str(folder),
        label=LabelConfig(),
        prepare=replace(recipe.prepare, out=dataset),
        train=replace(recipe.train, out=str(folder / "run"), mirror=None),
    )
    train(own, device=device)
    measured = replace(
        recipe.evaluate,
        split=recipe.train.dev_split,
        baseline=model,
        sets={},
        require={},
        long_form=False,
    )
    summary = evaluate(str(folder / "run"), place.dataset, folder / "evaluation", measured, device=device)
    return _round_of(number, labelled, kept, as_stored(summary or {}), folder)


def _begin(recipe: Recipe, folder: Path, model: str, texts: str) -> None:
    """Sets aside what a round of other settings, texts or another model made."""
    from govor.models.identity import model_identity

    place = Workspace.of(recipe)
    sections = ("text", "prepare", "model", "train")
    key = fingerprint(
        {
            "settings": {name: getattr(recipe, name).deciding() for name in sections},
            "texts": texts,
            "people": read_json(place.selected / "corpus.json")["fingerprint"],
            "model": model_identity(model),
        }
    )
    path = folder / KEY
    if path.exists() and read_json(path)["key"] != key:
        _set_aside(folder)
    write_json(path, {"key": key})


def _set_aside(folder: Path) -> None:
    aside = free_place(folder, "before")
    aside.mkdir()
    for name in MADE:
        if (folder / name).exists():
            (folder / name).rename(aside / name)
    say(f"label: {folder} held results of other settings or data; they are now in {aside}")


def _texts(recipe: Recipe, folder: Path, model: str, device: str) -> tuple[CorpusSummary, CorpusSummary]:
    """Labels the recordings and keeps the surest texts; both corpora's summaries."""
    from govor.label import label_recordings
    from govor.label.keeping import keep_surest

    label = recipe.label
    labelled = label_recordings(model, label.recordings, folder / "labelled", label, device)
    kept = keep_surest(folder / "labelled", folder / "kept", label.keep_by, label.keep_share)
    return labelled, kept


def _dataset(recipe: Recipe, folder: Path) -> str:
    """People's texts in their splits, and the machine's in train where they leak nothing, as a data set."""
    from govor.curate import merge_corpora, select_corpus
    from govor.prepare import prepare_corpus

    people = Workspace.of(recipe).selected
    merge_corpora({"people": people, "model": folder / "kept"}, folder / "merged", MergeConfig())
    keeping = SelectConfig(keep_splits=str(people), group_by=recipe.select.group_by, max_leak_loss=1.0)
    select_corpus(folder / "merged", folder / "corpus", keeping)
    dataset = folder / "dataset"
    config = replace(recipe.prepare, out=None)
    prepare_corpus(folder / "corpus", str(dataset), config, update=(dataset / "dataset.json").exists())
    return str(dataset)


def _round_of(
    number: int, labelled: CorpusSummary, kept: CorpusSummary, summary: StoredSummary, folder: Path
) -> Round:
    comparison = summary.get("comparison")
    gain = _negated(comparison["wer_difference"]) if comparison else NOTHING
    return Round(
        number,
        labelled.kept,
        kept.kept,
        kept.hours,
        summary.get("wer", NOTHING),
        gain,
        gain["low"] is not None and gain["low"] > 0,
        str(folder / "run"),
    )


def _negated(difference: Rate) -> Rate:
    """By how much the second of two rates is larger, where `difference` says it of the first."""
    return {
        "value": _negative(difference["value"]),
        "low": _negative(difference["high"]),
        "high": _negative(difference["low"]),
    }


def _negative(value: float | None) -> float | None:
    return None if value is None else -value
