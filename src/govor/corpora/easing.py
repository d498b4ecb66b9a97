"""What limits of a model's figures took from dev and test: the rest is what that model finds easy.

Such figures are the similarity of a text to what a model heard, its confidence, and its agreement with
another text. A corpus notes which models they come from; what limits took stays noted through select, merge
and prepare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from govor.records import Easing

WRITERS = ("align", "label")
"""Commands whose corpora hold a model's figures; each notes it under its own name."""


@dataclass(frozen=True)
class FigureModel:
    """A model whose figures a corpus holds.

    Attributes:
        name: as it was given.
        fingerprint: of it, or of what it was exported from.
    """

    name: str
    fingerprint: str


def figure_models(notes: Mapping[str, object]) -> list[FigureModel]:
    """The models whose figures a corpus with such notes holds."""
    named = [_part(note, name) for note in _all_notes(notes) for name in WRITERS]
    return list(
        dict.fromkeys(
            FigureModel(str(one["model"]), str(one.get("fingerprint", ""))) for one in named if "model" in one
        )
    )


def easing(taken: int, of: int, models: Sequence[FigureModel]) -> Easing:
    """What limits took, and whose figures decided."""
    prints = [model.fingerprint for model in models if model.fingerprint]
    return {"taken": taken, "of": of, "models": [model.name for model in models], "fingerprints": prints}


def easings(notes: Mapping[str, object]) -> list[Easing]:
    """All that limits took on the way to a corpus with such notes; a selection notes those before it too."""
    noted = _part(notes, "select").get("easings")
    if isinstance(noted, list):
        return [cast(Easing, one) for one in noted]
    return [one for part in _merged(notes) for one in easings(part)]


def _all_notes(notes: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Those of a corpus, and of the corpora that it was merged from."""
    yield notes
    for part in _merged(notes):
        yield from _all_notes(part)


def _merged(notes: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The notes of the corpora that a corpus was merged from."""
    for part in _part(_part(notes, "merge"), "corpora").values():
        yield _part(part, "notes")


def _part(notes: object, name: str) -> Mapping[str, object]:
    """What a command noted, or nothing."""
    found = notes.get(name) if isinstance(notes, Mapping) else None
    return found if isinstance(found, Mapping) else {}
