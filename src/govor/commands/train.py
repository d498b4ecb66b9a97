"""``govor train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Device
from govor.config import Recipe, load_recipe, recipe_from
from govor.config.recipe import apply_overrides
from govor.config.training import beside, place_overrides
from govor.console import emit
from govor.errors import UsageError

if TYPE_CHECKING:
    from govor.train.summary import TrainSummary


def command(
    recipe: Annotated[
        Path | None, typer.Argument(help="Recipe (TOML); or give --model, --data, --out.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Hub id, folder or run to start from.")] = None,
    data: Annotated[str | None, typer.Option("--data", help="Prepared data set (folder or URL).")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run's folder.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="A.B=V", help="Override a setting; repeatable.")
    ] = None,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", help="Code of a preflight error to accept.")
    ] = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Fine-tune a model, or train one from scratch; run the same command again to continue.

    Before the first step, preflight checks data and model together (--set preflight.minutes=2 shortens it).

    Ends with status 3 when stopped early (SIGTERM, Ctrl-C, train.max_hours), with a checkpoint made.

    Example: govor train --model openai/whisper-small --data dataset --out run --set train.lr=1e-5

    On several GPUs: torchrun --nproc-per-node 4 -m govor train recipe.toml
    """
    import torch  # noqa: F401  (what is missing is said before preflight looks for an hour's worth of it)

    from govor.commands.accepted import accepting
    from govor.preflight import ensure
    from govor.train import train

    chosen = accepting(chosen_recipe(recipe, model, data, out, set_ or []), accept or ())
    ensure(chosen, device=device)
    summary = train(chosen, device=device)
    emit(summary, json, _lines(summary))


def chosen_recipe(
    recipe: Path | None, model: str | None, data: str | None, out: Path | None, overrides: list[str]
) -> Recipe:
    """The recipe that a file or the flags describe.

    Raises:
        UsageError: neither a recipe nor all of --model, --data and --out.
    """
    given = [*place_overrides(model, data, out), *overrides]
    if recipe is not None:
        return load_recipe(recipe, given)
    if data is None or out is None:
        raise UsageError("give a recipe, or --data and --out with --model (or --set model.from_scratch)")
    values = beside(out)
    apply_overrides(values, given)
    return recipe_from(values, where="--set")


def _rate(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _lines(summary: TrainSummary) -> list[str]:
    from govor.store import readable_seconds

    best, base = summary.best, summary.base_wer
    before = f" (before training {base:.4f})" if base is not None else ""
    lines = [f"{summary.steps} steps, {summary.epochs:g} epochs, {readable_seconds(summary.wall_s)}"]
    if best:
        lines.append(f"best dev WER {best['wer']:.4f} at step {best['step']}{before}")
    lines.append(f"all of dev: WER {summary.dev['wer']:.4f} over {summary.dev['utterances']} utterances")
    if windows := summary.dev.get("windows"):
        full, short = _rate(windows["full"]["value"]), _rate(windows["short"]["value"])
        lines.append(f"over full windows {full}, over short ones {short}: {windows['verdict']}")
    if summary.skipped:
        lines.append(f"{summary.skipped} clips could not be used: see metrics.jsonl")
    lines.append(f"the model is in {summary.model}")
    against = summary.base
    if against is None:
        return lines
    return [*lines, against["sentence"]] if against["better"] else [against["sentence"], *lines]
