"""A lab prepares once, into a data-set repository, and trains from there elsewhere."""

import json
import os
import subprocess
import sys

import pytest

REPO = "tester/prepared"
PREPARE = """
import json, sys
from pathlib import Path
from govor.config import PrepareConfig
from govor.prepare import prepare_corpus
summary = prepare_corpus(Path(sys.argv[1]), "hf://datasets/" + sys.argv[2], PrepareConfig(workers=1))
print(json.dumps({key: summary[key] for key in ("kept", "fingerprint")}))
"""
READ = """
import json, sys
from govor.load import Dataset
data = Dataset.open("hf://datasets/" + sys.argv[1])
split = next(iter(data.splits))
print(json.dumps({"splits": data.splits, "samples": len(data.wave(split, 0))}))
"""


def child(hub, code, *args):
    """What a fresh process prints last, as JSON."""
    environment = {**os.environ, **hub.environment}
    command = [sys.executable, "-c", code, *map(str, args)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.slow
def test_prepared_into_a_repository_and_read_from_it(hub, tiny_corpus, tiny_dataset):
    hub.create("datasets", REPO, private=True)
    made = child(hub, PREPARE, tiny_corpus, REPO)
    local = json.loads((tiny_dataset / "dataset.json").read_text())
    assert made == {"kept": local["kept"], "fingerprint": local["fingerprint"]}
    names = {entry["path"] for entry in hub.tree("datasets", REPO)}
    assert set(local["shards"]) <= names and {"README.md", "dataset.json"} <= names
    for name in local["shards"]:
        there = (hub.repo("datasets", REPO) / "files" / name).read_bytes()
        assert there == (tiny_dataset / name).read_bytes()
    read = child(hub, READ, REPO)
    assert sum(read["splits"].values()) == local["kept"] and read["samples"] > 8_000
