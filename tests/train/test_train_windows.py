"""Short encoder windows: whether full ones suffer, by the paired interval of the same utterances."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from train_parts import WHISPER

from govor.config import Recipe, TextConfig, TrainConfig
from govor.evaluate import grouping
from govor.text import Normaliser
from govor.train import train
from govor.train.judge import Judge
from govor.train.windows import WindowsVerdict, compare_windows

SAID = {f"u{n}": "jedan dva tri četiri" for n in range(40)}


def verdict(wrong: int) -> WindowsVerdict:
    """Short windows make no error, full ones two words of `wrong` utterances."""
    full = SAID | {f"u{n}": "jedan dva" for n in range(wrong)}
    return compare_windows(SAID, full, SAID, Normaliser.of(TextConfig(), "hr"), grouping(len(SAID)), {})


def test_worse_beyond_the_interval() -> None:
    found = verdict(20)
    assert found.difference.value == pytest.approx(40 / 160) and found.difference.low > 0
    assert (found.full.value, found.short.value) == pytest.approx((0.25, 0.0))
    assert found.warning and "0.250" in found.warning and "'thinned'" in found.warning
    assert "same 40 utterances" in found.warning


@pytest.mark.parametrize("wrong", [0, 1])
def test_within_the_interval_nothing_is_said(wrong: int) -> None:
    found = verdict(wrong)
    assert found.verdict == "not told apart" and found.warning is None
    assert found.difference.low <= 0 <= found.difference.high


@pytest.fixture
def whisper(recipe: Callable[..., Recipe], tiny_whisper_files: Path) -> Callable[..., Recipe]:
    model = {"from_scratch": WHISPER | {"tokenizer": str(tiny_whisper_files)}, "language": "hr"}
    return lambda **train: recipe(steps=1, model=model, **train)


def lines(tmp_path: Path, kind: str) -> list[dict[str, Any]]:
    path = tmp_path / "work" / "run" / "metrics.jsonl"
    return [line for line in map(json.loads, path.read_text().splitlines()) if line["kind"] == kind]


def test_a_run_with_short_windows_compares_them(whisper: Callable[..., Recipe], tmp_path: Path) -> None:
    summary = train(whisper(windows="mixed", full_share=0.5), device="cpu")
    found = summary["dev"]["windows"]
    assert found["utterances"] == 4 and found["verdict"] in ("better", "worse", "not told apart")
    assert [line["difference"] for line in lines(tmp_path, "windows")] == [found["difference"]]


@pytest.mark.parametrize(("windows", "padding"), [("full", (0.9, 1.0)), ("thinned", (0.6, 0.8))])
def test_a_run_whose_windows_hold_the_silence_does_not(
    whisper: Callable[..., Recipe], tmp_path: Path, windows: str, padding: tuple[float, float]
) -> None:
    """Of 30 s windows, clips fill one or two seconds; of thinned ones, of about five, as much."""
    assert "windows" not in train(whisper(windows=windows), device="cpu")["dev"]
    assert not lines(tmp_path, "windows")
    assert padding[0] < lines(tmp_path, "train")[-1]["padding"] < padding[1]


def test_short_windows_pad_little(whisper: Callable[..., Recipe], tmp_path: Path) -> None:
    train(whisper(windows="short"), device="cpu")
    assert lines(tmp_path, "train")[-1]["padding"] < 0.4


@pytest.mark.parametrize("suffers", [True, False])
def test_a_run_says_so(
    whisper: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd, suffers: bool
) -> None:
    def decoded(
        judge: Judge, rows: list[int], options: Any, stopped: Any = None, known: Any = None
    ) -> list[tuple[str, str]]:
        wrong = suffers and options.windows == "full"
        return [(judge._ids[row], "" if wrong else judge._texts[row]) for row in rows]

    monkeypatch.setattr(Judge, "_decode", decoded)
    summary = train(whisper(windows="short", eval_utterances=0), device="cpu")
    assert bool(summary["dev"]["windows"]["warning"]) is suffers
    assert ("train.windows = 'thinned'" in capfd.readouterr().err) is suffers
    said = [line for line in lines(tmp_path, "event") if line["event"] == "windows"]
    assert bool(said) is suffers


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_is_between_0_and_1(share: float) -> None:
    with pytest.raises(ValueError, match="full_share"):
        TrainConfig(full_share=share)
