"""`train.compile`: which parts are compiled, when, and that training stays what it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from train_parts import CTC, WHISPER, weights

from govor.config import Recipe
from govor.errors import MachineError
from govor.models.compiled import compile_layers
from govor.train import train


def blocks(**sizes: Any) -> torch.nn.Module:
    from transformers import AutoConfig, AutoModelForCTC

    kind = sizes.pop("model_type")
    return AutoModelForCTC.from_config(AutoConfig.for_model(kind, vocab_size=12, **sizes))


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What ran compiled, in order; nothing is really compiled."""
    seen: list[Any] = []

    def compile(function: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
        assert settings == {"dynamic": True}

        def run(*arguments: Any, **named: Any) -> Any:
            seen.append(function.__self__)  # type: ignore[attr-defined]
            return function(*arguments, **named)

        return run

    monkeypatch.setattr(torch, "compile", compile)
    return seen


def test_layers_run_compiled_in_training_and_as_they_are_in_decoding(called: list[Any]) -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 48}
    model = blocks(
        model_type="wav2vec2", conv_dim=[8] * 7, num_conv_pos_embeddings=16, layerdrop=0.0, **sizes
    )
    names = list(model.state_dict())
    assert compile_layers(model) == 3
    waves = torch.zeros(1, 4_000)
    model.eval()(waves)
    assert not called
    model.train()(waves)
    assert called == list(model.wav2vec2.encoder.layers)
    assert list(model.state_dict()) == names


def test_convolutions_in_layers_are_left_out() -> None:
    model = blocks(
        **{
            "encoder_config": {k: v for k, v in CTC.items() if k != "model_type"},
            "model_type": "parakeet_ctc",
        }
    )
    assert compile_layers(model) == 2 * 3  # two feed-forwards and the attention of each block
    block = model.encoder.layers[0]
    assert "forward" in vars(block.self_attn) and "forward" not in vars(block.conv)


def test_a_machine_that_cannot_compile_is_told_in_a_sentence(
    recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._dynamo.exc import TorchDynamoException

    def broken(*arguments: Any, **named: Any) -> Any:
        raise TorchDynamoException("No working C++ compiler found\nmore")

    monkeypatch.setattr(torch, "compile", lambda function, **settings: broken)
    with pytest.raises(
        MachineError, match=r"train\.compile.*No working C\+\+ compiler found\): leave it out"
    ):
        train(recipe(steps=1, compile=True), device="cpu")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles for processors with g++")
def test_a_compiled_run_continues_exactly_and_learns_what_an_uncompiled_one_does(
    recipe: Callable[..., Recipe], tmp_path: Path, tiny_whisper_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "kernels"))

    model = {"from_scratch": WHISPER | {"tokenizer": str(tiny_whisper_files), "dropout": 0.0}}
    more = {"model": model, "windows": "short", "precision": "fp32", "schedule": "constant", "warmup": 0.0}
    train(recipe(work=tmp_path / "plain", steps=4, **more), device="cpu")
    train(recipe(work=tmp_path / "whole", steps=4, compile=True, **more), device="cpu")
    train(recipe(work=tmp_path / "parts", steps=2, compile=True, **more), device="cpu")
    train(recipe(work=tmp_path / "parts", steps=4, compile=True, **more), device="cpu")
    plain, whole, parts = (weights(tmp_path / name / "run", 4) for name in ("plain", "whole", "parts"))
    assert whole == parts
    for name, content in plain.items():
        for key, value in load(content).items():
            torch.testing.assert_close(load(whole[name])[key], value, rtol=1e-3, atol=1e-4)
