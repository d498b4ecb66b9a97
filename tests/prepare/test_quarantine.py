"""No file stops a run: it is set aside with a reason that stays, its worker replaced, the rest goes on."""

import dataclasses
import re

import polars as pl
import pytest
import soundfile as sf

from govor.config import PrepareConfig, SelectConfig
from govor.curate.select import select_corpus
from govor.errors import DiskFullError, LimitError
from govor.prepare import prepare_corpus
from prepare_helpers import BREAK_DECODERS, FILL_DISK, tree
from speech import speak, write_corpus

CONFIG = PrepareConfig(workers=2, stall_s=3.0, max_rejected=1.0)
BAD = {"crash": "crashed", "hang": "stalled", "glutton": "out_of_memory"}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    audio = tmp_path_factory.mktemp("audio")
    wave = speak("dobar dan svima")
    names = ["a", *BAD, "once", "z"]
    for name in names:
        sf.write(audio / f"{name}.wav", wave, 22_050)
    return audio, [
        {"id": name, "recording": name, "audio": f"{name}.wav", "text": "x", "split": "train"}
        for name in names
    ]


def verdicts(folder):
    found = pl.read_parquet(folder / "rejected.parquet")
    return dict(zip(found["id"], found["reason"], strict=True))


def test_crash_hang_and_hunger_are_named_and_the_verdict_stays(rows, tmp_path, in_workers):
    audio, utterances = rows
    (audio / "once.wav.seen").unlink(missing_ok=True)
    corpus = write_corpus(tmp_path / "corpus", utterances, audio)
    in_workers(BREAK_DECODERS)
    summary = prepare_corpus(corpus, str(tmp_path / "out"), CONFIG)
    assert verdicts(tmp_path / "out") == BAD
    assert (summary["read"], summary["kept"], summary["rejected"]) == (6, 3, 3)
    before = tree(tmp_path / "out")
    in_workers("")
    assert prepare_corpus(corpus, str(tmp_path / "out"), CONFIG)["written"] == []
    for path in (tmp_path / "out" / "data").iterdir():
        path.unlink()
    prepare_corpus(corpus, str(tmp_path / "out"), CONFIG)
    assert tree(tmp_path / "out") == before
    again = prepare_corpus(corpus, str(tmp_path / "out"), CONFIG, retry_rejected=True)
    assert again["rejected"] == 0 and again["kept"] == 6


def test_too_many_rejected_ends_with_a_complete_data_set(rows, tmp_path, in_workers):
    audio, utterances = rows
    corpus = write_corpus(tmp_path / "corpus", utterances, audio)
    in_workers(BREAK_DECODERS)
    with pytest.raises(LimitError, match="1 crashed, 1 out_of_memory, 1 stalled"):
        prepare_corpus(corpus, str(tmp_path / "out"), PrepareConfig(workers=2, stall_s=3.0))
    assert (tmp_path / "out" / "dataset.json").exists()


def test_a_full_disk_stops_cleanly_and_the_rest_follows_later(noise, tmp_path, in_workers):
    config = PrepareConfig(workers=1, shard_bytes=1_000_000)
    in_workers(FILL_DISK)
    with pytest.raises(DiskFullError, match="run the same command again"):
        prepare_corpus(noise, str(tmp_path / "out"), config)
    assert not (tmp_path / "out" / "dataset.json").exists()
    assert not list(tmp_path.rglob("*.partial-*"))
    in_workers("")
    finished = len(list((tmp_path / "out" / "data").iterdir()))
    summary = prepare_corpus(noise, str(tmp_path / "out"), config)
    assert 0 < finished == summary["shards"] - len(summary["written"])
    prepare_corpus(noise, str(tmp_path / "calm"), config)
    assert tree(tmp_path / "out") == tree(tmp_path / "calm")


@pytest.mark.parametrize("codec", ["flac", "wav"])
def test_too_little_room_is_said_before_anything_is_done(noise, tmp_path, monkeypatch, capsys, codec):
    config = dataclasses.replace(CONFIG, codec=codec)
    monkeypatch.setattr("govor.store.free_bytes", lambda path: 4_000_000)
    with pytest.raises(DiskFullError, match=r"4 MB are free.*select .* --max-bytes \d+") as caught:
        prepare_corpus(noise, str(tmp_path / "out"), config)
    assert not list((tmp_path / "out" / "data").iterdir())
    fits = int(re.search(r"--max-bytes (\d+)", str(caught.value))[1])
    select_corpus(noise, tmp_path / "smaller", SelectConfig(max_bytes=fits))
    capsys.readouterr()
    assert prepare_corpus(tmp_path / "smaller", str(tmp_path / "out"), config)["kept"] > 0
    assert re.search(
        rf"hours to prepare: about [\d.]+ MB as {codec} in \d+ shards; 4 MB are free", capsys.readouterr().err
    )
