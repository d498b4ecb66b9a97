"""Fixtures of training: a small set of real speech, tiny models, recipes, processes that are killed."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from speech_set import write_speech_set

from govor.config import Recipe, recipe_from
from tmpfs import small_file_system

CTC = {
    "model_type": "parakeet_ctc",
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "subsampling_factor": 4,
    "subsampling_conv_channels": 8,
    "num_mel_bins": 80,
    "dropout": 0.1,
    "layerdrop": 0.1,
    "attention_dropout": 0.1,
}
WHISPER = {"model_type": "whisper", "dropout": 0.1, "encoder_layerdrop": 0.1}
AUGMENT = {
    "speed": [0.9, 1.0, 1.1],
    "gain_db": 6.0,
    "reverb": 0.3,
    "time_masks": 2,
    "frequency_masks": 2,
    "smooth": 0.3,
}


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared data set: 48 train, 8 dev and 6 test clips of a second or two."""
    return write_speech_set(tmp_path_factory.mktemp("speech") / "set", {"train": 48, "dev": 8, "test": 6})


@pytest.fixture
def plain(tmp_path: Path, speech: Path) -> Callable[..., dict[str, Any]]:
    """Recipe data of a quick CTC run; keywords go into ``[train]``, ``model`` and ``work`` replace theirs."""

    def make(work: Path | None = None, model: dict[str, Any] | None = None, **train: Any) -> dict[str, Any]:
        settings = {
            "steps": 8,
            "batch_s": 12.0,
            "max_batch": 6,
            "lr": 2e-3,
            "threads": 1,
            "loader_workers": 0,
            "eval_every": "100 steps",
            "save_every": "100 steps",
            "eval_utterances": 4,
            "log_every": 2,
            "trackers": [],
            **train,
        }
        return {
            "work": str(work or tmp_path / "work"),
            "prepare": {"out": str(speech)},
            "model": model or {"from_scratch": CTC},
            "train": settings,
        }

    return make


@pytest.fixture
def recipe(plain: Callable[..., dict[str, Any]]) -> Callable[..., Recipe]:
    """`plain` as a recipe."""
    return lambda *args, **kwargs: recipe_from(plain(*args, **kwargs))


def weights(run: Path, step: int) -> dict[str, bytes]:
    """Every file of a checkpoint that holds numbers, by name."""
    folder = run / "checkpoints" / f"step-{step:08d}"
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.safetensors")}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of four megabytes."""
    with small_file_system(tmp_path / "disk", "4m") as place:
        yield place


def fill(place: Path) -> None:
    """Takes what is left of a file system, as another program would."""
    with (place / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)) == 4096:
            pass


class Killed:
    """A training process that can be killed when its metrics reach a step."""

    def __init__(
        self, data: dict[str, Any], *, processes: int = 1, environment: dict[str, str] | None = None
    ) -> None:
        self.run = Path(data["work"]) / "run"
        path = Path(data["work"]) / "recipe.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data))
        code = f"{Path(__file__).parent / 'trainer.py'}"
        launcher = [sys.executable]
        if processes > 1:
            port = 20_000 + os.getpid() % 20_000
            launcher += [
                "-m",
                "torch.distributed.run",
                f"--nproc-per-node={processes}",
                f"--master-port={port}",
            ]
        self.process = subprocess.Popen(
            [*launcher, code, str(path)],
            env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def lines(self) -> int:
        """Lines of metrics so far."""
        path = self.run / "metrics.jsonl"
        return len(path.read_bytes().splitlines()) if path.exists() else 0

    def finish(self) -> dict[str, Any]:
        """Waits for the end; gives status, summary and what was said."""
        out, err = self.process.communicate(timeout=240)
        summary = json.loads(out.strip().splitlines()[-1]) if out.strip() else {}
        return {"status": self.process.returncode, "summary": summary, "stderr": err}
