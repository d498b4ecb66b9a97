"""``[prepare]``: recordings to clips in Parquet shards."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import setting


@dataclass(frozen=True)
class PrepareConfig:
    """Settings of ``govor prepare``."""

    out: str | None = setting(None, "where the data set goes (default: dataset/ in the work folder)")
    codec: str = setting("flac", "how clips are encoded", choices=("flac", "opus", "wav"))
    sample_rate: int = setting(16_000, "sample rate of the clips", unit="Hz")
    workers: int = setting(0, "worker processes; 0: one a core")
    engine: str = setting("local", "who runs the tasks", choices=("local", "ray"))
    address: str | None = setting(None, "address of a Ray cluster")
    max_rejected: float = setting(0.01, "largest share of utterances that may be set aside")
    shard_bytes: int = setting(0, "PCM bytes planned for a shard; 0: 32 MB to 4 GB, by size", unit="bytes")
    row_group_bytes: int = setting(32_000_000, "PCM bytes planned for a row group", unit="bytes")
    max_recording_s: float = setting(172_800.0, "longest recording decoded", unit="s")
    max_clip_s: float = setting(3_600.0, "longest clip", unit="s")
    stall_s: float = setting(60.0, "silence after which a worker counts as hung", unit="s")
    memory_bytes: int = setting(4_294_967_296, "address space of a worker", unit="bytes")

    def __post_init__(self) -> None:
        if not 4_000 <= self.sample_rate <= 192_000:
            raise ValueError(f"sample_rate is {self.sample_rate}; it is 4000 to 192000 Hz")
        if self.codec == "opus" and self.sample_rate not in (8_000, 12_000, 16_000, 24_000, 48_000):
            raise ValueError(f"opus takes 8000, 12000, 16000, 24000 or 48000 Hz, not {self.sample_rate}")
        if not 0.0 <= self.max_rejected <= 1.0:
            raise ValueError(f"max_rejected is {self.max_rejected}; it is a share between 0 and 1")
        if self.workers < 0 or self.shard_bytes < 0 or self.row_group_bytes < 1:
            raise ValueError("workers, shard_bytes and row_group_bytes are not negative")
