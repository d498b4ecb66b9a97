"""Uploads reach the same tree whatever happens on the way, send nothing twice, and say published last."""

import os
import signal
import subprocess
import sys
import time

import pytest
from publish_folder import make_folder, plan_of

from govor.errors import DiskFullError, InputError, MachineError
from govor.publish import upload as uploading
from govor.publish.files import UploadFile
from govor.publish.upload import COMMIT_BYTES, COMMIT_FILES, batches, upload

REPO = "tester/set"


def no_wait(_seconds):
    """Waiting is for real Hubs."""


def tree(hub):
    return {entry["path"]: entry["oid"] for entry in hub.tree("datasets", REPO)}


def expected(folder):
    return {file.name: file.git_oid for file in plan_of(folder).all}


def test_everything_arrives_private_with_card_and_manifest_last(hub, folder):
    done = upload(plan_of(folder), REPO)
    assert tree(hub) == expected(folder)
    info = hub.info("datasets", REPO)
    assert info["private"] is True
    assert sorted(info["commits"][-1]["paths"]) == ["README.md", "dataset.json"]
    assert done.verified is True and done.revision == info["sha"]
    assert done.files == 9 and done.sent == 9


def test_a_second_upload_sends_nothing(hub, folder):
    upload(plan_of(folder), REPO)
    commits, sent = len(hub.info("datasets", REPO)["commits"]), dict(hub.uploaded)
    assert upload(plan_of(folder), REPO).sent == 0
    assert len(hub.info("datasets", REPO)["commits"]) == commits and dict(hub.uploaded) == sent


def test_only_what_changed_is_sent_and_stale_shards_go(hub, folder):
    upload(plan_of(folder), REPO)
    (folder / "data" / "train-00005.parquet").unlink()
    (folder / "data" / "train-00000.parquet").write_bytes(b"new" * 9_000)
    done = upload(plan_of(folder), REPO)
    assert done.sent == 1 and tree(hub) == expected(folder)


def test_busy_answers_and_broken_connections_are_overcome(hub, folder):
    hub.faults.fail = {"commit/main": 2, "lfs-store": 1, "repos/create": 1}
    hub.faults.drop = {"tree/main": 1}
    upload(plan_of(folder), REPO, sleep=no_wait)
    assert tree(hub) == expected(folder)


def test_a_hub_that_never_recovers_is_named_and_the_next_run_finishes(hub, folder):
    hub.faults.fail = {"commit/main": 10_000}
    with pytest.raises(MachineError, match="the Hub answered 503: run the same command again"):
        upload(plan_of(folder), REPO, sleep=no_wait)
    hub.faults.fail = {}
    upload(plan_of(folder), REPO)
    assert tree(hub) == expected(folder)
    assert set(hub.uploaded.values()) == {1}, "a large file was sent twice"


def test_a_wrong_token_is_one_sentence_without_the_token(hub, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(InputError, match="the token is not accepted") as caught:
        upload(plan_of(folder), REPO)
    assert "hf_wrong" not in str(caught.value)


def test_a_full_quota_is_named(hub, folder):
    hub.faults.quota_bytes = 30_000
    with pytest.raises(DiskFullError, match="storage on the Hub is used up"):
        upload(plan_of(folder), REPO)


def test_a_repository_that_changed_between_look_and_commit_is_not_overwritten(hub, folder):
    upload(plan_of(folder), REPO)
    (folder / "small.json").write_text('{"a": 1}')

    def somebody_else(method, path):
        if method == "POST" and "/commit/" in path:
            hub.faults.before = None
            line = {"key": "file", "value": {"path": "notes.txt", "content": "aGk="}}
            hub.commit("datasets", REPO, [line])

    hub.faults.before = somebody_else
    with pytest.raises(InputError, match="it changed meanwhile"):
        upload(plan_of(folder), REPO)
    upload(plan_of(folder), REPO)
    assert tree(hub) == {**expected(folder), "notes.txt": tree(hub)["notes.txt"]}


def test_other_bytes_on_the_hub_are_not_called_published(hub, folder, monkeypatch):
    original = uploading._send_last

    def damage(*args):
        sent = original(*args)
        line = {"key": "file", "value": {"path": "small.json", "content": "AAAA"}}
        hub.commit("datasets", REPO, [line])
        return sent

    monkeypatch.setattr(uploading, "_send_last", damage)
    with pytest.raises(MachineError, match=r"1 files differ on the Hub after the upload \(small\.json\)"):
        upload(plan_of(folder), REPO)


def test_commits_are_bounded_in_files_and_bytes():
    small = [UploadFile(None, str(i), 10) for i in range(COMMIT_FILES * 2 + 1)]
    assert [len(batch) for batch in batches(small)] == [COMMIT_FILES, COMMIT_FILES, 1]
    large = [UploadFile(None, str(i), COMMIT_BYTES // 2 + 1) for i in range(3)]
    assert [len(batch) for batch in batches(large)] == [1, 1, 1]


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from publish_folder import plan_of
from govor.publish.upload import upload
upload(plan_of(Path({folder!r})), {repo!r})
"""


@pytest.mark.slow
def test_killed_at_any_request_and_run_again_it_ends_with_the_same_tree(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(uploading, "COMMIT_FILES", 3)
    folder = make_folder(tmp_path / "set", files=12)
    code = CHILD.format(tests=os.path.dirname(__file__), folder=str(folder), repo=REPO)
    environment = {**os.environ, **hub.environment}
    running = {}
    seen = 0

    def kill_at(number):
        def before(_method, _path):
            nonlocal seen
            seen += 1
            if seen == number and running["child"].poll() is None:
                running["child"].send_signal(signal.SIGKILL)
                time.sleep(0.05)

        return before

    for number in (3, 5, 7, 9, 12):
        seen = 0
        hub.faults.before = kill_at(number)
        running["child"] = subprocess.Popen([sys.executable, "-c", code], env=environment)
        running["child"].wait(120)
    hub.faults.before = None
    upload(plan_of(folder), REPO)
    assert tree(hub) == expected(folder)
    assert max(hub.uploaded.values()) == 1
