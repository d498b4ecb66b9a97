"""``[train]``: how long, how fast, how safe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from govor.config.moments import Every, Keep
from govor.config.setting import setting


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
        for name in ("noise_chance", "reverb", "smooth", "time_mask_share", "frequency_mask_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it is a share between 0 and 1")
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
    lr: float = setting(1e-4, "peak learning rate")
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
        "full",
        "Whisper's encoder windows while training; on small models short ones lost WER at 30 s",
        choices=("full", "short", "mixed"),
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
        positive = {"accumulate": self.accumulate, "max_batch": self.max_batch, "lr": self.lr}
        for name, value in positive.items():
            if value <= 0:
                raise ValueError(f"{name} is {value}; it is above 0")
        if self.steps is None and self.epochs <= 0:
            raise ValueError(f"epochs is {self.epochs}; it is above 0")
        if self.steps is not None and self.steps <= 0:
            raise ValueError(f"steps is {self.steps}; it is above 0")
        if not 0 <= self.full_share <= 1:
            raise ValueError(f"full_share is {self.full_share}; it is a share between 0 and 1")
        if self.batch_s < 0:
            raise ValueError(f"batch_s is {self.batch_s}; it is above 0, or 0 to find it by trying")
