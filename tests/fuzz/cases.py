"""One case: a class's seed, copied and damaged, and what reading it came to."""

from __future__ import annotations

import os
import random
import shutil
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govor.errors import GovorError

from .mutators import mutate

Read = Callable[[Path, random.Random], Any]
MISSING, MISNAMED, SELDOM = 0.03, 0.05, 0.05
"""Shares of changes that take a file away, of names that become no UTF-8, and of files chosen seldom."""


@dataclass(frozen=True)
class Class:
    """A kind of thing that govor reads.

    Attributes:
        name: of the class.
        make: writes the seeds into a folder, one folder or file each.
        read: reads a damaged copy of one of them, in any of the ways that commands do.
        damaged: patterns of the files that are changed; all others stay as they are.
        seldom: endings of files among them that are chosen once in twenty times.
        heavy: modules that are imported before the workers are started.
    """

    name: str
    make: Callable[[Path], None]
    read: Read
    damaged: Sequence[str] = ("*",)
    seldom: tuple[str, ...] = ()
    heavy: Sequence[str] = ()


@dataclass(frozen=True)
class Outcome:
    """How a case ended.

    Attributes:
        kind: ``value``, ``refused`` or a fault: ``exception``, ``panic``, ``lines``, ``outside``, ``signal``,
            ``hang``, ``memory``.
        where: of a fault, what is the same in all cases of it.
        detail: of a fault, for people.
    """

    kind: str
    where: str = ""
    detail: str = ""

    @property
    def is_fault(self) -> bool:
        return self.kind not in ("value", "refused")


def seed_of(seeds: Path, draw: random.Random) -> Path:
    return draw.choice(sorted(seeds.iterdir()))


def damage(folder: Path, cls: Class, draw: random.Random, only: int | None = None) -> list[str]:
    """Changes one to three files (or a single one of these changes); says what."""
    told = []
    for number in range(draw.choice((1, 1, 1, 1, 2, 3))):
        own = random.Random(draw.getrandbits(64))
        if only is not None and number != only:
            continue
        files = sorted(
            f for pattern in cls.damaged for f in folder.rglob(pattern) if f.is_file() and f.name != ".lock"
        )
        if not files:
            break
        usual = [file for file in files if not file.name.endswith(cls.seldom)] if cls.seldom else files
        file = own.choice(files if not usual or own.random() < SELDOM else usual)
        if folder not in file.parents[:1] and (odd := own.random()) < MISSING + MISNAMED:
            told.append(_lost(folder, file) if odd < MISSING else _misnamed(folder, file, own))
            continue
        content, what = mutate(own, file.name, file.read_bytes())
        file.write_bytes(content)
        told.append(f"{file.relative_to(folder)}: {what}")
    return told


def _lost(folder: Path, file: Path) -> str:
    """A file is not there."""
    file.unlink()
    return f"{file.relative_to(folder)} is missing"


def _misnamed(folder: Path, file: Path, draw: random.Random) -> str:
    """A file, or a folder on the way to it, has a name that is not UTF-8."""
    target = draw.choice([file, *file.parents[: len(file.relative_to(folder).parts) - 2]])
    target.rename(target.with_name(misname(target.name)))
    return f"name of {target.relative_to(folder)}"


def misname(name: str) -> str:
    """A name of the same kind with a byte of another encoding in it."""
    stem, dot, ending = name.partition(".")
    return stem + "\udce8" + dot + ending


def run_case(
    cls: Class, seeds: Path, scratch: Path, seed: int, case: int, only: int | None = None
) -> Outcome:
    """Copies, damages and reads; never raises."""
    draw = random.Random(f"{cls.name} {seed} {case}")
    folder = scratch / "case"
    shutil.rmtree(os.fsencode(folder), ignore_errors=True)
    folder.mkdir(parents=True)
    chosen = seed_of(seeds, draw)
    copy = folder / (misname(chosen.name) if draw.random() < MISNAMED else chosen.name)
    if chosen.is_dir():
        shutil.copytree(chosen, copy)
    else:
        shutil.copy(chosen, copy)
    told = "; ".join(damage(folder, cls, draw, only))
    try:
        cls.read(copy, draw)
    except GovorError as error:
        message = str(error)
        if is_sentence(message):
            return Outcome("refused")
        return Outcome("lines", type(error).__name__ + " " + _place(error), f"{told} -> {message!r}")
    except Exception as error:
        kind = "outside" if isinstance(error, OutsideError) else "exception"
        return Outcome(kind, f"{type(error).__name__} {_place(error)}", f"{told} -> {str(error)[:200]!r}")
    except BaseException as error:
        return Outcome("panic", f"{type(error).__name__} {_place(error)}", f"{told} -> {str(error)[:200]!r}")
    return Outcome("value")


def is_sentence(message: str) -> bool:
    """One line, or one with an indented list below it."""
    first, *more = message.split("\n")
    return bool(first.strip()) and "\r" not in message and all(line.startswith("  ") for line in more)


class OutsideError(OSError):
    """Something was to be written outside of the case's folder, or a connection to be made."""


def place_in(stack: str) -> str:
    """The innermost line of govor's own in a dump of ``faulthandler``."""
    main = stack.rpartition("Current thread")[2] or stack
    lines = [line for line in main.splitlines() if "/govor/" in line]
    if not lines:
        return ""
    file, _, rest = lines[0].rpartition("/govor/")[2].partition('", line ')
    return f"at {file}:{rest.replace(' in ', ' ')}"


def _place(error: BaseException) -> str:
    """The innermost line of govor's own on the way to an error."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/govor/" in f.filename]
    if not frames:
        return "outside of govor"
    return f"at {frames[-1].filename.rpartition('/govor/')[2]}:{frames[-1].lineno} {frames[-1].name}"
