"""``[train]``: how long, how fast, how safe."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import setting


@dataclass(frozen=True)
class TrainConfig:
    """Settings of ``govor train``."""

    out: str | None = setting(None, "the run's folder (default: run/ in the work folder)")
    epochs: float = setting(10.0, "passes over the train split (ignored when steps is given)")
    steps: int | None = setting(None, "optimiser steps")
    batch_s: float = setting(120.0, "padded seconds in a batch, per process", unit="s")
    max_batch: int = setting(64, "most utterances in a batch")
    accumulate: int = setting(1, "batches an optimiser step")
    lr: float = setting(1e-4, "peak learning rate")
    warmup: float = setting(0.1, "share of the steps that warm up")
    schedule: str = setting("linear", "shape after the warm-up", choices=("linear", "cosine", "constant"))
    weight_decay: float = setting(0.01, "AdamW's weight decay")
    betas: tuple[float, float] = setting((0.9, 0.98), "AdamW's betas")
    max_grad_norm: float = setting(1.0, "gradients are clipped to this norm")
    seed: int = setting(0, "seed of order, dropout and augmentation")
    precision: str = setting("auto", "arithmetic", choices=("auto", "fp32", "bf16", "fp16"))
    loader_workers: int = setting(2, "processes that decode and featurise")
    threads: int = setting(0, "torch threads; 0: torch's own choice")
    eval_every: str = setting("1 epoch", "steps, minutes or epochs, such as '500 steps'")
    save_every: str = setting("1 epoch", "steps, minutes or epochs")
    keep: int = setting(2, "checkpoints kept beside the best and the named ones")
    eval_utterances: int = setting(200, "size of the fixed dev subset decoded while training")
    max_hours: float | None = setting(None, "stop with a checkpoint after so long", unit="h")
    mirror: str | None = setting(None, "folder, fsspec URL or hf:// repo that checkpoints are copied to")
    mirror_max_bytes: int | None = setting(None, "most bytes the mirror may hold", unit="bytes")
    windows: str = setting(
        "full", "Whisper's encoder windows while training", choices=("full", "short", "mixed")
    )
