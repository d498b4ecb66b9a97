"""Copies elsewhere: verified, pruned, bounded, and enough to continue on a bare machine."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from train_parts import CTC, weights

from govor import store
from govor.config import Recipe
from govor.errors import DatasetError, MachineError, ModelError, RecipeError
from govor.train import checkpoint, train
from govor.train.checkpoint import Checkpoint
from govor.train.folder import RunFolder
from govor.train.loop import Session
from govor.train.mirror import Mirror, copies, fetch_manifest
from govor.train.mirror_target import FileTarget, _filesystem, open_target


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


@pytest.mark.parametrize("harm", ["a file is gone", "the manifest is cut off"])
def test_a_copy_that_is_not_whole_is_passed_over(
    recipe: Callable[..., Recipe], tmp_path: Path, capfd, harm: str
) -> None:
    mirror = tmp_path / "drive"
    train(recipe(steps=4, save_every="2 steps", mirror=str(mirror)), device="cpu")
    newest = mirror / "checkpoints" / "step-00000004"
    if harm == "a file is gone":
        (newest / "config.json").unlink()
    else:
        (newest / "checkpoint.json").write_text('{"step": 4, "fi')
    shutil.rmtree(tmp_path / "work")
    summary = train(recipe(steps=6, save_every="2 steps", mirror=str(mirror)), device="cpu")
    assert summary["resumed_from"] == 2
    assert "the mirror's step-00000004 is damaged" in capfd.readouterr().err
    assert copies(open_target(str(mirror)))[-1] == "step-00000006"


def test_a_mirror_that_cannot_be_read_is_one_sentence(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare machine must not begin anew because a network was down for a minute."""

    def down(self: FileTarget, *arguments: Any) -> Any:
        raise ConnectionError("the network is down")

    mirror = str(tmp_path / "drive")
    train(recipe(steps=2, mirror=mirror), device="cpu")
    shutil.rmtree(tmp_path / "work")
    for method in ("sizes", "get"):
        with monkeypatch.context() as patch:
            patch.setattr(FileTarget, method, down)
            with pytest.raises(MachineError, match=r"cannot be read \(the network is down\).*same command"):
                train(recipe(steps=4, mirror=mirror), device="cpu")
    assert train(recipe(steps=4, mirror=mirror), device="cpu")["resumed_from"] == 2


