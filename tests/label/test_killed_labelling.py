"""``govor label`` as a process of its own that is killed again and again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import known_tapes

TAPES, KILLS = 7, 2
CHILD = f"""
import os, sys, time
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
import known_tapes, govor.label.windows
from govor.label.listening import Labeller

hear, most = Labeller.hear, [int(os.environ["MOST"])]
def told(self, file):
    with open("heard.txt", "a") as heard:
        heard.write(file.name + "\\n")
    if not most[0]:
        time.sleep(600)  # in hand when it is killed
    most[0] -= 1
    return hear(self, file)

Labeller.hear = told
govor.label.windows.open_voice = lambda rate: None
known_tapes.hear(".")
from govor.cli import main
main()
"""


@pytest.fixture
def folder(tmp_path):
    known_tapes.write(tmp_path)
    for number in range(TAPES - 1):
        shutil.copy(tmp_path / "tapes" / "one.wav", tmp_path / "tapes" / f"{number}.wav")
    return tmp_path


def start(folder, out, most=TAPES):
    """Begins to label; after so many recordings it takes its time."""
    words = ["label", "tapes", "--model", "model", "--language", "hr", "--stock-recordings", "0"]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *words, "--out", out, "--device", "cpu", "--json"],
        cwd=folder,
        env={**os.environ, "MOST": str(most)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return json.loads(said)


@pytest.mark.slow
def test_what_was_done_before_a_kill_is_not_heard_again(folder):
    (folder / "heard.txt").touch()
    for kill in range(KILLS):
        process = start(folder, "killed", most=2)
        while len((folder / "heard.txt").read_text().split()) < 3 * (kill + 1):
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert not (folder / "killed" / "corpus.json").exists()
    summary = finish(start(folder, "killed"))
    heard = (folder / "heard.txt").read_text().split()
    assert summary["recordings"] == TAPES == len(set(heard))
    assert len(heard) == TAPES + KILLS  # each once, and the one that was in hand once more
    whole = finish(start(folder, "whole"))
    assert (summary["kept"], summary["reasons"]) == (whole["kept"], whole["reasons"])
    tables = [pl.read_parquet(folder / name / "utterances.parquet") for name in ("killed", "whole")]
    assert tables[0].height >= TAPES and tables[0].equals(tables[1])
