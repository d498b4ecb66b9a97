"""The figures of ``published.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from govor.models.published import PublishedRate


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("published.toml").read_text(encoding="utf-8"))


def published_wer(width: int, language: str | None) -> PublishedRate | None:
    """What a released model of a width (``d_model``) reaches in a language, where a source says it.

    Larger models than the ones in the table are held against the largest smaller one, which they surpass.
    """
    for figure in _table()["figure"]:
        if figure["language"] == language:
            known = [int(key) for key in figure if key.isdigit() and int(key) <= width]
            if known:
                wer = float(figure[str(max(known))])
                return PublishedRate(wer, figure["on"], _table()["sources"][figure["source"]])
    return None
