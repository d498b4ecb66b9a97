"""The recipe against the data: how many steps there are, and what is due when they are over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from govor.config import Recipe, TrainConfig
from govor.config.moments import Every
from govor.config.train import LOW_RATE_FACTOR, warm_steps
from govor.curate.leaks import NO_NAMES
from govor.findings import Finding, count_of
from govor.models.base import Family
from govor.models.rates import UsualRate
from govor.preflight.checks.resources import plan_run
from govor.preflight.clips import Tables
from govor.preflight.materials import Facts
from govor.preflight.registry import check

LONG_WARMUP = 0.5
FEW_STEPS_AN_EPOCH, FEW_STEPS = 2, 100
"""So few steps an epoch, and so few in all, that there is hardly anything to learn by."""
LEAST_DEV = 8


@dataclass(frozen=True)
class Steps:
    """The optimiser steps of a run.

    Attributes:
        total: of the whole run.
        epoch: of one pass over the train split.
    """

    total: int
    epoch: int

    @property
    def epochs(self) -> float:
        """Passes over the train split."""
        return self.total / max(self.epoch, 1)


def steps_of(recipe: Recipe, tables: Tables) -> Steps | None:
    """The steps that training's own planner makes; None where the batch is found by trying."""
    table = tables.get(recipe.train.train_split)
    if table is None or not table.height or not recipe.train.batch_s:
        return None
    plan = plan_run(recipe, table["duration"].to_numpy())
    epoch = math.ceil(len(plan.first_epoch) / recipe.train.accumulate)
    return Steps(max(1, round(plan.batches / recipe.train.accumulate)), epoch)


@check("warmup_too_long", "less_than_an_epoch", "few_steps", "evaluation_too_late")
def the_run_is_long_enough(tables: Tables, recipe: Recipe, facts: Facts) -> Iterator[Finding]:
    """Warm-up, evaluation and at least one pass over the data lie within the run."""
    steps = steps_of(recipe, tables)
    if steps is None:
        return
    facts["steps"] = f"{steps.total:,} optimiser steps, {steps.epoch:,} an epoch"
    yield from _warmup(recipe.train, steps)
    yield from _too_few(recipe.train, steps)
    yield from _late(recipe.train, steps)


def _warmup(train: TrainConfig, steps: Steps) -> Iterator[Finding]:
    warm = warm_steps(steps.total, train.warmup)
    if warm <= LONG_WARMUP * steps.total or warm <= 1:
        return
    longer = warm >= steps.total
    yield Finding(
        "warmup_too_long",
        "error" if longer else "warning",
        "[train] warmup",
        f"{train.warmup:g} is {count_of(warm, 'step')} of {steps.total:,}",
        "a tenth of the steps is usual, half is the most",
        "the learning rate never reaches its peak" if longer else "most of the run is warm-up",
        "set [train] warmup = 0.1",
    )


def _too_few(train: TrainConfig, steps: Steps) -> Iterator[Finding]:
    if train.steps and steps.total < steps.epoch:
        yield Finding(
            "less_than_an_epoch",
            "warning",
            "[train] steps",
            f"{steps.total:,} steps see {steps.epochs:.0%} of the train split",
            f"{count_of(steps.epoch, 'step')} for one pass",
            "the rest of the data is prepared and never learned from",
            f"set [train] steps = {steps.epoch} or more, or [train] hours to say that less is wanted",
        )
    elif steps.epoch <= FEW_STEPS_AN_EPOCH and steps.total < FEW_STEPS:
        yield _large_batch(train, steps)


def _large_batch(train: TrainConfig, steps: Steps) -> Finding:
    smaller = (
        f"set [train] accumulate = {max(1, train.accumulate // 4)}"
        if train.accumulate > 1
        else f"set [train] batch_s = {max(10, round(train.batch_s / 4))}"
    )
    return Finding(
        "few_steps",
        "warning",
        "[train] accumulate" if train.accumulate > 1 else "[train] batch_s",
        f"the batch makes {count_of(steps.epoch, 'step')} an epoch, {steps.total:,} in all",
        f"at least {FEW_STEPS} steps, or more than {FEW_STEPS_AN_EPOCH} an epoch",
        "the weights hardly move however often the data is seen",
        f"{smaller}, or more [train] epochs",
    )


def _late(train: TrainConfig, steps: Steps) -> Iterator[Finding]:
    every = Every.parse(train.eval_every, "train.eval_every")
    first = float(min(every.named)) if every.named else every.amount
    last = {"step": float(steps.total), "epoch": steps.epochs, "second": math.inf}[every.unit]
    same_fault = every.unit == "epoch" and steps.total < steps.epoch
    if first > last * (1 + 1e-9) and steps.total > 1 and not same_fault:
        yield Finding(
            "evaluation_too_late",
            "warning",
            "[train] eval_every",
            f"{train.eval_every!r} is after the end of the run ({steps.total:,} steps,"
            f" {steps.epochs:.2g} epochs)",
            "several evaluations; the best is kept",
            "dev is judged once, at the end: nothing is chosen, and overfitting is not noticed",
            f"set [train] eval_every = '{max(1, steps.total // 5)} steps'",
        )


@check("learning_rate_low")
def rate_is_not_tiny(training: TrainConfig, usual_rate: UsualRate) -> Iterator[Finding]:
    """The learning rate is not far below the usual one for this model and this much data."""
    if training.lr is None or training.lr * LOW_RATE_FACTOR >= usual_rate.rate:
        return
    yield Finding(
        "learning_rate_low",
        "warning",
        "[train] lr",
        f"{training.lr:g} is a {usual_rate.rate / training.lr:,.0f}th of the usual rate",
        usual_rate.sentence,
        "the model hardly changes in the steps that it has",
        f"leave out [train] lr, or set it to {usual_rate.rate:g}",
    )


@check("nothing_trainable")
def something_is_trained(family: Family) -> Iterator[Finding]:
    """Some parameter is trained."""
    sizes = [(p.numel(), p.requires_grad) for p in family.model.parameters()]
    if not any(trained for _, trained in sizes):
        yield Finding(
            "nothing_trainable",
            "error",
            "[model] freeze",
            f"none of {sum(size for size, _ in sizes):,} parameters is trained",
            "at least one",
            "training ends at its first step, or leaves the model as it is",
        )


@check("dev_one_speaker")
def dev_has_several_speakers(tables: Tables, training: TrainConfig) -> Iterator[Finding]:
    """The split that chooses the model has more than one speaker where the data has."""
    dev, learnt = tables.get(training.dev_split), tables.get(training.train_split)
    if dev is None or learnt is None or dev.height < LEAST_DEV:
        return
    heard, known = speakers_of(dev), speakers_of(learnt)
    if len(heard) == 1 and len(known) > 2:
        yield Finding(
            "dev_one_speaker",
            "warning",
            f"split {training.dev_split}",
            f"{dev.height:,} utterances are by one speaker, {next(iter(heard))!r}; train has {len(known)}",
            "several speakers",
            "the checkpoint that suits one voice is chosen",
        )


def speakers_of(table: pl.DataFrame) -> set[str]:
    """Names of speakers; of rows without one, none."""
    named = {str(name) for name in table["speaker"].drop_nulls()} if "speaker" in table.columns else set()
    return {name for name in named if name.strip().lower() not in NO_NAMES}
