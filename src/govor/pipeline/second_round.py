"""``govor align --refine``: the model is trained on what the first round placed, and hears the rest again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from govor.align.entry import Aligned, Alignment, AlignSummary
from govor.align.outcome import Outcome
from govor.align.rounds import SECOND_ROUND
from govor.config import AlignConfig, Recipe, Workspace, recipe_from
from govor.console import say
from govor.findings import count_of
from govor.pipeline.run import run_recipe
from govor.store import readable_hours

FIRST_CORPUS = "first"
"""Corpus of the first round, in the folder of the second."""
DEV_SHARE, LEAST_DEV, MOST_DEV = 0.1, 2, 200
"""Utterances that the checkpoint is chosen on."""
LEAST_UTTERANCES = 20
"""Fewer teach a model nothing."""


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
    alignment = Alignment(str(model), out, config, device)
    if config.refine:
        _require_trainable(str(model))
    found = alignment.placed([str(name) for name in recordings], [Path(name) for name in texts])
    if config.refine:
        found = _second(alignment, found)
    return alignment.write(found)


def _second(alignment: Alignment, first: Aligned) -> Aligned:
    whole = first.whole()
    if not whole.untranscribed or not whole.unplaced:
        say("refine: everything has its place after the first round")
        return first
    if len(whole.utterances) < LEAST_UTTERANCES:
        say(
            f"refine: {count_of(len(whole.utterances), 'utterance')} were placed; a second round needs "
            f"{LEAST_UTTERANCES} to learn from, and was left out"
        )
        return first
    root = alignment.out / SECOND_ROUND
    alignment.write(first, root / FIRST_CORPUS)
    recipe = second_recipe(alignment.model, root, alignment.config, len(whole.utterances))
    say(_announced(alignment.model, first, whole))
    run_recipe(recipe, last="train", device=alignment.device)
    return alignment.again(first, str(Workspace.of(recipe).run))


def _announced(model: str, first: Aligned, whole: Outcome) -> str:
    """What will be done, before it is."""
    hours = sum(one.end - one.start for one in whole.utterances) / 3600
    bare = {one.audio for one in whole.untranscribed}
    again_hours = sum(first.hearing.heard[name].duration for name in bare) / 3600
    return (
        f"refine: {model} learns from {count_of(len(whole.utterances), 'utterance')} "
        f"({readable_hours(hours)}); preflight measures how long that takes and says so before it begins. "
        f"Then {count_of(len(bare), 'recording')} ({readable_hours(again_hours)}) are transcribed again"
    )


def second_recipe(model: str, root: Path, config: AlignConfig, utterances: int) -> Recipe:
    """The recipe that trains `model` on what was placed."""
    dev = min(max(round(DEV_SHARE * utterances), LEAST_DEV), MOST_DEV)
    return recipe_from(
        {
            "name": SECOND_ROUND,
            "work": str(root),
            "corpus": {"source": str(root / FIRST_CORPUS), "language": config.language},
            "select": {"dev": dev, "test": 0, "group_by": [], "official_splits": False},
            "model": {"base": model, "language": config.language},
        },
        where=f"{root}/recipe.toml",
    )


def _require_trainable(model: str) -> None:
    """Refuses an export, which can only be decoded, before hours are spent on the first round."""
    from govor.models.opening import configuration_of, resolve

    configuration_of(resolve(model), None)
