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
    shard_bytes: int = setting(500_000_000, "PCM bytes planned for a shard", unit="bytes")
    row_group_bytes: int = setting(32_000_000, "PCM bytes planned for a row group", unit="bytes")
    max_recording_s: float = setting(172_800.0, "longest recording decoded", unit="s")
