"""Data sets behind fsspec URLs: the same weights as from a folder, workers, kills and all."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest
from train_parts import AUGMENT, Killed, weights

from govor.config import Recipe, recipe_from
from govor.errors import DatasetError, MachineError
from govor.train import train


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies of shards go."""
    monkeypatch.setenv("GOVOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def at(data: dict[str, Any], url: str) -> dict[str, Any]:
    return data | {"prepare": {"out": url}}


def uploaded(folder: Path, url: str) -> str:
    files, root = fsspec.core.url_to_fs(url)
    files.put(str(folder) + "/", root + "/", recursive=True)
    return url


def test_memory_and_file_urls(
    plain: Callable[..., dict[str, Any]], tmp_path: Path, speech: Path, cache: Path
) -> None:
    names = {
        "folder": str(speech),
        "file": f"file://{speech}",
        "memory": uploaded(speech, f"memory://{uuid.uuid4().hex}"),
    }
    for name, url in names.items():
        train(recipe_from(at(plain(work=tmp_path / name, steps=4), url)), device="cpu")
    runs = [weights(tmp_path / name / "run", 4) for name in names]
    assert runs[0] == runs[1] == runs[2]
    copied = [path.name for path in cache.rglob("*.parquet")]
    assert sorted(name.split("-")[0] for name in copied) == ["dev", "train"]  # shards as they are, once


def test_a_place_that_goes_away(recipe: Callable[..., Recipe], plain: Any, speech: Path) -> None:
    url = uploaded(speech, f"memory://{uuid.uuid4().hex}")
    files, _ = fsspec.core.url_to_fs(url)
    made = recipe_from(at(plain(), url))
    real = type(files).get_file

    def broken(self: Any, path: str, *args: Any, **more: Any) -> Any:
        if "/data/train" in path:
            raise OSError("Connection reset by peer")
        return real(self, path, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(files), "get_file", broken)
        with pytest.raises(MachineError, match=r"train-00000.*Connection reset.*same command"):
            train(made, device="cpu")
    assert train(made, device="cpu")["complete"]


@pytest.mark.slow
def test_s3_with_workers_killed_and_continued(
    plain: Callable[..., dict[str, Any]], tmp_path: Path, s3: str, speech: Path, cache: Path
) -> None:
    url = uploaded(speech, f"{s3}/set")
    settings = {"steps": 16, "save_every": "3 steps", "log_every": 1, "augment": AUGMENT}
    whole = Killed(plain(tmp_path / "whole", loader_workers=1, **settings)).finish()
    assert whole["status"] == 0, whole
    data = at(plain(tmp_path / "remote", loader_workers=2, **settings), url)
    process = Killed(data)
    while process.process.poll() is None and process.lines() < 8:
        time.sleep(0.005)
    os.kill(process.process.pid, signal.SIGKILL)
    process.process.communicate()
    end = Killed(data).finish()
    assert end["status"] == 0 and end["summary"]["resumed_from"] >= 3, end
    assert weights(tmp_path / "whole" / "run", 16) == weights(tmp_path / "remote" / "run", 16)
    assert not list(cache.rglob("*partial*")) and len(list(cache.rglob("train-*.parquet"))) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [("nowhere://x", "nowhere://x cannot be opened"), ("memory://nothing-there", "not a prepared data set")],
)
def test_a_place_that_is_none(plain: Callable[..., dict[str, Any]], url: str, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        train(recipe_from(at(plain(), url)), device="cpu")
