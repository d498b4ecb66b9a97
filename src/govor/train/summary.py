"""What a run reports: its best evaluation, the chosen model on dev, and the summary of ``train``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from govor.models.base import PromptFacts
from govor.records import Rate, Summary


class Best(TypedDict):
    """The best evaluation of a run; earlier versions kept no character error rate."""

    step: int
    wer: float
    cer: NotRequired[float]


class WindowsFacts(TypedDict):
    """`govor.train.windows.WindowsVerdict` as summary and metrics hold it."""

    full: Rate
    short: Rate
    difference: Rate
    verdict: str
    utterances: int
    unit: str
    warning: str | None


class DevScores(TypedDict):
    """The numbers of an evaluation on dev, as summary and metrics hold them."""

    prompt: NotRequired[PromptFacts]
    wer: float
    cer: float
    forced_error: float
    utterances: int
    seconds: float
    windows: NotRequired[WindowsFacts]


class BaseFacts(TypedDict):
    """`govor.train.base.BaseVerdict` as summary, metrics and ``govor.json`` hold it."""

    better: bool
    wer: float
    cer: float
    best: Best
    wer_difference: Rate
    groups: Mapping[str, object]
    utterances: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class RunProgress(Summary):
    """How far a run came, read from its folder: what a run that was stopped or limited reports.

    Attributes:
        steps: done at the newest checkpoint.
        epochs: likewise.
        best: of the evaluations so far, or None.
        resumed_from: step of the checkpoint that the last session continued from, or None.
        model: folder of the chosen model, or None while there is none.
        wall_s: of this call.
        out: the run's folder.
        complete: whether all steps are done.
    """

    steps: int
    epochs: float
    best: Best | None
    resumed_from: int | None
    model: str | None
    wall_s: float
    out: str
    complete: bool


@dataclass(frozen=True, kw_only=True)
class TrainSummary(RunProgress):
    """What `govor.train.train` returns.

    Attributes:
        base_wer: dev WER before the first step, or None.
        better_than_base: None where step 0 is not a baseline.
        base: the base model against the best on the same dev rows, with the paired difference.
        skipped: clips that could not be used.
        left_out: steps left out because fp16 overflowed.
        dev: the chosen model on all of dev.
    """

    base_wer: float | None = None
    better_than_base: bool | None = None
    base: BaseFacts | None = None
    skipped: int = 0
    left_out: int = 0
    dev: DevScores
