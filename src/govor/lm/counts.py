"""n-gram counts of a text in arrays, without a Python object an n-gram.

Shapes: P positions (words and sentence marks), N n-grams.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from govor.errors import InputError
from govor.lm.ngrams import END, START, UNKNOWN

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Text:
    """Sentences as word ids, one after the other, each between ``<s>`` and ``</s>``.

    Attributes:
        words: V words; the ids of ``<unk>``, ``<s>`` and ``</s>`` are 0, 1 and 2.
        ids: ``[P]``.
        place: ``[P]`` position in its sentence, 0 for ``<s>``.
    """

    words: list[str]
    ids: Ids
    place: NDArray[np.int32]


@dataclass(frozen=True)
class Counts:
    """The distinct n-grams of one order.

    Attributes:
        keys: ``prefix row * V + word`` ``[N]``, ascending.
        prefix: row of the context in the order below ``[N]``.
        suffix: row of all words but the first in the order below ``[N]``.
        word: last word ``[N]``.
        count: how often it occurs ``[N]``.
        initial: it begins with ``<s>`` ``[N]``.
    """

    keys: Ids
    prefix: Ids
    suffix: Ids
    word: Ids
    count: Ids
    initial: NDArray[np.bool_]


def read_text(sentences: Iterable[str]) -> Text:
    """Words of normalised sentences, parted at white space.

    Raises:
        InputError: there is no word.
    """
    ids = {UNKNOWN: 0, START: 1, END: 2}
    pieces: list[NDArray[np.int32]] = []
    lengths: list[int] = []
    for sentence in sentences:
        words = [word for word in sentence.split() if word not in (START, END)]
        if words:
            pieces.append(np.array([1, *(ids.setdefault(w, len(ids)) for w in words), 2], dtype=np.int32))
            lengths.append(len(words) + 2)
    if not pieces:
        raise InputError("there is no word to estimate a language model from: is the train split empty?")
    starts = np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
    place = (np.arange(len(starts)) - starts).astype(np.int32)
    return Text(list(ids), np.concatenate(pieces).astype(np.int64), place)


def count(text: Text, order: int) -> list[Counts]:
    """n-grams of all lengths from 1 to `order`; none reaches over a sentence's edge."""
    size = len(text.words)
    everything = np.arange(size, dtype=np.int64)
    occurrences = np.bincount(text.ids, minlength=size)
    made = [Counts(everything, everything * 0, everything * 0, everything, occurrences, everything == 1)]
    rows = text.ids
    for length in range(2, order + 1):
        counts, rows = _extend(text, made[-1], rows, length)
        made.append(counts)
    return made


def _extend(text: Text, below: Counts, rows: Ids, length: int) -> tuple[Counts, Ids]:
    """n-grams one longer than `below`, whose row at the position where each ends is `rows` ``[P]``."""
    size = len(text.words)
    ends = np.flatnonzero(text.place >= length - 1)
    keys, first, inverse, counts = np.unique(
        rows[ends - 1] * size + text.ids[ends], return_index=True, return_inverse=True, return_counts=True
    )
    prefix = keys // size
    longer = np.full(len(rows), -1, dtype=np.int64)
    longer[ends] = inverse
    made = Counts(keys, prefix, rows[ends[first]], keys % size, counts, below.initial[prefix])
    return made, longer
