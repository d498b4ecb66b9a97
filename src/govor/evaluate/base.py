"""The model that an evaluated one was fine-tuned from: where it is, and whether it was better."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from govor.evaluate.stored import StoredSummary
from govor.models.saved import DevVerdict
from govor.records import Rate
from govor.shown import interval_text
from govor.store import given_path


@dataclass(frozen=True)
class Base:
    """What a fine-tuned model began with.

    Attributes:
        name: folder or Hub id; None where there is nothing to compare with.
        revision: commit of a Hub model.
        why_none: what the model is instead.
        on_dev: what training found on dev, as ``govor.json`` has it; empty where it says nothing.
    """

    name: str | None = None
    revision: str | None = None
    why_none: str = ""
    on_dev: DevVerdict | None = None

    def is_at(self, place: str | None) -> bool:
        """Whether `place` names it."""
        if place is None or self.name is None:
            return False
        return place == self.name or given_path(place).absolute() == Path(self.name).absolute()

    @property
    def is_gone(self) -> bool:
        """Whether it was a folder that is no longer there, as on another machine."""
        return self.name is not None and Path(self.name).is_absolute() and not Path(self.name).is_dir()


def base_of(model: str) -> Base:
    """The base of a run, checkpoint, folder or Hub id."""
    from govor.errors import ModelError
    from govor.models.opening import resolve
    from govor.models.saved import hub_settings, read_settings

    try:
        place = resolve(model)
    except ModelError as error:
        return Base(why_none=str(error))
    settings = read_settings(place) if isinstance(place, Path) else hub_settings(place)
    on_dev = settings.get("base_on_dev")
    if settings.get("new_head"):
        return Base(why_none="its head or vocabulary is new", on_dev=on_dev)
    if not settings.get("base"):
        return Base(why_none="it was trained from scratch, or not by govor", on_dev=on_dev)
    return Base(str(settings["base"]), settings.get("base_revision"), on_dev=on_dev)


def own_text_warning(summary: StoredSummary) -> list[str]:
    """That a model is measured on texts that it wrote itself, or one that it came from."""
    count = summary.get("own_texts") or 0
    if not count:
        return []
    return [
        f"{count:,} of {summary['utterances']:,} texts of {summary['split']} were first written by this "
        "model, or one that it came from, and then checked: its WER is too good there; measure on texts that "
        "people wrote from nothing (govor sample --blank)"
    ]


def own_limits_warning(summary: StoredSummary) -> list[str]:
    """That a model is measured on rows that its own figures, or those of one that it came from, chose."""
    found = summary.get("own_limits")
    if not found:
        return []
    return [
        f"limits by the similarity, confidence or agreement of this model, or one that it came from, took "
        f"{found['taken']:,} of {found['of']:,} utterances before {summary['split']} was as it is: what is "
        "left is what the model finds easy, and its WER is too good there; limit train alone (govor select "
        "--limits-on train)"
    ]


def verdicts(summary: StoredSummary) -> list[str]:
    """What must be said first of a model that is no better than its base: on these rows, and on dev."""
    found = []
    baseline, comparison = summary.get("baseline"), summary.get("comparison")
    if summary.get("better_than_base") is False and baseline and comparison:
        difference = comparison["wer_difference"]
        ends = interval_text(difference, comparison.get("groups"), signed=True)
        found.append(
            f"not better than its base model on {summary['split']}: WER "
            f"{_percent(summary['wer'])}% against {_percent(baseline['wer'])}%, "
            f"difference {_percent(difference, '+')} points ({ends})"
        )
    on_dev = summary.get("base_on_dev")
    if on_dev and on_dev.get("better") is False:
        found.append(on_dev["sentence"])
    return [*found, *own_text_warning(summary), *own_limits_warning(summary)]


def _percent(rate: Rate, sign: str = "") -> str:
    return "?" if rate["value"] is None else f"{100 * rate['value']:{sign}.2f}"
