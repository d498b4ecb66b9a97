"""The report of an evaluation that was cut off behind its scores, made from its files alone."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from govor.errors import InputError
from govor.evaluate.diagnosis import diagnose
from govor.evaluate.report import Material, write_report
from govor.evaluate.results import groups_of, stored_normaliser
from govor.evaluate.scores import Scores, score
from govor.evaluate.stored import AGAIN, SCORES, StoredSummary, read_scores, read_summary


def remake_report(folder: Path) -> None:
    """Writes ``report.html`` from ``summary.json`` and ``scores.parquet``; the page holds no clips."""
    summary, table = read_summary(folder), read_scores(folder)
    for column in {"duration", *summary["slices"]} - set(table.columns):
        raise InputError(f"{folder / SCORES} has no column {column}, which the report needs: {AGAIN}")
    scores = _scores(table, summary, "hypothesis")
    baseline = _scores(table, summary, "baseline_hypothesis") if "baseline_hypothesis" in table else None
    unknown = pl.Series([None] * table.height)
    confidences, levels_db, heard = (
        table.get_column(name, default=unknown).to_list()
        for name in ("confidence", "level_db", "heard_language")
    )
    diagnosis = diagnose(
        scores,
        confidences=confidences,
        levels_db=levels_db,
        languages=_languages(table),
        heard_languages=heard,
    )
    key = f"{summary['dataset']['fingerprint'][:12]}-{summary['split']}-remade"
    material = Material(summary, scores, diagnosis, table, confidences, {}, baseline, key)
    write_report(folder / "report.html", material, None, 0)


def _languages(table: pl.DataFrame) -> list[str | None] | None:
    return table["language"].to_list() if "language" in table.columns else None


def _scores(table: pl.DataFrame, summary: StoredSummary, column: str) -> Scores:
    ids = table["id"].to_list()
    references = dict(zip(ids, table["reference"].to_list(), strict=True))
    said = dict(zip(ids, (text or "" for text in table[column].to_list()), strict=True))
    languages = dict(zip(ids, _languages(table) or [None] * len(ids), strict=True))
    normaliser = stored_normaliser(summary["normaliser"])
    seed = int(summary.get("seed", 0))
    return score(references, said, normaliser, groups_of(table), seed, languages=languages)
