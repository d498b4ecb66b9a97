"""Common Voice releases prepared, and govor's commands measured, for the benches on pretrained weights."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from finetune import toml
from govor_command import govor

DEV, TEST = 10, 30
SIZES = {"sl": (4, 25)}
"""Dev and test where speakers do not add up to `DEV` and `TEST`: sl has 9, one of them 48 of 100 clips."""
BUNDLED = Path(__file__).parents[1] / "recipes" / "whisper-small-common-voice-sv.toml"
Tables = dict[str, dict[str, Any]]


def sizes_of(language: str, quick: bool = False) -> tuple[int, int]:
    """Utterances of dev and test."""
    return (4, 4) if quick else SIZES.get(language, (DEV, TEST))


def prepared(release: Path, work: Path, sizes: tuple[int, int] = (DEV, TEST)) -> Path:
    """Imports one language, splits it by speaker and prepares it (or finds that this is done)."""
    dataset = work / "dataset"
    if (dataset / "dataset.json").exists():
        return dataset
    govor("import", str(release), "--format", "common-voice", "--out", str(work / "corpus"))
    dev, test = map(str, sizes)
    govor("select", str(work / "corpus"), "--out", str(work / "selected"), "--dev", dev, "--test", test)
    govor("prepare", str(work / "selected"), "--out", str(dataset), "--workers", "1")
    return dataset


def bundled_recipe(base: Path, language: str | None) -> Tables:
    """The bundled recipe of a Whisper, on another base and language.

    Its batch of 32 clips is for hours of speech: 60 clips would be two steps an epoch, so batches hold four.
    """
    tables: Tables = {k: v for k, v in tomllib.loads(BUNDLED.read_text()).items() if isinstance(v, dict)}
    tables.pop("publish", None)
    tables["corpus"] = {}
    tables["model"] = {"base": str(base), "task": "transcribe"}
    if language:
        tables["model"]["language"] = language
    tables["train"] |= {"max_batch": 4, "accumulate": 1, "eval_every": "1 epoch", "save_every": "1 epoch"}
    tables["train"] |= {"trackers": []}
    tables["evaluate"] |= {"baseline": str(base), "slices": ["gender", "age"]}  # older releases lack accents
    return tables


def recipe_file(path: Path, tables: Tables) -> Path:
    """Writes a recipe whose work folder is named like it, beside it."""
    head = f"name = {json.dumps(path.stem)}\nwork = {json.dumps(str(path.with_suffix('')))}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "".join(f"[{name}]\n{toml(table)}\n" for name, table in tables.items()))
    return path
