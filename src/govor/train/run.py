"""``train(recipe)``: builds the parts, finds where the run stands, trains, chooses the best."""

from __future__ import annotations

import dataclasses
import time
from contextlib import ExitStack
from typing import Any

from govor import store
from govor.config import Recipe, TrainConfig, Workspace
from govor.console import say
from govor.errors import LimitError, ModelError
from govor.train import checkpoint
from govor.train.augment import Augmenter, noise_files
from govor.train.checkpoint import Checkpoint
from govor.train.epoch import Layout, plan_epoch, steps_in_epoch
from govor.train.feed import Feed
from govor.train.folder import RunFolder, check_belongs
from govor.train.journal import Journal, make_trackers
from govor.train.judge import Judge, check_splits
from govor.train.loop import Stepper
from govor.train.mirror import Mirror, fetch_newest
from govor.train.optimiser import load_optimiser, make_optimiser
from govor.train.parts import (
    checkpoint_gradients,
    chosen_rows,
    data_fingerprint,
    make_family,
    model_fingerprint,
    set_threads,
    start_processes,
)
from govor.train.reduce import Ranks
from govor.train.saver import Saver
from govor.train.session import Session
from govor.train.state import TrainState
from govor.train.stop import Stopper
from govor.train.usage import hardware, versions


