"""``govor evaluate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Device, Flag, Overrides, flags
from govor.config import EvaluateConfig
from govor.config.evaluate import BETTER_THAN_BASE
from govor.config.repeated import require_once
from govor.console import emit, table
from govor.errors import LimitError, UsageError
from govor.shown import interval_text

if TYPE_CHECKING:
    from govor.evaluate.intervals import Groups
    from govor.evaluate.stored import StoredComparison, StoredLong, StoredRates, StoredSummary
    from govor.records import Rate


def _bounds(texts: Sequence[str]) -> dict[str, float | bool]:
    bounds = [_bound(text) for text in texts]
    require_once((name for name, _ in bounds), "--require")
    return dict(bounds)


def _bound(text: str) -> tuple[str, float | bool]:
    name, equals, value = text.partition("=")
    name = name.strip()
    if name.replace("-", "_") == BETTER_THAN_BASE:
        return BETTER_THAN_BASE, _truth(text, value if equals else "true")
    try:
        return name, float(value)
    except ValueError:
        raise UsageError(
            f"--require {text}: write METRIC=NUMBER, such as wer=0.3, or better-than-base"
        ) from None


def _truth(text: str, value: str) -> bool:
    if value.strip().lower() not in ("true", "false"):
        raise UsageError(f"--require {text}: better_than_base must be true or false")
    return value.strip().lower() == "true"


def command(
    model: Annotated[
        str, typer.Argument(help="Run, checkpoint, model folder or Hub id (with --hypotheses: the data set).")
    ],
    given: Annotated[
        Overrides[EvaluateConfig],
        flags(
            EvaluateConfig,
            *("split", "baseline", "rules", "language", "timestamps", "batch_s", "beam_size", "lm"),
            *("lm_weight", "long_form", "seed"),
            slices=Flag("--slice", help="another column to slice by"),
            require=Flag(
                metavar="wer=0.3",
                type=list[str] | None,
                read=_bounds,
                help="exit 3 above it, or better-than-base",
            ),
        ),
    ],
    dataset: Annotated[str | None, typer.Argument(help="Data set that govor prepare made.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the evaluation.")] = Path("evaluation"),
    hypotheses: Annotated[
        Path | None, typer.Option("--hypotheses", help="File with the hypotheses of another system, by id.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that decode.")] = 1,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Scores a model on a split: WER and CER with intervals, slices, outliers, and a report to act on.

    Writes hypotheses.jsonl, scores.parquet, summary.json and report.html. After a kill, the same command
    continues.

    Example: govor evaluate run dataset --split test --baseline openai/whisper-small --out evaluation
    """
    from govor.evaluate import evaluate
    from govor.evaluate.stored import as_stored

    spec, folder = _targets(model, dataset, hypotheses)
    try:
        summary = evaluate(
            spec,
            folder,
            out,
            given.settings(),
            device=device,
            workers=workers,
            hypotheses=hypotheses,
        )
    except LimitError as error:
        if not as_json:
            emit(error.summary, False, lines_of(as_stored(error.summary)))
        raise
    if summary:
        emit(summary, as_json, lines_of(as_stored(summary)))


def _targets(model: str, dataset: str | None, hypotheses: Path | None) -> tuple[str | None, str]:
    if dataset is not None:
        return model, dataset
    if hypotheses is None:
        raise UsageError("name a model and a data set: govor evaluate MODEL DATASET")
    return None, model


def lines_of(summary: StoredSummary) -> list[str]:
    """What people see of an evaluation."""
    sets = summary.get("sets")
    if not sets:
        return _lines_of_one(summary)
    lines = []
    for name, one in sets.items():
        lines += [f"{name}:", *(f"  {line}" for line in _lines_of_one(one)), ""]
    return lines[:-1]


def _lines_of_one(summary: StoredSummary) -> list[str]:
    from govor.evaluate.base import verdicts

    hours = f"{summary['hours']:.2f} h"
    baseline = summary.get("baseline")
    systems: list[StoredRates] = [summary, baseline] if baseline else [summary]
    groups = summary["groups"]
    measures = ("cer", "wer") if summary.get("headline") == "cer" else ("wer", "cer")
    rows = [
        (name.upper(), *(_interval(system["cer" if name == "cer" else "wer"], groups) for system in systems))
        for name in measures
    ]
    rows += [
        (f"{name.upper()}, raw text", *(_interval(system["raw"][name], groups) for system in systems))
        for name in measures
    ]
    header = ("", *(system["model"] for system in systems))
    first = [f"{summary['split']}: {summary['utterances']} utterances, {hours}", ""]
    return [*verdicts(summary), *first, *table(rows, header), "", *_notes(summary)]


def _interval(rate: Rate, groups: Mapping[str, object]) -> str:
    if rate["value"] is None:
        return "undefined (no reference words)"
    return f"{100 * rate['value']:.2f}%  ({interval_text(rate, groups)})"


def _notes(summary: StoredSummary) -> list[str]:
    from govor.evaluate.summary import prompt_notes

    groups = summary["groups"]
    notes = [f"95% intervals: {groups['method']}; {groups['count']} {groups['unit']}s"]
    if groups["note"]:
        notes.append(groups["note"])
    notes.append(f"normaliser: {summary['normaliser']['name']}")
    if summary.get("headline") == "cer":
        notes.append(f"scored by character; words of the WER: {summary['segmentation']}")
    notes += prompt_notes(summary)
    if summary["missing"]:
        notes.append(f"{summary['missing']} utterances have no hypothesis; all their words count as deleted")
    if summary["empty_references"]["count"]:
        empty = summary["empty_references"]
        notes.append(
            f"{empty['count']} references are empty; {empty['insertions']} words were written for them"
        )
    if summary.get("confidence_auc") is not None:
        notes.append(
            f"confidence tells wrong words from right ones with an AUC of {summary['confidence_auc']:.2f} "
            "(0.5 says nothing, 1 everything)"
        )
    notes += _comparison(summary.get("comparison"), groups)
    notes += _long_form(summary.get("long_form"))
    if summary["rtf"]:
        notes.append(f"real-time factor {summary['rtf']:.4f}")
    looks = summary.get("test_looks") or 0
    if looks > 1:
        notes.append(f"this run was scored {looks} times on {summary['split']}: {LOOKS}")
    notes.append(f"report: {summary['out']}/report.html   (with every clip: govor report {summary['out']})")
    return notes


def _long_form(found: StoredLong | None) -> list[str]:
    if not found:
        return []
    lines = [_long_line("long form", found)]
    return [*lines, _long_line("long form, baseline", found["baseline"])] if "baseline" in found else lines


def _long_line(name: str, found: StoredLong) -> str:
    groups = {"unit": "recording", "count": found["recordings"]}
    return (
        f"{name}: WER {_interval(found['wer'], groups)} on {found['recordings']} {found['kind']}, "
        f"{_points(found['difference'], groups)} against clip by clip"
    )


LOOKS = "choose on dev: the best of several test scores is too good"


def _comparison(comparison: StoredComparison | None, groups: Groups) -> list[str]:
    if not comparison:
        return []
    return [
        f"WER difference, model minus baseline, {_points(comparison['wer_difference'], groups)}: "
        f"{comparison['verdict']}; "
        f"{comparison['wins']} won, {comparison['losses']} lost, {comparison['ties']} even"
    ]


def _points(rate: Rate, groups: Mapping[str, object]) -> str:
    value = "?" if rate["value"] is None else f"{100 * rate['value']:+.2f}"
    return f"{value} points ({interval_text(rate, groups, signed=True)})"
