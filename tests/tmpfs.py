"""File systems of a few megabytes, to be filled."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mounted(*arguments: str) -> bool:
    """Runs ``mount -t tmpfs``; whether it was allowed."""
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", *arguments], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@contextmanager
def small_file_system(place: Path, size: str) -> Iterator[Path]:
    """A new file system at `place` that holds `size`; the test is skipped where none can be mounted."""
    place.mkdir()
    if not mounted("-o", f"size={size}", "tmpfs", str(place)):
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        yield place
    finally:
        unmount(place)


def unmount(place: Path) -> None:
    """The file system at `place` is gone."""
    subprocess.run(["umount", "-l", str(place)], check=True, timeout=10)
