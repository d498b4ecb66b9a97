"""Names that sources give to the three splits."""

from __future__ import annotations

import re

SPLIT_NAMES = {
    "train": ("train", "training", "trn", "tr"),
    "dev": ("dev", "development", "validation", "valid", "validate", "val", "cv"),
    "test": ("test", "testing", "tst", "eval", "evaluation"),
    None: ("", "null", "none", "nan"),
}
SPLITS_BY_NAME = {name: split for split, names in SPLIT_NAMES.items() for name in names}


def split_in(name: str) -> str | None:
    """The split that a file's or folder's name tells (``train_manifest.json``, ``dev-other``), or None."""
    words = re.split(r"[^a-z]+", name.lower())
    told = {SPLITS_BY_NAME[word] for word in words if word in SPLITS_BY_NAME} - {None}
    return told.pop() if len(told) == 1 else None
