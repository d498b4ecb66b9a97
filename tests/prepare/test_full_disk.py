"""A disk that is really full: a small tmpfs of its own."""

import os

import pytest

from govor.config import PrepareConfig
from govor.prepare import prepare_corpus
from prepare_helpers import Run, tree
from tmpfs import mounted, small_file_system

SHARD = "--shard-bytes", "1000000"
FULL_SIZE, AMPLE_SIZE = "7200k", "64m"
"""The noise takes more than projected for speech: it passes the check at the start, and then does not fit."""


@pytest.fixture
def small_disk(tmp_path):
    with small_file_system(tmp_path / "disk", FULL_SIZE) as place:
        yield place


def test_a_disk_that_fills_up_midway(noise, small_disk, tmp_path):
    out = small_disk / "out"
    status, _, err = Run(noise, out, *SHARD, "--workers", "2").finish()
    assert status == 1, err
    said = [line for line in err.splitlines() if line.startswith("govor: ")]
    assert (
        len(said) == 1
        and "no space left while writing" in said[0]
        and "run the same command again" in said[0]
    )
    assert "Traceback" not in err
    finished = sorted(path.name for path in (out / "data").glob("*.parquet"))
    assert finished and not (out / "dataset.json").exists()
    assert not list(out.rglob("*.partial-*")), "half-written files were left on the full disk"
    times = {name: os.stat(out / "data" / name).st_mtime_ns for name in finished}

    assert mounted("-o", f"remount,size={AMPLE_SIZE}", "tmpfs", str(small_disk))
    status, _, err = Run(noise, out, *SHARD, "--workers", "1").finish()
    assert status == 0, err
    assert {name: os.stat(out / "data" / name).st_mtime_ns for name in finished} == times
    prepare_corpus(noise, str(tmp_path / "calm"), PrepareConfig(workers=1, shard_bytes=1_000_000))
    assert tree(out) == tree(tmp_path / "calm")
