"""A full disk, met by every command: one sentence, nothing half-written, and the same command goes on.

On a small file system of its own where one can be mounted, and everywhere with writes that fail after so many
bytes: this is never skipped as a whole.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tmpfs import mounted, small_file_system
from workshop import CASES, Workshop, run

TESTS = Path(__file__).parent
SHARES = 0.1, 0.5, 0.9
PAGE = 4096


def used_bytes(folder: Path) -> int:
    """What the files in `folder` take, in whole pages; a folder takes one too."""
    return sum(-(-path.stat().st_size // PAGE) * PAGE + PAGE for path in folder.rglob("*"))


def check_end(out: Path, status: int, said: str) -> str:
    """What a full disk must look like; gives the sentence, or nothing where all fitted."""
    assert "Traceback" not in said and "panicked" not in said, said
    assert not list(out.rglob("*.partial-*")), list(out.rglob("*"))
    if status == 0:
        return ""
    sentences = [line for line in said.splitlines() if line.startswith("govor: ")]
    assert status == 1 and len(sentences) == 1, (status, said)
    assert "space" in sentences[0] or "free" in sentences[0] or "need" in sentences[0], said
    return sentences[0]


@pytest.fixture(scope="module")
def sizes(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """Bytes before and behind every command that ran; filled by `size_of`."""
    return {}


def size_of(
    name: str, workshop: Workshop, folder: Path, sizes: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    if name not in sizes:
        out = folder / "ample"
        out.mkdir()
        CASES[name].before(workshop, out)
        begin = used_bytes(out)
        status, said = run(CASES[name].arguments(workshop, out))
        assert status == 0, said
        sizes[name] = begin, used_bytes(out)
        shutil.rmtree(out)
    return sizes[name]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", CASES)
def test_a_small_file_system(
    name: str, share: float, workshop: Workshop, sizes: dict[str, tuple[int, int]], tmp_path: Path
) -> None:
    begin, end = size_of(name, workshop, tmp_path, sizes)
    size = begin + int(share * (end - begin))
    with small_file_system(tmp_path / "disk", f"{max(16, size // 1024)}k") as out:
        CASES[name].before(workshop, out)
        sentence = check_end(out, *run(CASES[name].arguments(workshop, out)))
        print(f"{name} | {size // 1024} of {end // 1024} kB | {sentence or 'fitted'}")
        assert mounted("-o", "remount,size=64m", "tmpfs", str(out))
        status, said = run(CASES[name].arguments(workshop, out))
        assert status == 0, said


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("size", [0, 3_000, 100_000])
@pytest.mark.parametrize("name", CASES)
def test_writes_that_fail(name: str, size: int, workshop: Workshop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    CASES[name].before(workshop, out)
    prelude = f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
    prelude += f"import full_disk; full_disk.limit({str(out)!r}, {size})"
    sentence = check_end(out, *run(CASES[name].arguments(workshop, out), prelude))
    print(f"{name} | after {size} bytes | {sentence or 'fitted'}")
    status, said = run(CASES[name].arguments(workshop, out))
    assert status == 0, said
