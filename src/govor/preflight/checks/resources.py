"""Will the run fit: memory at the longest batch, and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.config import Recipe
from govor.findings import Finding
from govor.preflight.budget import Budget, OutOfTimeError
from govor.preflight.child import run_child
from govor.preflight.clips import Tables
from govor.preflight.materials import UnavailableError
from govor.preflight.registry import check
from govor.store import readable_bytes, readable_seconds

MEMORY_MARGIN = 0.9
TIMED_BATCHES = 2


@dataclass(frozen=True)
class Plan:
    """The run's batches.

    Attributes:
        first_epoch: clip lengths (seconds) of the batches of the first epoch.
        batches: in the whole run.
    """

    first_epoch: list[NDArray[np.float64]]
    batches: float

    @property
    def padded_s(self) -> NDArray[np.float64]:
        """Padded seconds of each batch of the first epoch."""
        return np.array([len(batch) * batch.max() for batch in self.first_epoch])

    @property
    def largest(self) -> NDArray[np.float64]:
        """The batch with most padded seconds."""
        return self.first_epoch[int(self.padded_s.argmax())]

    @property
    def typical(self) -> NDArray[np.float64]:
        """A batch in the middle by padded seconds."""
        return self.first_epoch[int(np.argsort(self.padded_s)[len(self.first_epoch) // 2])]


def plan_run(recipe: Recipe, durations: NDArray[np.float64]) -> Plan:
    """The batches that training would see, from its own planner."""
    from govor.load.order import epoch_batches

    config = recipe.train
    steps = epoch_batches(
        durations, seed=config.seed, epoch=0, batch_s=config.batch_s, max_batch=config.max_batch
    )
    first = [np.sort(durations[rows])[::-1] for ranks in steps for rows in ranks if len(rows)]
    batches = config.steps * config.accumulate if config.steps else config.epochs * len(first)
    return Plan(first, float(batches))


@check("memory_over", "time_over_quota", "step_failed")
def longest_batch_fits(
    tables: Tables,
    recipe: Recipe,
    saved_model: Path,
    device: str,
    scratch: Path,
    budget: Budget,
    facts: dict[str, Any],
    projection: dict[str, Any],
) -> Iterator[Finding]:
    """The largest padded batch fits into memory, tried for real, and the run into its time."""
    config = recipe.train
    if not config.batch_s:
        raise UnavailableError("[train] batch_s = 0: training finds the batch size by trying")
    train = tables[config.train_split]
    plan = plan_run(recipe, train["duration"].to_numpy())
    tried = [plan.largest.tolist(), *[plan.typical.tolist()] * TIMED_BATCHES]
    answer = run_child(_job(recipe, saved_model, device, tried, train), scratch, budget.left_s)
    if answer.get("late"):
        raise OutOfTimeError
    if "seconds" not in answer:
        yield _no_memory(plan, recipe) if answer.get("killed") else _step_failed(plan, answer)
        return
    note_projection(plan, answer, facts, projection)
    limit = memory_limit(device)
    if answer["peak_bytes"] > MEMORY_MARGIN * limit:
        yield _memory_tight(plan, recipe, answer["peak_bytes"], limit)
    yield from over_time(recipe, projection["seconds"])


def _job(recipe: Recipe, model: Path, device: str, batches: list[list[float]], train: Any) -> dict[str, Any]:
    longest = train.sort(train["normal"].str.len_chars(), descending=True)["normal"].head(32).to_list()
    return {
        "task": "step",
        "model": str(model),
        "device": device,
        "precision": recipe.train.precision,
        "threads": recipe.train.threads,
        "recipe": recipe.to_dict(),
        "batches": batches,
        "texts": longest,
    }


def note_projection(
    plan: Plan, answer: dict[str, Any], facts: dict[str, Any], projection: dict[str, Any]
) -> None:
    """Projects the run from the timed steps, by padded seconds."""
    step_s = float(np.mean(answer["seconds"][1:]))
    per_padded_s = step_s / float(len(plan.typical) * plan.typical.max())
    seconds = per_padded_s * float(plan.padded_s.mean()) * plan.batches
    projection.update(seconds=seconds, memory_bytes=answer["peak_bytes"])
    facts["longest_batch"] = (
        f"{len(plan.largest)} clips up to {plan.largest.max():.1f} s: {readable_bytes(answer['peak_bytes'])}"
        f" at the peak, {readable_seconds(answer['seconds'][0])}"
    )
    facts["projected_training"] = (
        f"{plan.batches:,.0f} batches of about {readable_seconds(step_s)}: {readable_seconds(seconds)},"
        " evaluation and checkpoints not included"
    )


def memory_limit(device: str) -> int:
    """Memory of the device in bytes; of the machine for the CPU, limits of its container included."""
    import torch

    from govor.doctor.machine import ram_bytes
    from govor.models.device import choose_device

    where = choose_device(device)
    return int(torch.cuda.mem_get_info(where)[1]) if where.type == "cuda" else ram_bytes()[0]


def _no_memory(plan: Plan, recipe: Recipe) -> Finding:
    return Finding(
        "memory_over",
        "error",
        "[train] batch_s",
        f"memory ran out at the largest batch: {len(plan.largest)} clips up to {plan.largest.max():.1f} s"
        f" ({plan.padded_s.max():.0f} padded seconds)",
        "one training step on it",
        "training would die there, perhaps after hours, because batches come in random order",
        _smaller(recipe),
    )


def _smaller(recipe: Recipe) -> str:
    return (
        f"set [train] batch_s = {recipe.train.batch_s / 2:g} and accumulate = {recipe.train.accumulate * 2},"
        " or gradient_checkpointing = true, or a smaller [select] max_duration"
    )


def _memory_tight(plan: Plan, recipe: Recipe, peak: int, limit: int) -> Finding:
    return Finding(
        "memory_over",
        "warning",
        "[train] batch_s",
        f"the largest batch ({plan.padded_s.max():.0f} padded seconds) takes {readable_bytes(peak)}",
        f"{MEMORY_MARGIN:.0%} of {readable_bytes(limit)}",
        "fragmentation or another program can end the run later",
        _smaller(recipe),
    )


def _step_failed(plan: Plan, answer: dict[str, Any]) -> Finding:
    return Finding(
        "step_failed",
        "error",
        f"the largest batch ({len(plan.largest)} clips up to {plan.largest.max():.1f} s)",
        str(answer.get("error")),
        "one training step on it",
        "training would meet the same error",
        "mend what the message names; a smaller [train] batch_s tells whether the length is at fault",
    )


def over_time(recipe: Recipe, seconds: float) -> Iterator[Finding]:
    """A finding where the projected time is beyond the stated quota or `[train] max_hours`."""
    quota = recipe.preflight.quota_hours
    limits = [(quota, "--quota-hours"), (recipe.train.max_hours, "[train] max_hours")]
    for hours, name in limits:
        if hours is not None and seconds > hours * 3600:
            enough = seconds / 3600 / hours
            yield Finding(
                "time_over_quota",
                "error" if name == "--quota-hours" else "warning",
                "the run",
                f"training is projected to take {readable_seconds(seconds)}",
                f"{name} = {hours:g} h",
                "it would be cut off before its last step",
                f"set [train] epochs or steps to {1 / enough:.0%} of what they are, use a faster device, or"
                " run it in several sessions: training continues exactly where it stopped",
            )
