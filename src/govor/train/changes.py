"""What is different from the last session of a run, in words: settings, processes, threads, versions."""

from __future__ import annotations

import tomllib
from typing import Any

from govor.config import Recipe
from govor.train.folder import RunFolder

_HARMLESS = {
    "loader_workers",
    "mirror",
    "mirror_max_bytes",
    "keep",
    "max_hours",
    "trackers",
    "out",
    "log_every",
}


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
            found.append(f"{before[key]} {noun} became {now[key]}")
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
    path = folder.root / "recipe.toml"
    if not path.exists():
        return []
    before = tomllib.loads(path.read_text(encoding="utf-8")).get("train", {})
    now = tomllib.loads(recipe.to_toml()).get("train", {})
    keys = sorted((before.keys() | now.keys()) - _HARMLESS)
    return [
        f"train.{key} {before.get(key)} became {now.get(key)}"
        for key in keys
        if before.get(key) != now.get(key)
    ]
