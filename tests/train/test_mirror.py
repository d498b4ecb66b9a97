"""Copies elsewhere: verified, pruned, bounded, and enough to continue on a bare machine."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from train_parts import weights

from govor.config import Recipe
from govor.train import checkpoint, train
from govor.train.mirror import copies
from govor.train.mirror_target import FileTarget, _filesystem, open_target
from govor.train.session import Session


def test_a_bare_machine_continues(recipe: Callable[..., Recipe], tmp_path: Path, capfd) -> None:
    mirror = str(tmp_path / "drive")
    more = {"save_every": "2 steps", "mirror": mirror}
    whole = train(recipe(work=tmp_path / "whole", save_every="2 steps"), device="cpu")
    train(recipe(steps=4, work=tmp_path / "lost", **more), device="cpu")
    shutil.rmtree(tmp_path / "lost")
    summary = train(recipe(work=tmp_path / "bare", **more), device="cpu")
    assert summary["resumed_from"] == 4 and summary["steps"] == whole["steps"] == 8
    assert "fetched step-00000004" in capfd.readouterr().err
    facts = json.loads((tmp_path / "bare" / "run" / "mirror.json").read_text())
    assert facts["step"] == 8 and facts["verified"] == "read back and equal"


def test_the_continued_run_is_the_same_run(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    """The steps behind the fetched checkpoint give the bits of an undisturbed run."""
    more = {"save_every": "2 steps", "mirror": str(tmp_path / "drive"), "schedule": "constant", "warmup": 0.0}
    train(recipe(work=tmp_path / "whole", **{**more, "mirror": None}), device="cpu")
    train(recipe(steps=4, work=tmp_path / "lost", **more), device="cpu")
    train(recipe(work=tmp_path / "bare", **more), device="cpu")
    assert weights(tmp_path / "whole" / "run", 8) == weights(tmp_path / "bare" / "run", 8)


def test_newest_two_and_the_best_stay(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    mirror = tmp_path / "drive"
    summary = train(recipe(save_every="1 steps", eval_every="3 steps", mirror=str(mirror)), device="cpu")
    kept = copies(open_target(str(mirror)))
    assert kept[-1] == "step-00000008" and len(kept) <= 3
    best = f"step-{summary['best']['step']:08d}"
    assert best in kept or len(kept) == 2


def test_a_bad_copy_is_noticed_at_the_next_start(
    recipe: Callable[..., Recipe], tmp_path: Path, capfd
) -> None:
    mirror = tmp_path / "drive"
    train(recipe(steps=4, save_every="2 steps", mirror=str(mirror)), device="cpu")
    (mirror / "checkpoints" / "step-00000004" / "model.safetensors").write_bytes(b"rotten")
    shutil.rmtree(tmp_path / "work")
    summary = train(recipe(steps=6, save_every="2 steps", mirror=str(mirror)), device="cpu")
    assert summary["resumed_from"] == 2
    assert "step-00000004 is damaged" in capfd.readouterr().err


def test_a_mirror_without_room_for_two(
    recipe: Callable[..., Recipe], tmp_path: Path, capfd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole copy that is there never goes before the next one is: training goes on without a mirror."""
    monkeypatch.setattr("govor.train.mirror.WAIT_S", 0.01)
    train(recipe(steps=2, work=tmp_path / "measured"), device="cpu")
    size = checkpoint.listed(tmp_path / "measured" / "run" / "checkpoints")[0].size_bytes
    mirror = tmp_path / "drive"
    bounded = {"mirror": str(mirror), "mirror_max_bytes": round(1.5 * size)}
    train(recipe(steps=2, **bounded), device="cpu")
    assert copies(open_target(str(mirror))) == ["step-00000002"]
    assert train(recipe(steps=4, **bounded), device="cpu")["complete"]
    assert "does not hold two checkpoints of" in capfd.readouterr().err
    assert copies(open_target(str(mirror))) == ["step-00000002"]
    noted = json.loads((tmp_path / "work" / "run" / "mirror.json").read_text())
    assert noted["step"] == 2 and noted["verified"].startswith("failed: mirror_max_bytes = ")
    shutil.rmtree(tmp_path / "work")
    assert train(recipe(steps=3), device="cpu")["resumed_from"] is None
    shutil.rmtree(tmp_path / "work")
    assert train(recipe(steps=3, mirror=str(mirror)), device="cpu")["resumed_from"] == 2


