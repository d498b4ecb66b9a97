"""A full disk, met by every command: one sentence, nothing half-written, and the same command goes on.

On a small file system of its own where one can be mounted, else with writes that fail after so many bytes:
this is never skipped. ``GOVOR_ALL=1`` takes three sizes of each command, ``-s`` prints what was said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tmpfs import mounted, unmount
from workshop import ALL, CASES, PAGE, Whole, Wholes, Workshop, run

TESTS = Path(__file__).parent
SHARES = (0.0, 0.4, 0.8) if ALL else (0.5,)
"""Of what a command writes."""
ROOM = 256 << 20
FAILING = [name for name in CASES if ALL or name in ("import", "check", "prepare", "train")]
"""Commands whose writes fail in each way: tables of polars and of pyarrow, pages, weights."""
WRITING = [name for name, case in CASES.items() if case.writes]
Limit = Callable[[int], str]
"""Gives the disk so many bytes beyond `Whole.begin`; what the command's process has to run first."""


def check_end(out: Path, status: int, said: str) -> str:
    """What a full disk must look like; gives the sentence, or nothing where all fitted."""
    assert "Traceback" not in said and "panicked" not in said, said
    assert not list(out.rglob("*.partial-*")), list(out.rglob("*"))
    if status == 0:
        return ""
    sentences = [line for line in said.splitlines() if line.startswith("govor: ")]
    assert status in (1, 3) and len(sentences) == 1, (status, said)
    told = sentences[0] if status == 1 else said  # preflight lists what it found above its sentence
    assert "space" in told or "free" in told or "need" in told, said
    assert "writing a file" not in told, "it has a name"
    return sentences[0]


@contextmanager
def disk(place: Path, begin: int) -> Iterator[Limit]:
    """A disk at `place` that holds `begin` bytes, and more as it is told."""
    place.mkdir()
    if mounted("-o", f"size={PAGE + begin}", "tmpfs", str(place)):
        try:
            (place / "filler").write_bytes(bytes(PAGE))  # for a tmpfs of no bytes is one without a limit
            yield lambda more: _remounted(place, PAGE + begin + more)
        finally:
            unmount(place)
    else:
        yield lambda more: failing(place, more)


def _remounted(place: Path, size: int) -> str:
    assert mounted("-o", f"remount,size={size}", "tmpfs", str(place))
    return ""


def failing(place: Path, size: int) -> str:
    """Writes in `place` fail behind `size` bytes."""
    path = f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
    return f"{path}import full_disk; full_disk.limit({str(place)!r}, {size})"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", WRITING)
def test_a_small_file_system(name: str, workshop: Workshop, wholes: Wholes, tmp_path: Path) -> None:
    """It is full, later each time; then there is room, and the same command goes on."""
    whole, place = wholes.of(name), tmp_path / "disk"
    with disk(place, whole.begin) as limit:
        CASES[name].before(workshop, place)
        for size in sizes(whole) if not CASES[name].elsewhere or place.is_mount() else [0]:
            sentence = check_end(place, *run(workshop, name, place, limit(size)))
            print(
                f"{name} | {size // 1024} of {(whole.end - whole.begin) // 1024} kB | {sentence or 'fitted'}"
            )
            assert sentence, "it cannot have fitted"
        if not CASES[name].long:
            status, said = run(workshop, name, place, limit(ROOM))
            assert status == 0, said


def sizes(whole: Whole) -> list[int]:
    """Bytes more than before, in whole pages, in which a command does not fit."""
    return sorted({int(share * (whole.end - whole.begin)) // PAGE * PAGE for share in SHARES})


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", FAILING)
def test_writes_that_fail(name: str, workshop: Workshop, tmp_path: Path) -> None:
    """No room at all, in the words of every library: polars has no error number."""
    if not CASES[name].writes:
        return
    CASES[name].before(workshop, tmp_path)
    sentence = check_end(tmp_path, *run(workshop, name, tmp_path, failing(tmp_path, 0)))
    print(f"{name} | writes fail | {sentence}")
    assert sentence, "something was written"
