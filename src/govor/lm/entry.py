"""From train text to an ARPA file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from govor.config import TextConfig
from govor.errors import UsageError
from govor.lm.arpa import write_arpa
from govor.lm.kneser_ney import estimate
from govor.lm.settings import settings_path
from govor.lm.sources import train_texts
from govor.records import Summary
from govor.store import write_json
from govor.text import Normaliser

LARGEST_ORDER = 8


@dataclass(frozen=True)
class LmSettings(Summary):
    """What is kept beside an ARPA file.

    Attributes:
        order: words of the longest n-gram.
        ngrams: how many there are, by length.
        words: how many there are.
        normaliser: of the texts.
    """

    order: int
    ngrams: Mapping[str, int]
    words: int
    normaliser: str


@dataclass(frozen=True)
class LmSummary(LmSettings):
    """The same, seconds and place."""

    wall_s: float
    out: str


def make_lm(source: str | Path, out: Path, order: int = 4, normaliser: Normaliser | None = None) -> LmSummary:
    """Estimates a word n-gram model from train text and writes it as ARPA.

    Args:
        source: corpus, data set, or text file with a sentence a line.
        out: the ARPA file.
        order: words of the longest n-gram.
        normaliser: of the model that it is for; default: the default rules.

    Raises:
        UsageError: order out of range.
        InputError: there is no train text.
    """
    if not 1 <= order <= LARGEST_ORDER:
        raise UsageError(f"--order {order}: it is from 1 to {LARGEST_ORDER}")
    begun = time.perf_counter()
    normaliser = normaliser or Normaliser.of(TextConfig())
    ngrams = estimate(train_texts(source, normaliser), order)
    write_arpa(ngrams, out)
    kept = LmSettings(
        order=order,
        ngrams={str(n): len(o.keys) for n, o in enumerate(ngrams.orders, 1)},
        words=len(ngrams.words) - 3,
        normaliser=normaliser.name,
    )
    write_json(settings_path(out), kept)
    return LmSummary(**kept, wall_s=round(time.perf_counter() - begun, 3), out=str(out))
