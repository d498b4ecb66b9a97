"""What an evaluation says: rates, counts, what was left out, and what must hold."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import polars as pl

from govor.config.evaluate import BETTER_THAN_BASE
from govor.errors import LimitError, UsageError
from govor.evaluate.base import verdicts
from govor.evaluate.hypotheses import HypothesisLine
from govor.evaluate.paired import detectable_alone
from govor.evaluate.scores import Scores
from govor.evaluate.slices import Slices
from govor.evaluate.stored import StoredSummary, as_stored
from govor.models.base import prompt_in_words
from govor.records import Easing, Rate, Summary

if TYPE_CHECKING:
    from govor.models.base import Recogniser


class EmptyReferences(TypedDict):
    """References without a word, and the words that were said there."""

    count: int
    insertions: int


@dataclass(frozen=True, kw_only=True)
class SystemRates(Summary):
    """What a summary says of one system, without anything it is compared with.

    Attributes:
        model: its name.
        split: that was decoded.
        utterances: in it.
        hours: of audio.
        wer: normalised, corpus level.
        cer: likewise of characters.
        headline: ``cer`` for scripts without spaces, else ``wer``.
        segmentation: what the WER takes for words.
        raw: both, of the texts as they are.
        counts: edits by level.
        groups: what the intervals resample.
        detectable_difference: smallest difference that this many utterances can show.
        missing: utterances without a hypothesis.
        undecodable: clips that could not be decoded.
        empty_references: see there.
        rtf: seconds of work a second of audio.
        decoding: model and settings.
    """

    model: str
    split: str
    utterances: int
    hours: float
    wer: Rate
    cer: Rate
    headline: str
    segmentation: str
    raw: Mapping[str, Rate]
    counts: Mapping[str, Mapping[str, int]]
    groups: Mapping[str, object]
    detectable_difference: float | None
    missing: int
    undecodable: int
    empty_references: EmptyReferences
    rtf: float | None
    decoding: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class EvaluationSummary(SystemRates):
    """What `govor.evaluate.evaluate` returns, as in ``summary.json``; numbers are finite or None.

    Attributes:
        normaliser: of both sides.
        test_looks: how often the run was scored on this split; None for what is not a run.
        slices: rates by column and value.
        diagnosis: kinds of errors.
        confidence_auc: how well confidence tells wrong words from right ones; None where nothing can be told.
        baseline: rates of what it is compared with.
        comparison: with it, in pairs.
        better_than_base: None where the baseline is not the base.
        base_on_dev: what training found.
        long_form: rates of whole recordings.
        dataset: its place and fingerprint.
        own_texts: clips whose texts people checked, but this model, or one that it came from, wrote first.
        own_limits: what limits of such a model's figures took before dev and test were drawn, or from them.
        seed: of the bootstrap.
        out: the evaluation's folder.
    """

    normaliser: Mapping[str, object]
    test_looks: int | None
    slices: Slices
    diagnosis: Mapping[str, object]
    confidence_auc: float | None
    baseline: SystemRates | None
    comparison: Mapping[str, object] | None
    better_than_base: bool | None
    base_on_dev: Mapping[str, object] | None
    long_form: Mapping[str, object] | None
    dataset: Mapping[str, str]
    own_texts: int
    own_limits: Easing | None
    seed: int
    out: str


@dataclass(frozen=True, kw_only=True)
class SetsSummary(EvaluationSummary):
    """The summary of several sets: that of the first, and all by name."""

    sets: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class System:
    """One system's output on a split.

    Attributes:
        name: model, or file of hypotheses.
        lines: what it said by id, as in ``hypotheses.jsonl``.
        facts: model, normaliser, load time, decoding settings; empty for hypotheses from outside.
        fingerprint: of the decoding.
        open_here: opens the model in this process; None for hypotheses from outside.
    """

    name: str
    lines: Mapping[str, HypothesisLine]
    facts: Mapping[str, object]
    fingerprint: str = ""
    open_here: Callable[[], Recogniser] | None = None

    @property
    def texts(self) -> dict[str, str]:
        """Hypotheses by id; clips that could not be decoded have none."""
        return {name: line["text"] for name, line in self.lines.items() if "text" in line}

    @property
    def faults(self) -> dict[str, str]:
        """Clips that could not be decoded, with the reason."""
        return {name: line["fault"] for name, line in self.lines.items() if "fault" in line}


def rates_of(system: System, scores: Scores, table: pl.DataFrame, split: str) -> SystemRates:
    """The part of a summary that one system has, without anything it is compared with."""
    seconds = float(table["duration"].sum())
    decode_s = sum(line.get("decode_s", 0.0) for line in system.lines.values())
    return SystemRates(
        model=system.name,
        split=split,
        utterances=len(scores.ids),
        hours=seconds / 3600,
        wer=scores.wer.as_dict(),
        cer=scores.cer.as_dict(),
        headline=scores.headline,
        segmentation=scores.segmentation,
        raw={name: rate.as_dict() for name, rate in scores.raw.items()},
        counts={
            name: dataclasses.asdict(level.counts)
            for name, level in (
                ("words", scores.words),
                ("characters", scores.chars),
                ("raw_words", scores.raw_words),
                ("raw_characters", scores.raw_chars),
            )
        },
        groups=scores.groups.as_dict(),
        detectable_difference=detectable_alone(scores),
        missing=len(scores.missing),
        undecodable=len(system.faults),
        empty_references={
            "count": len(scores.empty_references),
            "insertions": int(scores.words.errors[scores.empty_references].sum()),
        },
        rtf=decode_s / seconds if decode_s and seconds else None,
        decoding={key: value for key, value in system.facts.items() if key not in ("normaliser", "identity")},
    )


def prompt_notes(summary: StoredSummary) -> list[str]:
    """The prompts of the model and of its baseline, a line each; none for models without one."""
    systems = (("prompt", summary), ("prompt of the baseline", summary.get("baseline")))
    prompts = ((name, one["decoding"].get("prompt")) for name, one in systems if one)
    return [f"{name}: {prompt_in_words(prompt)}" for name, prompt in prompts if prompt]


def require(summary: Mapping[str, object], bounds: Mapping[str, float | bool]) -> None:
    """Checks metrics against their upper bounds.

    Args:
        summary: of an evaluation.
        bounds: ``wer``, ``cer``, ``raw.wer``, ``wer.high``, ``slices.speaker.NAME.wer`` … to the
            greatest value allowed; ``better_than_base`` to true.

    Raises:
        LimitError: one is above its bound.
        UsageError: no such metric.
    """
    for name, bound in bounds.items():
        if name == BETTER_THAN_BASE:
            _require_better(summary, bool(bound))
            continue
        value = _metric(summary, name)
        if not value <= bound:
            raise LimitError(
                f"{name} is {value:.4f}, above the required {bound:g} ({summary['split']}, "
                f"{summary['utterances']} utterances)",
                dict(summary),
            )


def _require_better(summary: Mapping[str, object], wanted: bool) -> None:
    """The WER must be lower than the base model's on the same rows; the interval is said, not required."""
    if wanted and summary.get("better_than_base") is False:
        raise LimitError(
            f"{verdicts(as_stored(summary))[0]}; require.{BETTER_THAN_BASE} requires a lower WER: train "
            "with a lower rate "
            "or fewer steps, or use the base model as it is",
            dict(summary),
        )


def _metric(summary: Mapping[str, object], name: str) -> float:
    value: Any = summary
    for key in name.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise UsageError(
                f"--require {name}: no such metric; there are wer, cer, raw.wer, wer.high, rtf …"
            )
        value = value[key]
    if isinstance(value, Mapping) and "value" in value:
        value = value["value"]
    if value is None:
        return math.inf
    if not isinstance(value, (int, float)):
        raise UsageError(f"--require {name} is not a number: name one, such as wer or {name}.wer")
    return float(value)
