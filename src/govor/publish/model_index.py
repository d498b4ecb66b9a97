"""``model-index`` of a card: rates by data set and split, in the form that the Hub reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from govor.evaluate.stored import ShownOnCard
from govor.publish.metadata import REPOSITORY, TASK
from govor.publish.model_facts import Facts


def model_index(facts: Facts) -> list[Mapping[str, object]]:
    """WER and CER of every set and split, in percent, as the Hub's ``model-index`` has them."""
    results = [_result(facts, name, summary) for name, summary in facts.evaluations.items()]
    found = [result for result in results if result["metrics"]]
    return [{"name": facts.repo.rpartition("/")[2], "results": found}] if found else []


def _result(facts: Facts, name: str, summary: ShownOnCard) -> Mapping[str, object]:
    named = facts.set_name(name, summary)
    rules = (summary.get("normaliser") or {}).get("name", "no rules")
    rates = {"wer": summary["wer"], "cer": summary.get("cer")}
    metrics = [
        {
            "type": kind,
            "value": round(100 * value["value"], 2),
            "name": f"{kind.upper()} in percent ({rules})",
        }
        for kind, value in rates.items()
        if value and value["value"] is not None
    ]
    return {
        "task": {"type": TASK, "name": "Automatic Speech Recognition"},
        "dataset": {"type": identifier(named), "name": named, "split": str(summary["split"])},
        "metrics": metrics,
    }


def percent(share: float) -> float:
    """A rate as people publish it."""
    return round(100 * share, 2)


def identifier(name: str) -> str:
    """A data set's repository, or what stands for one that has none."""
    if REPOSITORY.fullmatch(name):
        return name
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-") or "set"