def test_a_copy_that_cannot_be_read_is_not_taken_for_damaged(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    monkeypatch.setattr("govor.train.mirror.WAIT_S", 0.01)
    mirror = str(tmp_path / "drive")
    train(recipe(steps=2, mirror=mirror), device="cpu")

    def down(self: FileTarget, name: str) -> str:
        raise TimeoutError("no answer")

    monkeypatch.setattr(FileTarget, "_sha256", down)
    train(recipe(steps=3, mirror=mirror), device="cpu")
    assert "step-00000002" in copies(open_target(mirror))
    assert "was not written: no answer" in capfd.readouterr().err


@pytest.mark.parametrize("steps", [4, 6])
def test_what_a_session_could_not_copy_the_next_one_copies(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Whether the run was complete (4 steps) or goes on (6)."""
    monkeypatch.setattr("govor.train.mirror.WAIT_S", 0.01)
    mirror = str(tmp_path / "drive")
    with monkeypatch.context() as patch:
        patch.setattr(FileTarget, "put", lambda *_: 1 / 0)
        assert train(recipe(steps=4, mirror=mirror), device="cpu")["complete"]
    assert not copies(open_target(mirror))
    train(recipe(steps=steps, mirror=mirror), device="cpu")
    assert copies(open_target(mirror)) == [f"step-{step:08d}" for step in range(4, steps + 1, 2)]
    noted = json.loads((tmp_path / "work" / "run" / "mirror.json").read_text())
    assert noted["step"] == steps and noted["verified"] == "read back and equal"


def written(root: Path, step: int, text: str = "") -> Checkpoint:
    """A checkpoint of one file."""
    facts = {"step": step, "position": {"step": step, "epoch": 0.0, "seconds": 0.0}}
    place = root / "checkpoints" / f"step-{step:08d}"
    return checkpoint.write(place, lambda partial: store.write_text(partial / "config.json", text), facts)


def test_of_copies_that_wait_only_the_best_and_the_newest_stay(tmp_path: Path) -> None:
    """Also on the disk: a slow mirror does not hold pruned checkpoints there."""
    mirror = Mirror(RunFolder(tmp_path), str(tmp_path / "drive"), None)
    for step in (2, 4, 6, 8):
        mirror.copy(written(tmp_path, step), 4 if step > 2 else None)
    waiting = sorted(path.parent.name for path in (tmp_path / ".mirror").glob("*/*/checkpoint.json"))
    assert waiting == ["step-00000004", "step-00000008"]
    mirror.start()
    mirror.finish()
    assert copies(open_target(str(tmp_path / "drive"))) == waiting
    assert not (tmp_path / ".mirror").exists()


def test_a_step_that_is_saved_again_while_it_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    begun, go_on, put = threading.Event(), threading.Event(), FileTarget.put

    def slow(self: FileTarget, files: Any, message: str) -> None:
        begun.set()
        go_on.wait(60)
        put(self, files, message)

    monkeypatch.setattr(FileTarget, "put", slow)
    mirror = Mirror(RunFolder(tmp_path), str(tmp_path / "drive"), None)
    mirror.start()
    mirror.copy(written(tmp_path, 4, "first"), None)
    assert begun.wait(60)
    again = written(tmp_path, 4, "again")
    mirror.copy(again, 4)
    go_on.set()
    mirror.finish()
    assert (tmp_path / "drive" / "checkpoints" / "step-00000004" / "config.json").read_text() == "again"
    assert fetch_manifest(mirror.target, "step-00000004") == again.manifest
    assert "was not written" not in capfd.readouterr().err


def test_what_cannot_be_set_out_for_the_mirror_stops_nothing(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("govor.train.mirror.shutil.copyfile", full)
    assert train(recipe(steps=2, mirror=str(tmp_path / "drive")), device="cpu")["complete"]
    assert "does not get step-00000002: [Errno 28] No space left" in capfd.readouterr().err


def test_a_mirror_of_another_run(recipe: Callable[..., Recipe], tmp_path: Path, capfd) -> None:
    """Neither continued from, nor written over: not when the run goes on, and not when it was complete."""
    mirror = str(tmp_path / "drive")
    train(recipe(steps=4, work=tmp_path / "one", mirror=mirror), device="cpu")
    before = open_target(mirror).sizes()
    train(recipe(steps=2, work=tmp_path / "other"), device="cpu")
    with pytest.raises(RecipeError, match=r"drive holds another run .*step-00000004.*mirror of its own"):
        train(recipe(steps=6, work=tmp_path / "other", mirror=mirror), device="cpu")
    found = checkpoint.listed(tmp_path / "other" / "run" / "checkpoints")
    assert [made.step for made in found] == [2]
    assert train(recipe(steps=2, work=tmp_path / "other", mirror=mirror), device="cpu")["complete"]
    assert "was not written: train.mirror:" in capfd.readouterr().err
    assert open_target(mirror).sizes() == before


def test_other_settings_on_a_bare_machine_are_said(
    recipe: Callable[..., Recipe], tmp_path: Path, capfd
) -> None:
    mirror = str(tmp_path / "drive")
    train(recipe(steps=4, work=tmp_path / "lost", mirror=mirror), device="cpu")
    train(recipe(steps=4, work=tmp_path / "bare", lr=1e-3, mirror=mirror), device="cpu")
    said = capfd.readouterr().err
    assert "changed since the last session: train.lr 0.002 became 0.001" in said
    assert "no step is left to train with the changed settings" in said


def test_a_mirror_of_another_model_is_not_fetched(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    mirror = str(tmp_path / "drive")
    train(recipe(steps=2, work=tmp_path / "lost", mirror=mirror), device="cpu")
    other = {"from_scratch": CTC | {"hidden_size": 32}}
    with pytest.raises(ModelError, match=r"step-00000002 was made .*model\.from_scratch was .* and is "):
        train(recipe(work=tmp_path / "bare", model=other, mirror=mirror), device="cpu")
    assert not list((tmp_path / "bare" / "run").glob("checkpoints/*"))
    with pytest.raises(DatasetError, match=r"other data \(train\.hours was None and is 0\.01\)"):
        train(recipe(work=tmp_path / "bare", hours=0.01, mirror=mirror), device="cpu")


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


def test_what_a_killed_session_copied_half_is_swept(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    """Nothing else would ever remove it, and a Drive has fifteen gigabytes."""
    half = tmp_path / "drive" / "checkpoints" / "step-00000001"
    half.mkdir(parents=True)
    (half / "model.safetensors.partial").write_bytes(b"half of it")
    (half.parent / "step-1").mkdir()
    (half.parent / "step-1" / "weights").write_text("somebody else's")
    train(recipe(steps=2, mirror=str(tmp_path / "drive")), device="cpu")
    assert sorted(path.name for path in half.parent.iterdir()) == ["step-00000002", "step-1"]


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
