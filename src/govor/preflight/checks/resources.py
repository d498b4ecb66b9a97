"""Will the run fit: memory at the longest batch, and time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.config import Recipe
from govor.findings import Finding, count_of
from govor.models.base import THINNED_S, Family
from govor.models.device import set_aside
from govor.preflight.budget import Budget, OutOfTimeError
from govor.preflight.child import Answer, StepJob, Trial, run_child
from govor.preflight.clips import Tables
from govor.preflight.materials import Facts, UnavailableError
from govor.preflight.registry import check
from govor.store import readable_bytes, readable_seconds

MEMORY_MARGIN = 0.9
TIMED_BATCHES = 2


@dataclass(frozen=True)
class WindowShare:
    """What part of the batches is computed how.

    Attributes:
        kind: ``full``, ``thinned`` or ``short``, as `EncoderWindows` has it.
        share: of the batches.
        clip_s: seconds that every clip costs, or None where that hangs on the longest of its batch.
        beside_s: seconds that it then costs beside those of the longest.
    """

    kind: str
    share: float
    clip_s: float | None
    beside_s: float = 0.0

    def cost_s(self, batch: NDArray[np.float64]) -> float:
        """Seconds that a batch of clip lengths computes, padding included."""
        return len(batch) * (self.clip_s or float(batch.max()) + self.beside_s)


def windows_of(recipe: Recipe, window_s: float | None) -> tuple[WindowShare, ...]:
    """The encoder windows of a run, those that take most memory first.

    Args:
        recipe: of the run.
        window_s: of the model, or None where it has no fixed one.
    """
    config = recipe.train
    if window_s is None:
        return (WindowShare("full", 1.0, None),)
    if config.windows == "thinned":
        return (WindowShare("thinned", 1.0, None, THINNED_S),)
    full_share = {"full": 1.0, "short": 0.0, "mixed": config.full_share}[config.windows]
    both = (WindowShare("full", full_share, window_s), WindowShare("short", 1 - full_share, None))
    return tuple(one for one in both if one.share)


@dataclass(frozen=True)
class BatchPlan:
    """The run's batches.

    Attributes:
        first_epoch: clip lengths (seconds) of the batches of the first epoch.
        batches: in the whole run.
        windows: how they are computed.
    """

    first_epoch: list[NDArray[np.float64]]
    batches: float
    windows: tuple[WindowShare, ...] = (WindowShare("full", 1.0, None),)

    def costs_s(self, windows: WindowShare) -> NDArray[np.float64]:
        """Seconds that each batch of the first epoch computes in such windows."""
        return np.array([windows.cost_s(batch) for batch in self.first_epoch])

    @property
    def largest(self) -> NDArray[np.float64]:
        """The batch that takes most memory."""
        return self.first_epoch[int(self.costs_s(self.windows[0]).argmax())]

    @property
    def largest_s(self) -> float:
        """Seconds that it computes."""
        return self.windows[0].cost_s(self.largest)

    def typical(self, windows: WindowShare) -> NDArray[np.float64]:
        """A batch in the middle by what it costs."""
        return self.first_epoch[int(np.argsort(self.costs_s(windows))[len(self.first_epoch) // 2])]

    def trials(self) -> list[Trial]:
        """What is tried: the largest batch, then typical ones of each kind of windows."""
        timed = [(w, self.typical(w)) for w in self.windows for _ in range(TIMED_BATCHES)]
        every = [(self.windows[0], self.largest), *timed]
        return [Trial(windows.kind, batch.tolist()) for windows, batch in every]

    def seconds(self, timed: Sequence[float]) -> float:
        """Time of the whole run, from that of the typical batches of `trials`."""
        total = 0.0
        for number, windows in enumerate(self.windows):
            mine = timed[number * TIMED_BATCHES : (number + 1) * TIMED_BATCHES]
            a_second = float(np.mean(mine)) / windows.cost_s(self.typical(windows))
            total += a_second * float(self.costs_s(windows).mean()) * windows.share * self.batches
        return total


def plan_run(recipe: Recipe, durations: NDArray[np.float64], window_s: float | None = None) -> BatchPlan:
    """The batches that training would see, from its own planner.

    Args:
        recipe: of the run.
        durations: of the train split.
        window_s: of the model's encoder, where it is fixed.
    """
    from govor.load.order import epoch_batches

    config = recipe.train
    steps = epoch_batches(
        durations, seed=config.seed, epoch=0, batch_s=config.batch_s, max_batch=config.max_batch
    )
    first = [np.sort(durations[rows])[::-1] for ranks in steps for rows in ranks if len(rows)]
    used = min(1.0, config.hours * 3600 / durations.sum()) if config.hours else 1.0
    batches = config.steps * config.accumulate if config.steps else config.epochs * len(first) * used
    return BatchPlan(first, float(batches), windows_of(recipe, window_s))


@check("memory_over", "time_over_quota", "step_failed")
def longest_batch_fits(
    tables: Tables,
    recipe: Recipe,
    family: Family,
    saved_model: Path,
    device: str,
    scratch: Path,
    budget: Budget,
    facts: Facts,
    projection: dict[str, float],
) -> Iterator[Finding]:
    """The largest padded batch fits into memory, tried for real, and the run into its time."""
    config = recipe.train
    if not config.batch_s:
        raise UnavailableError("[train] batch_s = 0: training finds the batch size by trying")
    train = tables[config.train_split]
    plan = plan_run(recipe, train["duration"].to_numpy(), family.max_window_s)
    with set_aside(family.model, next(family.model.parameters()).device):
        answer = run_child(_job(recipe, saved_model, device, plan.trials(), train), scratch, budget.left_s)
    if answer.late:
        raise OutOfTimeError
    if answer.seconds is None:
        yield _no_memory(plan, recipe, answer.fitted) if answer.killed else _step_failed(plan, answer)
        return
    note_projection(plan, answer, facts, projection)
    limit = memory_limit(device)
    if answer.peak_bytes > MEMORY_MARGIN * limit:
        yield _memory_tight(plan, recipe, answer.peak_bytes, limit)
    yield from over_time(recipe, projection["seconds"])


def _job(recipe: Recipe, model: Path, device: str, batches: Sequence[Trial], train: pl.DataFrame) -> StepJob:
    longest = train.sort(train["normal"].str.len_chars(), descending=True)["normal"].head(32).to_list()
    config = recipe.train
    return StepJob(str(model), device, config.precision, config.threads, recipe.to_dict(), batches, longest)


def note_projection(plan: BatchPlan, answer: Answer, facts: Facts, projection: dict[str, float]) -> None:
    """Projects the run from the timed steps, by what the batches compute."""
    first, *timed = answer.seconds or ()
    seconds = plan.seconds(timed)
    projection.update(seconds=seconds, memory_bytes=answer.peak_bytes)
    facts["longest_batch"] = (
        f"{_largest(plan)}: {readable_bytes(answer.peak_bytes)} at the peak, {readable_seconds(first)}"
    )
    facts["projected_training"] = (
        f"{plan.batches:,.0f} batches of about {readable_seconds(seconds / max(plan.batches, 1))}:"
        f" {readable_seconds(seconds)}, evaluation and checkpoints not included"
    )


def _largest(plan: BatchPlan) -> str:
    """The largest batch in words."""
    clips, window_s = plan.largest, plan.windows[0].clip_s
    each = f", each in a {window_s:g} s window" if window_s else ""
    return f"{count_of(len(clips), 'clip')} up to {clips.max():.1f} s{each}"


def memory_limit(device: str) -> int:
    """Memory of the device in bytes; of the machine for the CPU, limits of its container included."""
    import torch

    from govor.doctor.machine import ram_bytes
    from govor.models.device import choose_device

    where = choose_device(device)
    return int(torch.cuda.mem_get_info(where)[1]) if where.type == "cuda" else ram_bytes()[0]


def _no_memory(plan: BatchPlan, recipe: Recipe, fitted: int) -> Finding:
    tried = f"; the {count_of(fitted, 'longest clip')} of it fit, by trying" if fitted else ""
    return Finding(
        "memory_over",
        "error",
        f"[train] {next(iter(_halved(plan)))}",
        f"memory ran out at the largest batch: {_largest(plan)} ({plan.largest_s:.0f} seconds to compute)"
        + tried,
        "one training step on it",
        "training would fail there, perhaps after hours, because batches come in random order",
        _smaller(plan, recipe, fitted),
    )


def _halved(plan: BatchPlan, fitted: int = 0) -> dict[str, float]:
    """The settings that halve the largest batch, and every other that is larger than its half.

    Where so many of its clips are known to fit, they leave that many.

    Clips that cost a window each are counted; others cost what they are padded to; some cost both.
    """
    windows, clips = plan.windows[0], plan.largest
    left = fitted or len(clips) / 2
    count = {"max_batch": float(int(left))} if windows.clip_s or windows.beside_s else {}
    return count if windows.clip_s else {"batch_s": left * float(clips.max()), **count}


def _smaller(plan: BatchPlan, recipe: Recipe, fitted: int = 0) -> str:
    """What takes less memory than the run as it is, in the order in which to try it."""
    ways = []
    if len(plan.largest) > 1:
        halved = ", ".join(f"{name} = {value:g}" for name, value in _halved(plan, fitted).items())
        times = -(-len(plan.largest) // fitted) if fitted else 2
        ways.append(f"[train] {halved} and accumulate = {recipe.train.accumulate * times}")
    if not recipe.train.gradient_checkpointing:
        ways.append("[train] gradient_checkpointing = true")
    if plan.windows[0].clip_s:
        ways.append("[train] windows = 'thinned' (or 'short', which can cost WER over full windows)")
    else:
        ways.append("a smaller [select] max_duration")
    ways.append("a smaller model" if recipe.model.lora else "[model] lora = { r = 16 }")
    return f"set {', or '.join(ways)}"


def _memory_tight(plan: BatchPlan, recipe: Recipe, peak: int, limit: int) -> Finding:
    return Finding(
        "memory_over",
        "warning",
        f"[train] {next(iter(_halved(plan)))}",
        f"the largest batch ({_largest(plan)}) takes {readable_bytes(peak)}",
        f"{MEMORY_MARGIN:.0%} of {readable_bytes(limit)}",
        "fragmentation or another program can end the run later",
        _smaller(plan, recipe),
    )


def _step_failed(plan: BatchPlan, answer: Answer) -> Finding:
    return Finding(
        "step_failed",
        "error",
        f"the largest batch ({_largest(plan)})",
        answer.error,
        "one training step on it",
        "training would meet the same error",
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
