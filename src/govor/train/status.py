"""Where a run stands, read from its folder alone; no torch, and nothing is locked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from govor import store
from govor.console import table
from govor.errors import ModelError
from govor.evaluate.paired import is_better
from govor.train import checkpoint
from govor.train.folder import RunFolder
from govor.train.journal import read_metrics
from govor.train.mirror import noted

SAMPLES_SHOWN = 4
SAMPLE_CHARACTERS = 200


def status(run: Path) -> dict[str, Any]:
    """Facts about a run.

    Returns:
        ``complete``, ``running``, ``step``, ``total_steps``, ``epoch``, ``loss``, ``best``, ``base_wer``,
        ``better_than_base``, ``evaluations``, ``checkpoints``, ``skipped``, ``left_s``, ``samples``,
        ``events``, ``out``.

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
    last = kinds["train"][-1] if kinds["train"] else {}
    checkpoints = checkpoint.listed(folder.checkpoints)
    return {
        "complete": bool(facts.get("complete")),
        "running": is_running(run),
        "step": max([line["step"] for line in lines] + [found.step for found in checkpoints], default=0),
        "total_steps": facts.get("total_steps"),
        "epoch": last.get("epoch", 0.0),
        "loss": last.get("loss"),
        "clips_per_s": last.get("clips_per_s"),
        "left_s": last.get("left_s"),
        "base_wer": next((line["wer"] for line in kinds["eval"] if line["step"] == 0), None),
        "best": _best(kinds["eval"]),
        "better_than_base": _better_than_base(facts, kinds["eval"]),
        "evaluations": [{"step": line["step"], "wer": line["wer"]} for line in kinds["eval"]],
        "checkpoints": [_described(found) for found in checkpoints],
        "skipped": sum(line.get("event") == "skipped" for line in kinds["event"]),
        "samples": _last_samples(kinds["sample"]),
        "events": [line for line in kinds["event"] if line.get("event") != "skipped"][-5:],
        "mirror": _mirror(folder),
        "out": str(run),
    }


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


def _best(evaluations: list[dict[str, Any]]) -> dict[str, Any] | None:
    trained = [line for line in evaluations if line["step"] and line["wer"] is not None]
    if not trained:
        return None
    best = min(trained, key=lambda line: (line["wer"], line["cer"], -line["step"]))
    return {"step": best["step"], "wer": best["wer"]}


def _better_than_base(facts: dict[str, Any], evaluations: list[dict[str, Any]]) -> bool | None:
    """Whether anything so far is better than step 0; None where that is not a baseline, or not known."""
    base = next((line for line in evaluations if line["step"] == 0), None)
    trained = [line for line in evaluations if line["step"] and line["wer"] is not None]
    if not facts.get("baseline") or base is None or base["wer"] is None or not trained:
        return None
    return any(is_better(line["wer"] - base["wer"], line["cer"] - base["cer"]) for line in trained)


def _described(found: checkpoint.Checkpoint) -> dict[str, Any]:
    return {
        "step": found.step,
        "epoch": round(found.position.epoch, 3),
        "wer": found.manifest.get("wer"),
        "named": bool(found.manifest.get("named")),
        "bytes": found.size_bytes,
    }


def _last_samples(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last = samples[-1]["step"] if samples else 0
    return [line for line in samples if line["step"] == last][:SAMPLES_SHOWN]


def _mirror(folder: RunFolder) -> dict[str, Any] | None:
    return noted(folder) or None


def status_lines(found: dict[str, Any]) -> list[str]:
    """`status` for people."""
    of = f" of {found['total_steps']}" if found["total_steps"] else ""
    how = "complete" if found["complete"] else "running" if found["running"] else "not running"
    lines = [f"{found['out']}: step {found['step']}{of}, epoch {found['epoch']:g}, {how}"]
    if found["running"] and found["left_s"]:
        lines[0] += f", {store.readable_seconds(found['left_s'])} left"
    if found["loss"] is not None:
        lines.append(f"loss {found['loss']:.4f}, {found['clips_per_s']:g} clips/s")
    lines += _wer_lines(found)
    lines += [f"{found['skipped']} clips could not be used"] if found["skipped"] else []
    lines += [f"step {event['step']}: {event.get('message') or event['event']}" for event in found["events"]]
    lines += _mirror_lines(found["mirror"])
    lines += ["", *_checkpoint_lines(found["checkpoints"])] if found["checkpoints"] else []
    for sample in found["samples"]:
        lines += ["", f"{sample['id']} (step {sample['step']})"]
        lines += [f"  said  {_short(sample['reference'])}", f"  heard {_short(sample['hypothesis'])}"]
    if not found["complete"] and not found["running"]:
        lines += ["", "run govor train with the same recipe to continue"]
    return lines


def _short(text: str) -> str:
    """A young model may say one word for ever."""
    return text if len(text) <= SAMPLE_CHARACTERS else f"{text[:SAMPLE_CHARACTERS]} …"


def _wer_lines(found: dict[str, Any]) -> list[str]:
    base = found["base_wer"]
    worse = ["nothing that was trained so far is better than the base model"]
    lines = worse if found["better_than_base"] is False else []
    lines += [] if base is None else [f"dev WER before training {base:.4f}"]
    if found["best"]:
        lines.append(f"best dev WER {found['best']['wer']:.4f} at step {found['best']['step']}")
    shown = [line for line in found["evaluations"] if line["wer"] is not None][-8:]
    course = ", ".join(f"{line['step']}: {line['wer']:.3f}" for line in shown)
    return [*lines, f"WER by step {course}"] if course else lines


def _mirror_lines(mirror: dict[str, Any] | None) -> list[str]:
    if not mirror:
        return []
    return [f"mirror {mirror['target']}: step {mirror.get('step')}, {mirror.get('verified')}"]


def _checkpoint_lines(checkpoints: list[dict[str, Any]]) -> list[str]:
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
