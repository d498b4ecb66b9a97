"""Writes the demo's recipe, runs it as ``govor run`` would, and sums up."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from govor.config import Recipe, Workspace, load_recipe
from govor.console import say, table
from govor.demo.script import Recording, plan_recordings
from govor.demo.studio import ALIGNMENT, make_corpus
from govor.pipeline import run_recipe
from govor.records import Summary
from govor.shown import has_interval, interval_text
from govor.store import read_json, write_text

RECIPE = "recipe.toml"


@dataclass(frozen=True)
class DemoSummary(Summary):
    """Where everything is, and what came out.

    Attributes:
        corpus: folder.
        dataset: folder.
        run: folder.
        evaluation: folder.
        wer: of the voices heard in training, with its interval.
        unheard_voice_wer: of the others.
        recipe: file.
        hours_read: of recordings.
        hours: of clips.
        repaired: file names.
        rejected: utterances set aside, by reason.
        subtitles: files.
        wall_s: seconds that it took.
    """

    corpus: str
    dataset: str
    run: str
    evaluation: str
    wer: Mapping[str, float]
    unheard_voice_wer: Mapping[str, float]
    recipe: str
    hours_read: float
    hours: float
    repaired: int
    rejected: Mapping[str, int]
    subtitles: list[str]
    wall_s: float


def run_demo(folder: Path, *, device: str = "auto", scale: float = 1.0, seed: int = 0) -> DemoSummary:
    """Makes the demo's corpus under `folder` and takes it through every stage.

    Args:
        folder: where everything goes; what is there already is not made again.
        device: where the model runs.
        scale: share of the sentences; below 1 for quick tests.
        seed: of the recordings.
    """
    started_s = time.monotonic()
    plan = plan_recordings(seed, scale)
    make_corpus(plan, folder)
    path = folder / RECIPE
    if not path.exists():
        write_text(path, recipe_text(plan))
    recipe = load_recipe(path)
    ran = run_recipe(recipe, device=device)
    if all(stage["status"] == "unchanged" for stage in ran["stages"].values()):
        say("everything is done already; nothing was run again")
    return _summary(recipe, round(time.monotonic() - started_s, 1))


def recipe_text(plan: Sequence[Recording]) -> str:
    """The demo's recipe, with comments, as a user would write one."""
    template = (Path(__file__).parent / "recipe.toml").read_text(encoding="utf-8")
    long_recording = next(recording for recording in plan if recording.split == "test")
    return Template(template).substitute(alignment=ALIGNMENT, long_recording=long_recording.file)


def _summary(recipe: Recipe, wall_s: float) -> DemoSummary:
    place = Workspace.of(recipe)
    corpus, selected = (read_json(folder / "corpus.json") for folder in (place.corpus, place.selected))
    dataset = read_json(Path(place.dataset) / "dataset.json")
    evaluation = read_json(place.evaluation / "summary.json")
    heard, unheard = (evaluation["slices"]["voice"][name]["wer"] for name in ("heard", "unheard"))
    return DemoSummary(
        corpus=str(place.corpus),
        dataset=place.dataset,
        run=str(place.run),
        evaluation=str(place.evaluation),
        wer=heard,
        unheard_voice_wer=unheard,
        recipe=str(place.root.parent / RECIPE),
        hours_read=round(corpus["hours"], 2),
        hours=round(sum(split["hours"] for split in dataset["splits"].values()), 2),
        repaired=corpus["repaired"],
        rejected={**corpus["reasons"], **selected["reasons"]},
        subtitles=sorted(str(path) for path in place.transcripts.rglob("*.srt")),
        wall_s=wall_s,
    )


def closing_lines(summary: DemoSummary) -> list[str]:
    """The short table that the demo ends with, and what to type next."""
    rejected = ", ".join(f"{count} {reason}" for reason, count in summary.rejected.items()) or "none"
    rows = [
        ("hours read / prepared", f"{summary.hours_read:.2f} / {summary.hours:.2f}"),
        ("rejected", rejected),
        ("file names repaired", str(summary.repaired)),
        ("WER, heard voices", _interval(summary.wer)),
        ("WER, unheard voices", _interval(summary.unheard_voice_wer)),
        ("report", f"{summary.evaluation}/report.html"),
        ("model", f"{summary.run}/model"),
        ("subtitles", ", ".join(summary.subtitles)),
        ("recipe", summary.recipe),
    ]
    return [*table(rows), "", "Next, with your own recordings:", *(f"  {line}" for line in _next(summary))]


def _interval(wer: Mapping[str, float]) -> str:
    ends = interval_text(wer, scale=1, digits=3)
    return f"{wer['value']:.3f}  ({'95% ' if has_interval(wer) else ''}{ends})"


def _next(summary: DemoSummary) -> list[str]:
    return [
        f"govor report {summary.evaluation}",
        f"govor transcribe {summary.run} RECORDING.mp3 --out transcripts",
        "govor import FOLDER --out corpus && govor check corpus --out check",
    ]
