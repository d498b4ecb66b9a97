"""``train(recipe)``: builds the parts, finds where the run stands, trains, chooses the best."""

from __future__ import annotations

import dataclasses
import time
from contextlib import ExitStack

from govor import interrupts, store
from govor.config import Recipe, Workspace
from govor.console import say
from govor.errors import LimitError, ModelError, StoppedError
from govor.train import checkpoint
from govor.train.build import open_session
from govor.train.folder import RunFolder
from govor.train.loop import Session
from govor.train.mirror import catch_up
from govor.train.parts import start_processes
from govor.train.reduce import Ranks
from govor.train.stop import Stopper
from govor.train.summary import DevScores, RunProgress, TrainSummary


def train(recipe: Recipe, *, device: str = "auto") -> TrainSummary:
    """Fine-tunes (or trains from scratch); called again, continues where the run stands.

    Args:
        recipe: all settings; ``[model]``, ``[text]``, ``[train]`` and the work folder count here.
        device: ``auto``, ``cpu`` or ``cuda:N``.

    Raises:
        RecipeError: settings that contradict each other, or choose a model on test data.
        DatasetError: the data set lacks a split, or is not the one the run was started on.
        ModelError: neither family, another model's checkpoint, a loss that is not a number.
        StoppedError: SIGTERM, Ctrl-C or ``max_hours``; a checkpoint was made (exit status 3).
        LimitError: too many clips cannot be used.
        DiskFullError: the earlier checkpoints stand.
    """
    start_s = time.monotonic()
    folder = RunFolder(Workspace.of(recipe).run)
    with ExitStack() as stack:
        ranks = start_processes(device)
        if ranks.main:
            stack.enter_context(store.locked(folder.root))
        done: TrainSummary | None = ranks.from_main(_finished_summary(folder, recipe))
        if done is not None:
            if ranks.main:
                say("this run is complete under these settings: there is nothing to train")
            if ranks.main and recipe.train.mirror:
                catch_up(folder, recipe.train.mirror, recipe.train.mirror_max_bytes)
            return done
        stopper = stack.enter_context(Stopper(recipe.train.max_hours))
        try:
            return _train(recipe, folder, ranks, stopper, start_s)
        except LimitError as error:
            error.summary = {**_progress(folder, start_s), **error.summary}
            raise
        except KeyboardInterrupt:
            raise _at_once(_progress(folder, start_s)) from None


def _at_once(progress: RunProgress) -> StoppedError:
    """What Ctrl-C ends with where nothing is waited for: the second, or one while nothing is in hand."""
    step = progress.steps
    where = f"the newest checkpoint is that of step {step}" if step else "there is no checkpoint yet"
    return StoppedError(
        f"stopped at once (Ctrl-C); {where}: run the same command again to continue", progress
    )


def _finished_summary(folder: RunFolder, recipe: Recipe) -> TrainSummary | None:
    """The stored summary of a run that did all its steps under settings that decide the same."""
    facts, before = folder.facts(), folder.recipe()
    summary = facts.get("summary")
    if before is None or not summary or not facts.get("complete") or not folder.model.exists():
        return None
    return summary if _decides_the_same(before, recipe) else None


def _decides_the_same(before: Recipe, now: Recipe) -> bool:
    """Whether no setting that decides the weights changed; a rate left open is the one the run began with."""
    if now.train.lr is None:
        now = dataclasses.replace(now, train=dataclasses.replace(now.train, lr=before.train.lr))
    same_data = Workspace.of(before).dataset == Workspace.of(now).dataset
    sections = ("train", "model", "text")
    return same_data and all(
        getattr(before, name).deciding() == getattr(now, name).deciding() for name in sections
    )


def _train(recipe: Recipe, folder: RunFolder, ranks: Ranks, stopper: Stopper, start_s: float) -> TrainSummary:
    session, start = open_session(recipe, folder, ranks, stopper)
    state, resumed = session.state, start.step if start else None
    if ranks.main:
        folder.note(complete=False, resumed_from=resumed)
    with interrupts.in_hand(session.saying):
        final = _run(session, first=resumed is None and bool(recipe.model.base))
    if state.step < state.total_steps:
        raise ModelError(f"{state.step} of {state.total_steps} steps were done: run the same command again")
    summary = _summary(_progress(folder, start_s), session, resumed, final)
    if ranks.main:
        folder.note(complete=True, summary=summary)
    return summary


def _run(session: Session, first: bool) -> DevScores:
    """All of a session, the base model's evaluation before its `first` step; gives the result on dev."""
    wait = True
    try:
        if first:
            session.evaluate_base()
        session.run()
        _say_left_out(session)
        return session.finish()
    except KeyboardInterrupt:
        wait = False
        raise
    finally:
        session.close(wait)


def _say_left_out(session: Session) -> None:
    count, state = session.state.left_out, session.state
    if count and session.ranks.main:
        say(
            f"{count} of {state.step + count} steps were left out because gradients overflowed in fp16 "
            "(metrics.jsonl has them); if it is more than a few, use train.precision = 'fp32'"
        )


def _summary(progress: RunProgress, session: Session, resumed: int | None, dev: DevScores) -> TrainSummary:
    state, verdict = session.state, session.verdict
    return TrainSummary(
        steps=state.step,
        epochs=round(state.position.epoch, 4),
        best=state.best,
        resumed_from=resumed,
        model=progress.model,
        wall_s=progress.wall_s,
        out=progress.out,
        complete=True,
        base_wer=state.base_wer,
        better_than_base=verdict.better if verdict else None,
        base=verdict.as_dict() if verdict else None,
        skipped=state.skipped,
        left_out=state.left_out,
        dev=dev,
    )


def _progress(folder: RunFolder, start_s: float) -> RunProgress:
    found = checkpoint.listed(folder.checkpoints)
    newest = found[-1] if found else None
    return RunProgress(
        steps=newest.step if newest else 0,
        epochs=round(newest.position.epoch, 4) if newest else 0.0,
        best=newest.state().get("best") if newest else None,
        resumed_from=folder.facts().get("resumed_from"),
        model=str(folder.model) if folder.model.exists() else None,
        wall_s=round(time.monotonic() - start_s, 3),
        out=str(folder.root),
        complete=False,
    )
