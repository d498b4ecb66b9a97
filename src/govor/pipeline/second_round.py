"""``govor align --refine``: the model is trained on what the first round placed, and hears the rest again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from govor.align.entry import Alignment, AlignResult, AlignSummary
from govor.align.outcome import Outcome, PlacedUtterance
from govor.align.rounds import SECOND_ROUND
from govor.config import AlignConfig, Recipe, Workspace, recipe_from
from govor.console import say
from govor.findings import count_of
from govor.store import readable_hours

DEV_SHARE, LEAST_DEV, MOST_DEV = 0.1, 2, 200
"""Utterances that the checkpoint is chosen on."""
ENOUGH_RECORDINGS = 10
"""Fewer cannot be parted between train and dev without losing much of them."""
LEAST_UTTERANCES = 20
"""Fewer teach a model nothing."""
FOREIGN = ("vocabulary_other_language",)
"""Preflight's errors that are let through, and recorded: a model of a related language is the usual case."""


def align_in_rounds(
    model: str | Path,
    recordings: Sequence[str | Path],
    texts: Sequence[str | Path],
    out: Path,
    config: AlignConfig | None = None,
    device: str = "auto",
) -> AlignSummary:
    """As `align_recordings`, with a second round where the settings ask for one.

    The second round is an ordinary recipe in ``refine/`` of the corpus folder. What the first round placed is
    learned from and stays as it is; no figure of the trained model is given for it.

    Raises:
        InputError: as `align_recordings`.
        ModelError: the model cannot be trained.
        LimitError: the training was stopped, or preflight found an error.
    """
    config = config or AlignConfig()
    alignment = Alignment(model, out, config, device)
    if config.refine:
        _require_trainable(str(model))
    found = alignment.placed(recordings, texts)
    if config.refine:
        found = _second(alignment, found)
    return alignment.write(found)


def _second(alignment: Alignment, first: AlignResult) -> AlignResult:
    whole = first.whole()
    if not whole.untranscribed or not whole.unplaced:
        say("refine: the first round found a place for everything")
        return first
    if len(whole.utterances) < LEAST_UTTERANCES:
        say(
            f"refine: {count_of(len(whole.utterances), 'utterance')} were placed; a second round needs "
            f"{LEAST_UTTERANCES} to learn from, and was left out"
        )
        return first
    from govor.pipeline.run import run_recipe

    root = alignment.out / SECOND_ROUND
    recipe = second_recipe(alignment.model, root, alignment.config, whole.utterances)
    alignment.write(first, Workspace.of(recipe).corpus)
    alignment.write(first)
    say(f"refine: what the first round placed is in {alignment.out}, whatever becomes of the second")
    say(_announcement(alignment.model, first, whole))
    run_recipe(recipe, first="select", last="train", device=alignment.device)
    return alignment.again(first, str(Workspace.of(recipe).run))


def _announcement(model: str, first: AlignResult, whole: Outcome) -> str:
    """What will be done, before it is."""
    hours = sum(one.end - one.start for one in whole.utterances) / 3600
    bare = {one.audio for one in whole.untranscribed}
    again_hours = sum(first.hearing.heard[name].duration for name in bare) / 3600
    return (
        f"refine: {model} learns from {count_of(len(whole.utterances), 'utterance')} "
        f"({readable_hours(hours)}); preflight measures how long that takes and says so before it begins. "
        f"Then {count_of(len(bare), 'recording')} ({readable_hours(again_hours)}) are transcribed again"
    )


def second_recipe(
    model: str, root: Path, config: AlignConfig, utterances: Sequence[PlacedUtterance]
) -> Recipe:
    """The recipe that trains `model` on what was placed."""
    dev = min(max(round(DEV_SHARE * len(utterances)), LEAST_DEV), MOST_DEV)
    apart = ["recording"] if len({one.audio for one in utterances}) >= ENOUGH_RECORDINGS else []
    return recipe_from(
        {
            "name": SECOND_ROUND,
            "work": str(root),
            "select": {"dev": dev, "test": 0, "group_by": apart, "official_splits": False},
            "model": {"base": model, "language": config.language},
            "preflight": {"accept": list(FOREIGN)},
        },
        where=f"{root}/recipe.toml",
    )


def _require_trainable(model: str) -> None:
    """Refuses an export, which can only be decoded, before hours are spent on the first round."""
    from govor.models.opening import configuration_of, resolve

    configuration_of(resolve(model), None)
