"""Checkpoints as the Hub has them: the weights of a saved model rounded to half precision."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any


def stored_as(dtype: str, folder: Path, out: Path) -> Path:
    """A copy of a saved model whose file holds `dtype`, with a ``config.json`` that says so."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, out)
    weights = load_file(out / "model.safetensors")
    rounded = {k: v.to(getattr(torch, dtype)) if v.is_floating_point() else v for k, v in weights.items()}
    save_file(rounded, out / "model.safetensors", {"format": "pt"})
    config: dict[str, Any] = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps(config | {"dtype": dtype}))
    return out


def dtypes_in(folder: Path) -> set[str]:
    """Dtypes of the numbers in a saved model's file, and the one that its ``config.json`` states."""
    from safetensors.torch import load_file

    stored = load_file(folder / "model.safetensors").values()
    found = {str(v.dtype).removeprefix("torch.") for v in stored if v.is_floating_point()}
    return found | {json.loads((folder / "config.json").read_text())["dtype"]}
