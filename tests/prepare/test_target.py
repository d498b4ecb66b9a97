"""Outputs that are not a folder: the same bytes, and a run that goes on where it stopped."""

import os
import uuid

import fsspec
import pytest

from govor.config import PrepareConfig
from govor.errors import MachineError
from govor.prepare import prepare_corpus
from prepare_helpers import tree

CONFIG = PrepareConfig(workers=1)


def remote_tree(url):
    files, root = fsspec.core.url_to_fs(url)
    files.invalidate_cache()
    return {
        path[len(root) :].lstrip("/"): files.cat_file(path)
        for path in files.find(root)
        if "/.prepare/" not in path
    }


def go_on_after_losing_a_shard(corpus, url, wanted):
    prepare_corpus(corpus, url, CONFIG)
    assert remote_tree(url) == wanted
    files, root = fsspec.core.url_to_fs(url)
    lost = next(name for name in wanted if name.startswith("data/train"))
    files.rm_file(f"{root}/{lost}")
    assert prepare_corpus(corpus, url, CONFIG)["written"] == [os.path.basename(lost)]
    assert remote_tree(url) == wanted
    assert prepare_corpus(corpus, url, CONFIG)["written"] == []


def test_memory(tiny_corpus, tiny_dataset):
    go_on_after_losing_a_shard(tiny_corpus, f"memory://{uuid.uuid4().hex}/set", tree(tiny_dataset))


def test_file_url(tiny_corpus, tiny_dataset, tmp_path):
    prepare_corpus(tiny_corpus, f"file://{tmp_path}/set", CONFIG)
    assert tree(tmp_path / "set") == tree(tiny_dataset)


def test_an_unknown_place_is_named(tiny_corpus):
    with pytest.raises(MachineError, match="nowhere://x cannot be reached"):
        prepare_corpus(tiny_corpus, "nowhere://x", CONFIG)


@pytest.mark.slow
def test_s3(s3, tiny_corpus, tiny_dataset):
    go_on_after_losing_a_shard(tiny_corpus, f"{s3}/set", tree(tiny_dataset))


@pytest.mark.slow
def test_recordings_may_be_objects_too(s3, tiny_corpus, tiny_dataset, tmp_path):
    import polars as pl

    from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter

    files = fsspec.filesystem("s3")
    corpus = Corpus.open(tiny_corpus)
    files.put(corpus.info.audio_root, "govor-test/audio", recursive=True)
    rows = corpus.scan().with_columns(audio=pl.lit(f"{s3}/audio/") + pl.col("audio")).collect()
    with CorpusWriter(tmp_path / "corpus", CorpusInfo("table", "test", "/")) as writer:
        writer.write(rows)
    summary = prepare_corpus(tmp_path / "corpus", str(tmp_path / "set"), CONFIG)
    assert (summary["kept"], summary["rejected"]) == (17, 0)
