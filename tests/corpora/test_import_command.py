"""The command as people and scripts use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import ten_seconds
from corpus_sources import write_text


def govor(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "govor", "import", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_json_is_one_object_with_the_promised_keys(tmp_path: Path) -> None:
    source = ten_seconds.source("parlaspeech", tmp_path / "src")
    done = govor(source, "--out", tmp_path / "out", "--language", "hr", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert {"read", "kept", "rejected", "repaired", "hours", "splits", "out"} <= summary.keys()
    assert summary["splits"] == {"dev": 1, "test": 1, "train": 2}
    assert "parlaspeech (ParlaSpeech-HR.v1.0.jsonl has orig_file" in done.stderr


def test_people_read_what_was_kept_and_why_not(tmp_path: Path) -> None:
    source = ten_seconds.source("table-csv", tmp_path / "src")
    with (source / "all.csv").open("a") as more:
        more.write('"rec/gone.wav",0,1,"Nema.","Ana","train"\n')
    done = govor(source, "--out", tmp_path / "out", "--max-rejected", "0.2")
    assert done.returncode == 0, done.stderr
    assert "4 of 5 utterances kept, " in done.stdout
    assert "1 set aside: missing_audio" in done.stdout
    assert f"next: govor check {tmp_path / 'out'}" in done.stdout


def test_a_source_at_fault_ends_with_1_and_one_message(tmp_path: Path) -> None:
    done = govor(tmp_path / "nowhere", "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere does not exist" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    file = write_text(tmp_path / "all.csv", "audio,text\n")
    done = govor(file, "--out", tmp_path / "out", "--columns", "sentence")
    assert done.returncode == 2
    assert "write ours=theirs, such as text=sentence" in done.stderr
