"""``[train]``: how long, how fast, how safe."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from govor.config.moments import Every, Keep
from govor.config.setting import NOTHING, WEIGHTS, Section, setting

SMALL_SET_HOURS = 1.0
"""Hours of training speech below which a whole pretrained model is trained with a lower rate."""
SMALL_SET_FACTOR = 0.4
"""Of the usual rate, for such sets: whisper-base then gets 1e-5, a wav2vec 2.0 of 300 M 1.2e-4."""
LAST_DIGITS = "the last digits may differ"
HIGH_RATE_FACTOR = 5.0
"""Times the usual rate, above which preflight warns."""
LOW_RATE_FACTOR = 30.0
"""The part of the usual rate below which preflight warns."""


def warm_steps(total_steps: int, warmup: float) -> int:
    """Steps of a warm-up: a share of all, or above 1 their number."""
    return round(warmup) if warmup > 1 else math.ceil(warmup * total_steps)


@dataclass(frozen=True)
class AugmentConfig(Section):
    """``[train] augment = { … }``: changes to clips while training; nothing unless asked for.

    Every draw is a function of (seed, epoch, id), so augmentation is part of exact resume.
    """

    speed: tuple[float, ...] = setting(
        (), "playback speeds to choose from, such as [0.9, 1.0, 1.1]", WEIGHTS, least=0.5, most=2
    )
    gain_db: float = setting(0.0, "gain drawn from -x to +x", WEIGHTS, least=0, unit="dB")
    noise: str | None = setting(None, "folder of noise recordings", WEIGHTS)
    noise_chance: float = setting(0.5, "share of clips that get noise", WEIGHTS, least=0, most=1)
    noise_snr_db: tuple[float, float] = setting(
        (10.0, 30.0), "signal-to-noise ratios drawn", WEIGHTS, unit="dB"
    )
    reverb: float = setting(0.0, "share of clips that get a synthetic room", WEIGHTS, least=0, most=1)
    reverb_s: tuple[float, float] = setting(
        (0.1, 0.5), "reverberation times (RT60) drawn", WEIGHTS, above=0, unit="s"
    )
    time_masks: int = setting(0, "SpecAugment: masks along time", WEIGHTS, least=0)
    time_mask_share: float = setting(
        0.05, "SpecAugment: longest time mask as a share of the clip", WEIGHTS, least=0, most=1
    )
    frequency_masks: int = setting(0, "SpecAugment: masks along frequency", WEIGHTS, least=0)
    frequency_mask_share: float = setting(
        0.3, "SpecAugment: widest frequency mask as a share of the bands", WEIGHTS, least=0, most=1
    )
    smooth: float = setting(0.0, "share of clips whose log-mel picture is smoothed", WEIGHTS, least=0, most=1)
    smooth_frames: float = setting(
        1.0, "width (standard deviation) of the smoothing", WEIGHTS, above=0, unit="frames"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require_ordered("noise_snr_db", "reverb_s")


@dataclass(frozen=True)
class TrainConfig(Section):
    """Settings of ``govor train``."""

    out: str | None = setting(None, "the run's folder (default: run/ in the work folder)", NOTHING)
    train_split: str = setting("train", "split that is learned from", WEIGHTS)
    dev_split: str = setting("dev", "split that the best checkpoint is chosen on; never test", WEIGHTS)
    hours: float | None = setting(
        None, "hours of the train split to use, a seeded part", WEIGHTS, above=0, unit="h"
    )
    epochs: float = setting(
        10.0, "passes over the train split (ignored when steps is given)", WEIGHTS, above=0
    )
    steps: int | None = setting(None, "optimiser steps", WEIGHTS, above=0)
    batch_s: float = setting(
        120.0, "padded seconds in a batch, per process; 0: found by trying", WEIGHTS, least=0, unit="s"
    )
    max_batch: int = setting(64, "most utterances in a batch", WEIGHTS, above=0)
    accumulate: int = setting(1, "batches an optimiser step", WEIGHTS, above=0)
    lr: float | None = setting(
        None,
        "peak learning rate; none: usual for the family and size, less for sets below an hour",
        WEIGHTS,
        above=0,
    )
    warmup: float = setting(0.1, "share of the steps that warm up", WEIGHTS, least=0)
    schedule: str = setting(
        "linear", "shape after the warm-up", WEIGHTS, choices=("linear", "cosine", "constant")
    )
    weight_decay: float = setting(0.01, "AdamW's weight decay", WEIGHTS, least=0)
    betas: tuple[float, float] = setting((0.9, 0.98), "AdamW's betas", WEIGHTS, least=0, below=1)
    max_grad_norm: float = setting(1.0, "gradients are clipped to this norm; 0: not at all", WEIGHTS, least=0)
    rates: dict[str, float] = setting({}, "learning-rate factors by parameter name prefix", WEIGHTS)
    layer_decay: float = setting(
        1.0, "learning-rate factor from each encoder layer to the one below it", WEIGHTS, above=0
    )
    seed: int = setting(0, "seed of order, dropout and augmentation", WEIGHTS)
    precision: str = setting(
        "auto",
        "arithmetic; auto: bf16 if the device has it",
        WEIGHTS,
        choices=("auto", "fp32", "bf16", "fp16"),
    )
    gradient_checkpointing: bool = setting(
        False, "recompute activations: less memory, more time", NOTHING, drift=LAST_DIGITS
    )
    compile: bool = setting(
        False,
        "torch.compile the layers that train (meant for GPUs; slower on CPUs)",
        NOTHING,
        drift=f"{LAST_DIGITS}, and so may the draws of dropout",
    )
    loader_workers: int = setting(2, "processes that decode and featurise", NOTHING, least=0)
    threads: int = setting(0, "torch threads; 0: torch's own choice", NOTHING, least=0, drift=LAST_DIGITS)
    eval_every: str = setting("1 epoch", "'500 steps', '10 minutes', '1 epoch' or 'epochs 4, 8'", WEIGHTS)
    save_every: str = setting("1 epoch", "'500 steps', '10 minutes', '1 epoch' or 'epochs 4, 8'", NOTHING)
    keep: Any = setting(
        2, "checkpoints kept beside the best and the named: 2, '5 GB', '3 epochs', …", NOTHING
    )
    keep_epochs: tuple[int, ...] = setting(
        (), "epochs whose checkpoints are made and never pruned: [4, 8]", NOTHING, least=1
    )
    eval_utterances: int = setting(
        200, "size of the fixed dev subset that is decoded while training; 0: all", WEIGHTS, least=0
    )
    log_every: int = setting(10, "steps between lines of metrics.jsonl", NOTHING, above=0)
    samples: int = setting(4, "reference and hypothesis pairs logged at each evaluation", NOTHING, least=0)
    trackers: tuple[str, ...] = setting(
        ("auto",), "wandb, trackio; auto: those installed and set up; TensorBoard is always written", NOTHING
    )
    max_hours: float | None = setting(
        None, "time after which training stops with a checkpoint", NOTHING, above=0, unit="h"
    )
    max_skipped: float = setting(
        0.01, "largest share of clips that may be skipped as unusable", NOTHING, least=0, most=1
    )
    mirror: str | None = setting(
        None, "folder, fsspec URL or hf:// repo that checkpoints are copied to", NOTHING
    )
    mirror_max_bytes: int | None = setting(
        None, "most bytes the mirror may hold", NOTHING, above=0, unit="bytes"
    )
    windows: str = setting(
        "thinned",
        "Whisper's encoder windows while training; thinned: the silence of full ones, sampled",
        WEIGHTS,
        choices=("full", "thinned", "short", "mixed"),
    )
    full_share: float = setting(
        0.25, "mixed windows: share of the batches padded to the full window", WEIGHTS, least=0, most=1
    )
    augment: AugmentConfig = field(
        default_factory=AugmentConfig,
        metadata={"help": "changes to clips while training: { speed = …, gain_db = …, … }", "unit": ""},
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("eval_every", "save_every"):
            Every.parse(getattr(self, key), f"train.{key}")
        Keep.parse(self.keep)
        self._check_rates()

    @property
    def peak_lr(self) -> float:
        """`lr`, known: given in the recipe, or filled in when the session was opened."""
        if self.lr is None:
            raise ValueError("train.lr is not known yet")
        return self.lr

    def _check_rates(self) -> None:
        for prefix, factor in self.rates.items():
            if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not factor >= 0:
                raise ValueError(
                    f"rates.{prefix} is {factor!r}; it must be a factor of 0 or more (names with "
                    "dots are quoted: "
                    "rates = { 'encoder.layers.0' = 0.1 })"
                )
