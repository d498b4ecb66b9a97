"""Training steps with and without `train.compile`, on a CPU: python bench/compiled.py

Two CTC models from scratch (384 x 6), forward and backward in bfloat16 on the same noise; the best of three
rounds of three steps. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCTC

from govor.models.compiled import compile_layers

SIZES = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 6, "intermediate_size": 1536}
ROUNDS = STEPS = 3


def wav2vec2() -> tuple[torch.nn.Module, dict[str, torch.Tensor]]:
    """The model and a batch of six clips of 5 s."""
    config = AutoConfig.for_model("wav2vec2", vocab_size=32, conv_dim=[256] * 7, layerdrop=0.0, **SIZES)
    return AutoModelForCTC.from_config(config), {"input_values": torch.randn(6, 80_000)}


def fastconformer() -> tuple[torch.nn.Module, dict[str, torch.Tensor]]:
    """The model and a batch of eight clips of 8 s."""
    encoder = {**SIZES, "num_mel_bins": 80, "layerdrop": 0.0}
    config = AutoConfig.for_model("parakeet_ctc", vocab_size=32, encoder_config=encoder)
    mask = torch.ones(8, 800, dtype=torch.long)
    return AutoModelForCTC.from_config(config), {
        "input_features": torch.randn(8, 800, 80),
        "attention_mask": mask,
    }


def step(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> None:
    """Forward and backward."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(**batch).logits
    logits.float().square().mean().backward()
    model.zero_grad()


def step_cpu_s(model: torch.nn.Module, batch: dict[str, torch.Tensor]) -> float:
    """CPU seconds of a step, the best round after one to warm up."""
    rounds = []
    for _ in range(1 + ROUNDS):
        begun_s = time.process_time()
        for _ in range(STEPS):
            step(model, batch)
        rounds.append((time.process_time() - begun_s) / STEPS)
    return min(rounds[1:])


def row(name: str, make: Callable[[], Any]) -> str:
    """One model: a step as it is, the first compiled one, and those after it."""
    model, batch = make()
    model.train()
    plain_s = step_cpu_s(model, batch)
    pieces, begun_s = compile_layers(model), time.monotonic()
    step(model, batch)
    first_s = time.monotonic() - begun_s
    compiled_s = step_cpu_s(model, batch)
    figures = f"{plain_s:.2f} | {compiled_s:.2f} | {plain_s / compiled_s:.2f} | {first_s:.0f}"
    return f"| {name} | {pieces} | {figures} |"


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    torch.manual_seed(0)
    print("| model | compiled pieces | CPU-s a step | compiled | speed | s for the first step |")
    print("|---|---:|---:|---:|---:|---:|")
    print(row("wav2vec2", wav2vec2), flush=True)
    print(row("FastConformer", fastconformer), flush=True)


if __name__ == "__main__":
    main()
