"""``[prepare]``: recordings to clips in Parquet shards."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import DATA, NOTHING, Section, setting


@dataclass(frozen=True)
class PrepareConfig(Section):
    """Settings of ``govor prepare``."""

    out: str | None = setting(None, "where the data set goes (default: dataset/ in the work folder)", DATA)
    codec: str = setting("flac", "how clips are encoded", DATA, choices=("flac", "opus", "wav"))
    sample_rate: int = setting(16_000, "sample rate of the clips", DATA, least=4_000, most=192_000, unit="Hz")
    workers: int = setting(0, "worker processes; 0: one a core", NOTHING, least=0)
    engine: str = setting("local", "who runs the tasks", NOTHING, choices=("local", "ray"))
    address: str | None = setting(None, "address of a Ray cluster", NOTHING)
    max_rejected: float = setting(
        0.01, "largest share of utterances that may be set aside", NOTHING, least=0, most=1
    )
    shard_bytes: int = setting(
        0, "PCM bytes planned for a shard; 0: 32 MB to 4 GB, by size", DATA, least=0, unit="bytes"
    )
    row_group_bytes: int = setting(
        32_000_000, "PCM bytes planned for a row group", DATA, least=1, unit="bytes"
    )
    max_recording_s: float = setting(172_800.0, "longest recording decoded", DATA, above=0, unit="s")
    max_clip_s: float = setting(3_600.0, "longest clip", DATA, above=0, unit="s")
    stall_s: float = setting(
        60.0, "time without an answer after which a worker counts as hung", NOTHING, above=0, unit="s"
    )
    memory_bytes: int = setting(4_294_967_296, "address space of a worker", NOTHING, above=0, unit="bytes")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.codec == "opus" and self.sample_rate not in (8_000, 12_000, 16_000, 24_000, 48_000):
            raise ValueError(f"opus takes 8000, 12000, 16000, 24000 or 48000 Hz, not {self.sample_rate}")
