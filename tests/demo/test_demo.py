"""The demo: killed at any moment and run again, it ends with the same corpus, data set and table."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from govor.demo.script import plan_recordings
from govor.demo.studio import make_corpus
from govor.store import file_sha256

SCALE = 0.08
CHILD = """
import sys
from pathlib import Path
from govor.demo import showcase
showcase.recipe_text = lambda plan, made=showcase.recipe_text: (
    made(plan).replace("steps = ", "steps = 40  # ").replace("every = ", "every = '10 steps'  # ")
    .replace("minutes = ", "minutes = 5.0  # ")
)
from govor.cli import main
run = showcase.run_demo
showcase.run_demo = lambda folder, **kw: run(folder, **{**kw, "scale": %s})
sys.argv = ["govor", "demo", "--dir", sys.argv[1], "--device", "cpu", "--json"]
main()
"""


def start(folder):
    """The real command in a process group of its own, on a small corpus and few steps."""
    command = [sys.executable, "-c", CHILD % SCALE, str(folder)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    return subprocess.Popen(
        command, start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, **pipes
    )


def finish(folder):
    """Runs the demo to its end; gives its summary."""
    with start(folder) as process:
        said = process.communicate(timeout=900)[0]
    assert process.returncode == 0, said
    return json.loads(said)


def made(folder):
    """Hashes of what must not depend on kills: recordings, alignment, corpora, clips, weights."""
    patterns = (
        "recordings/*",
        "alignment.jsonl",
        "work/dataset/data/*.parquet",
        "work/run/model/*.safetensors",
    )
    paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    return {str(path.relative_to(folder)): file_sha256(path) for path in paths}


def table(summary):
    """What the closing table shows, without its folder."""
    return {
        key: summary[key]
        for key in ("wer", "unheard_voice_wer", "hours", "hours_read", "rejected", "repaired")
    }


def test_recordings_are_the_same_after_a_kill(tmp_path):
    plan = plan_recordings(scale=0.02)[:3]
    make_corpus(plan, tmp_path / "a")
    make_corpus(plan[:1], tmp_path / "b")
    (tmp_path / "b" / "recordings" / ".x.mp3.partial-12345678").write_bytes(b"half")
    make_corpus(plan, tmp_path / "b")
    assert made(tmp_path / "a") == made(tmp_path / "b")
    assert not list((tmp_path / "b" / "recordings").glob(".*partial*"))


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_with_the_same_table(tmp_path):
    undisturbed = finish(tmp_path / "whole")
    rng = random.Random(11)
    for _ in range(6):
        process = start(tmp_path / "killed")
        time.sleep(rng.uniform(1.0, 14.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    killed = finish(tmp_path / "killed")
    assert table(killed) == table(undisturbed)
    assert made(tmp_path / "killed") == made(tmp_path / "whole")
    again = finish(tmp_path / "killed")
    assert table(again) == table(killed)
    assert Path(again["evaluation"], "report.html").exists() and again["subtitles"] == killed["subtitles"]
