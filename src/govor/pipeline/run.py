"""Walks the stages of a recipe."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from govor.config import Recipe, Workspace
from govor.console import say
from govor.errors import InputError, LimitError, MissingExtraError, UsageError
from govor.extras import first_missing
from govor.pipeline.record import DONE, RUNNING, StageRecord, load_record
from govor.pipeline.several import forget_imports
from govor.pipeline.stages import STAGE_NAMES, STAGES, Stage
from govor.records import Summary
from govor.store import free_place, is_there, locked, readable_seconds, write_text
from govor.train.folder import RunFolder
from govor.train.state import new_identity


class StageRun(TypedDict):
    """What became of a stage.

    Attributes:
        status: ``done`` or ``unchanged``.
        reasons: why it ran.
        summary: what it reported, now or when it ran.
    """

    status: str
    reasons: list[str]
    summary: Mapping[str, object]


@dataclass(frozen=True)
class RecipeSummary(Summary):
    """What `run_recipe` returns.

    Attributes:
        work: the folder of everything that was made.
        stages: by name.
        wall_s: of this call.
    """

    work: str
    stages: Mapping[str, StageRun]
    wall_s: float


def run_recipe(
    recipe: Recipe, *, first: str | None = None, last: str | None = None, device: str = "auto"
) -> RecipeSummary:
    """Runs all stages of `recipe` whose inputs or settings changed.

    Args:
        recipe: with its work folder.
        first: run this stage whatever changed, and those behind it as they need, taking what stands before it
            as it is.
        last: stop after this stage.
        device: where a model runs.

    Raises:
        MissingExtraError: a stage that would run needs packages that are not installed; nothing ran.
        LimitError: a stage ended with a limit passed; nothing behind it runs.
        InputError: what a stage made was changed by hand since.
    """
    started_s = time.monotonic()
    root = Workspace.of(recipe).root
    _require_packages(recipe, first, last)
    done: dict[str, StageRun] = {}
    with locked(root / "stages"):
        write_text(root / "recipe.toml", recipe.to_toml())
        _accept_before(first, root)
        for stage in stages_between(recipe, first, last):
            done[stage.name] = _run_stage(stage, recipe, root, device, forced=stage.name == first)
    return RecipeSummary(str(root), done, round(time.monotonic() - started_s, 1))


def stages_between(recipe: Recipe, first: str | None = None, last: str | None = None) -> Sequence[Stage]:
    """The stages from `first` to `last` that the recipe asks for.

    Raises:
        UsageError: there is no such stage, or they stand the other way round.
    """
    for name in (first, last):
        if name is not None and name not in STAGE_NAMES:
            raise UsageError(f"there is no stage {name}; stages are {', '.join(STAGE_NAMES)}")
    begin = STAGE_NAMES.index(first) if first else 0
    end = STAGE_NAMES.index(last) if last else len(STAGES) - 1
    if begin > end:
        raise UsageError(f"--from {first} comes after --to {last}; stages are {', '.join(STAGE_NAMES)}")
    return [stage for stage in STAGES[begin : end + 1] if stage.wanted(recipe)]


def reasons_by_stage(
    recipe: Recipe, first: str | None = None, last: str | None = None
) -> Iterator[tuple[Stage, list[str]]]:
    """The stages from `first` to `last`, each with why it would run now; without reasons it is unchanged."""
    root, behind = Workspace.of(recipe).root, False
    for stage in stages_between(recipe, first, last):
        reasons = reasons_to_run(stage, recipe, root) or (["a stage before it runs"] if behind else [])
        if stage.name == first:
            reasons = ["--from asks for it"]
        behind = behind or bool(reasons)
        yield stage, reasons


def missing_for(stage: Stage) -> MissingExtraError | None:
    """The sentence for what a stage cannot do without and is not installed; None where all is there."""
    return first_missing(stage.packages, "train")


def _require_packages(recipe: Recipe, first: str | None, last: str | None) -> None:
    """Said before hours of import and preparation, not after them.

    Raises:
        MissingExtraError: a stage that would run needs what is not installed.
    """
    if not any(missing_for(stage) for stage in stages_between(recipe, first, last)):
        return
    before = ""
    for stage, reasons in reasons_by_stage(recipe, first, last):
        if reasons and (missing := missing_for(stage)):
            if before:
                say(f"{stage.name} would stop; --to {before} runs what stands before it")
            raise missing
        before = stage.name


def _accept_before(first: str | None, root: Path) -> None:
    """``--from``: what the stages before `first` made is taken as it stands now."""
    for name in STAGE_NAMES[: STAGE_NAMES.index(first)] if first in STAGE_NAMES else ():
        _accept_as_it_stands(name, root)


def _accept_as_it_stands(name: str, root: Path) -> None:
    """Accepts the present state of what a finished stage made, though it was changed since."""
    record = load_record(root, name)
    if record is not None and record.status == DONE and record.out and is_there(Path(record.out)):
        record.as_done(record.summary, Path(record.out)).save(root)


def reasons_to_run(stage: Stage, recipe: Recipe, root: Path) -> list[str]:
    """Why `stage` would run now; empty where nothing it depends on changed."""
    record = load_record(root, stage.name)
    if record is None:
        return ["it has not run yet"]
    return record.reasons_to_run(stage.settings_of(recipe), stage.inputs(recipe))


def _run_stage(stage: Stage, recipe: Recipe, root: Path, device: str, *, forced: bool) -> StageRun:
    record = load_record(root, stage.name)
    reasons = ["--from asks for it"] if forced else reasons_to_run(stage, recipe, root)
    if not reasons and record is not None:
        _refuse_changed_by_hand(stage, record, root)
        say(f"{stage.name}: unchanged{_how_it_runs(record.freely_changed(stage.free_settings_of(recipe)))}")
        return {"status": "unchanged", "reasons": [], "summary": dict(record.summary)}
    say(f"{stage.name}: {'; '.join(reasons)}")
    settings, inputs = stage.settings_of(recipe), stage.inputs(recipe)
    if stage.name == "train" and record is not None:
        _set_old_run_aside(record, settings, inputs, Workspace.of(recipe).run)
    if stage.name == "import" and forced:
        forget_imports(recipe, root)
    attempt = StageRecord(stage.name, RUNNING, settings, inputs, free=stage.free_settings_of(recipe))
    attempt.save(root)
    summary = _work(stage, recipe, device)
    for earlier in STAGES:
        if earlier.amended_by == stage.name:
            _accept_as_it_stands(earlier.name, root)
    attempt.as_done(summary, stage.out(recipe)).save(root)
    return {"status": "done", "reasons": reasons, "summary": dict(summary)}


def _how_it_runs(changed: list[str]) -> str:
    """That a changed setting was seen, and why nothing is done again."""
    return f" ({', '.join(changed)}: only how it runs)" if changed else ""


def _work(stage: Stage, recipe: Recipe, device: str) -> Mapping[str, object]:
    started_s = time.monotonic()
    try:
        summary = stage.work(recipe, device)
    except LimitError as error:
        raise type(error)(f"{stage.name}: {error}", {"stage": stage.name, **error.summary}) from error
    say(f"{stage.name}: done in {readable_seconds(time.monotonic() - started_s)}")
    return summary


def _refuse_changed_by_hand(stage: Stage, record: StageRecord, root: Path) -> None:
    changed = record.changed_by_hand() if stage.watch else []
    later = load_record(root, stage.amended_by) if changed and stage.amended_by else None
    if later is not None and later.status == RUNNING:
        _accept_as_it_stands(stage.name, root)
    elif changed:
        following = STAGE_NAMES[min(STAGE_NAMES.index(stage.name) + 1, len(STAGE_NAMES) - 1)]
        raise InputError(
            f"{'; '.join(changed[:3])}{' …' if len(changed) > 3 else ''} since {stage.name} wrote it: "
            f"--from {stage.name} makes it again, --from {following} uses it as it is"
        )


def _set_old_run_aside(
    record: StageRecord, settings: Mapping[str, object], inputs: Mapping[str, str], run: Path
) -> None:
    """Keeps a run of other settings or data under another name; an unfinished one of the same continues."""
    if not record.changed(settings) and dict(record.inputs) == dict(inputs):
        return
    if (run / "run.json").exists():
        _rename_aside(run)
    RunFolder(run).note(run=new_identity())  # so that a mirror of the old run is not continued from


def _rename_aside(run: Path) -> None:
    aside = free_place(run.parent, f"{run.name}-before")
    run.rename(aside)
    if (aside / "preflight").exists():  # it belongs to the new run: preflight has just passed
        run.mkdir(parents=True)
        (aside / "preflight").rename(run / "preflight")
    say(f"train: the run of the earlier settings is kept as {aside}")
