"""Checkpoints: whole or not at all, verified, damaged ones set aside; a full disk."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from govor.config import Recipe
from govor.errors import DiskFullError, ModelError
from govor.train import checkpoint, train

FACTS = {"step": 3, "position": {"step": 3, "epoch": 0.5, "seconds": 1.0}}


def fill(folder: Path) -> None:
    (folder / "training").mkdir()
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "training" / "state.json").write_text("{}")


def test_it_appears_whole(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "step-00000003", fill, FACTS)
    found = checkpoint.verify(tmp_path / "step-00000003")
    assert found.step == 3 and set(found.manifest["files"]) == {"model.bin", "training/state.json"}


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    def stops(folder: Path) -> None:
        fill(folder)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFullError, match="no space left"):
        checkpoint.write(tmp_path / "step-00000003", stops, FACTS)
    assert not list(tmp_path.iterdir())


def test_a_step_written_anew_is_there_whenever_it_is_killed(tmp_path: Path, monkeypatch) -> None:
    """A kill between the two renames (here an exception that nothing handles) leaves the earlier one."""

    place = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if target.name == "step-00000003":
            raise KeyboardInterrupt
        return place(self, target)

    checkpoint.write(tmp_path / "step-00000003", fill, FACTS)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", killed)
        checkpoint.write(tmp_path / "step-00000003", fill, {**FACTS, "wer": 0.5})
    assert not (tmp_path / "step-00000003").exists()
    found = checkpoint.newest_good(tmp_path, print)
    assert found is not None and found.step == 3 and "wer" not in found.manifest
    checkpoint.write(tmp_path / "step-00000003", fill, {**FACTS, "wer": 0.5})
    again = checkpoint.newest_good(tmp_path, print)
    assert again is not None and again.manifest["wer"] == 0.5
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000003"]


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda p: p.write_bytes(b"weighty"), "SHA-256 differs"),
        (lambda p: p.write_bytes(b"weigh"), "5 bytes instead of 7"),
        (lambda p: p.unlink(), "is missing"),
    ],
)
def test_harm_is_seen(tmp_path: Path, harm: Callable[[Path], object], words: str) -> None:
    folder = checkpoint.write(tmp_path / "step-00000003", fill, FACTS).folder
    harm(folder / "model.bin")
    with pytest.raises(ModelError, match=words):
        checkpoint.verify(folder)


def test_a_damaged_newest_is_set_aside(recipe: Callable[..., Recipe], tmp_path: Path, capfd) -> None:
    whole = train(recipe(save_every="2 steps", work=tmp_path / "whole"), device="cpu")
    train(recipe(steps=6, save_every="2 steps"), device="cpu")
    run = tmp_path / "work" / "run"
    newest = run / "checkpoints" / "step-00000006"
    content = bytearray((newest / "model.safetensors").read_bytes())
    content[-5] ^= 1
    (newest / "model.safetensors").write_bytes(content)
    summary = train(recipe(steps=8, save_every="2 steps"), device="cpu")
    assert summary["resumed_from"] == 4 and summary["steps"] == whole["steps"]
    assert (run / "checkpoints" / "step-00000006.damaged-1").is_dir()
    assert "step-00000006 is damaged" in capfd.readouterr().err


def test_a_full_disk_leaves_the_last_good_one(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from govor.train import saver

    real, calls = saver.save_optimiser, []

    def full(model, optimiser, path):
        calls.append(path)
        if len(calls) == 2:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        real(model, optimiser, path)

    monkeypatch.setattr(saver, "save_optimiser", full)
    with pytest.raises(DiskFullError, match="run the same command again"):
        train(recipe(save_every="2 steps"), device="cpu")
    folders = [p.name for p in (tmp_path / "work" / "run" / "checkpoints").iterdir()]
    assert folders == ["step-00000002"]
    assert train(recipe(save_every="2 steps"), device="cpu")["resumed_from"] == 2


def test_named_epochs_are_never_pruned(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    train(
        recipe(steps=None, epochs=4, save_every="1 epoch", keep=1, keep_epochs=[1, 3], eval_every="9 epochs"),
        device="cpu",
    )
    found = checkpoint.listed(tmp_path / "work" / "run" / "checkpoints")
    assert [round(one.position.epoch) for one in found] == [1, 3, 4]
    assert [bool(one.manifest["named"]) for one in found] == [True, True, False]
