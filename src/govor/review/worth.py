"""What is worth a person's minute: utterances in the order of how likely something is wrong with them.

Every sign is a number from 0 to 1. Signs are put together as if they were independent
(``1 - (1 - a)(1 - b) …``); what no sign speaks of comes last, in seeded random order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.curate.groups import seeded_order
from govor.curate.listing import LISTING, SCHEMA
from govor.errors import InputError
from govor.evaluate.stored import read_scores
from govor.parquet import read_table
from govor.review.utterances import SECOND, Utterances
from govor.text import similarities

Values = NDArray[np.float64]
SEVERITIES = {"error": 0.9, "warning": 0.5, "info": 0.1}
"""How likely a finding of check means that something is wrong with an utterance."""
LEAST_SHOWN = 0.05


@dataclass(frozen=True)
class Sign:
    """One thing that speaks for a look.

    Attributes:
        values: how strongly, from 0 to 1 ``[N]``.
        told: says it of a row.
    """

    values: Values
    told: Callable[[int], str]


@dataclass(frozen=True)
class Queue:
    """The order.

    Attributes:
        order: rows, most worth first ``[N]``.
        signs: why.
    """

    order: NDArray[np.int64]
    signs: Sequence[Sign] = ()

    def reasons(self, row: int) -> list[str]:
        """Why a row is where it is, strongest first."""
        found = sorted(((-sign.values[row], sign) for sign in self.signs), key=lambda pair: pair[0])
        return [sign.told(row) for value, sign in found if -value >= LEAST_SHOWN]


@dataclass(frozen=True)
class EvaluationSigns:
    """Of an evaluation, by id.

    Attributes:
        hypotheses: what the model wrote.
        cers: character error rates.
        confidences: of the model.
    """

    hypotheses: Mapping[str, str] = field(default_factory=dict)
    cers: Mapping[str, float] = field(default_factory=dict)
    confidences: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> EvaluationSigns:
        """Reads ``scores.parquet`` of an evaluation.

        Raises:
            InputError: it is missing or damaged.
        """
        table = read_scores(folder)

        def column(name: str) -> dict[str, float]:
            return dict(table.select("id", name).drop_nulls().iter_rows()) if name in table.columns else {}

        hypotheses = dict(table.select("id", "hypothesis").drop_nulls().iter_rows())
        return cls(hypotheses, column("cer"), column("confidence"))


def queue_of(
    utterances: Utterances, check: Path | None = None, evaluated: EvaluationSigns | None = None, seed: int = 0
) -> Queue:
    """All utterances, most worth a look first.

    Args:
        utterances: with hypotheses in the place of second transcripts, where there are any.
        check: folder of ``govor check``.
        evaluated: of an evaluation.
        seed: of the order among equals.

    Raises:
        InputError: there are no findings in the folder.
    """
    signs = [*_texts(utterances, evaluated or EvaluationSigns()), *_findings(utterances, check)]
    fine = np.ones(len(utterances))
    for sign in signs:
        fine *= 1 - np.clip(sign.values, 0, 1)
    order = np.lexsort((seeded_order(utterances.ids, seed), np.round(fine, 6)))
    return Queue(order.astype(np.int64), signs)


def _texts(utterances: Utterances, evaluated: EvaluationSigns) -> list[Sign]:
    """Signs of two texts that differ."""
    frame, ids = utterances.frame, utterances.ids
    other = 1 - _column(frame, "agreement")
    close = _similarity(frame)
    sure = np.fmax(_column(frame, "confidence"), _by_id(ids, evaluated.confidences))
    wrong = np.minimum(_by_id(ids, evaluated.cers), 1)
    apart = np.fmax(1 - close, wrong)
    bold = np.where(apart > LEAST_SHOWN, sure * apart, 0)
    return [
        _sign(1 - close, lambda row: f"similarity {close[row]:.2f}"),
        _sign(other, lambda row: f"agreement {1 - other[row]:.2f}"),
        _sign(bold, lambda row: f"the model is sure ({sure[row]:.2f}) of something else"),
        _sign(wrong, lambda row: f"CER {wrong[row]:.2f} in the evaluation"),
    ]


def _sign(values: Values, told: Callable[[int], str]) -> Sign:
    return Sign(np.clip(np.nan_to_num(values, nan=0.0), 0, 1), told)


def _column(frame: pl.DataFrame, name: str) -> Values:
    if name not in frame.columns:
        return np.full(frame.height, np.nan)
    return frame[name].fill_null(float("nan")).to_numpy().astype(np.float64)


def _by_id(ids: Sequence[str], values: Mapping[str, float]) -> Values:
    return np.array([values.get(name, np.nan) for name in ids], np.float64)


def _similarity(frame: pl.DataFrame) -> Values:
    """That of the column, else between text and second transcript; NaN where there is none."""
    both = frame["text"].is_not_null() & frame[SECOND].is_not_null()
    measured = similarities(frame["text"].fill_null("").to_list(), frame[SECOND].fill_null("").to_list())
    known = _column(frame, "similarity")
    return np.where(np.isnan(known), np.where(both.to_numpy(), measured, np.nan), known)


def _findings(utterances: Utterances, check: Path | None) -> list[Sign]:
    if check is None:
        return []
    path = check / LISTING if check.is_dir() else check
    if not path.exists():
        raise InputError(f"{path} does not exist: give the folder that govor check wrote with --check")
    table = read_table(path, SCHEMA)
    codes: dict[str, list[str]] = {}
    values = np.ones(len(utterances))
    for name, code, severity in table.select("id", "code", "severity").iter_rows():
        row = utterances.places.get(name)
        if row is not None:
            codes.setdefault(name, []).append(code.replace("_", " "))
            values[row] *= 1 - SEVERITIES.get(severity, 0.0)
    return [Sign(1 - values, lambda row: ", ".join(dict.fromkeys(codes.get(utterances.ids[row], ()))))]
