"""Layer-wise rates, decay groups, frozen parts, LoRA: what is trained, and how fast."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from train_parts import CTC, weights

from govor.config import Recipe, TrainConfig
from govor.errors import RecipeError
from govor.train import train
from govor.train.optimiser import layer_count, make_optimiser, rate_of


class Toy(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Linear(2, 2)
        self.layers = torch.nn.ModuleList(torch.nn.Linear(2, 2) for _ in range(3))
        self.head = torch.nn.Linear(2, 2)


def test_rates_fall_layer_by_layer() -> None:
    config = TrainConfig(layer_decay=0.5, rates={"head": 10.0})
    names = ("conv.weight", "layers.0.weight", "layers.1.weight", "layers.2.weight", "head.weight")
    assert [rate_of(name, config, 3) for name in names] == [0.125, 0.25, 0.5, 1.0, 10.0]


SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
ENCODERS: dict[str, dict[str, Any]] = {
    "parakeet_ctc": {"encoder_config": SMALL},
    "wav2vec2": SMALL | {"add_adapter": True},
    "wav2vec2-bert": SMALL | {"vocab_size": 30},
    "whisper": {"d_model": 24, "encoder_layers": 2, "decoder_layers": 1},
}


@pytest.mark.parametrize("kind", ENCODERS)
def test_rates_fall_through_every_encoder(kind: str) -> None:
    """Subsampling, convolutions and adapters have numbered layers too, which are none of the encoder's."""
    from transformers import AutoConfig, AutoModelForCTC, AutoModelForSpeechSeq2Seq

    maker = AutoModelForSpeechSeq2Seq if kind == "whisper" else AutoModelForCTC
    with torch.device("meta"):
        model = maker.from_config(AutoConfig.for_model(kind, **ENCODERS[kind]))
    names = [name for name, _ in model.named_parameters()]
    rates = {name: rate_of(name, TrainConfig(layer_decay=0.5), layer_count(model)) for name in names}
    found = {part: {rate for name, rate in rates.items() if re.search(part, name)} for part in PARTS}
    assert found[r"encoder\.layers\.1\."] == {1.0} and found[r"encoder\.layers\.0\."] == {0.5}
    assert found[UNDER] == {0.25} and found[r"head|proj_out|decoder|adapter"] == {1.0}


UNDER = r"subsampling|feature_(extractor|projection)|encoder\.(conv\d|embed_positions)"
PARTS = (r"encoder\.layers\.1\.", r"encoder\.layers\.0\.", UNDER, r"head|proj_out|decoder|adapter")


def test_a_number_is_matched_whole() -> None:
    config = TrainConfig(rates={"layers.1": 2.0, "head": 3.0})
    names = (
        "encoder.layers.1.weight",
        "encoder.layers.10.weight",
        "encoder.layers.21.weight",
        "lm_head.bias",
    )
    assert [rate_of(name, config, 0) for name in names] == [2.0, 1.0, 1.0, 1.0]


def test_the_longest_prefix_decides() -> None:
    for rates in ({"encoder": 0.1, "encoder.layers.1": 0.5}, {"encoder.layers.1": 0.5, "encoder": 0.1}):
        config = TrainConfig(rates=rates)
        assert [rate_of(f"encoder.layers.{n}.weight", config, 0) for n in (0, 1)] == [0.1, 0.5]


def test_rates_of_nothing_are_an_error() -> None:
    with pytest.raises(RecipeError, match=r"no parameter begins with 'haed'; there are conv\.bias"):
        make_optimiser(Toy(), TrainConfig(rates={"haed": 10.0}))


def test_vectors_do_not_decay() -> None:
    optimiser = make_optimiser(Toy(), TrainConfig(weight_decay=0.1))
    groups = {group["weight_decay"]: len(group["params"]) for group in optimiser.param_groups}
    assert groups == {0.1: 5, 0.0: 5}


def test_frozen_parts_keep_their_weights(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    from safetensors.torch import load_file

    base = train(recipe(work=tmp_path / "base", steps=2), device="cpu")
    model = {"base": base["model"], "freeze": ["encoder.layers.0"]}
    train(recipe(work=tmp_path / "tuned", steps=2, model=model), device="cpu")
    before = load_file(Path(base["model"]) / "model.safetensors")
    after = load_file(tmp_path / "tuned" / "run" / "model" / "model.safetensors")
    same = {name for name in before if torch.equal(before[name], after[name])}
    frozen = {name for name in before if name.startswith("encoder.layers.0") and "norm.running" not in name}
    assert {name for name in frozen if "batches" not in name} <= same
    assert not any(name.startswith("encoder.layers.1") and "weight" in name for name in same)


def test_layers_that_no_step_has_used_yet_go_on_exactly(
    recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    """Layer drop may have left a layer out of all steps before a checkpoint: it has no moments there."""
    more = {"model": {"from_scratch": CTC | {"layerdrop": 0.9}}, "schedule": "constant", "warmup": 0.0}
    train(recipe(work=tmp_path / "whole", steps=6, **more), device="cpu")
    train(recipe(work=tmp_path / "parts", steps=1, **more), device="cpu")
    assert train(recipe(work=tmp_path / "parts", steps=6, **more), device="cpu")["resumed_from"] == 1
    assert weights(tmp_path / "parts" / "run", 6) == weights(tmp_path / "whole" / "run", 6)


def lora(base: str) -> dict[str, Any]:
    return {"base": base, "vocabulary": "keep", "lora": {"r": 4, "targets": ["q_proj", "v_proj"]}}


@pytest.mark.parametrize("kind", ["ctc", "attention"])
def test_lora_goes_on_exactly_and_is_merged(
    recipe: Callable[..., Recipe], tmp_path: Path, kind: str, tiny_whisper: Path
) -> None:
    base = str(tiny_whisper)
    if kind == "ctc":
        still = {"from_scratch": CTC}
        base = train(recipe(work=tmp_path / "base", steps=2, model=still), device="cpu")["model"]
    more = {"model": lora(base), "schedule": "constant", "warmup": 0.0}
    train(recipe(work=tmp_path / "whole", steps=4, **more), device="cpu")
    train(recipe(work=tmp_path / "parts", steps=2, **more), device="cpu")
    summary = train(recipe(work=tmp_path / "parts", steps=4, **more), device="cpu")
    assert summary["resumed_from"] == 2
    one, two = (weights(tmp_path / name / "run", 4) for name in ("whole", "parts"))
    assert one == two and any("adapter" in name for name in one)
    from govor.models import open_model

    opened: Any = open_model(summary["model"], device="cpu")
    assert not any("lora" in name for name, _ in opened.model.named_parameters())


@pytest.mark.parametrize("windows", ["full", "thinned", "short"])
def test_lora_with_recomputed_activations(
    recipe: Callable[..., Recipe], tmp_path: Path, tiny_whisper: Path, windows: str
) -> None:
    for name, on in (("kept", False), ("recomputed", True)):
        more = {"model": lora(str(tiny_whisper)), "gradient_checkpointing": on, "windows": windows}
        train(recipe(work=tmp_path / name, steps=2, precision="fp32", **more), device="cpu")
    one, other = (weights(tmp_path / name / "run", 2) for name in ("kept", "recomputed"))
    assert one == other
