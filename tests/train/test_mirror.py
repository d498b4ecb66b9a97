"""Copies elsewhere: verified, pruned, bounded, and enough to continue on a bare machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from train_parts import weights

from govor.config import Recipe
from govor.train import train
from govor.train.mirror import copies
from govor.train.mirror_target import open_target


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


def test_a_mirror_that_is_too_small_never_stops_training(
    recipe: Callable[..., Recipe], tmp_path: Path, capfd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("govor.train.mirror.WAIT_S", 0.01)
    mirror = tmp_path / "drive"
    summary = train(
        recipe(save_every="4 steps", mirror=str(mirror), mirror_max_bytes=1_500_000), device="cpu"
    )
    assert summary["complete"]
    sizes = open_target(str(mirror)).sizes()
    assert sum(sizes.values()) <= 1_500_000 + 100_000
    assert len(copies(open_target(str(mirror)))) <= 2
    del capfd


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
