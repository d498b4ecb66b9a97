"""Does it learn at all: the rates of the recipe, one batch overfitted, and its texts decoded again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from govor.config import TrainConfig
from govor.findings import Finding
from govor.models.base import Family
from govor.preflight.alarm import LEARNT_NATS, decoding_alarm
from govor.preflight.materials import Facts
from govor.preflight.practice import MAX_STEPS, Practice
from govor.preflight.registry import check
from govor.store import readable_seconds

LEAST_RATE = 1e-8
"""AdamW moves every weight by about the rate each step; below this, float32 weights stay as they are."""
LEAST_FALL = 0.5
ENOUGH_STEPS = 30
FEW_STEPS = 10
"""Fewer steps tell nothing about where a loss goes."""


@check("learning_rate_zero")
def rates_move_weights(family: Family, training: TrainConfig, peak_rate: float) -> Iterator[Finding]:
    """The learning rate is large enough to change the weights that are trained."""
    rates = {
        name: peak_rate * factor_of(name, training.rates)
        for name, parameter in family.model.named_parameters()
        if parameter.requires_grad
    }
    if rates and max(rates.values()) < LEAST_RATE:
        yield Finding(
            "learning_rate_zero",
            "error",
            "[train] lr and rates",
            f"the highest rate of any trained parameter is {max(rates.values()):.1g}",
            f"at least {LEAST_RATE:g}; usual are 1e-5 to 1e-3",
            "the weights never change, the WER stays what it is at step 0",
        )


def factor_of(name: str, rates: Mapping[str, float]) -> float:
    """The factor of the longest prefix in `[train] rates` that `name` begins with."""
    matching = [prefix for prefix in rates if name.startswith(prefix) or f".{prefix}" in name]
    return rates[max(matching, key=len)] if matching else 1.0


@check("overfit_failed", "loss_and_decoding_disagree", "inconclusive")
def one_batch_is_learnt(practice: Practice, facts: Facts) -> Iterator[Finding]:
    """A few clips can be learnt by heart, and decoding gives their text back."""
    facts["overfit"] = describe(practice)
    cause = failure(practice)
    if cause:
        yield _failed(practice, *cause)
    elif not practice.done:
        yield _alarm(practice) or _unfinished(practice)


def _alarm(practice: Practice) -> Finding | None:
    if not practice.hypotheses:
        return None
    return decoding_alarm(practice.losses[-1], practice.references, practice.hypotheses, "one batch")


def describe(practice: Practice) -> str:
    """How overfitting went, in one line."""
    if not practice.losses:
        return f"no step was taken on {len(practice.references)} clips"
    wer = "not decoded" if practice.wer is None else f"WER {practice.wer:.2f}"
    clips, steps, losses = len(practice.references), len(practice.losses), practice.losses
    took = f"{clips} clips, {steps} steps in {readable_seconds(practice.seconds)}{in_windows(practice)}"
    return f"{took}: loss {losses[0]:.2f} to {losses[-1]:.3f} nats a label, {wer}"


def in_windows(practice: Practice) -> str:
    """Which encoder windows were used, where that may not be those of the run."""
    return " over short encoder windows (this is a CPU)" if practice.windows == "short" else ""


def failure(practice: Practice) -> tuple[str, str] | None:
    """What was seen and what to do, if the batch was not learnt; None if it was, or if this stays open."""
    if not practice.trainable:
        return "no parameter is trained", "freeze less in [model] freeze"
    if not practice.labels:
        return (
            "the loss sees no label of the batch: all are masked (-100), empty or longer than their frames",
            "look at one utterance with govor inspect; labels come from [text] rules and the vocabulary",
        )
    if practice.losses and not math.isfinite(practice.losses[-1]):
        return (
            f"the loss is {practice.losses[-1]} after {len(practice.losses)} steps",
            "set [train] precision = 'fp32', and look for silent or damaged clips with govor check",
        )
    stuck = practice.fell < LEAST_FALL and len(practice.losses) >= ENOUGH_STEPS
    if stuck or (len(practice.losses) >= MAX_STEPS and min(practice.losses) > LEARNT_NATS):
        return (
            f"the loss fell by {practice.fell:.0%} to {min(practice.losses):.2f} nats a label in"
            f" {len(practice.losses)} steps;"
            f" {practice.trainable:,} of {practice.parameters:,} parameters take gradients"
            f"{in_windows(practice)}",
            "freeze less in [model] freeze (a new head must be trained), and look at labels and audio of"
            " these clips with govor inspect",
        )
    return None


def _failed(practice: Practice, measured: str, fix: str) -> Finding:
    return Finding(
        "overfit_failed",
        "error",
        f"one batch of {len(practice.references)} clips",
        measured,
        f"a sound model goes below {LEARNT_NATS:g} nats a label on a batch that it sees many times",
        "a model that cannot learn one batch exactly cannot learn from more data",
        fix,
        tuple(practice.references[:5]),
    )


def _unfinished(practice: Practice) -> Finding:
    return Finding(
        "inconclusive",
        "warning",
        "one_batch_is_learnt",
        describe(practice),
        "until the texts come back",
        "the loss falls, but whether decoding gives the texts back is not known yet"
        if len(practice.losses) >= FEW_STEPS and practice.fell > 0
        else "so few steps say nothing about where the loss goes",
        "give preflight more time ([preflight] minutes), a GPU, or read the first samples of govor status",
    )
