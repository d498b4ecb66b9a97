"""``govor compare``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson
from govor.console import emit, table
from govor.errors import UsageError
from govor.records import Rate
from govor.shown import interval_text

if TYPE_CHECKING:
    from govor.evaluate.comparing import ComparisonSummary


def command(
    evaluations: Annotated[list[Path], typer.Argument(help="Folders of finished evaluations, two or more.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("comparison"),
    as_json: AsJson = False,
) -> None:
    """Compares finished evaluations in pairs, every one against the first, on the same utterances.

    A difference is the later one minus the first: below zero the later one is better.

    Example: govor compare evaluation-base evaluation-2500 evaluation-18000 --out comparison
    """
    from govor.evaluate.comparing import compare

    if len(evaluations) < 2:
        raise UsageError("name two evaluations or more: govor compare EVAL EVAL")
    summary = compare(evaluations, out)
    emit(summary, as_json, _lines(summary))


def _lines(summary: ComparisonSummary) -> list[str]:
    groups = summary.groups
    systems = [(one["name"], _rate(one["wer"], groups), _rate(one["cer"], groups)) for one in summary.systems]
    lines = table(systems, ("system", "WER", "CER"))
    if summary.rescored:
        first = summary.systems[0]["name"]
        lines += [
            "",
            f"all are scored with the normaliser of {first}, for they had several: {summary.normaliser}",
        ]
    for one in summary.differences:
        lines += [
            "",
            f"{one['system']} minus {one['against']}: {_points(one['wer_difference'], one['groups'])} points "
            f"of WER, {one['verdict']}",
            f"  {one['wins']} utterances won, {one['losses']} lost, {one['ties']} even; "
            f"{one['groups']['method']}, {one['groups']['count']} {one['groups']['unit']}s",
        ]
    return [*lines, "", f"page: {summary.out}/comparison.html"]


def _rate(rate: Rate, groups: Mapping[str, object]) -> str:
    if rate["value"] is None:
        return "undefined (no reference words)"
    return f"{100 * rate['value']:.2f}%  ({interval_text(rate, groups)})"


def _points(rate: Rate, groups: Mapping[str, object]) -> str:
    value = "undefined" if rate["value"] is None else f"{100 * rate['value']:+.2f}"
    return f"{value} ({interval_text(rate, groups, signed=True)})"
