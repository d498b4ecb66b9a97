"""The base model in the choice: what was trained against what training began with, on the same dev rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from govor.config import Recipe
from govor.evaluate import Grouping
from govor.evaluate.paired import is_better, paired_difference
from govor.models.base import Family
from govor.models.saved import NAME
from govor.records import Interval
from govor.shown import interval_text
from govor.store import read_json, write_json
from govor.train.judge import Judge
from govor.train.state import TrainState
from govor.train.summary import BaseFacts, Best


@dataclass(frozen=True)
class BaseVerdict:
    """The chosen model against the base, both on the fixed part of dev.

    Attributes:
        base: the base model: step 0.
        best: the best that was trained.
        difference: of the WER, best minus base, paired, with its 95% interval.
        groups: what the interval resamples.
        utterances: compared.
    """

    base: Best
    best: Best
    difference: Interval
    groups: Grouping
    utterances: int

    @property
    def better(self) -> bool:
        """Whether the best has the lower WER, of equal ones the lower CER; the interval does not decide."""
        return is_better(self.best["wer"] - self.base["wer"], self.best["cer"] - self.base["cer"])

    @property
    def sentence(self) -> str:
        """For people."""
        ends = interval_text(self.difference.as_dict(), self.groups.as_dict(), scale=1, digits=3, signed=True)
        numbers = (
            f"dev WER {self.base['wer']:.3f} before training, {self.best['wer']:.3f} at best (step "
            f"{self.best['step']}), difference {self.difference.value:+.3f} ({ends}), "
            f"{self.utterances} utterances"
        )
        if self.better:
            return f"better than the base model: {numbers}"
        return f"nothing that was trained is better than the base model: {numbers}"

    def as_dict(self) -> BaseFacts:
        """As summary, metrics and ``govor.json`` hold it."""
        return {
            "better": self.better,
            "wer": self.base["wer"],
            "cer": self.base["cer"],
            "best": self.best,
            "wer_difference": self.difference.as_dict(),
            "groups": self.groups.as_dict(),
            "utterances": self.utterances,
            "sentence": self.sentence,
        }


def is_baseline(recipe: Recipe, family: Family) -> bool:
    """Whether step 0 is a model of its own: not where it is new, or has a new head or adapter."""
    return bool(recipe.model.base) and not family.as_dict().get("new_head")


def against_base(state: TrainState, judge: Judge) -> BaseVerdict | None:
    """The verdict; None where there is no baseline, or it was decoded on other utterances."""
    if not state.base_errors or state.best is None or state.base_errors.keys() != state.best_errors.keys():
        return None
    units, groups = judge.units_and_groups(list(state.base_errors))
    if not any(units.values()):
        return None
    difference = paired_difference(state.best_errors, state.base_errors, units, groups)
    base = Best(step=0, wer=state.base_wer or 0.0, cer=state.base_cer or 0.0)
    return BaseVerdict(base, state.best, difference, groups, len(units))


def mark_model(model: Path, verdict: BaseVerdict) -> None:
    """Writes the verdict into the chosen model's ``govor.json`` (the checkpoint's stays as it is)."""
    path = model / NAME
    if path.exists():
        write_json(
            path, {**read_json(path), "better_than_base": verdict.better, "base_on_dev": verdict.as_dict()}
        )
