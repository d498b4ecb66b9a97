"""What is different from the last session of a run, in words: settings, processes, threads, versions."""

from __future__ import annotations

import dataclasses

from govor.config import Recipe, TrainConfig
from govor.config.setting import NOTHING, declaration
from govor.config.train import LAST_DIGITS
from govor.train.folder import RunFacts, RunFolder


def changes(folder: RunFolder, recipe: Recipe, facts: RunFacts) -> list[str]:
    """Sentences about what may change the numbers from here on; empty in a first session.

    Args:
        folder: with what the last session wrote.
        recipe: of now.
        facts: of now, as they will stand in ``run.json``.
    """
    before = folder.facts()
    if not before:
        return []
    return [*_facts(before, facts), *_settings(folder, recipe)]


def _facts(before: RunFacts, now: RunFacts) -> list[str]:
    found = []
    for old, new, noun in (
        (before.get("world_size"), now["world_size"], "{} processes became {}"),
        (before.get("threads"), now["threads"], f"{{}} torch threads became {{}}: {LAST_DIGITS}"),
    ):
        if old not in (None, new):
            found.append(noun.format(old, new))
    if before.get("precision") not in (None, now["precision"]):
        found.append(f"precision {before['precision']} became {now['precision']}")
    for name, version in now["versions"].items():
        known = before.get("versions", {}).get(name)
        if known not in (None, version):
            found.append(f"{name} {known} became {version}")
    was, now_on = before.get("hardware"), now["hardware"]
    if was and (was["processor"], was["device"]) != (now_on["processor"], now_on["device"]):
        found.append(f"{was['processor']} {was['device']} became {now_on['processor']} {now_on['device']}")
    return found


def _settings(folder: RunFolder, recipe: Recipe) -> list[str]:
    last = folder.recipe()
    if last is None:
        return []
    before, now = dataclasses.asdict(last.train), dataclasses.asdict(recipe.train)
    declared = {field.name: declaration(field) for field in dataclasses.fields(TrainConfig)}
    found = []
    for key in sorted(now):
        one = declared[key]
        if before[key] == now[key] or key == "threads":  # their number is said already
            continue
        if one is None or one.changes is not NOTHING:
            found.append(f"train.{key} {before[key]} became {now[key]}")
        elif one.drift:
            found.append(f"now with train.{key} = {now[key]}: {one.drift}")
    return found
