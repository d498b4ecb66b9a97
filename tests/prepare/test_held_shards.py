"""A recording of several shards whose end may still ask for another decoder: its shards wait for that end."""

import uuid
from pathlib import Path

import fsspec
import numpy as np
import pytest
import soundfile as sf

from govor.audio import source
from govor.audio.limits import DecodeLimits
from govor.audio.mp3 import trusted_index
from govor.audio.source import opened
from govor.config import PrepareConfig
from govor.corpora.folder import Corpus
from govor.prepare import cutting, work
from govor.prepare.preparation import Preparation
from govor.prepare.rows import RowBuckets
from govor.prepare.shard import ShardWriter
from govor.prepare.supervisor import _Progress
from govor.prepare.target import LocalTarget
from govor.prepare.task import Beat, ShardDone
from speech import write_corpus

SECONDS, SHARD_BYTES = 60, 320_000


def indexed_mp3(path):
    wave = np.random.default_rng(1).normal(0, 0.1, SECONDS * 16_000)
    sf.write(path, wave, 16_000, format="MP3")
    with opened(str(path), DecodeLimits()) as source:
        assert trusted_index(source), "libsndfile wrote no index"


def cut_short(path):
    """Its header now counts half its frames."""
    content = bytearray(path.read_bytes())
    place = max(content.find(b"Xing"), content.find(b"Info")) + 8
    frames = int.from_bytes(content[place : place + 4], "big") // 2
    content[place : place + 4] = frames.to_bytes(4, "big")
    path.write_bytes(content)


@pytest.mark.parametrize("held_bytes", [work.HELD_BYTES, 0])
def test_a_wrong_index_does_nobody_elses_work_again(tmp_path, monkeypatch, held_bytes):
    """Where its clips were kept back; where they were not, its task is done again, with the same bytes."""
    audio = tmp_path / "audio"
    audio.mkdir()
    names = ["a", "b", "c", "d"]
    for name in names:
        indexed_mp3(audio / f"{name}.mp3")
    for name in ("b", "d"):
        cut_short(audio / f"{name}.mp3")
    base = {"text": "x", "split": "dev"}
    rows = [
        {**base, "id": f"{n}{start}", "recording": n, "audio": f"{n}.mp3", "start": start, "end": end}
        for n in names
        for start, end in ((10.0, 20.0), (20.0, 50.0))
    ]
    opened_names = []
    honest = cutting.open_reader

    def open_reader(source, limits, decoder="auto"):
        opened_names.append(Path(source.name).stem)
        return honest(source, limits, decoder)

    monkeypatch.setattr(cutting, "open_reader", open_reader)
    monkeypatch.setattr(work, "HELD_BYTES", held_bytes)
    monkeypatch.setattr(work, "BEAT_EVERY_S", 0.0)
    corpus = Corpus.open(write_corpus(tmp_path / "corpus", rows, audio))
    heard_s = []
    facts = run_alone(corpus, LocalTarget(tmp_path / "out"), PrepareConfig(), heard_s.append)
    assert [(f.rows, f.rejected) for f in facts] == [(8, [])]
    assert sum(heard_s) == pytest.approx(4 * 40.0), "what was done twice counts once"
    assert (min(heard_s) < 0) == (not held_bytes)
    assert opened_names == (list("abbcdd") if held_bytes else list("ababcdabcd"))


def run_alone(corpus, target, config, heard=lambda seconds: None):
    """Everything in one task, in this process; facts of its shards."""
    with target.held():
        made = Preparation.of(corpus, target, config, update=False)
        missing = made.missing()
        gathered = RowBuckets(target.scratch, corpus, made.plan, np.ones(len(missing), bool), made.filled)
        (task,) = made._tasks(gathered, missing)
        finished = []
        told = _Progress(made.settings.sample_rate)

        def report(sent):
            event = told.event(sent)
            if isinstance(event, Beat):
                heard(event.seconds)
            elif isinstance(event, ShardDone):
                finished.append(event.facts)

        work.run_task(task, report)
        return finished


def test_a_recording_behind_a_url_is_fetched_once(tmp_path, monkeypatch):
    """Whether its shards must wait for its end is not asked of the recording itself."""
    name = f"{uuid.uuid4().hex}.mp3"
    indexed_mp3(tmp_path / name)
    cut_short(tmp_path / name)
    fsspec.filesystem("memory").pipe_file(f"/{name}", (tmp_path / name).read_bytes())
    fetched = []
    honest = source._copy
    monkeypatch.setattr(source, "_copy", lambda uri, *more: fetched.append(uri) or honest(uri, *more))
    base = {"recording": "r", "audio": f"memory://{name}", "text": "x", "split": "dev"}
    rows = [{**base, "id": str(start), "start": start, "end": start + 9} for start in map(float, (0, 20, 40))]
    corpus = Corpus.open(write_corpus(tmp_path / "corpus", rows, tmp_path))
    facts = run_alone(corpus, LocalTarget(tmp_path / "out"), PrepareConfig(shard_bytes=SHARD_BYTES))
    assert len(facts) > 1 and [f.rejected for f in facts] == [[]] * len(facts)
    assert len(fetched) == 1


def test_shards_that_wait_hold_no_clips(tmp_path, monkeypatch):
    audio = tmp_path / "audio"
    audio.mkdir()
    indexed_mp3(audio / "r.mp3")
    base = {"recording": "r", "audio": "r.mp3", "text": "x", "split": "dev"}
    starts = map(float, range(0, SECONDS - 2, 2))
    rows = [{**base, "id": str(start), "start": start, "end": start + 1.9} for start in starts]
    corpus = Corpus.open(write_corpus(tmp_path / "corpus", rows, audio))
    waiting = []
    honest = ShardWriter.finish

    def finish(writer):
        waiting.append(len(writer._clips))
        return honest(writer)

    monkeypatch.setattr(ShardWriter, "finish", finish)
    run_alone(corpus, LocalTarget(tmp_path / "out"), PrepareConfig(shard_bytes=SHARD_BYTES))
    assert len(waiting) > 3 and not any(waiting)
