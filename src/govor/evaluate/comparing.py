"""``govor compare``: finished evaluations of the same utterances, each against the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import polars as pl

from govor.errors import InputError
from govor.evaluate.edits import align, regions, words
from govor.evaluate.intervals import Groups
from govor.evaluate.paired import Comparison, PairedComparison, compare_scores
from govor.evaluate.results import score_table, stored_normaliser
from govor.evaluate.scores import Scores, TextNormaliser
from govor.evaluate.slices import SliceGroups, slice_scores
from govor.evaluate.stored import SCORES, SUMMARY, StoredSummary, read_scores, read_summary
from govor.records import Rate, Summary, finite
from govor.shown import interval_text
from govor.store import atomic_path, locked, write_json, write_text

LISTED = 30
"""Utterances shown on the page for every comparison, won and lost each."""


@dataclass(frozen=True)
class Evaluation:
    """One finished evaluation.

    Attributes:
        name: short and unique among those compared.
        summary: its ``summary.json``.
        table: its ``scores.parquet``.
    """

    name: str
    summary: StoredSummary
    table: pl.DataFrame

    @property
    def ids(self) -> list[str]:
        """Of the utterances."""
        return list(self.table["id"])


class ComparedSystem(TypedDict):
    """Rates of one system, as they are scored here."""

    name: str
    model: str
    wer: Rate
    cer: Rate
    raw: Mapping[str, Rate]
    rtf: float | None


class Difference(PairedComparison):
    """One system compared with the first."""

    system: str
    against: str


class ComparedSlice(TypedDict):
    """One slice, its WER by system."""

    utterances: int
    groups: SliceGroups
    wer: dict[str, Rate]


@dataclass(frozen=True)
class ComparisonSummary(Summary):
    """What `compare` returns.

    Attributes:
        systems: their names and rates.
        split: of all.
        utterances: of all.
        normaliser: of the first, for all.
        groups: what the intervals resample.
        rescored: whether the evaluations had several normalisers.
        wer_difference: of the second system, minus the first.
        differences: of all others, minus the first.
        slices: WER by column, value and system.
        out: folder of the results.
    """

    systems: list[ComparedSystem]
    split: str
    utterances: int
    normaliser: str
    groups: Groups
    rescored: bool
    wer_difference: Rate
    differences: list[Difference]
    slices: Mapping[str, Mapping[str, ComparedSlice]]
    out: str


def compare(evaluations: Sequence[Path], out: Path) -> ComparisonSummary:
    """Compares evaluations in pairs, every one against the first, on the same utterances.

    All are scored again from their texts with the first one's normaliser, so that nothing but the systems
    differs. Writes ``comparison.json``, ``comparison.parquet`` (errors of every system by utterance) and
    ``comparison.html``.

    Args:
        evaluations: two folders or more.
        out: folder for the results.

    Raises:
        InputError: a folder holds no evaluation, or they are of different utterances.
    """
    systems = [_load(path, name) for path, name in zip(evaluations, _names(evaluations), strict=True)]
    _require_same(systems)
    normaliser = stored_normaliser(systems[0].summary["normaliser"])
    scored = [_scored(system, systems[0], normaliser) for system in systems]
    comparisons = [compare_scores(other, scored[0]) for other in scored[1:]]
    with locked(out):
        summary = ComparisonSummary(**finite(_summary(systems, scored, comparisons, out)))
        _write_table(out / "comparison.parquet", systems, scored)
        write_json(out / "comparison.json", summary)
        write_text(out / "comparison.html", _page(summary, systems, scored, comparisons))
    return summary


def _names(paths: Sequence[Path]) -> list[str]:
    """The fewest last parts of the paths that tell them apart."""
    parts = [path.absolute().parts for path in paths]
    for count in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-count:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise InputError("the same evaluation is named twice: name different ones")


def _load(folder: Path, name: str) -> Evaluation:
    for file in (SUMMARY, SCORES):
        if not (folder / file).exists():
            raise InputError(
                f"{folder} is not a finished evaluation (it has no {file}): run govor evaluate first"
            )
    return Evaluation(name, read_summary(folder), read_scores(folder))


def _require_same(systems: Sequence[Evaluation]) -> None:
    first = systems[0]
    for other in systems[1:]:
        differing = set(first.ids) ^ set(other.ids)
        if differing:
            raise InputError(
                f"{first.name} and {other.name} are of different utterances ({len(differing)} in one only, "
                f"such as {min(differing)!r}): evaluate both on the same data set and split"
            )
        joined = first.table.join(other.table, on="id", suffix="_other")
        changed = joined.filter(pl.col("reference") != pl.col("reference_other"))
        if changed.height:
            raise InputError(
                f"{first.name} and {other.name} have different references ({changed.height}, such as "
                f"{changed['id'][0]!r}): evaluate both on the same version of the data set"
            )


def _scored(system: Evaluation, first: Evaluation, normaliser: TextNormaliser) -> Scores:
    texts = dict(zip(system.ids, system.table["hypothesis"].to_list(), strict=True))
    return score_table(first.table, "reference", texts, normaliser, int(first.summary.get("seed", 0)))


def _summary(
    systems: Sequence[Evaluation], scored: Sequence[Scores], comparisons: Sequence[Comparison], out: Path
) -> dict[str, object]:
    names = {system.summary["normaliser"]["name"] for system in systems}
    return {
        "systems": [
            {
                "name": system.name,
                "model": system.summary["model"],
                "wer": scores.wer.as_dict(),
                "cer": scores.cer.as_dict(),
                "raw": {key: rate.as_dict() for key, rate in scores.raw.items()},
                "rtf": system.summary["rtf"],
            }
            for system, scores in zip(systems, scored, strict=True)
        ],
        "split": systems[0].summary["split"],
        "utterances": len(scored[0].ids),
        "normaliser": scored[0].normaliser,
        "groups": scored[0].groups.as_dict(),
        "rescored": len(names) > 1,
        "wer_difference": comparisons[0].wer_difference.as_dict(),
        "differences": [
            {"system": system.name, "against": systems[0].name, **comparison.as_dict(scored[0].ids)}
            for system, comparison in zip(systems[1:], comparisons, strict=True)
        ],
        "slices": _slices(systems, scored),
        "out": str(out),
    }


def _slices(systems: Sequence[Evaluation], scored: Sequence[Scores]) -> dict[str, dict[str, ComparedSlice]]:
    """column -> value -> system -> WER with its interval."""
    asked = tuple(systems[0].summary.get("slices", {}))
    columns = tuple(name for name in asked if name in systems[0].table.columns)
    found: dict[str, dict[str, ComparedSlice]] = {}
    for system, scores in zip(systems, scored, strict=True):
        for column, parts in slice_scores(scores, systems[0].table, columns).items():
            for value, part in parts.items():
                row = found.setdefault(column, {}).setdefault(
                    value, {"utterances": part["utterances"], "groups": part["groups"], "wer": {}}
                )
                row["wer"][system.name] = part["wer"]
    return found


def _write_table(path: Path, systems: Sequence[Evaluation], scored: Sequence[Scores]) -> None:
    columns: dict[str, object] = {"id": list(scored[0].ids), "reference": list(scored[0].texts.references)}
    for number, (system, scores) in enumerate(zip(systems, scored, strict=True), 1):
        columns[f"system_{number}"] = [system.name] * len(scores.ids)
        columns[f"hypothesis_{number}"] = list(scores.texts.hypotheses)
        columns[f"errors_{number}"] = scores.words.errors
        columns[f"wer_{number}"] = scores.words.rates
    with atomic_path(path) as partial:
        pl.DataFrame(columns).write_parquet(partial)


def _page(
    summary: ComparisonSummary,
    systems: Sequence[Evaluation],
    scored: Sequence[Scores],
    comparisons: Sequence[Comparison],
) -> str:
    from govor.pages import render

    shown = [
        {
            "system": system.name,
            "against": systems[0].name,
            "verdict": comparison.verdict,
            "won": [_utterance(row, scores, scored[0]) for row in comparison.wins[:LISTED]],
            "lost": [_utterance(row, scores, scored[0]) for row in comparison.losses[:LISTED]],
        }
        for system, scores, comparison in zip(systems[1:], scored[1:], comparisons, strict=True)
    ]
    return render(
        "evaluate/comparison.html",
        summary=summary,
        shown=shown,
        groups=comparisons[0].groups,
        interval_text=interval_text,
    )


def _utterance(row: int, scores: Scores, first: Scores) -> dict[str, object]:
    return {
        "id": scores.ids[row],
        "errors": int(scores.words.errors[row]),
        "first_errors": int(first.words.errors[row]),
        "now": _alignment_pieces(scores, row),
        "first": _alignment_pieces(first, row),
    }


def _alignment_pieces(scores: Scores, row: int) -> list[tuple[str, str]]:
    """Pieces of an alignment for the page: (``equal``, ``del`` or ``ins``, words)."""
    reference, hypothesis = (
        words(scores.texts.normal_references[row]),
        words(scores.texts.normal_hypotheses[row]),
    )
    pieces: list[tuple[str, str]] = []
    at = 0
    for block in regions(align(reference, hypothesis)):
        pieces.append(("equal", " ".join(reference[at : block.start])))
        pieces.append(("del", " ".join(reference[block.start : block.end])))
        pieces.append(("ins", " ".join(hypothesis[block.hypothesis_start : block.hypothesis_end])))
        at = block.end
    pieces.append(("equal", " ".join(reference[at:])))
    return [(kind, text) for kind, text in pieces if text]
