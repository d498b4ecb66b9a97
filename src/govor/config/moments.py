"""When something is due: ``500 steps``, ``10 minutes``, ``1 epoch``, ``epochs 4, 8``; and what is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from govor.errors import RecipeError

_AMOUNT = r"\d{1,15}(?:\.\d{1,6})?"
_EVERY = re.compile(rf"(?P<amount>{_AMOUNT})\s*(?P<unit>steps?|minutes?|min|hours?|h|epochs?)", re.ASCII)
_NAMED = re.compile(r"epochs?\s+(?P<list>\d{1,9}(?:\s*,\s*\d{1,9})*)", re.ASCII)
_BYTES = re.compile(rf"(?P<amount>{_AMOUNT})\s*(?P<unit>bytes|kB|MB|GB|TB)", re.IGNORECASE | re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_FACTORS = {"bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


@dataclass(frozen=True)
class Position:
    """Where a run stands.

    Attributes:
        step: optimiser steps done.
        epoch: passes over the train split done, as a fraction.
        seconds: wall time of the run, over all its sessions.
    """

    step: int
    epoch: float
    seconds: float


@dataclass(frozen=True)
class Every:
    """A repeated moment.

    Attributes:
        unit: ``step``, ``epoch`` or ``second``.
        amount: how many of them.
        named: epochs by number; then `amount` is not used.
    """

    unit: str
    amount: float = 1.0
    named: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str, key: str) -> Every:
        """Reads a setting.

        Raises:
            RecipeError: it is none of the known forms.
        """
        cleaned = str(text).strip().lower()
        if found := _NAMED.fullmatch(cleaned):
            return cls("epoch", named=tuple(int(n) for n in found["list"].split(",")))
        found = _EVERY.fullmatch(cleaned)
        if not found or float(found["amount"]) <= 0:
            raise RecipeError(
                f"{key} is {text!r}; write '500 steps', '10 minutes', '1 epoch' or 'epochs 4, 8'"
            )
        amount, unit = float(found["amount"]), found["unit"][0]
        if unit == "m":
            return cls("second", amount * 60)
        if unit == "h":
            return cls("second", amount * 3600)
        return cls("step" if unit == "s" else "epoch", amount)

    def due(self, before: Position, now: Position) -> bool:
        """Whether a moment lies after `before` and not after `now`."""
        if self.named:
            return any(before.epoch < number <= now.epoch for number in self.named)
        last, current = self._measure(before), self._measure(now)
        return _count(current, self.amount) > _count(last, self.amount)

    def _measure(self, position: Position) -> float:
        return {"step": position.step, "epoch": position.epoch, "second": position.seconds}[self.unit]


def _count(measure: float, amount: float) -> int:
    return int(measure / amount + 1e-9)


@dataclass(frozen=True)
class Keep:
    """Which checkpoints stay besides the best, the named and the newest one.

    Attributes:
        unit: ``count``, ``bytes``, ``step``, ``epoch`` or ``second``.
        amount: how many, or how far back from the newest.
    """

    unit: str
    amount: float

    @classmethod
    def parse(cls, value: Any) -> Keep:
        """Reads ``[train] keep``: ``2``, ``'5 GB'``, ``'1000 steps'``, ``'60 minutes'``, ``'3 epochs'``.

        Raises:
            RecipeError: it is none of these.
        """
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return cls("count", value)
        text = str(value).strip()
        if _COUNT.fullmatch(text) and int(text) >= 1:
            return cls("count", int(text))
        if found := _BYTES.fullmatch(text):
            return cls("bytes", float(found["amount"]) * _FACTORS[found["unit"].lower()])
        if found := _EVERY.fullmatch(text.lower()):
            every = Every.parse(found[0], "train.keep")
            return cls(every.unit, every.amount)
        raise RecipeError(
            f"train.keep is {value!r}; write 2, '5 GB', '1000 steps', '60 minutes' or '3 epochs'"
        )

    def split(self, entries: list[KeptCheckpoint]) -> tuple[list[KeptCheckpoint], list[KeptCheckpoint]]:
        """(kept, pruned) of checkpoints from oldest to newest; protected ones and the newest stay."""
        kept: list[KeptCheckpoint] = []
        pruned: list[KeptCheckpoint] = []
        counted, size = 0, 0
        newest = entries[-1] if entries else None
        for entry in reversed(entries):
            size += entry.size_bytes
            inside = self._inside(entry, newest or entry, counted, size)
            if entry.protected or entry is newest or inside:
                kept.insert(0, entry)
                counted += not entry.protected or entry is newest
            else:
                size -= entry.size_bytes
                pruned.insert(0, entry)
        return kept, pruned

    def _inside(self, entry: KeptCheckpoint, newest: KeptCheckpoint, counted: int, size: int) -> bool:
        if self.unit == "count":
            return counted < self.amount
        if self.unit == "bytes":
            return size <= self.amount
        then, now = entry.position, newest.position
        age = {
            "step": now.step - then.step,
            "epoch": now.epoch - then.epoch,
            "second": now.seconds - then.seconds,
        }[self.unit]
        return age <= self.amount


@dataclass(frozen=True)
class KeptCheckpoint:
    """A checkpoint as `Keep` sees it.

    Attributes:
        name: of its folder.
        position: where the run stood.
        size_bytes: of all its files.
        protected: the best, or a named epoch.
    """

    name: str
    position: Position
    size_bytes: int
    protected: bool
