"""Files in half precision, as large-v3, turbo and many others are on the Hub: opened, trained, saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from govor.config import ModelConfig, TextConfig
from govor.models import new_model, open_model, resume_model
from govor.models.base import DecodeOptions, Example, sounds
from govor.models.device import choose_precision, decoding_weights, text_weights
from govor.models.opening import open_family
from govor.models.saved import normaliser_of, read_settings
from govor.models.spec import Spec
from govor.text import Normaliser
from half import dtypes_in, stored_as

CPU, GPU = torch.device("cpu"), torch.device("cuda:0")
HALVES = ("float16", "bfloat16")
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
WAVES = SMALL | {"conv_dim": [8] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
SIZES = {
    "wav2vec2": {"model_type": "wav2vec2", **WAVES},
    "wav2vec2-bert": {"model_type": "wav2vec2-bert", **SMALL},
    "parakeet": {
        "model_type": "parakeet_ctc",
        **SMALL,
        "subsampling_factor": 4,
        "subsampling_conv_channels": 8,
    },
    "whisper": {"model_type": "whisper"},
}


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory, tiny_whisper_files: Path) -> dict[str, Path]:
    """A tiny random model of every architecture, by name, in float32."""
    folder = tmp_path_factory.mktemp("bases")
    for name, sizes in SIZES.items():
        more = {"tokenizer": str(tiny_whisper_files)} if name == "whisper" else {}
        made(ModelConfig(from_scratch=sizes | more)).save(folder / name)
    return {name: folder / name for name in SIZES}


def made(config: ModelConfig, precision: str = "fp32") -> Any:
    return new_model(
        config,
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=["abcdefghijk lmnop"],
        language="hr",
        device="cpu",
        precision=precision,
        seed=1,
    )


def dtypes(model: torch.nn.Module) -> set[str]:
    return {str(v.dtype).removeprefix("torch.") for v in model.state_dict().values() if v.is_floating_point()}


def heard(recogniser: Any) -> list[str]:
    noise = np.random.default_rng(0).normal(0, 0.1, 4_000).astype(np.float32)
    return [one.text for one in recogniser.recognise(sounds([noise, noise[:2_000]]), DecodeOptions())]


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", SIZES)
def test_a_file_in_half_precision_decodes_as_its_numbers_in_float32(bases, tmp_path, name, dtype):
    half = stored_as(dtype, bases[name], tmp_path / "half")
    full = stored_as("float32", half, tmp_path / "full")
    found = open_model(half, device="cpu")
    assert dtypes(found.model) == {"float32"} and found.describe()["weights"] == "float32"
    assert heard(found) == heard(open_model(full, device="cpu"))


@pytest.mark.parametrize(("name", "precision"), [*((name, "fp32") for name in SIZES), ("whisper", "bf16")])
def test_what_is_trained_is_float32_and_saved_as_such(bases, tmp_path, name, precision):
    """One step: every weight that has a gradient moves, by less than float16 could tell."""
    family = made(ModelConfig(base=str(stored_as("float16", bases[name], tmp_path / "half"))), precision)
    assert dtypes(family.model) == {"float32"}
    optimiser = torch.optim.AdamW(family.model.parameters(), lr=1e-5, fused=True)
    wave = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    features = family.features(wave)
    example = Example("a", features, tuple(family.encode_text("abc")), 1.0, padding=np.float32(0.0))
    loss, units = family.loss(family.collate([example]))
    (loss / units).backward()
    optimiser.step()
    assert all(state["exp_avg"].dtype is torch.float32 for state in optimiser.state.values())
    family.save(tmp_path / "saved")
    assert dtypes_in(tmp_path / "saved") == {"float32"}
    again = resume_model(ModelConfig(), tmp_path / "saved", device="cpu", precision=precision)
    for key, value in family.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[key]), key


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", ["wav2vec2", "whisper"])
def test_lora_on_a_file_in_half_precision(bases, tmp_path, name, dtype):
    base = stored_as(dtype, bases[name], tmp_path / "half")
    config = ModelConfig(base=str(base), lora={"r": 2})
    family = made(config)
    assert dtypes(family.model) == {"float32"}
    for parameter in family.model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.01
    family.save(tmp_path / "saved")
    assert dtypes_in(tmp_path / "saved") == {"float32"}
    again = resume_model(config, tmp_path / "saved", device="cpu", precision="fp32")
    assert dtypes(again.model) == {"float32"}
    assert heard(again) == heard(family) == heard(open_model(tmp_path / "saved", device="cpu"))


@pytest.mark.parametrize("dtype", HALVES)
def test_an_mms_adapter_on_a_file_in_half_precision(bases, tmp_path, dtype):
    base = stored_as(dtype, bases["wav2vec2"], tmp_path / "half")
    family = made(ModelConfig(base=str(base), adapter=True))
    assert dtypes(family.model) == {"float32"}


def test_new_weights_are_float32_whatever_the_configuration_says(tiny_whisper_files, tmp_path):
    """A new Whisper takes its configuration from a released one, which may be in half precision."""
    import json
    import shutil

    files = tmp_path / "files"
    shutil.copytree(tiny_whisper_files, files)
    config = json.loads((files / "config.json").read_text()) | {"dtype": "float16"}
    (files / "config.json").write_text(json.dumps(config))
    family = made(ModelConfig(from_scratch={"model_type": "whisper", "tokenizer": str(files)}))
    assert dtypes(family.model) == {"float32"}
    small = SIZES["wav2vec2"] | {"dtype": "float16"}
    assert dtypes(made(ModelConfig(from_scratch=small)).model) == {"float32"}


@pytest.mark.parametrize(("dtype", "precision"), [("float16", "fp16"), ("bfloat16", "bf16")])
def test_whisper_decodes_with_the_weights_that_a_gpu_holds(bases, dtype, precision):
    """On a processor, whose autocast stands in for the GPU's."""
    folder = bases["whisper"]
    settings = read_settings(folder)
    found = open_family(
        Spec(str(folder), folder, settings, normaliser_of(settings), CPU, precision, weights=dtype)
    )
    assert dtypes(found.model) == {dtype} and found.describe()["weights"] == dtype
    assert len(heard(found)) == 2


@pytest.mark.parametrize(
    ("precision", "device", "expected"),
    [
        ("fp32", CPU, "float32"),
        ("bf16", CPU, "float32"),
        ("fp32", GPU, "float32"),
        ("bf16", GPU, "bfloat16"),
        ("fp16", GPU, "float16"),
    ],
)
def test_weights_that_only_recognise(precision, device, expected):
    assert decoding_weights(precision, device) == expected


@pytest.mark.parametrize(("emulated", "expected"), [(True, "fp16"), (False, "bf16")])
def test_a_gpu_that_only_emulates_bf16_computes_in_fp16(monkeypatch, emulated, expected):
    """T4, V100, RTX 20: torch says that bf16 is supported, and emulates it."""
    supported = lambda including_emulation=True: including_emulation or not emulated  # noqa: E731
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_precision("auto", GPU) == expected
    assert text_weights(GPU) == ("float32" if emulated else "bfloat16")
    assert text_weights(CPU) == "float32"
