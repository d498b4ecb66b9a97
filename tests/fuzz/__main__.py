"""``python -m tests.fuzz``: many cases of every class; counts, and the smallest change for every fault."""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .cases import Class, Outcome
from .classes import CLASSES, OPENED
from .pool import in_a_child, outcomes

ROUND_S = 30.0
"""Seconds of a class before the next class has its turn: cheap readers meet more cases."""
IN_MEMORY, ROOM_BYTES = Path("/dev/shm"), 1 << 30
"""Where damaged copies are written: a file there costs a tenth of one on a disk."""


@dataclass
class Tally:
    """What became of the cases of a class.

    Attributes:
        kinds: cases by `Outcome.kind`.
        faults: cases of each distinct fault.
        smallest: (case, seed, detail) of the smallest change that led to it.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    smallest: dict[str, tuple[int, int, str]] = field(default_factory=dict)

    def add(self, seed: int, case: int, outcome: Outcome) -> None:
        self.kinds[outcome.kind] += 1
        if not outcome.is_fault:
            return
        fault = f"{outcome.kind}: {outcome.where}"
        self.faults[fault] += 1
        before = self.smallest.get(fault)
        if before is None or (outcome.detail and len(outcome.detail) < len(before[2] or "x" * 10_000)):
            self.smallest[fault] = (case, seed, outcome.detail)

    @property
    def count(self) -> int:
        return self.kinds.total()


def fuzz(
    classes: Iterable[Class],
    seeds: Path,
    room: Path,
    cases: int,
    seed: int = 0,
    until_s: float = float("inf"),
    after_round: Callable[[dict[str, Tally]], None] = lambda tallies: None,
) -> dict[str, Tally]:
    """Up to `cases` of each class, in rounds of equal time, until `until_s` (of `time.monotonic`)."""
    os.environ.update(
        {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "HF_HUB_OFFLINE": "1", "MPLBACKEND": "Agg"}
    )
    chosen = list(classes)
    for name in dict.fromkeys(name for one in chosen for name in one.heavy):
        importlib.import_module(name)
    make_seeds(chosen, seeds)
    tallies = {one.name: Tally() for one in chosen}
    left = dict.fromkeys(tallies, range(cases))
    while any(left.values()) and time.monotonic() < until_s:
        for one in (one for one in chosen if left[one.name]):
            numbers = [(seed, case, None) for case in left[one.name]]
            turn_s = min(until_s, time.monotonic() + ROUND_S)
            for made_by, case, outcome in outcomes(one, seeds / one.name / "seeds", numbers, room, turn_s):
                tallies[one.name].add(made_by, case, outcome)
                left[one.name] = range(case + 1, cases)
            after_round(tallies)
    return tallies


def room() -> str | None:
    """A file system in memory, where there is one with room enough."""
    found = IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK)
    return str(IN_MEMORY) if found and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES else None


def make_seeds(classes: Iterable[Class], seeds: Path) -> None:
    """Specimens of `classes`, and what reading them needs besides."""
    OPENED["reviewed"] = seeds / "sheets" / "reviewed" / "corpus"
    OPENED["judged"] = seeds / "evaluation" / "judged"
    needed = {one.name: one for one in classes}
    if {"lists", "sheets"} & needed.keys():
        needed["sheets"] = CLASSES["sheets"]
    if "hypotheses" in needed:
        needed["evaluation"] = CLASSES["evaluation"]
    for one in needed.values():
        place = seeds / one.name / "seeds"
        if not place.exists():
            making = place.with_name("making")
            making.mkdir(parents=True)
            in_a_child(one.make, making)
            making.rename(place)


def shown(tallies: dict[str, Tally]) -> list[str]:
    lines = ["| class | cases | value | refused | faults | distinct |", "|---|---|---|---|---|---|"]
    for name, tally in [*tallies.items(), ("all", _sum(tallies))]:
        good = tally.kinds["value"] + tally.kinds["refused"]
        row = (
            tally.count,
            tally.kinds["value"],
            tally.kinds["refused"],
            tally.count - good,
            len(tally.faults),
        )
        lines.append(f"| {name} | " + " | ".join(f"{n:,}" for n in row) + " |")
    for name, tally in tallies.items():
        for fault, count in tally.faults.most_common():
            case, seed, detail = tally.smallest[fault]
            lines.append(
                f"{name}: {count} × {fault}\n    --class {name} --seed {seed} --case {case}: {detail[:500]}"
            )
    return lines


def _sum(tallies: dict[str, Tally]) -> Tally:
    total = Tally()
    for tally in tallies.values():
        total.kinds += tally.kinds
        total.faults += tally.faults
    return total


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--cases", type=int, default=1_000_000, help="of each class, if time allows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--class", dest="classes", action="append", choices=list(CLASSES))
    parser.add_argument("--case", type=int, help="one case again, with its traceback")
    parser.add_argument("--seeds", type=Path, help="folder of specimens that is kept")
    parser.add_argument("--log", type=Path, help="file that holds the counts after every round")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # workers end with it
    with tempfile.TemporaryDirectory(prefix="govor-fuzz-", dir=room()) as scratch:
        chosen = [CLASSES[name] for name in given.classes or CLASSES]
        seeds = (given.seeds or Path(scratch) / "seeds").absolute()
        if given.case is not None:
            return again(chosen[0], seeds, Path(scratch), given.seed, given.case)
        until_s = time.monotonic() + 60 * given.minutes

        def log(tallies: dict[str, Tally]) -> None:
            if given.log is not None:
                given.log.write_text(text(tallies))

        tallies = fuzz(chosen, seeds, Path(scratch), given.cases, given.seed, until_s, log)
    print(text(tallies))
    return int(any(tally.faults for tally in tallies.values()))


def text(tallies: dict[str, Tally]) -> str:
    """What `shown` says, in characters that every terminal has."""
    return "\n".join(shown(tallies)).encode("ascii", "backslashreplace").decode()


def again(cls: Class, seeds: Path, room: Path, seed: int, case: int) -> int:
    """Runs one case in this process, whose traceback is shown."""
    from . import cases
    from .pool import decode_in_this_process

    make_seeds([cls], seeds)
    decode_in_this_process()
    where = cases._place

    def show(error: BaseException) -> str:
        import traceback

        traceback.print_exception(error)
        return where(error)

    cases._place = show
    print(cases.run_case(cls, seeds / cls.name / "seeds", room / "scratch", seed, case))
    return 0


if __name__ == "__main__":
    sys.exit(main())
