"""Builds a session: the data, where the run stands, and the parts that train it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor import store
from govor.config import Recipe, TrainConfig, Workspace
from govor.config.train import AugmentConfig
from govor.console import say
from govor.errors import ModelError
from govor.models.base import EncoderWindows
from govor.models.build import adjust_model
from govor.models.rates import first_rate
from govor.preflight.base import dev_options
from govor.prepare.withdrawn import note_trained_on
from govor.train import checkpoint
from govor.train.augment import Augmenter, noise_files
from govor.train.base import is_baseline
from govor.train.changes import changes
from govor.train.checkpoint import Checkpoint, Origin
from govor.train.epoch import BatchLayout, Rows, plan_epoch, steps_in_epoch
from govor.train.feed import Feed
from govor.train.folder import RunFacts, RunFolder, check_belongs
from govor.train.judge import Judge, check_splits
from govor.train.loop import Session
from govor.train.metrics import MetricsLog, make_trackers
from govor.train.mirror import Mirror, fetch_newest
from govor.train.optimiser import load_optimiser, make_optimiser
from govor.train.parts import (
    chosen_rows,
    data_fingerprint,
    make_family,
    model_fingerprint,
    set_threads,
    settings_behind,
)
from govor.train.reduce import Ranks
from govor.train.saver import Saver
from govor.train.sizing import FIRST_BATCH_S, found_batch_s, pieces_needed
from govor.train.state import TrainState, new_identity
from govor.train.step import Stepper
from govor.train.stop import Stopper
from govor.train.usage import hardware, versions

EARLIER_RATE = 1e-4
"""What runs of earlier versions trained with whose recipe named no rate."""


@dataclass(frozen=True)
class RunData:
    """The data of a run.

    Attributes:
        dataset: opened.
        used: rows of the train split that are used.
        durations: their seconds.
        origin: ``fingerprints`` of ``model`` settings and ``data``, and the ``settings`` behind them.
    """

    dataset: Any
    used: Rows
    durations: NDArray[np.float64]
    origin: Origin


def open_material(recipe: Recipe) -> RunData:
    """Opens the data set and checks what can be checked without a model.

    Raises:
        RecipeError: the model would be chosen on test data, or noise is missing.
        DatasetError: there is no such data set or split.
    """
    from govor.load import Dataset

    config = recipe.train
    dataset = Dataset.open(Workspace.of(recipe).dataset)
    check_splits(config, dict(dataset.splits))
    if config.augment.noise:
        noise_files(config.augment.noise)
    durations = dataset.durations(config.train_split)
    used = chosen_rows(durations, config.hours, config.seed)
    prints = {"model": model_fingerprint(recipe), "data": data_fingerprint(recipe, dataset)}
    return RunData(
        dataset, used, durations[used], {"fingerprints": prints, "settings": settings_behind(recipe)}
    )


def open_session(
    recipe: Recipe, folder: RunFolder, ranks: Ranks, stopper: Stopper
) -> tuple[Session, Checkpoint | None]:
    """Builds everything: new, from a base, or as the newest good checkpoint has it."""
    material = open_material(recipe)
    threads = set_threads(recipe.train)
    start = _find_start(folder, ranks, material.origin, recipe.train.mirror)
    recipe = with_rate(recipe, material, start, say if ranks.main else None)
    config = recipe.train
    if start and ranks.main:
        checkpoint.require_room(folder.root, start.size_bytes)
    stepper = _stepper(recipe, material, ranks, start)
    if ranks.main and ranks.size > 1:
        say(f"{ranks.size} processes train together")
    if ranks.main:
        _say_arithmetic(stepper)
        _say_rate(material.dataset.sample_rate, stepper.family.sample_rate)
        _say_unused(config.augment, stepper.family)
    state = _state(start, stepper, folder)
    state.lr = config.peak_lr
    layout = _layout(state, stepper, material, config)
    _set_total(state, config, material.durations, layout)
    baseline = is_baseline(recipe, stepper.family)
    metrics = _metrics(recipe, folder, ranks, state)
    if ranks.main:
        facts = _facts(material, stepper, threads, state, baseline)
        _write_facts(folder, recipe, metrics, state, facts)
        _note_rows(folder, material, config)
    session = Session(
        config=config,
        ranks=ranks,
        state=state,
        durations=material.durations,
        layout=layout,
        feed=_feed(config, material, stepper),
        stepper=stepper,
        judge=Judge(
            stepper.family, material.dataset, config, dev_options(recipe), ranks, recipe.model.language
        ),
        saver=Saver(folder, stepper.family, stepper.optimiser, config, material.origin),
        mirror=_mirror(folder, config, start) if ranks.main else None,
        metrics=metrics,
        stopper=stopper,
        baseline=baseline,
    )
    return session, start


def with_rate(
    recipe: Recipe, material: RunData, start: Checkpoint | None, tell: Callable[[str], None] | None
) -> Recipe:
    """The recipe with a learning rate: its own, else the one the run began with, else the usual one.

    Args:
        recipe: as it was asked for.
        material: the data.
        start: the checkpoint that is continued from, or None.
        tell: says where a rate came from that the recipe does not name.
    """
    if recipe.train.lr is not None:
        return recipe
    if start is not None:
        rate = start.state().get("lr") or EARLIER_RATE
        sentence = f"learning rate {rate:g}, as this run began"
    else:
        first = first_rate(recipe.model, float(material.durations.sum()))
        rate, sentence = first.rate, f"{first.sentence} (set train.lr to choose another)"
    if tell is not None:
        tell(sentence)
    return replace(recipe, train=replace(recipe.train, lr=rate))


def _find_start(folder: RunFolder, ranks: Ranks, origin: Origin, mirror: str | None) -> Checkpoint | None:
    """The newest good checkpoint, here or in the mirror, the same on every process."""
    mine = checkpoint.newest_good(folder.checkpoints, say) if ranks.main else None
    if mirror and ranks.main:
        mine = fetch_newest(
            folder, mirror, mine, lambda manifest, place: check_belongs(manifest, place, origin)
        )
    found: Checkpoint | None = ranks.from_main(mine)
    if found is not None:
        check_belongs(found.manifest, str(found.folder), origin)
        say(f"continuing from {found.folder.name}") if ranks.main else None
    return found


def _stepper(recipe: Recipe, material: RunData, ranks: Ranks, start: Checkpoint | None) -> Stepper:
    family = make_family(recipe, material.dataset, material.used, str(ranks.device), start)
    adjust_model(family.model, recipe.train)
    ranks.share_model(family.model)
    optimiser = make_optimiser(family.model, recipe.train)
    if start:
        load_optimiser(family.model, optimiser, start.folder / checkpoint.OPTIMIZER)
    return Stepper(family, optimiser, recipe.train, ranks)


def _say_arithmetic(stepper: Stepper) -> None:
    from govor.models.device import in_words

    facts = stepper.family.describe()
    say(f"training on {facts['device']} in {in_words(facts['precision'], stepper.device)}")


def _say_rate(data_hz: int, model_hz: int) -> None:
    if data_hz != model_hz:
        lost = " (what is above half of the lower rate is missing)" if data_hz < model_hz else ""
        say(f"clips of {data_hz} Hz are resampled to the model's {model_hz} Hz while training{lost}")


def _say_unused(augment: AugmentConfig, family: Any) -> None:
    from govor.features import WaveSpec

    pictures = {"frequency_masks": augment.frequency_masks, "smooth": augment.smooth}
    unused = [f"train.augment.{name}" for name, value in pictures.items() if value]
    if unused and isinstance(family.extractor, WaveSpec):
        say(f"{' and '.join(unused)} change log-mel pictures; this model takes waves, so they have no effect")


def _state(start: Checkpoint | None, stepper: Stepper, folder: RunFolder) -> TrainState:
    if start is None:
        return TrainState(identity=folder.facts().get("run") or new_identity())
    state = TrainState.from_dict(start.state())
    if state.scaler:
        stepper.scaler.load_state_dict(state.scaler)
    if stepper.ranks.main:
        _restore_best(folder, state)
    state.best = stepper.ranks.from_main(state.best)
    return state


def _restore_best(folder: RunFolder, state: TrainState) -> None:
    """Makes ``model/`` agree with the checkpoint that is continued from."""
    if state.best is None:
        return
    try:
        checkpoint.publish(checkpoint.verify(folder.checkpoint_of(state.best["step"])), folder.model)
    except ModelError as error:
        say(f"the best checkpoint so far is lost ({error}); govor chooses the best one from here on")
        state.best, state.best_errors = None, {}


def _layout(state: TrainState, stepper: Stepper, material: RunData, config: TrainConfig) -> BatchLayout:
    """How clips fall into batches; on a GPU the largest batch is tried first."""
    on_gpu = stepper.device.type == "cuda"
    state.batch_s = config.batch_s or state.batch_s
    if not state.batch_s:
        state.batch_s = (
            found_batch_s(stepper, material.durations, config.max_batch) if on_gpu else FIRST_BATCH_S
        )
        say(f"batches of {state.batch_s:g} padded seconds") if stepper.ranks.main else None
    if on_gpu and not state.pieces:
        state.pieces = pieces_needed(stepper, material.durations, state.batch_s, config.max_batch)
        if state.pieces and stepper.ranks.main:
            say(f"batches that compute more than {state.pieces[0][0]:.0f} s do not fit: they run in pieces")
    return BatchLayout(state.batch_s, config.max_batch, stepper.ranks.size, config.accumulate)


def _set_total(
    state: TrainState, config: TrainConfig, durations: NDArray[np.float64], layout: BatchLayout
) -> None:
    """Steps of the whole run: those asked for, or those that the epochs have under this layout."""
    if config.steps is not None:
        state.total_steps = config.steps
        return
    state.total_steps = state.step + _steps_left(state, config, durations, layout)


def _steps_left(
    state: TrainState, config: TrainConfig, durations: NDArray[np.float64], layout: BatchLayout
) -> int:
    whole, part = int(config.epochs), config.epochs - int(config.epochs)
    left = 0
    for epoch in range(state.epoch, whole):
        legs = state.legs if epoch == state.epoch else ()
        left += len(plan_epoch(durations, config.seed, epoch, legs, layout).groups())
    if not part or state.epoch > whole:
        return left
    last = round(part * steps_in_epoch(durations, config.seed, whole, layout))
    if state.epoch < whole or not state.legs:
        return left + last
    rest = len(plan_epoch(durations, config.seed, whole, state.legs, layout).groups())
    return round(max(0.0, part - state.epoch_share) / max(1 - state.epoch_share, 1e-9) * rest)


def _feed(config: TrainConfig, material: RunData, stepper: Stepper) -> Feed:
    family = stepper.family
    augmenter = Augmenter(config.augment, config.seed, family.sample_rate, family.max_window_s)
    return Feed(
        material.dataset,
        config.train_split,
        material.used,
        stepper.family,
        augmenter=augmenter if augmenter.active else None,
        seed=config.seed,
        workers=config.loader_workers,
        mixed=True,
        windows=EncoderWindows(config.windows, config.full_share),
    )


def _facts(material: RunData, stepper: Stepper, threads: int, state: TrainState, baseline: bool) -> RunFacts:
    return {
        "versions": versions(),
        "hardware": hardware(stepper.ranks.device),
        "run": state.identity,
        "fingerprints": material.origin["fingerprints"],
        "world_size": stepper.ranks.size,
        "threads": threads,
        "precision": stepper.family.describe()["precision"],
        "total_steps": state.total_steps,
        "hours": round(float(material.durations.sum()) / 3600, 4),
        "batch_s": state.batch_s,
        "lr": state.lr,
        "baseline": baseline,
    }


def _note_rows(folder: RunFolder, material: RunData, config: TrainConfig) -> None:
    """Keeps which rows are trained on, so that a withdrawal can be told from it later."""
    rows = material.dataset.table(config.train_split)
    if "id" in rows.columns:
        note_trained_on(folder.root, rows["id"].cast(str).gather(material.used).drop_nulls())


def _write_facts(
    folder: RunFolder, recipe: Recipe, metrics: MetricsLog, state: TrainState, facts: RunFacts
) -> None:
    """Writes ``run.json`` and ``recipe.toml``, and says what changed since the last session."""
    found = changes(folder, recipe, facts) if state.step else []
    for change in found:
        say(f"changed since the last session: {change}")
        metrics.write("event", state.step, {"event": "changed", "message": change})
    if state.step >= state.total_steps and any(change.startswith("train.") for change in found):
        say(
            "no step is left to train with the changed settings: the model is still that of the "
            "old settings; to "
            "train with the new ones choose another --out (and train.mirror)"
        )
    store.write_text(folder.root / "recipe.toml", recipe.to_toml())
    folder.note(**facts)


def _mirror(folder: RunFolder, config: TrainConfig, start: Checkpoint | None) -> Mirror | None:
    """The mirror at work; a checkpoint that it lacks, because a session ended before, is copied first."""
    if not config.mirror:
        return None
    mirror = Mirror(folder, config.mirror, config.mirror_max_bytes)
    mirror.start()
    if start:
        best = start.state().get("best")
        mirror.copy(start, best["step"] if best else None)
    return mirror


def _metrics(recipe: Recipe, folder: RunFolder, ranks: Ranks, state: TrainState) -> MetricsLog:
    asked = recipe.train.trackers
    trackers = (
        make_trackers(folder.root, state.step, asked, recipe.to_dict(), state.identity) if ranks.main else []
    )
    return MetricsLog(folder.root, state.metrics_bytes, trackers, ranks.main)
