"""Where a run stands, read from its folder alone; no torch, and nothing is locked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from govor import store
from govor.config.workspace import Workspace
from govor.console import table
from govor.errors import ModelError
from govor.evaluate.paired import is_better
from govor.prepare.withdrawn import withdrawn_since
from govor.records import Summary
from govor.shown import shortened
from govor.train import checkpoint
from govor.train.folder import RunFacts, RunFolder
from govor.train.metrics import MetricsLine, read_metrics
from govor.train.mirror import MirrorNote, read_note
from govor.train.summary import Best

SAMPLES_SHOWN = 4
SAMPLE_CHARACTERS = 200
"""A young model may say one word for ever."""


class DevWer(TypedDict):
    """WER on dev at a step; None where it is undefined."""

    step: int
    wer: float | None


class CheckpointLine(TypedDict):
    """A checkpoint on the disk."""

    step: int
    epoch: float
    wer: float | None
    named: bool
    bytes: int


@dataclass(frozen=True, kw_only=True)
class RunStatus(Summary):
    """Where a run stands.

    Attributes:
        complete: whether all steps are done.
        running: whether a process works on it.
        step: the last that is known of.
        total_steps: of the whole run.
        epoch: passes over the data.
        loss: of the last line of metrics, as `clips_per_s` and `left_s`.
        clips_per_s: trained on.
        left_s: seconds to the end.
        base_wer: dev WER before training.
        best: of the evaluations.
        better_than_base: None where step 0 is not a baseline, or not known.
        evaluations: in order.
        checkpoints: oldest first.
        skipped: clips that could not be used.
        withdrawn: rows that it was trained on and that were withdrawn from its data set since.
        samples: of the last evaluation.
        events: the last few.
        mirror: what was copied last.
        out: the run's folder.
    """

    complete: bool
    running: bool
    step: int
    total_steps: int | None
    epoch: float
    loss: float | None
    clips_per_s: float | None
    left_s: float | None
    base_wer: float | None
    best: DevWer | None
    better_than_base: bool | None
    evaluations: list[DevWer]
    checkpoints: list[CheckpointLine]
    skipped: int
    withdrawn: int
    samples: list[MetricsLine]
    events: list[MetricsLine]
    mirror: MirrorNote | None
    out: str


def status(run: Path) -> RunStatus:
    """Facts about a run.

    Raises:
        ModelError: the folder holds no run.
    """
    folder = RunFolder(run)
    facts = folder.facts()
    if not facts:
        raise ModelError(f"{run} holds no training run (no run.json): give the folder that govor train wrote")
    lines = read_metrics(run)
    kinds = {
        kind: [line for line in lines if line["kind"] == kind]
        for kind in ("train", "eval", "sample", "event")
    }
    last = kinds["train"][-1] if kinds["train"] else MetricsLine(kind="train", step=0)
    checkpoints = checkpoint.listed(folder.checkpoints)
    return RunStatus(
        complete=bool(facts.get("complete")),
        running=is_running(run),
        step=max([line["step"] for line in lines] + [found.step for found in checkpoints], default=0),
        total_steps=facts.get("total_steps"),
        epoch=last.get("epoch", 0.0),
        loss=last.get("loss"),
        clips_per_s=last.get("clips_per_s"),
        left_s=last.get("left_s"),
        base_wer=next((line["wer"] for line in kinds["eval"] if line["step"] == 0), None),
        best=_best(kinds["eval"]),
        better_than_base=_better_than_base(facts, kinds["eval"]),
        evaluations=[{"step": line["step"], "wer": line["wer"]} for line in kinds["eval"]],
        checkpoints=[_described(found) for found in checkpoints],
        skipped=sum(line.get("event") == "skipped" for line in kinds["event"]),
        withdrawn=_withdrawn(folder),
        samples=_last_samples(kinds["sample"]),
        events=[line for line in kinds["event"] if line.get("event") != "skipped"][-5:],
        mirror=read_note(folder) or None,
        out=str(run),
    )


def _withdrawn(folder: RunFolder) -> int:
    recipe = folder.recipe()
    return withdrawn_since(folder.root, Path(Workspace.of(recipe).dataset)) if recipe else 0


def is_running(run: Path) -> bool:
    """Whether a process holds the run's lock."""
    import fcntl

    try:
        with (run / ".lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _defined(evaluations: list[MetricsLine]) -> list[Best]:
    """The evaluations with a defined WER."""
    return [
        {"step": line["step"], "wer": wer, "cer": line["cer"] or 0.0}
        for line in evaluations
        if (wer := line["wer"]) is not None
    ]


def _best(evaluations: list[MetricsLine]) -> DevWer | None:
    trained = [one for one in _defined(evaluations) if one["step"]]
    if not trained:
        return None
    best = min(trained, key=lambda one: (one["wer"], one["cer"], -one["step"]))
    return {"step": best["step"], "wer": best["wer"]}


def _better_than_base(facts: RunFacts, evaluations: list[MetricsLine]) -> bool | None:
    """Whether anything so far is better than step 0; None where that is not a baseline, or not known."""
    judged = _defined(evaluations)
    base = next((one for one in judged if one["step"] == 0), None)
    trained = [one for one in judged if one["step"]]
    if not facts.get("baseline") or base is None or not trained:
        return None
    return any(is_better(one["wer"] - base["wer"], one["cer"] - base["cer"]) for one in trained)


def _described(found: checkpoint.Checkpoint) -> CheckpointLine:
    return {
        "step": found.step,
        "epoch": round(found.position.epoch, 3),
        "wer": found.manifest.get("wer"),
        "named": bool(found.manifest.get("named")),
        "bytes": found.size_bytes,
    }


def _last_samples(samples: list[MetricsLine]) -> list[MetricsLine]:
    last = samples[-1]["step"] if samples else 0
    return [line for line in samples if line["step"] == last][:SAMPLES_SHOWN]


def status_lines(found: RunStatus) -> list[str]:
    """`status` for people."""
    of = f" of {found.total_steps}" if found.total_steps else ""
    how = "complete" if found.complete else "running" if found.running else "not running"
    lines = [f"{found.out}: step {found.step}{of}, epoch {found.epoch:g}, {how}"]
    if found.running and found.left_s:
        lines[0] += f", {store.readable_seconds(found.left_s)} left"
    if found.loss is not None:
        lines.append(f"loss {found.loss:.4f}, {found.clips_per_s:g} clips/s")
    lines += _wer_lines(found)
    lines += [f"{found.skipped} clips could not be used"] if found.skipped else []
    lines += [trained_on_withdrawn(found.withdrawn)] if found.withdrawn else []
    lines += [f"step {event['step']}: {event.get('message') or event['event']}" for event in found.events]
    lines += _mirror_lines(found.mirror)
    lines += ["", *_checkpoint_lines(found.checkpoints)] if found.checkpoints else []
    for sample in found.samples:
        lines += ["", f"{sample['id']} (step {sample['step']})"]
        said, heard = (shortened(sample[key], SAMPLE_CHARACTERS) for key in ("reference", "hypothesis"))
        lines += [f"  said  {said}", f"  heard {heard}"]
    if not found.complete and not found.running:
        lines += ["", "run govor train with the same recipe to continue"]
    return lines


def trained_on_withdrawn(rows: int) -> str:
    """What is said of a model that heard what was withdrawn since."""
    return (
        f"trained on {rows:,} utterances that were withdrawn from its data set since: train again without "
        "them, or say so where the model is used"
    )


def _wer_lines(found: RunStatus) -> list[str]:
    base = found.base_wer
    worse = ["nothing that was trained so far is better than the base model"]
    lines = worse if found.better_than_base is False else []
    lines += [] if base is None else [f"dev WER before training {base:.4f}"]
    if found.best:
        lines.append(f"best dev WER {found.best['wer']:.4f} at step {found.best['step']}")
    shown = [line for line in found.evaluations if line["wer"] is not None][-8:]
    course = ", ".join(f"{line['step']}: {line['wer']:.3f}" for line in shown)
    return [*lines, f"WER by step {course}"] if course else lines


def _mirror_lines(mirror: MirrorNote | None) -> list[str]:
    if not mirror:
        return []
    return [f"mirror {mirror['target']}: step {mirror.get('step')}, {mirror.get('verified')}"]


def _checkpoint_lines(checkpoints: list[CheckpointLine]) -> list[str]:
    rows = [
        (
            str(c["step"]),
            f"{c['epoch']:g}",
            "" if c["wer"] is None else f"{c['wer']:.4f}",
            store.readable_bytes(c["bytes"]),
            "never pruned" if c["named"] else "",
        )
        for c in checkpoints
    ]
    return table(rows, ("checkpoint", "epoch", "WER", "size", ""))
