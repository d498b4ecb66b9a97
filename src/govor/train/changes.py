"""What is different from the last session of a run, in words: settings, processes, threads, versions."""

from __future__ import annotations

import dataclasses
from typing import Any

from govor.config import Recipe, TrainConfig
from govor.config.setting import NOTHING, declaration
from govor.config.train import LAST_DIGITS
from govor.train.folder import RunFolder


def changes(folder: RunFolder, recipe: Recipe, facts: dict[str, Any]) -> list[str]:
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


def _facts(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    found = []
    nouns = {"world_size": "processes", "threads": "torch threads"}
    for key, noun in nouns.items():
        if before.get(key) not in (None, now[key]):
            drift = f": {LAST_DIGITS}" if key == "threads" else ""
            found.append(f"{before[key]} {noun} became {now[key]}{drift}")
    if before.get("precision") not in (None, now["precision"]):
        found.append(f"precision {before['precision']} became {now['precision']}")
    for name, version in now["versions"].items():
        old = before.get("versions", {}).get(name)
        if old not in (None, version):
            found.append(f"{name} {old} became {version}")
    old_device = before.get("hardware", {}).get("processor"), before.get("hardware", {}).get("device")
    new_device = now["hardware"]["processor"], now["hardware"]["device"]
    if old_device != (None, None) and old_device != new_device:
        found.append(f"{' '.join(map(str, old_device))} became {' '.join(map(str, new_device))}")
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
