"""Outputs that are not a folder: the same bytes, and a run that goes on where it stopped."""

import functools
import http.server
import os
import socket
import threading
import uuid

import fsspec
import pytest

from govor.audio import source
from govor.config import PrepareConfig
from govor.errors import AudioError, DatasetError, MachineError
from govor.prepare import prepare_corpus
from prepare_helpers import tree
from speech import spoken_rows, write_corpus

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


def test_a_file_is_no_target(tiny_corpus, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MachineError, match="file cannot be written"):
        prepare_corpus(tiny_corpus, str(tmp_path / "file"), CONFIG)
    with pytest.raises(MachineError, match="--out is empty"):
        prepare_corpus(tiny_corpus, "", CONFIG)


def test_a_corpus_is_no_target(tiny_corpus):
    before = {path.name: path.read_bytes() for path in tiny_corpus.iterdir() if path.is_file()}
    with pytest.raises(DatasetError, match="is a corpus"):
        prepare_corpus(tiny_corpus, str(tiny_corpus), CONFIG)
    assert {path.name: path.read_bytes() for path in tiny_corpus.iterdir() if path.is_file()} == before


class Nobody(fsspec.AbstractFileSystem):
    """A store that does not answer; its errors are of its own kind, as those of botocore are."""

    protocol = "nobody"

    def _refuse(self, *_, **__):
        raise RuntimeError("no route to host")

    info = ls = cat_file = pipe_file = put_file = _open = _refuse


@pytest.fixture
def nobody():
    fsspec.register_implementation("nobody", Nobody, clobber=True)


def test_a_store_that_does_not_answer_is_one_sentence(nobody, tiny_corpus):
    with pytest.raises(MachineError, match=r"nobody://x/y cannot be read \(no route to host\)"):
        prepare_corpus(tiny_corpus, "nobody://x/y", CONFIG)


def test_recordings_whose_store_does_not_answer_are_no_bad_files(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.wav"  # nobody listens there
        row = {"id": "a", "recording": "a", "audio": url, "text": "x", "split": "train"}
        corpus = write_corpus(tmp_path / "corpus", [row], tmp_path)
        with pytest.raises(MachineError, match="cannot be fetched now"):
            prepare_corpus(corpus, str(tmp_path / "out"), CONFIG)
    assert not (tmp_path / "out" / "dataset.json").exists()


@pytest.fixture
def web(tmp_path):
    """URL of a folder with a few recordings: one page fails, one store is busy, for a while or for good."""
    busy = iter([True, True])
    spoken_rows(tmp_path / "audio")

    class Pages(http.server.SimpleHTTPRequestHandler):
        def send_head(self):
            if "broken" in self.path:
                return self.send_error(500)
            if "busy" in self.path or ("test0" in self.path and next(busy, False)):
                return self.send_error(503)
            return super().send_head()

        def log_message(self, *_):
            pass

    pages = functools.partial(Pages, directory=tmp_path / "audio")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_recordings_behind_urls_are_judged_one_by_one(web, tmp_path):
    names = ["dev0.wav", "test0.wav", "none.wav", "broken.wav"]
    rows = [
        {"id": name, "recording": name, "audio": f"{web}/{name}", "text": "x", "split": "train"}
        for name in names
    ]
    corpus = write_corpus(tmp_path / "corpus", rows, tmp_path)
    summary = prepare_corpus(corpus, str(tmp_path / "out"), PrepareConfig(workers=1, max_rejected=1.0))
    assert (summary["kept"], summary["reasons"]) == (2, {"missing": 1, "unreadable": 1})


def test_a_store_that_is_busy_is_no_bad_file(web, tmp_path):
    row = {"id": "a", "recording": "a", "audio": f"{web}/busy.wav", "text": "x", "split": "train"}
    corpus = write_corpus(tmp_path / "corpus", [row], tmp_path)
    with pytest.raises(MachineError, match=r"busy\.wav cannot be fetched now .*503.*select --exclude"):
        prepare_corpus(corpus, str(tmp_path / "out"), CONFIG)


@pytest.mark.parametrize(
    ("status", "code"), [(404, "missing"), (403, "unreadable"), (451, "unreadable"), (500, "unreadable")]
)
def test_what_a_store_says_of_an_object(status, code):
    fault = source._fault("https://x/y", answered(status))
    assert isinstance(fault, AudioError) and fault.code == code


@pytest.mark.parametrize("status", [401, 429, 502, 503, 504])
def test_what_a_store_says_of_itself(status):
    assert isinstance(source._fault("https://x/y", answered(status)), MachineError)


def answered(status):
    """An error as aiohttp has it."""
    error = RuntimeError("no")
    error.status = status
    return error


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