def test_a_mirror_with_room_for_two_drops_the_oldest_first(
    recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    train(recipe(steps=2, work=tmp_path / "measured"), device="cpu")
    size = checkpoint.listed(tmp_path / "measured" / "run" / "checkpoints")[0].size_bytes
    mirror = tmp_path / "drive"
    for steps in (2, 4, 6):
        more = {"mirror": str(mirror), "mirror_max_bytes": round(2.5 * size), "eval_every": "2 steps"}
        train(recipe(steps=steps, **more), device="cpu")
        held = sum(open_target(str(mirror)).sizes().values())
        assert copies(open_target(str(mirror)))[-1] == f"step-{steps:08d}" and held <= 2.5 * size


def test_copying_never_holds_training_up(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first copy hangs, all steps are done; of those that wait, only the newest is copied."""
    hanging, put = threading.Event(), FileTarget.put

    def slow(self: FileTarget, files: Any, message: str) -> None:
        hanging.wait(60)
        put(self, files, message)

    def done(self: Session) -> Any:
        assert self.state.step == 8 and not copies(open_target(str(tmp_path / "drive")))
        hanging.set()
        return finish(self)

    finish = Session.finish
    monkeypatch.setattr(FileTarget, "put", slow)
    monkeypatch.setattr(Session, "finish", done)
    train(recipe(save_every="2 steps", mirror=str(tmp_path / "drive")), device="cpu")
    assert copies(open_target(str(tmp_path / "drive"))) == ["step-00000002", "step-00000008"]


def test_fsspec_urls(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    url = "memory://mirror-of-a-test"
    train(recipe(steps=2, work=tmp_path / "a", mirror=url), device="cpu")
    assert copies(open_target(url)) == ["step-00000002"]
    assert train(recipe(steps=4, work=tmp_path / "b", mirror=url), device="cpu")["resumed_from"] == 2


@pytest.mark.slow
def test_a_repository_on_the_hub(plain: Callable[..., dict[str, object]], tmp_path: Path) -> None:
    """Through the real client, to a fake Hub on this machine; then a bare folder continues from it."""
    from train_parts import Killed

    from fake_hub import TOKEN, running

    with running(tmp_path / "hub") as (_, url):
        settings = {
            "HF_ENDPOINT": url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_TOKEN": TOKEN,
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(tmp_path / "home"),
        }
        more = {"mirror": "hf://team/run", "save_every": "2 steps"}
        first = Killed(plain(tmp_path / "a", steps=4, **more), environment=settings).finish()
        assert first["status"] == 0, first
        facts = json.loads((tmp_path / "a" / "run" / "mirror.json").read_text())
        assert facts["step"] == 4 and facts["verified"] == "equal to the Hub's hashes", first["stderr"]
        second = Killed(plain(tmp_path / "b", steps=6, **more), environment=settings).finish()
        assert second["summary"]["resumed_from"] == 4, second


def test_a_mount_answers_from_its_cache(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the words are weaker there, and the copy is verified again at the next start."""
    more = {"mirror": str(tmp_path / "drive"), "save_every": "2 steps"}
    facts = tmp_path / "work" / "run" / "mirror.json"
    monkeypatch.setattr("govor.train.mirror_target._filesystem", lambda path: "fuse.drive")
    train(recipe(steps=2, **more), device="cpu")
    said = json.loads(facts.read_text())["verified"]
    assert said.startswith("written through the mount") and "Trash" in said
    monkeypatch.setattr("govor.train.mirror.Mirror.copy", lambda *_: None)
    train(recipe(steps=4, **more), device="cpu")
    assert json.loads(facts.read_text())["verified"].startswith("at this start: written through")


def test_the_kind_of_a_file_system(small_disk: Path) -> None:
    assert _filesystem(small_disk / "drive") == "tmpfs"
    assert _filesystem(Path("/content/drive/MyDrive/x")) == "fuse"
