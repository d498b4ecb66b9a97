"""The plan: pure, complete, bounded, and each recording decoded once for each split."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter
from govor.errors import CorpusError
from govor.prepare.planner import PLAN_COLUMNS, plan
from govor.prepare.rows import RowBuckets, contents
from govor.prepare.settings import auto_shard_bytes

RATE = 16_000
SHARD_BYTES = 2_000_000
SPANS = st.lists(
    st.tuples(st.integers(0, 5), st.floats(0, 600), st.floats(0.1, 30), st.sampled_from(["train", "dev"])),
    min_size=1,
    max_size=60,
)
QUICK = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def corpus_of(folder: Path, spans) -> Corpus:
    rows = [
        {"id": str(i), "recording": f"r{r}", "audio": f"r{r}.mp3", "text": "x", "start": start,
         "end": start + length, "split": split}
        for i, (r, start, length, split) in enumerate(spans)
    ]  # fmt: skip
    with CorpusWriter(folder, CorpusInfo("table", "test", "/nowhere")) as corpus:
        corpus.write(pl.DataFrame(rows))
    return Corpus.open(folder)


def assigned(corpus, planned):
    frame = corpus.scan().collect()
    return frame, planned.shards_of(frame.select(PLAN_COLUMNS))


@QUICK
@given(SPANS)
def test_every_utterance_has_one_shard_of_its_split(tmp_path, spans):
    corpus = corpus_of(tmp_path, spans)
    planned = plan(corpus, RATE, SHARD_BYTES)
    frame, shard = assigned(corpus, planned)
    assert ((shard >= 0) & (shard < len(planned.names))).all()
    splits = [planned.splits[planned.shard_split[s]] for s in shard]
    assert splits == frame["split"].to_list()
    assert planned.read == len(spans)


@QUICK
@given(SPANS)
def test_a_recording_belongs_to_one_task_for_each_split(tmp_path, spans):
    corpus = corpus_of(tmp_path, spans)
    planned = plan(corpus, RATE, SHARD_BYTES)
    frame, shard = assigned(corpus, planned)
    tasks = frame.with_columns(task=pl.Series(planned.task[shard])).group_by("audio", "split").agg(
        pl.col("task").n_unique()
    )  # fmt: skip
    assert (tasks["task"] == 1).all()


@QUICK
@given(SPANS)
def test_shards_are_bounded(tmp_path, spans):
    planned = plan(corpus_of(tmp_path, spans), RATE, SHARD_BYTES)
    blocks = 2 * RATE * max(planned.block_s + 30, 0) * len(spans)
    assert (planned.shard_pcm_bytes <= SHARD_BYTES + blocks).all()


def test_a_long_recording_is_divided_close_to_the_bound(tmp_path):
    spans = [(0, float(start), 4.5, "train") for start in range(0, 3600, 5)]
    planned = plan(corpus_of(tmp_path, spans), RATE, SHARD_BYTES)
    assert planned.shard_pcm_bytes.max() <= SHARD_BYTES
    assert planned.shard_pcm_bytes.mean() > 0.7 * SHARD_BYTES
    assert len(set(planned.task.tolist())) == 1


@QUICK
@given(SPANS, st.randoms(use_true_random=False))
def test_dropping_leaves_everybody_else_where_they_are(tmp_path, spans, random):
    corpus = corpus_of(tmp_path / "a", spans)
    planned = plan(corpus, RATE, SHARD_BYTES)
    _, shard = assigned(corpus, planned)
    kept = sorted(random.sample(range(len(spans)), max(1, len(spans) // 2)))
    fewer = corpus_of(tmp_path / "b", [spans[i] for i in kept])
    later = plan(fewer, RATE, previous=planned)
    assert later.names == planned.names
    assert later.shards_of(fewer.scan().collect().select(PLAN_COLUMNS)).tolist() == shard[kept].tolist()


@QUICK
@given(SPANS, SPANS)
def test_adding_moves_nobody(tmp_path, spans, more):
    planned = plan(corpus_of(tmp_path / "a", spans), RATE, SHARD_BYTES)
    _, shard = assigned(corpus_of(tmp_path / "a", spans), planned)
    larger = corpus_of(tmp_path / "b", [*spans, *more])
    later = plan(larger, RATE, previous=planned)
    after = later.shards_of(larger.scan().collect().select(PLAN_COLUMNS))
    old = [name.partition("-of-")[0] for name in np.array(planned.names)[shard]]
    new = [name.partition("-of-")[0] for name in np.array(later.names)[after[: len(spans)]]]
    assert old == new


@QUICK
@given(SPANS)
def test_gathered_rows_are_the_corpus(tmp_path, spans):
    corpus = corpus_of(tmp_path, spans)
    planned = plan(corpus, RATE, SHARD_BYTES)
    pending = np.ones(len(planned.names), bool)
    gathered = RowBuckets(tmp_path / "spill", corpus, planned, pending, contents(corpus, planned))
    seen = [name for _, rows in gathered.tasks() for name in rows["id"].to_pylist()]
    gathered.close()
    assert sorted(seen) == sorted(str(i) for i in range(len(spans)))


def test_an_empty_corpus_is_refused(tmp_path):
    with CorpusWriter(tmp_path, CorpusInfo("table", "test", "/nowhere")):
        pass
    with pytest.raises(CorpusError, match="nothing to prepare"):
        plan(Corpus.open(tmp_path), RATE)


def test_shards_grow_with_the_corpus():
    sizes = [auto_shard_bytes(hours * 3600 * 32_000) for hours in (1, 100, 2_000, 100_000)]
    assert sizes == sorted(sizes) and sizes[0] == 32_000_000 and sizes[-1] == 4_096_000_000
