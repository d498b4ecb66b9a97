"""``govor run``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from govor.commands.flags import AsJson, Device
from govor.config import load_recipe
from govor.console import emit
from govor.findings import count_of
from govor.shown import has_interval, interval_text

if TYPE_CHECKING:
    from govor.pipeline.run import RecipeSummary, StageRun


def command(
    recipe: Annotated[Path, typer.Argument(help="The recipe (TOML).")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=V", help="Override a setting; repeatable.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="STAGE", help="Run from this stage, even if nothing changed."),
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="STAGE", help="Stop after this stage.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would run, with projected bytes, memory and time.")
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="CODE", help="Code of a preflight error to accept; repeatable."),
    ] = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Run all stages of a recipe: import, check, select, prepare, preflight, train, evaluate, transcribe.

    It does not run a stage again if inputs and settings did not change. After a kill or a stop, the same
    command continues.

    Example: govor run recipe.toml --set train.lr=2e-4 --to prepare
    """
    from govor.commands.accepted import accepting
    from govor.pipeline.projection import project
    from govor.pipeline.run import run_recipe

    loaded = accepting(load_recipe(recipe, set_ or ()), accept or ())
    if dry_run:
        projection = project(loaded, first=from_, last=to)
        emit(projection, json, projection.lines())
        return
    summary = run_recipe(loaded, first=from_, last=to, device=device)
    emit(summary, json, _lines(summary))


def _lines(summary: RecipeSummary) -> list[str]:
    from govor.console import table
    from govor.store import readable_seconds

    rows = [
        (name, stage["status"], _result(name, stage["summary"])) for name, stage in summary.stages.items()
    ]
    return [
        *_first(summary.stages),
        *table(rows),
        f"all in {summary.work}, {readable_seconds(summary.wall_s)}",
    ]


def _first(stages: Mapping[str, StageRun]) -> list[str]:
    """What must be said before everything else: that the model is no better than its base."""
    from govor.evaluate.base import verdicts
    from govor.evaluate.stored import as_stored

    trained, evaluated = (stages[name]["summary"] if name in stages else {} for name in ("train", "evaluate"))
    against = trained.get("base")
    said = []
    if isinstance(against, Mapping) and against.get("better") is False:
        said = [str(against["sentence"])]
    return list(dict.fromkeys([*said, *verdicts(as_stored(evaluated))]))


def _result(stage: str, summary: Mapping[str, Any]) -> str:
    """What a stage came to, and where it lies, where that is what people run a recipe for."""
    if stage == "check" and "findings" in summary:
        graver = [f for f in summary["findings"] if f["severity"] != "info"]
        counts = {kind: sum(f["severity"] == kind for f in graver) for kind in ("error", "warning")}
        named = ", ".join(f["code"] for f in graver[:5]) + (" …" if len(graver) > 5 else "")
        said = f"{counts['error']} errors, {counts['warning']} warnings"
        return f"{said}{f' ({named})' if named else ''}: {summary['report']}"
    if stage == "preflight" and "warnings" in summary:
        return f"{summary['errors']} errors, {summary['warnings']} warnings: {summary['out']}/report.html"
    if stage == "train" and summary.get("best"):
        best = summary["best"]
        return f"dev WER {best['wer']:.4f} at step {best['step']}: {summary['model']}"
    if stage == "label" and "rounds" in summary:
        rounds = f"{count_of(len(summary['rounds']), 'round')} ({summary['ended']})"
        return f"{rounds}: the best model is {summary['model']}"
    if stage == "evaluate" and "wer" in summary:
        return f"{summary['split']} WER {_wer(summary)}: {summary['out']}/report.html"
    return ""


def _wer(summary: Mapping[str, Any]) -> str:
    rate, groups = summary["wer"], summary.get("groups")
    if rate["value"] is None:
        return "undefined (no reference words)"
    ends = interval_text(rate, groups, scale=1, digits=4)
    return f"{rate['value']:.4f}, {'95% interval ' if has_interval(rate) else ''}{ends}"
