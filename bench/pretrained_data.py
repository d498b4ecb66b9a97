"""Common Voice releases (or samples) as prepared data sets, for the benches on pretrained weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finetune import toml
from govor_command import govor

DEV, TEST = 10, 30


def prepared(release: Path, work: Path, dev: int = DEV, test: int = TEST) -> Path:
    """Imports one language, splits it by speaker and prepares it (or finds that this is done)."""
    dataset = work / "dataset"
    if (dataset / "dataset.json").exists():
        return dataset
    govor("import", str(release), "--format", "common-voice", "--out", str(work / "corpus"))
    sizes = ("--dev", str(dev), "--test", str(test))
    govor("select", str(work / "corpus"), "--out", str(work / "selected"), *sizes)
    govor("prepare", str(work / "selected"), "--out", str(dataset), "--workers", "1")
    return dataset


def recipe_file(path: Path, tables: dict[str, dict[str, Any]]) -> Path:
    """Writes a recipe whose work folder is named like it, beside it."""
    head = f"name = {json.dumps(path.stem)}\nwork = {json.dumps(str(path.with_suffix('')))}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "".join(f"[{name}]\n{toml(table)}\n" for name, table in tables.items()))
    return path
