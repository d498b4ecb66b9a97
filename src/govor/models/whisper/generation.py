"""``generation_config.json`` of a model that is trained: what decoding may write, and with which prompt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from govor.errors import RecipeError
from govor.models.weights import core_of
from govor.models.whisper.suppression import Suppression

if TYPE_CHECKING:
    from govor.models.whisper.model import WhisperFamily

LISTS = ("suppress_tokens", "begin_suppress_tokens")
TAKEN = (*LISTS, "max_initial_timestamp_index")
KEEP = "base"
"""``suppress_tokens = "base"``: the list of the base model, whatever the texts hold."""
ELSEWHERE = {
    "language": "[model] language",
    "task": "[model] task",
    "return_timestamps": "[model] timestamps",
    "forced_decoder_ids": "[model] language and task",
}


def fit_generation(family: WhisperFamily, train_texts: Iterable[str], asked: Mapping[str, object]) -> None:
    """Suppresses nothing that the train texts need, then sets what the recipe asks for.

    Args:
        family: before its first step; what was released is noted in its settings.
        train_texts: normalised.
        asked: ``[model] generation``.

    Raises:
        RecipeError: `asked` holds a name that decoding does not take, or a value that it cannot have.
    """
    generation = core_of(family.model).generation_config
    _require_known(asked, len(family.tokenizer))
    base = Suppression.of(generation)
    released = base.released(family.tokenizer, family.prompt, train_texts)
    times = range(family.prompt.no_timestamps + 1, len(family.tokenizer)) if family.manner.timestamps else ()
    generation.suppress_tokens = sorted(base.always - released.always - frozenset(times))
    generation.begin_suppress_tokens = sorted(base.first - released.first)
    _set(generation, base, asked)
    generation.return_timestamps = family.manner.timestamps
    final = Suppression.of(generation)
    family.settings["generation"] = {
        "released_tokens": sorted(base.always - final.always),
        "released_first_tokens": sorted(base.first - final.first),
        "asked": dict(asked),
    }


def _set(generation: Any, base: Suppression, asked: Mapping[str, object]) -> None:
    kept = dict(zip(LISTS, (base.always, base.first), strict=True))
    for name, value in asked.items():
        setattr(generation, name, sorted(kept[name]) if name in LISTS and value == KEEP else value)


def _require_known(asked: Mapping[str, object], vocabulary_size: int) -> None:
    for name, value in asked.items():
        if name in ELSEWHERE:
            raise RecipeError(f"[model] generation does not take {name}: set {ELSEWHERE[name]} instead")
        if name not in TAKEN:
            raise RecipeError(
                f"[model] generation has no setting {name!r}: of generation_config.json, decoding here takes "
                f"{', '.join(TAKEN)}"
            )
        if name not in LISTS and (type(value) is not int or value < 0):
            raise RecipeError(f"[model] generation {name} is {value!r}: it must be a whole number, 0 or more")
        if name in LISTS and value != KEEP and not _are_tokens(value, vocabulary_size):
            raise RecipeError(
                f"[model] generation {name} is {value!r}: it must be a list of token ids below "
                f'{vocabulary_size:,}, [] for none, or "{KEEP}" for the list of the base model'
            )


def _are_tokens(value: Any, vocabulary_size: int) -> bool:
    ids = value if isinstance(value, (list, tuple)) else [None]
    return all(type(one) is int and 0 <= one < vocabulary_size for one in ids)
