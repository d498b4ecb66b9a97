"""A recording of several shards whose end may still ask for another decoder: its shards wait for that end."""

import numpy as np
import soundfile as sf

from govor.audio.limits import DecodeLimits
from govor.audio.mp3 import trusted_index
from govor.audio.source import opened
from govor.config import PrepareConfig
from govor.corpora.folder import Corpus
from govor.prepare import work
from govor.prepare.rows import Gathered
from govor.prepare.run import Job
from govor.prepare.shard import ShardWriter
from govor.prepare.target import LocalTarget
from speech import write_corpus

SECONDS, SHARD_BYTES = 60, 320_000


def indexed_mp3(path):
    wave = np.random.default_rng(1).normal(0, 0.1, SECONDS * 16_000)
    sf.write(path, wave, 16_000, format="MP3")
    with opened(str(path), DecodeLimits()) as source:
        assert trusted_index(source), "libsndfile wrote no index"


def test_shards_that_wait_hold_no_clips(tmp_path, monkeypatch):
    audio = tmp_path / "audio"
    audio.mkdir()
    indexed_mp3(audio / "r.mp3")
    base = {"recording": "r", "audio": "r.mp3", "text": "x", "split": "dev"}
    starts = map(float, range(0, SECONDS - 2, 2))
    rows = [{**base, "id": str(start), "start": start, "end": start + 1.9} for start in starts]
    corpus = Corpus.open(write_corpus(tmp_path / "corpus", rows, audio))
    with LocalTarget(tmp_path / "out").held():
        target = LocalTarget(tmp_path / "out")
        job = Job.of(corpus, target, PrepareConfig(shard_bytes=SHARD_BYTES), update=False)
        missing = job.missing()
        gathered = Gathered(target.scratch, corpus, job.plan, np.ones(len(missing), bool), job.filled)
        (task,) = job._tasks(gathered, missing)
        waiting = []
        honest = ShardWriter.commit

        def commit(writer):
            waiting.append(len(writer._clips))
            return honest(writer)

        monkeypatch.setattr(ShardWriter, "commit", commit)
        work.run_task(task, lambda message: None)
    assert len(waiting) > 3 and not any(waiting)
