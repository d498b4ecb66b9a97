"""Saved, opened again in a fresh process, and still the same model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from govor.findings import Finding
from govor.models.base import Family
from govor.models.device import set_aside
from govor.preflight.alarm import word_error_rate
from govor.preflight.budget import Budget, OutOfTimeError
from govor.preflight.child import Answer, DecodeJob, run_child
from govor.preflight.clips import Clip
from govor.preflight.materials import Facts
from govor.preflight.practice import decode, practice_windows
from govor.preflight.registry import check


@check("reload_failed", "reload_differs")
def saved_models_are_the_same(
    family: Family,
    practice_clips: list[Clip],
    saved_model: Path,
    device: str,
    scratch: Path,
    budget: Budget,
    facts: Facts,
) -> Iterator[Finding]:
    """The model opens in a fresh process and says the same."""
    windows = practice_windows(family)
    here = decode(family, practice_clips, windows)
    place = next(family.model.parameters()).device
    with set_aside(family.model, place):
        precision = family.describe()["precision"]
        job = _job(saved_model, practice_clips, precision, device, scratch, windows)
        answer = run_child(job, scratch, budget.left_s)
    if answer.late:
        raise OutOfTimeError
    if answer.texts is None:
        yield _failure(saved_model, answer)
        return
    there = _normal(family, practice_clips, answer.texts)
    references = [clip.normal for clip in practice_clips]
    rates = word_error_rate(references, here), word_error_rate(references, there)
    facts["save_and_reload"] = f"WER {rates[0]:.4f} before, {rates[1]:.4f} in a fresh process"
    dtypes = sorted({str(p.dtype) for p in family.model.parameters()})
    if here != there:
        yield _differs(rates, references, here, there)
    elif answer.dtypes and answer.dtypes != dtypes:
        yield _other_precision(dtypes, answer.dtypes)


def _job(
    model: Path, clips: Sequence[Clip], precision: str, device: str, scratch: Path, windows: str
) -> DecodeJob:
    """Decoding in the arithmetic of the model here: `auto` may be another for decoding than for training."""
    waves = scratch / "waves.npz"
    np.savez(waves, **{f"wave{index}": clip.wave for index, clip in enumerate(clips)})  # type: ignore[arg-type]
    languages = [clip.language for clip in clips]
    return DecodeJob(str(model), device, precision, str(waves), languages, windows)


def _normal(family: Family, clips: Sequence[Clip], texts: Sequence[str]) -> list[str]:
    return [family.normaliser(text, clip.language) for text, clip in zip(texts, clips, strict=True)]


def _failure(model: Path, answer: Answer) -> Finding:
    files = ", ".join(sorted(path.name for path in model.iterdir() if path.is_file()))
    return Finding(
        "reload_failed",
        "error",
        "saved model",
        "memory ran out" if answer.killed else answer.error,
        "a fresh process opens what was saved",
        "the checkpoints of this run could not be used afterwards",
        "set [model] base to files that are complete (tokenizer and feature extractor beside the weights);"
        f" the saved files were {files}",
    )


def _differs(
    rates: tuple[float, float], references: Sequence[str], here: Sequence[str], there: Sequence[str]
) -> Finding:
    changed = [
        f"{reference!r}: before {first!r}, reopened {second!r}"
        for reference, first, second in zip(references, here, there, strict=True)
        if first != second
    ]
    return Finding(
        "reload_differs",
        "error",
        "saved model",
        f"WER {rates[0]:.2f} before saving, {rates[1]:.2f} opened in a fresh process",
        "the same text for the same clips",
        "the WER seen while training is not that of what is kept: weights or settings are lost",
        "set [train] precision = 'fp32' if weights were stored in half precision; with [model] lora or"
        " adapter check that its weights are in the saved folder",
        tuple(changed[:5]),
    )


def _other_precision(here: Sequence[str], there: Sequence[str]) -> Finding:
    return Finding(
        "reload_differs",
        "error",
        "saved model",
        f"the weights were {', '.join(here)} and are stored as {', '.join(there)}",
        "weights are stored as they were trained",
        "rounded weights give another WER on some clips, and training cannot be continued exactly",
        "set [train] precision = 'fp32', or take a base model whose weights are stored in float32",
    )
