"""ARPA files: the text form of n-gram models that KenLM, SRILM and others read and write."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from govor.errors import InputError
from govor.lm.ngrams import END, NEVER, START, UNKNOWN, NgramModel, Order
from govor.store import atomic_path

SHORTEST_LINE_BYTES = 4
"""Such as ``0 a`` and its end."""
ROUNDED = 1e-4
"""How far above 0 a logarithm may lie that some program has rounded."""
LONGEST_COUNT = 15
"""Digits."""


def write_arpa(model: NgramModel, path: Path) -> None:
    """Writes a model; the file appears whole or not at all."""
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8") as file:
        file.write("\\data\\\n")
        file.writelines(f"ngram {n}={len(order.keys)}\n" for n, order in enumerate(model.orders, 1))
        texts = list(model.words)
        for n in range(1, model.order + 1):
            file.write(f"\n\\{n}-grams:\n")
            texts = _write_order(file, model, n, texts)
        file.write("\n\\end\\\n")


def _write_order(file: TextIO, model: NgramModel, n: int, prefixes: list[str]) -> list[str]:
    order, size = model.orders[n - 1], len(model.words)
    if n == 1:
        texts = prefixes
    else:
        texts = [f"{prefixes[key // size]} {model.words[key % size]}" for key in order.keys.tolist()]
    last = n == model.order
    for text, p, backoff in zip(texts, order.log10_p.tolist(), order.log10_backoff.tolist(), strict=True):
        file.write(f"{p:.7g}\t{text}\n" if last else f"{p:.7g}\t{text}\t{backoff:.7g}\n")
    return texts


def read_arpa(path: Path) -> NgramModel:
    """Reads an ARPA file.

    Raises:
        InputError: it does not exist or is none; the message names the line.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return _Reader(path, file).model()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: make one with govor lm DATASET --out {path}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not an ARPA file (not UTF-8 text: {error.reason})") from error


class _Reader:
    def __init__(self, path: Path, file: TextIO) -> None:
        self.path, self.number = path, 0
        self.lines = self._numbered(file)
        self.words: list[str] = []
        self.ids: dict[str, int] = {}

    def _numbered(self, file: TextIO) -> Iterator[str]:
        for self.number, line in enumerate(file, 1):
            yield line.rstrip("\r\n")

    def model(self) -> NgramModel:
        sizes = self._header()
        orders: list[Order] = []
        for n, size in enumerate(sizes, 1):
            self._expect(f"\\{n}-grams:")
            orders.append(self._order(n, size, orders))
        self._expect("\\end\\")
        return NgramModel(self.words, orders)

    def _wrong(self, what: str) -> InputError:
        return InputError(f"{self.path}, line {self.number}: {what}; this is not a complete ARPA file")

    def _next(self) -> str:
        line = next((line for line in self.lines if line.strip()), None)
        if line is None:
            raise self._wrong("the file ends too early")
        return line

    def _expect(self, mark: str) -> None:
        line = self._next()
        if line.strip() != mark:
            raise self._wrong(f"expected {mark}, found {line[:40]!r}")

    def _header(self) -> list[int]:
        line = self._next()
        while line.strip() != "\\data\\":
            line = self._next()
        sizes = []
        for line in self.lines:
            found = re.fullmatch(r"ngram\s+(\d+)\s*=\s*(\d+)", line.strip())
            if not found:
                break
            if len(found[2]) > LONGEST_COUNT:
                raise self._wrong(f"a count of {len(found[2]):,} digits")
            sizes.append(int(found[2]))
        if not sizes:
            raise self._wrong("no counts of n-grams")
        if sum(sizes) * SHORTEST_LINE_BYTES > self.path.stat().st_size:
            raise self._wrong(f"{sum(sizes)} n-grams do not fit into the file")
        return sizes

    def _order(self, n: int, size: int, lower: list[Order]) -> Order:
        log10_p, backoff = np.zeros(size), np.zeros(size)
        ids, numbers = np.zeros((size, n), dtype=np.int64), np.zeros(size, dtype=np.int64)
        for row, line in enumerate(islice(self._filled(), size)):
            log10_p[row], ids[row], backoff[row] = self._entry(line, n)
            numbers[row] = self.number
        if n == 1:
            return self._unigrams(log10_p, backoff)
        keys = self._rows(ids[:, :-1], lower) * len(self.words) + ids[:, -1]
        by_key = np.argsort(keys, kind="stable")
        self._refuse_twins(keys[by_key], numbers[by_key])
        return Order(keys[by_key], log10_p[by_key], backoff[by_key])

    def _refuse_twins(self, keys: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
        """Sorted keys, and the line of each: an n-gram stands there once."""
        twins = np.flatnonzero(keys[1:] == keys[:-1])
        if len(twins):
            first, self.number = int(numbers[twins[0]]), int(numbers[twins[0] + 1])
            raise self._wrong(f"the n-gram of line {first} is there twice")

    def _filled(self) -> Iterator[str]:
        return (line for line in self.lines if line.strip())

    def _entry(self, line: str, n: int) -> tuple[float, list[int], float]:
        fields = line.split()
        if len(fields) not in (n + 1, n + 2):
            raise self._wrong(f"{line[:60]!r} is not a {n}-gram with a probability before it")
        words = fields[1 : n + 1]
        if n == 1:
            self._learn(words[0])
        if strange := [word for word in words if word not in self.ids]:
            raise self._wrong(f"{strange[0][:60]!r} is not among the 1-grams")
        log10_p = self._log10(fields[0])
        if log10_p > ROUNDED:
            raise self._wrong(f"{fields[0][:60]!r} is the logarithm of a probability above 1")
        return log10_p, [self.ids[word] for word in words], self._log10(*fields[n + 1 :])

    def _learn(self, word: str) -> None:
        if word in self.ids:
            raise self._wrong(f"the word {word[:60]!r} is there twice")
        self.ids[word] = len(self.ids)

    def _log10(self, text: str = "0") -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._wrong(f"{text[:60]!r} is not a number")
        return value

    def _unigrams(self, log10_p: NDArray[np.float64], backoff: NDArray[np.float64]) -> Order:
        if len(self.ids) != len(log10_p):
            raise self._wrong(f"{len(log10_p)} words were announced, {len(self.ids)} are there")
        for mark in (UNKNOWN, START, END):
            if mark not in self.ids:
                self.ids[mark] = len(self.ids)
                log10_p, backoff = np.append(log10_p, NEVER), np.append(backoff, 0.0)
        self.words = list(self.ids)
        return Order(np.arange(len(self.words), dtype=np.int64), log10_p, backoff)

    def _rows(self, ids: NDArray[np.int64], lower: list[Order]) -> NDArray[np.int64]:
        """Rows of contexts ``[N, n - 1]`` in the order below."""
        rows = ids[:, 0]
        for place in range(1, ids.shape[1]):
            keys = rows * len(self.words) + ids[:, place]
            rows = np.searchsorted(lower[place].keys, keys)
            if len(keys) and not len(lower[place].keys):
                raise self._wrong("n-grams whose first words are not n-grams")
            inside = np.minimum(rows, len(lower[place].keys) - 1)
            if len(keys) and not np.array_equal(lower[place].keys[inside], keys):
                raise self._wrong("an n-gram whose first words are not an n-gram")
        return rows
