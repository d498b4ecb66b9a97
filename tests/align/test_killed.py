"""``govor align`` under SIGKILL: killed at three moments, it ends as one that nothing disturbed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import known_shelf
from govor.store import read_json

TESTS = Path(__file__).parents[1]
MOMENTS = {
    "heard": "govor.transcribe.journal.Journal.add",
    "group": "govor.align.entry.write_kept",
    "corpus": "govor.align.writing._write_lists",
}
"""Behind the first call of each the process is killed."""
SCRIPT = """
import importlib, os, signal, sys
sys.path.insert(0, {tests!r})
import known_shelf
known_shelf.hear({shelf!r}, deaf={deaf!r})
moment = {moment!r}
if moment:
    path, name = moment.rsplit(".", 1)
    try:
        owner = importlib.import_module(path)
    except ModuleNotFoundError:
        module, kind = path.rsplit(".", 1)
        owner = getattr(importlib.import_module(module), kind)
    whole = getattr(owner, name)
    def killed(*arguments, **more):
        whole(*arguments, **more)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, killed)
from govor.cli import main
sys.argv = ["govor", *{arguments!r}]
main()
"""


def align(shelf, out, moment=None, deaf=False):
    """(exit status, what was said) of the command in a process of its own."""
    words = [
        str(shelf / "recordings"),
        str(shelf / "texts"),
        "--model",
        known_shelf.MODEL,
        "--language",
        "hr",
    ]
    arguments = ["align", *words, "--out", str(out)]
    script = SCRIPT.format(
        tests=str(TESTS), shelf=str(shelf), deaf=deaf, moment=moment and MOMENTS[moment], arguments=arguments
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return done.returncode, done.stderr


def what_is_there(out):
    """Everything that a user looks at."""
    tables = [pl.read_parquet(out / name).to_dicts() for name in ("utterances.parquet", "rejected.parquet")]
    lists = [(out / name).read_text() for name in ("unplaced.tsv", "untranscribed.tsv")]
    return [*tables, *lists, read_json(out / "corpus.json")["fingerprint"]]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_and_begun_again_it_ends_as_if_nothing_had_been(tmp_path):
    known_shelf.write(tmp_path, recordings=3, sentences=4)
    status, said = align(tmp_path, tmp_path / "whole")
    assert status == 0, said
    for moment in MOMENTS:
        status, said = align(tmp_path, tmp_path / "killed", moment)
        assert status == -signal.SIGKILL, said
        assert not (tmp_path / "killed" / "corpus.json").exists()
    status, said = align(tmp_path, tmp_path / "killed", deaf=True)  # all was heard before
    assert status == 0, said
    assert what_is_there(tmp_path / "killed") == what_is_there(tmp_path / "whole")
