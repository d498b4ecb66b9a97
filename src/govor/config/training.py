"""What a training that is described by flags or keywords, with a recipe or without one, comes to."""

from __future__ import annotations

import json
from pathlib import Path

from govor.store import given_path


def place_overrides(model: str | None, dataset: str | None, out: str | Path | None) -> list[str]:
    """``section.key=value`` for what is named; relative places start here, not at a recipe's folder."""
    named = {
        "model.base": model,
        "prepare.out": None if dataset is None else absolute(dataset),
        "train.out": None if out is None else absolute(out),
    }
    return [
        f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in named.items() if value is not None
    ]


def beside(out: str | Path) -> dict[str, object]:
    """The beginning of a recipe that no file holds: called and kept as the run's folder."""
    return {"name": Path(out).name, "work": absolute(out)}


def absolute(place: str | Path) -> str:
    """A place that is the same from everywhere; URLs are."""
    return str(place) if "://" in str(place) else str(given_path(place).absolute())
