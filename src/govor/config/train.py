"""``[train]``: how long, how fast, how safe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from govor.config.bounds import (
    require_above_zero,
    require_not_negative,
    require_ordered,
    require_share,
)
from govor.config.moments import Every, Keep
from govor.config.setting import setting

SMALL_SET_HOURS = 1.0
"""Hours of training speech below which a whole pretrained model is trained with a lower rate."""
SMALL_SET_FACTOR = 0.4
"""Of the usual rate, for such sets: whisper-base then gets 1e-5, a wav2vec 2.0 of 300 M 1.2e-4."""
HIGH_RATE_FACTOR = 5.0
"""Times the usual rate, above which preflight warns."""


@dataclass(frozen=True)
class AugmentConfig:
    """``[train] augment = { … }``: what is done to clips while training; nothing unless asked for.

    Every draw is a function of (seed, epoch, id), so augmentation is part of exact resume.
    """

    speed: tuple[float, ...] = setting((), "playback speeds to choose from, such as [0.9, 1.0, 1.1]")
    gain_db: float = setting(0.0, "gain drawn from -x to +x", unit="dB")
    noise: str | None = setting(None, "folder of noise recordings")
    noise_chance: float = setting(0.5, "share of clips that get noise")
    noise_snr_db: tuple[float, float] = setting((10.0, 30.0), "signal-to-noise ratios drawn", unit="dB")
    reverb: float = setting(0.0, "share of clips that get a synthetic room")
    reverb_s: tuple[float, float] = setting((0.1, 0.5), "reverberation times (RT60) drawn", unit="s")
    time_masks: int = setting(0, "SpecAugment: masks along time")
    time_mask_share: float = setting(0.05, "SpecAugment: longest time mask as a share of the clip")
    frequency_masks: int = setting(0, "SpecAugment: masks along frequency")
    frequency_mask_share: float = setting(0.3, "SpecAugment: widest frequency mask as a share of the bands")
    smooth: float = setting(0.0, "share of clips whose log-mel picture is smoothed")
    smooth_frames: float = setting(1.0, "width (standard deviation) of the smoothing", unit="frames")

    def __post_init__(self) -> None:
        require_share(self, "noise_chance", "reverb", "smooth", "time_mask_share", "frequency_mask_share")
        require_not_negative(self, "gain_db", "time_masks", "frequency_masks")
        require_above_zero(self, "smooth_frames")
        require_ordered(self, "noise_snr_db", "reverb_s")
        if self.reverb_s[0] <= 0:
            raise ValueError(f"reverb_s is {list(self.reverb_s)}; reverberation times are above 0")
        if any(not 0.5 <= speed <= 2 for speed in self.speed):
            raise ValueError(f"speed is {list(self.speed)}; speeds are between 0.5 and 2")


@dataclass(frozen=True)
class TrainConfig:
    """Settings of ``govor train``."""

    out: str | None = setting(None, "the run's folder (default: run/ in the work folder)")
    train_split: str = setting("train", "split that is learned from")
    dev_split: str = setting("dev", "split that the best checkpoint is chosen on; never test")
    hours: float | None = setting(None, "use a seeded part of the train split of so many hours", unit="h")
    epochs: float = setting(10.0, "passes over the train split (ignored when steps is given)")
    steps: int | None = setting(None, "optimiser steps")
    batch_s: float = setting(120.0, "padded seconds in a batch, per process; 0: found by trying", unit="s")
    max_batch: int = setting(64, "most utterances in a batch")
    accumulate: int = setting(1, "batches an optimiser step")
    lr: float | None = setting(
        None, "peak learning rate; none: usual for the family and size, less for sets below an hour"
    )
    warmup: float = setting(0.1, "share of the steps that warm up")
    schedule: str = setting("linear", "shape after the warm-up", choices=("linear", "cosine", "constant"))
    weight_decay: float = setting(0.01, "AdamW's weight decay")
    betas: tuple[float, float] = setting((0.9, 0.98), "AdamW's betas")
    max_grad_norm: float = setting(1.0, "gradients are clipped to this norm; 0: not at all")
    rates: dict[str, Any] = setting({}, "learning-rate factors by parameter name prefix")
    layer_decay: float = setting(1.0, "learning-rate factor from each encoder layer to the one below it")
    seed: int = setting(0, "seed of order, dropout and augmentation")
    precision: str = setting(
        "auto", "arithmetic; auto: bf16 where the device has it", choices=("auto", "fp32", "bf16", "fp16")
    )
    gradient_checkpointing: bool = setting(False, "recompute activations: less memory, more time")
    compile: bool = setting(False, "torch.compile the layers that train (meant for GPUs; slower on CPUs)")
    loader_workers: int = setting(2, "processes that decode and featurise")
    threads: int = setting(0, "torch threads; 0: torch's own choice")
    eval_every: str = setting("1 epoch", "'500 steps', '10 minutes', '1 epoch' or 'epochs 4, 8'")
    save_every: str = setting("1 epoch", "'500 steps', '10 minutes', '1 epoch' or 'epochs 4, 8'")
    keep: Any = setting(2, "checkpoints kept beside the best and the named: 2, '5 GB', '3 epochs', …")
    keep_epochs: tuple[int, ...] = setting((), "epochs whose checkpoints are made and never pruned: [4, 8]")
    eval_utterances: int = setting(200, "size of the fixed dev subset decoded while training; 0: all")
    log_every: int = setting(10, "steps between lines of metrics.jsonl")
    samples: int = setting(4, "reference and hypothesis pairs logged at each evaluation")
    trackers: tuple[str, ...] = setting(
        ("auto",), "wandb, trackio; auto: those installed and set up; TensorBoard is always written"
    )
    max_hours: float | None = setting(None, "stop with a checkpoint after so long", unit="h")
    max_skipped: float = setting(0.01, "largest share of clips that may be skipped as unusable")
    mirror: str | None = setting(None, "folder, fsspec URL or hf:// repo that checkpoints are copied to")
    mirror_max_bytes: int | None = setting(None, "most bytes the mirror may hold", unit="bytes")
    windows: str = setting(
        "thinned",
        "Whisper's encoder windows while training; thinned: the silence of full ones, sampled",
        choices=("full", "thinned", "short", "mixed"),
    )
    full_share: float = setting(0.25, "mixed windows: share of the batches padded to the full window")
    augment: AugmentConfig = field(
        default_factory=AugmentConfig,
        metadata={"help": "what is done to clips while training: { speed = …, gain_db = …, … }", "unit": ""},
    )

    def __post_init__(self) -> None:
        for key in ("eval_every", "save_every"):
            Every.parse(getattr(self, key), f"train.{key}")
        Keep.parse(self.keep)
        require_above_zero(self, "accumulate", "max_batch", "lr", "steps", "hours", "max_hours", "log_every")
        require_above_zero(self, "layer_decay", "mirror_max_bytes")
        require_not_negative(self, "loader_workers", "threads", "eval_utterances", "samples")
        require_not_negative(self, "warmup", "weight_decay", "max_grad_norm")
        require_share(self, "full_share", "max_skipped")
        if self.steps is None:
            require_above_zero(self, "epochs")
        require_not_negative(self, "batch_s")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas is {list(self.betas)}; both are from 0 to below 1")
        if any(epoch < 1 for epoch in self.keep_epochs):
            raise ValueError(f"keep_epochs is {list(self.keep_epochs)}; the first epoch is 1")
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
                    f"rates.{prefix} is {factor!r}; it is a factor, 0 or more (names with dots are quoted: "
                    "rates = { 'encoder.layers.0' = 0.1 })"
                )
