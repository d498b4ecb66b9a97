"""A full disk, met by every command: one sentence, nothing half-written, and the same command goes on.

On a small file system of its own where one can be mounted, and everywhere with writes that fail after so many
bytes: this is never skipped as a whole.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tmpfs import mounted, small_file_system
from workshop import CASES, PAGE, Whole, Wholes, Workshop, run

TESTS = Path(__file__).parent
SHARES = 0.0, 0.4, 0.8
"""Of what a command writes."""


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
    return sentences[0]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", CASES)
def test_a_small_file_system(name: str, workshop: Workshop, wholes: Wholes, tmp_path: Path) -> None:
    """It is full three times, later each time; then there is room, and the same command goes on."""
    whole, disk = wholes.of(name), tmp_path / "disk"
    arguments = CASES[name].arguments(workshop, disk)
    with small_file_system(disk, f"{PAGE + whole.begin}"):
        (disk / "filler").write_bytes(bytes(PAGE))  # for a tmpfs of no bytes is one without a limit
        CASES[name].before(workshop, disk)
        for size in sizes(whole):
            assert mounted("-o", f"remount,size={PAGE + size}", "tmpfs", str(disk))
            sentence = check_end(disk, *run(arguments))
            print(f"{name} | {size // 1024} of {whole.end // 1024} kB | {sentence or 'fitted'}")
            assert sentence, "it cannot have fitted"
        assert mounted("-o", "remount,size=64m", "tmpfs", str(disk))
        status, said = run(arguments)
        assert status == 0, said


def sizes(whole: Whole) -> list[int]:
    """Bytes, in whole pages, in which a command does not fit."""
    return sorted({whole.begin + int(s * (whole.end - whole.begin)) // PAGE * PAGE for s in SHARES})


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", CASES)
def test_writes_that_fail(name: str, workshop: Workshop, tmp_path: Path) -> None:
    """Where nothing can be mounted this is the only test of the kind; the disk has no room at all."""
    CASES[name].before(workshop, tmp_path)
    prelude = f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
    prelude += f"import full_disk; full_disk.limit({str(tmp_path)!r}, 0)"
    sentence = check_end(tmp_path, *run(CASES[name].arguments(workshop, tmp_path), prelude))
    print(f"{name} | writes fail | {sentence}")
    assert sentence, "something was written"
