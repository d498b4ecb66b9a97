"""People who withdraw: found by id or hash, only their shards are written again, models and pages tell it."""

import json

import numpy as np
import polars as pl
import pytest
import soundfile as sf

from govor.config import PrepareConfig, SelectConfig
from govor.curate import select_corpus
from govor.prepare import prepare_corpus
from govor.prepare.withdrawn import note_trained_on, withdrawn_from, withdrawn_since
from speech import write_corpus

HASH = "0a1b2c3d4e5f60718293" * 6
SPEAKERS = (HASH, "Ana", "Marko")
CONFIG = PrepareConfig(workers=1, shard_bytes=40_000)


@pytest.fixture
def corpus(tmp_path):
    """Three speakers with two recordings of noise each, a clip a recording."""
    rng, rows = np.random.default_rng(3), []
    (tmp_path / "audio").mkdir()
    for number, speaker in enumerate(SPEAKERS * 2):
        sf.write(tmp_path / "audio" / f"r{number}.wav", rng.normal(0, 0.1, 16_000), 16_000)
        row = {
            "id": f"u{number}",
            "recording": f"r{number}",
            "audio": f"r{number}.wav",
            "text": f"riječ {number}",
        }
        rows.append({**row, "speaker": speaker, "split": "train", "duration": 1.0})
    return write_corpus(tmp_path / "corpus", rows, tmp_path / "audio")


def kept(folder):
    return pl.read_parquet(folder / "utterances.parquet")["id"].to_list()


def listed(tmp_path, content, name="gone.txt"):
    (tmp_path / name).write_text(content)
    return (str(tmp_path / name),)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gone.txt", f"{HASH}\n"),
        ("gone.txt", f"  {HASH.upper()}  \n\n"),
        ("gone.txt", f"{HASH[:32]}\n"),
        ("gone.tsv", f"client_id\tasked\n{HASH}\t2026-11-01\n"),
        ("gone.csv", f"speaker,why\n{HASH},mail\n"),
    ],
)
def test_a_speaker_goes_by_the_hash_that_common_voice_publishes(corpus, tmp_path, name, content):
    lists = listed(tmp_path, content, name)
    summary = select_corpus(corpus, tmp_path / "out", SelectConfig(exclude_speakers=lists))
    assert kept(tmp_path / "out") == ["u1", "u2", "u4", "u5"] and summary["reasons"] == {"withdrawn": 2}


def test_names_are_matched_whole_and_what_is_not_met_is_said(corpus, tmp_path):
    lists = listed(tmp_path, "Ana\nMar\nana\n")
    summary = select_corpus(corpus, tmp_path / "out", SelectConfig(exclude_speakers=lists))
    assert kept(tmp_path / "out") == ["u0", "u2", "u3", "u5"]
    assert "2 of 3 speakers to withdraw are not in this corpus, such as Mar" in summary["statements"]


def test_recordings_go_by_name_file_or_path(corpus, tmp_path):
    lists = listed(tmp_path, "r0\nclips/r1.wav\nu2\n")
    summary = select_corpus(corpus, tmp_path / "out", SelectConfig(exclude_recordings=lists))
    assert kept(tmp_path / "out") == ["u3", "u4", "u5"] and summary["reasons"] == {"withdrawn": 3}


def test_only_their_shards_are_written_again_and_the_data_set_remembers(corpus, tmp_path):
    out = tmp_path / "dataset"
    prepare_corpus(corpus, str(out), CONFIG)
    before = {path.name: path.read_bytes() for path in (out / "data").iterdir()}
    homes = {name for name in before if {"u1", "u4"} & set(pl.read_parquet(out / "data" / name)["id"])}
    lists = listed(tmp_path, "Ana\n")
    select_corpus(corpus, tmp_path / "selected", SelectConfig(exclude_speakers=lists))
    prepare_corpus(tmp_path / "selected", str(out), CONFIG, update=True)
    after = {path.name: path.read_bytes() for path in (out / "data").iterdir()}
    ids = pl.concat([pl.read_parquet(path, columns=["id"]) for path in (out / "data").iterdir()])["id"]
    assert sorted(ids) == ["u0", "u2", "u3", "u5"]
    stems = {name.split("-of-")[0]: content for name, content in before.items() if name not in homes}
    assert all(stems.get(name.split("-of-")[0], content) == content for name, content in after.items())
    assert json.loads((out / "dataset.json").read_text())["kept"] == 4
    assert withdrawn_from(out) == 2
    assert b"Ana" not in (out / "withdrawn.parquet").read_bytes()


def test_who_comes_back_is_withdrawn_no_longer(corpus, tmp_path):
    out = str(tmp_path / "dataset")
    lists = listed(tmp_path, "Ana\n")
    select_corpus(corpus, tmp_path / "selected", SelectConfig(exclude_speakers=lists))
    prepare_corpus(tmp_path / "selected", out, CONFIG)
    prepare_corpus(corpus, out, CONFIG, update=True)
    assert withdrawn_from(tmp_path / "dataset") == 0


def test_a_run_tells_what_it_heard_that_is_withdrawn_since(corpus, tmp_path):
    run, out = tmp_path / "run", tmp_path / "dataset"
    run.mkdir()
    note_trained_on(run, ["u0", "u1"])
    note_trained_on(run, ["u1", "u2"])
    assert withdrawn_since(run, out) == 0
    lists = listed(tmp_path, "Ana\n")
    select_corpus(corpus, tmp_path / "selected", SelectConfig(exclude_speakers=lists))
    prepare_corpus(tmp_path / "selected", str(out), CONFIG)
    assert withdrawn_since(run, out) == 1, "u1 was trained on, u4 was not"
