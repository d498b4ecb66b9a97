"""``govor lm``: from train text to an ARPA file, and its weight chosen on dev."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from govor.config import TextConfig
from govor.errors import UsageError
from govor.lm.arpa import write_arpa
from govor.lm.kneser_ney import estimate
from govor.lm.settings import settings_path
from govor.lm.sources import train_texts
from govor.store import write_json
from govor.text import Normaliser

LARGEST_ORDER = 8


def make_lm(
    source: str | Path,
    out: Path,
    order: int = 4,
    *,
    model: str | None = None,
    dataset: str | None = None,
    split: str = "dev",
    device: str = "auto",
) -> dict[str, Any]:
    """Estimates a word n-gram model from train text and writes it as ARPA.

    Args:
        source: corpus, data set, or text file with a sentence a line.
        out: the ARPA file.
        order: words of the longest n-gram.
        model: CTC model that it is for: its normaliser is used, and the weight is chosen with it.
        dataset: data set whose `split` chooses the weight (default: `source`, where it is a data set).
        split: never test.
        device: for `model`.

    Returns:
        ``order``, ``ngrams`` (count by length), ``words``, ``wall_s``, ``out``, and where a weight was
        chosen ``lm_weight``, ``word_bonus``, ``wer`` with and ``wer_without`` it on the split.

    Raises:
        UsageError: order out of range, or the weight asked to be chosen on test.
    """
    if not 1 <= order <= LARGEST_ORDER:
        raise UsageError(f"--order {order}: it is from 1 to {LARGEST_ORDER}")
    if split == "test":
        raise UsageError("--split test: a weight chosen on test makes its score worthless; use dev")
    begun = time.perf_counter()
    recogniser = None
    if model is not None:
        from govor.models import open_model

        recogniser = open_model(model, device=device)
    normaliser = recogniser.normaliser if recogniser else Normaliser.of(TextConfig())
    ngrams = estimate(train_texts(source, normaliser), order)
    write_arpa(ngrams, out)
    summary: dict[str, Any] = {
        "order": order,
        "ngrams": {str(n): len(o.keys) for n, o in enumerate(ngrams.orders, 1)},
        "words": len(ngrams.words) - 3,
        "normaliser": normaliser.name,
    }
    if recogniser is not None:
        from govor.lm.choice import choose_weight

        summary |= choose_weight(recogniser, out, str(dataset or source), split)
    write_json(settings_path(out), summary)
    return {**summary, "wall_s": round(time.perf_counter() - begun, 3), "out": str(out)}
