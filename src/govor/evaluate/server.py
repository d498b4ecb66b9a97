"""``govor report``: the same page on this machine, with every clip playable and verdicts saved as given.

Only this machine may ask: the server listens on 127.0.0.1 and takes verdicts from its own page only
(`govor.pages.serving`).
"""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from govor.curate.sheet import neutral
from govor.errors import InputError
from govor.evaluate.diagnosis import diagnose
from govor.evaluate.report import SHEET, Material, write_report
from govor.evaluate.results import score_table, stored_normaliser
from govor.evaluate.scores import Scores
from govor.evaluate.stored import AGAIN, SCORES, StoredSummary, is_finished, read_scores, read_summary
from govor.pages.serving import HTML, JSON, PageAnswer, PageHandler, PageServer, audio_answer, listening
from govor.shape import parsed
from govor.store import atomic_path, read_json, write_json

Verdict = dict[str, str]
CHOICES = ("model", "transcript", "audio")
REASONS = {"model": "model wrong", "transcript": "transcript wrong", "audio": "audio bad"}
COLUMNS = ("id", "verdict", "corrected", "comment")
"""Of the sheet, as ``govor review`` reads it."""


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
    said = dict(zip(table["id"].to_list(), table[column].fill_null("").to_list(), strict=True))
    normaliser = stored_normaliser(summary["normaliser"])
    return score_table(table, "reference", said, normaliser, int(summary.get("seed", 0)))


class Report:
    """An evaluation's folder as the server sees it.

    Args:
        folder: of the evaluation.

    Raises:
        InputError: it holds no evaluation.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "report.html").exists() and is_finished(folder):
            remake_report(folder)
        if not (folder / "report.html").exists():
            raise InputError(f"{folder} has no report.html: make one with govor evaluate … --out {folder}")
        self.folder = folder
        summary = read_summary(folder)
        self.split, self.dataset = str(summary["split"]), str(summary["dataset"]["path"])
        self._fingerprint = summary["dataset"]["fingerprint"]
        self._lock = threading.Lock()
        self._data: Any = None

    def page(self) -> bytes:
        """The page."""
        return (self.folder / "report.html").read_bytes()

    def clip(self, row: int) -> bytes:
        """Encoded audio of one row of the split.

        Raises:
            GovorError: the data set is gone or has changed, or has no such row.
        """
        with self._lock:
            if self._data is None:
                self._data = self._opened()
            return bytes(self._data.clip_bytes(self.split, row))

    def _opened(self) -> Any:
        from govor.load import Dataset

        data = Dataset.open(self.dataset)
        if data.fingerprint != self._fingerprint:
            raise InputError(f"{self.dataset} has changed since this evaluation: evaluate again")
        return data

    def verdicts(self) -> list[Verdict]:
        """Verdicts given so far."""
        path = self.folder / "verdicts.json"
        try:
            return checked(read_json(path)) if path.exists() else []
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}): remove it, and judge again") from error

    def save(self, verdicts: Sequence[Verdict]) -> None:
        """Keeps verdicts, and writes the sheet that ``govor review`` reads."""
        with self._lock:
            write_json(self.folder / "verdicts.json", list(verdicts))
            self._write_sheet(verdicts)

    def _write_sheet(self, verdicts: Sequence[Verdict]) -> None:
        references = dict(read_scores(self.folder).select("id", "reference").iter_rows())
        with (
            atomic_path(self.folder / SHEET) as partial,
            partial.open("w", encoding="utf-8-sig", newline="") as file,
        ):
            sheet = csv.writer(file)
            sheet.writerow(COLUMNS)
            for one in verdicts:
                cells = (one["id"], *decision(one, references), REASONS[one["choice"]])
                sheet.writerow([neutral(cell) for cell in cells])


def decision(verdict: Verdict, references: dict[str, str]) -> tuple[str, str]:
    """(``keep``, ``drop`` or ``correct``; corrected text) of one verdict.

    A wrong model keeps the utterance; a wrong transcript is corrected where another text was given, else
    dropped; bad audio is dropped.
    """
    text = verdict["text"].strip()
    if verdict["choice"] == "model":
        return "keep", ""
    if verdict["choice"] == "transcript" and text and text != references.get(verdict["id"]):
        return "correct", text
    return "drop", ""


def checked(value: Any) -> list[Verdict]:
    """Verdicts as the page sends them.

    Raises:
        ValueError: they are something else.
    """
    if not isinstance(value, list):
        raise ValueError("not a list")
    verdicts = []
    for entry in value:
        verdict = {key: entry[key] for key in ("id", "choice", "text")}
        if verdict["choice"] not in CHOICES or not all(isinstance(v, str) for v in verdict.values()):
            raise ValueError("not a verdict")
        verdicts.append(verdict)
    return verdicts


def make_server(folder: Path, port: int = 0) -> PageServer:
    """A server for one report on 127.0.0.1, not yet running.

    Args:
        folder: of the evaluation.
        port: 0 takes a free one.

    Raises:
        InputError: there is no report.
        MachineError: the port is taken.
    """
    return listening(type("ReportHandler", (_ReportHandler,), {"report": Report(folder)}), port)


class _ReportHandler(PageHandler):
    report: Report

    def get(self, path: str, query: Mapping[str, str]) -> PageAnswer:
        if path == "/":
            return PageAnswer(200, HTML, self.report.page())
        if path == "/verdicts":
            return PageAnswer(200, JSON, json.dumps(self.report.verdicts()).encode())
        if path == "/clip":
            return audio_answer(self.report.clip(int(query["row"])))
        return self.fault(404, "there is only the report here")

    def post(self, path: str, body: bytes) -> PageAnswer:
        if path != "/verdicts":
            return self.fault(404, "only verdicts are taken")
        self.report.save(checked(parsed(body)))
        return PageAnswer(200, JSON, b"{}")