def train(recipe: Recipe, *, device: str = "auto") -> dict[str, Any]:
    """Fine-tunes (or trains from scratch); called again, continues where the run stands.

    Args:
        recipe: all settings; ``[model]``, ``[text]``, ``[train]`` and the work folder count here.
        device: ``auto``, ``cpu`` or ``cuda:N``.

    Returns:
        ``steps``, ``epochs``, ``best`` (``{step, wer}``), ``resumed_from``, ``model``, ``wall_s``, ``out``,
        and ``complete``, ``base_wer``, ``dev`` (the chosen model on all of dev), ``skipped``.

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
        done = ranks.from_main(_finished(folder, recipe))
        if done is not None:
            return dict(done)
        stopper = stack.enter_context(Stopper(recipe.train.max_hours))
        try:
            return _train(recipe, folder, ranks, stopper, start_s)
        except LimitError as error:
            error.summary = _summary(folder, recipe, start_s) | error.summary
            raise


def _finished(folder: RunFolder, recipe: Recipe) -> dict[str, Any] | None:
    """The stored summary of a run that did all its steps under the same settings."""
    facts = folder.facts()
    summary = facts.get("summary")
    if not summary or not summary.get("complete") or not folder.model.exists():
        return None
    return dict(summary) if facts.get("asked") == _asked(recipe) else None


def _asked(recipe: Recipe) -> str:
    train = dataclasses.replace(recipe.train, **_FREE)
    return store.fingerprint(
        {"train": train, "model": recipe.model, "text": recipe.text, "data": Workspace.of(recipe).dataset}
    )


_FREE: dict[str, Any] = {
    "loader_workers": 0,
    "max_hours": None,
    "mirror": None,
    "mirror_max_bytes": None,
    "keep": 2,
    "out": None,
    "trackers": (),
    "threads": 0,
    "log_every": 1,
}
"""Settings that change nothing about the result."""


def _train(
    recipe: Recipe, folder: RunFolder, ranks: Ranks, stopper: Stopper, start_s: float
) -> dict[str, Any]:
    session, resumed = _open_session(recipe, folder, ranks, stopper)
    state = session.state
    if ranks.main:
        folder.note(complete=False, asked=_asked(recipe), resumed_from=resumed)
    try:
        if resumed is None and recipe.model.base:
            state.base_wer = session.evaluate_base()
        session.run()
        final = session.finish()
    finally:
        session.close()
    if state.step < state.total_steps:
        raise ModelError(f"{state.step} of {state.total_steps} steps were done: run the same command again")
    summary = _summary(folder, recipe, start_s) | _result(session, resumed) | {"dev": final, "complete": True}
    if ranks.main:
        folder.note(complete=True, summary=summary)
    return summary


def _result(session: Session, resumed: int | None) -> dict[str, Any]:
    state = session.state
    return {
        "steps": state.step,
        "epochs": round(state.position.epoch, 4),
        "best": state.best,
        "base_wer": state.base_wer,
        "resumed_from": resumed,
        "skipped": state.skipped,
    }


def _summary(folder: RunFolder, recipe: Recipe, start_s: float) -> dict[str, Any]:
    found = checkpoint.listed(folder.checkpoints)
    newest = found[-1] if found else None
    best = newest.state().get("best") if newest else None
    return {
        "steps": newest.step if newest else 0,
        "epochs": round(newest.position.epoch, 4) if newest else 0.0,
        "best": best,
        "resumed_from": folder.facts().get("resumed_from"),
        "model": str(folder.model) if folder.model.exists() else None,
        "wall_s": round(time.monotonic() - start_s, 3),
        "out": str(folder.root),
        "complete": False,
    }


def _open_session(
    recipe: Recipe, folder: RunFolder, ranks: Ranks, stopper: Stopper
) -> tuple[Session, int | None]:
    """Builds everything, from scratch, from a base, or from the newest good checkpoint."""
    from govor.load import Dataset

    config = recipe.train
    dataset = Dataset.open(Workspace.of(recipe).dataset)
    check_splits(config, dict(dataset.splits))
    if config.augment.noise:
        noise_files(config.augment.noise)
    every_duration = dataset.durations(config.train_split)
    used = chosen_rows(every_duration, config.hours, config.seed)
    durations = every_duration[used]
    prints = {"model": model_fingerprint(recipe), "data": data_fingerprint(recipe, dataset)}
    threads = set_threads(config)
    start = _start(folder, ranks, prints, config.mirror)
    family = make_family(recipe, dataset, used, str(ranks.device), start)
    if config.gradient_checkpointing:
        checkpoint_gradients(family.model)
    family.train_windows = config.windows
    ranks.share_model(family.model)
    optimiser = make_optimiser(family.model, config)
    stepper = Stepper(family, optimiser, config, ranks)
    state = TrainState()
    if start:
        state = TrainState.from_dict(start.state())
        load_optimiser(family.model, optimiser, start.folder / checkpoint.OPTIMIZER)
        if state.scaler:
            stepper.scaler.load_state_dict(state.scaler)
        if ranks.main:
            _restore_best(folder, state)
        state.best = ranks.from_main(state.best)
    state.batch_s = config.batch_s
    layout = Layout(state.batch_s, config.max_batch, ranks.size, config.accumulate)
    _set_total(state, recipe, durations, layout)
    augmenter = Augmenter(config.augment, config.seed, family.sample_rate)
    feed = Feed(
        dataset,
        config.train_split,
        used,
        family,
        augmenter=augmenter if augmenter.active else None,
        seed=config.seed,
        workers=config.loader_workers,
    )
    if ranks.main:
        store.write_text(folder.root / "recipe.toml", recipe.to_toml())
        folder.note(
            versions=versions(),
            hardware=hardware(ranks.device),
            fingerprints=prints,
            world_size=ranks.size,
            threads=threads,
        )
    session = Session(
        config,
        ranks,
        state,
        durations,
        layout,
        feed,
        stepper,
        Judge(family, dataset, config, _options(recipe, family), ranks),
        Saver(folder, family, optimiser, config, prints),
        _mirror(folder, config) if ranks.main else None,
        _journal(recipe, folder, ranks, state),
        stopper,
    )
    return session, (start.step if start else None)


def _start(folder: RunFolder, ranks: Ranks, prints: dict[str, str], mirror: str | None) -> Checkpoint | None:
    """The newest good checkpoint, here or in the mirror, the same on every process."""
    mine = checkpoint.newest_good(folder.checkpoints, say) if ranks.main else None
    if mirror and ranks.main:
        mine = fetch_newest(folder, mirror, mine)
    found: Checkpoint | None = ranks.from_main(mine)
    if found is not None:
        check_belongs(found, prints["model"], prints["data"])
        say(f"continuing from {found.folder.name}") if ranks.main else None
    return found


def _restore_best(folder: RunFolder, state: TrainState) -> None:
    """Makes ``model/`` agree with the checkpoint that is continued from."""
    if state.best is None:
        return
    try:
        checkpoint.publish(checkpoint.verify(folder.checkpoint_of(state.best["step"])), folder.model)
    except ModelError as error:
        say(f"the best checkpoint so far is lost ({error}); the best from here on is chosen")
        state.best = None


def _set_total(state: TrainState, recipe: Recipe, durations: Any, layout: Layout) -> None:
    """Steps of the whole run: those asked for, or those that the epochs have under this layout."""
    config = recipe.train
    if config.steps is not None:
        state.total_steps = config.steps
        return
    if state.total_steps and state.legs and state.legs[-1].layout == layout:
        return
    state.total_steps = state.step + _steps_left(state, config, durations, layout)


def _steps_left(state: TrainState, config: TrainConfig, durations: Any, layout: Layout) -> int:
    whole, part = int(config.epochs), config.epochs - int(config.epochs)
    left = 0
    for epoch in range(state.epoch, whole):
        legs = state.legs if epoch == state.epoch else ()
        left += len(plan_epoch(durations, config.seed, epoch, legs, layout).groups())
    if part and state.epoch <= whole:
        left += round(part * steps_in_epoch(durations, config.seed, whole, layout))
    return left


def _mirror(folder: RunFolder, config: TrainConfig) -> Mirror | None:
    if not config.mirror:
        return None
    mirror = Mirror(folder, config.mirror, config.mirror_max_bytes)
    mirror.start()
    return mirror


def _journal(recipe: Recipe, folder: RunFolder, ranks: Ranks, state: TrainState) -> Journal:
    trackers = (
        make_trackers(folder.root, state.step, recipe.train.trackers, recipe.to_dict()) if ranks.main else []
    )
    return Journal(folder.root, state.metrics_bytes, state.step, trackers, ranks.main)


def _options(recipe: Recipe, family: Any) -> Any:
    from govor.models.base import DecodeOptions

    return DecodeOptions(language=recipe.model.language, task=recipe.model.task)
