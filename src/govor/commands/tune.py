"""``govor tune``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Device
from govor.config import load_recipe
from govor.console import emit

if TYPE_CHECKING:
    from govor.tune.study import TuneSummary


def command(
    recipe: Annotated[Path, typer.Argument(help="Recipe (TOML), with or without [tune] space.")],
    trials: Annotated[int | None, typer.Option("--trials", help="Trials in all, over all sessions.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=V", help="Override a setting; repeatable.")
    ] = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Search a recipe's settings for the lowest dev WER; run the same command again to continue.

    Without [tune] space it searches the learning rate, around the usual one for the model.

    A trial is a process of its own; a crashed one is recorded and continued. Lists run every combination.
    With space = { 'train.hours' = [1, 5, 20] } it gives a learning curve.

    Example: govor tune swedish.toml --trials 30
    """
    from govor.tune import tune

    summary = tune(load_recipe(recipe, set_ or []), trials=trials, device=device)
    emit(summary, json, _lines(summary))


def _lines(summary: TuneSummary) -> list[str]:
    counts = ", ".join(f"{count} {state}" for state, count in summary.trials.items() if count)
    lines = [f"trials: {counts}"]
    if summary.better_than_base is False:
        lines.insert(0, "the best trial is not better than the base model on dev")
    if summary.best:
        values = ", ".join(f"{key} = {value}" for key, value in summary.best["params"].items())
        lines += [f"best dev WER {summary.best['wer']:.4f} with {values}"]
        lines += [f"the best recipe: govor run {summary.recipe}"]
    return [*lines, f"plots and table: {summary.report}"]
