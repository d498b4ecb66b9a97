"""Interpolated modified Kneser-Ney smoothing.

Source: Chen and Goodman, "An empirical study of smoothing techniques for language modeling" (1998), section
3; counts of n-grams at the beginning of a sentence, the share of the unknown word and the ARPA form as in
Heafield et al., "Scalable modified Kneser-Ney language model estimation" (2013).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from govor.lm.counts import Counts, count, read_text
from govor.lm.ngrams import NEVER, NgramModel, Order

Floats = NDArray[np.float64]
FALLBACK_DISCOUNTS = (0.5, 1.0, 1.5)
"""Where a text is too small to estimate them, as lmplz's ``--discount_fallback`` has them."""
START_ID = 1


def estimate(sentences: Iterable[str], order: int = 4) -> NgramModel:
    """An n-gram model of normalised sentences.

    Args:
        sentences: words parted by white space.
        order: words of the longest n-gram, at least 1.

    Raises:
        InputError: there is no word.
    """
    text = read_text(sentences)
    counts = count(text, order)
    adjusted = [_adjusted(counts[i], counts[i + 1]) for i in range(order - 1)] + [counts[-1].count]
    adjusted[0] = adjusted[0].copy()
    adjusted[0][START_ID] = 0
    orders: list[Order] = []
    lower: Floats = np.full(len(text.words), 1.0 / (len(text.words) - 1))
    for ngrams, numbers in zip(counts, adjusted, strict=True):
        contexts = len(orders[-1].keys) if orders else 1
        lower, backoff = _smooth(ngrams, numbers, lower[ngrams.suffix] if orders else lower, contexts)
        if orders:
            orders[-1] = Order(orders[-1].keys, orders[-1].log10_p, backoff)
        orders.append(Order(ngrams.keys, _log10(lower), np.zeros(len(lower))))
    orders[0].log10_p[START_ID] = NEVER
    return NgramModel(text.words, orders)


def _adjusted(ngrams: Counts, longer: Counts) -> NDArray[np.int64]:
    """Distinct words seen before an n-gram; at the beginning of a sentence, how often it occurs."""
    different = np.bincount(longer.suffix, minlength=len(ngrams.keys))
    return np.where(ngrams.initial, ngrams.count, different)


def _smooth(
    ngrams: Counts, numbers: NDArray[np.int64], lower: Floats, contexts: int
) -> tuple[Floats, Floats]:
    """Probabilities ``[N]`` of one order, and log10 back-off weights ``[contexts]`` of the order below.

    Args:
        ngrams: what is there.
        numbers: adjusted counts ``[N]``.
        lower: probability of each n-gram's word after the context one word shorter ``[N]``.
        contexts: rows of the order below (1 for order 1, whose context is empty).
    """
    discount = _discounts(numbers)[np.minimum(numbers, 3)]
    total = np.bincount(ngrams.prefix, numbers, minlength=contexts)
    left = np.bincount(ngrams.prefix, discount, minlength=contexts)
    share = np.divide(left, total, out=np.ones(contexts), where=total > 0)
    own = np.divide(numbers - discount, total[ngrams.prefix], out=np.zeros(len(numbers)), where=numbers > 0)
    return own + share[ngrams.prefix] * lower, _log10(share)


def _discounts(numbers: NDArray[np.int64]) -> Floats:
    """What is taken off counts of 0, 1, 2, and 3 or more ``[4]``."""
    once, twice, thrice, four = (int((numbers == k).sum()) for k in (1, 2, 3, 4))
    if not (once and twice and thrice):
        return np.array([0.0, *FALLBACK_DISCOUNTS])
    y = once / (once + 2 * twice)
    found = np.array([0.0, 1 - 2 * y * twice / once, 2 - 3 * y * thrice / twice, 3 - 4 * y * four / thrice])
    sane = all(0 <= found[k] <= k for k in (1, 2, 3))
    return found if sane else np.array([0.0, *FALLBACK_DISCOUNTS])


def _log10(values: Floats) -> Floats:
    return np.asarray(np.log10(np.maximum(values, 10.0**NEVER)))
