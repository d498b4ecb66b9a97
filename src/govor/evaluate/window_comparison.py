"""``--compare``: what windows cost and what they lose, each setting measured in a process of its own."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from govor.config import TranscribeConfig
from govor.console import progress, table
from govor.errors import InputError, MachineError, UsageError
from govor.records import Summary
from govor.store import read_json, scratch_folder

KIB_PER_MB = 1000 / 1.024
Setting = tuple[float | None, float]


@dataclass(frozen=True)
class WindowCost:
    """What one setting of the windows costs, and what it loses.

    Attributes:
        chunk: seconds of a window; None: cut at pauses.
        stride: seconds that neighbours overlap on both sides.
        rtf: seconds of work a second of audio.
        cpu_s: CPU seconds of the whole process.
        peak_rss_mb: largest memory of the process.
        wer: against the reference, where one is given.
    """

    chunk: float | None
    stride: float
    rtf: float
    cpu_s: float
    peak_rss_mb: int
    wer: float | None


@dataclass(frozen=True)
class WindowComparison(Summary):
    """What `compare_windows` returns.

    Attributes:
        files: recordings.
        settings: what each costs and loses.
        skipped: settings that were left out, with the reason.
    """

    files: list[str]
    settings: list[WindowCost]
    skipped: list[str]


def compare_windows(
    model: str,
    files: Sequence[str],
    config: TranscribeConfig,
    grid: Mapping[str, Sequence[float]],
    *,
    reference: Path | None = None,
    device: str = "auto",
) -> WindowComparison:
    """Transcribes the same recordings with several windows.

    Args:
        model: whatever `open_model` takes.
        files: recordings.
        config: everything but chunk and stride.
        grid: ``chunk`` and ``stride`` values; windows cut at pauses are always among what is compared.
        reference: text file with all that is said, in the order of `files`.
        device: for the model.

    Raises:
        UsageError: nothing can be compared.
        InputError: the reference is missing.
        MachineError: a run failed; the message carries its own.
    """
    if not files:
        raise UsageError("--compare needs a recording")
    words = _words_of(model, reference) if reference else None
    wanted, skipped = _settings(grid)
    rows = []
    with progress("compare", len(wanted), "settings") as bar, scratch_folder() as folder:
        for index, setting in enumerate(wanted):
            rows.append(_measure(model, files, config, setting, folder / str(index), words, device))
            bar.advance(note=f"rtf {rows[-1].rtf:.3f}")
    return WindowComparison(list(files), rows, skipped)


def _settings(grid: Mapping[str, Sequence[float]]) -> tuple[list[Setting], list[str]]:
    for name, values in grid.items():
        if not all(0 <= value < math.inf for value in values):
            raise UsageError(f"--compare {name}: write seconds, 0 or more")
    wanted: list[Setting] = [(None, 0.0)]
    skipped = []
    for chunk, stride in product(grid.get("chunk", ()), grid.get("stride") or (0.0,)):
        if chunk > 2 * stride:
            wanted.append((chunk, stride))
        else:
            skipped.append(f"chunk={chunk:g} stride={stride:g}: the strides leave nothing of the chunk")
    if len(wanted) == 1:
        raise UsageError("--compare needs chunks longer than twice the stride, such as chunk=5,10,30")
    return wanted, skipped


def _words_of(model: str, reference: Path) -> tuple[Any, str]:
    """The model's normaliser and the normalised reference."""
    from govor.models.opening import resolve
    from govor.models.saved import normaliser_of, read_settings

    try:
        text = reference.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{reference} cannot be read as text ({error})") from error
    place = resolve(model)
    normaliser = normaliser_of(read_settings(place) if isinstance(place, Path) else {})
    return normaliser, " ".join(normaliser(text).split())


def _measure(
    model: str,
    files: Sequence[str],
    config: TranscribeConfig,
    setting: Setting,
    out: Path,
    words: tuple[Any, str] | None,
    device: str,
) -> WindowCost:
    command = [sys.executable, "-m", "govor", "transcribe", model, *files, "--out", str(out)]
    command += [*_flags(config, setting), "--format", "json", "--json", "--device", device]
    log = out.with_suffix(".log")
    with log.open("w") as errors, out.with_suffix(".out").open("w+") as answer:
        process = subprocess.Popen(command, stdout=answer, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        answer.seek(0)
        text = answer.read()
    if process.returncode:
        last = (log.read_text().strip().splitlines() or ["no message"])[-1]
        raise MachineError(f"{_name(setting)} failed with status {process.returncode}: {last}")
    done = json.loads(text)["files"]
    seconds = sum(file["duration_s"] for file in done)
    spent_s = sum(file["rtf"] * file["duration_s"] for file in done)
    return WindowCost(
        *setting,
        round(spent_s / seconds, 5) if seconds else 0.0,
        round(usage.ru_utime + usage.ru_stime, 2),
        round(usage.ru_maxrss / (KIB_PER_MB if sys.platform != "darwin" else 1e6)),
        _wer(done, words),
    )


def _flags(config: TranscribeConfig, setting: Setting) -> list[str]:
    chunk, stride = setting
    flags = ["--batch-s", str(config.batch_s)]
    if chunk is not None:
        flags += ["--chunk", str(chunk), "--stride", str(stride)]
    if config.timestamps is not None:
        flags.append("--timestamps" if config.timestamps else "--no-timestamps")
    named = {"--task": config.task, "--language": config.language, "--beam-size": config.beam_size}
    optional = {**named, "--lm": config.lm, "--lm-weight": config.lm_weight}
    for flag, value in optional.items():
        flags += [flag, str(value)] if value is not None else []
    return flags


def _wer(files: Sequence[Mapping[str, Any]], words: tuple[Any, str] | None) -> float | None:
    if words is None:
        return None
    from govor.evaluate import word_edits

    normaliser, reference = words
    texts = [read_json(Path(file["outputs"][0]))["text"] for file in files]
    counts = word_edits(reference, normaliser(" ".join(texts)))
    return round(counts.rate, 5) if counts.reference_length else None


def _name(setting: Setting) -> str:
    chunk, stride = setting
    return "at pauses" if chunk is None else f"chunk {chunk:g} s, stride {stride:g} s"


def describe_comparison(summary: WindowComparison) -> list[str]:
    """A table for people."""
    rows = []
    for row in summary.settings:
        wer = "" if row.wer is None else f"{row.wer:.3f}"
        speed = f"{1 / row.rtf:.1f}" if row.rtf else ""
        name = _name((row.chunk, row.stride))
        rows.append([name, f"{row.rtf:.4f}", speed, str(row.cpu_s), str(row.peak_rss_mb), wer])
    header = ("windows", "rtf", "times real time", "CPU s", "peak MB", "WER")
    return [*table(rows, header), *(f"left out: {reason}" for reason in summary.skipped)]
