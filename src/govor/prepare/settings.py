"""What the bytes of a data set are a function of, besides the rows and the recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING

from govor.audio.codecs import PCM_BYTES_A_SAMPLE
from govor.audio.limits import DecodeLimits

if TYPE_CHECKING:
    from govor.config.prepare import PrepareConfig

FORMAT = 4
"""Number of this layout; it changes when the same input would give other bytes."""
SMALLEST_SHARD_BYTES = 32_000_000
LARGEST_SHARD_BYTES = 4_096_000_000
WANTED_SHARDS = 256
BLOCKS_A_SHARD = 8
"""A recording longer than a shard is divided at multiples of a shard's length by this."""


@dataclass(frozen=True)
class Settings:
    """Everything that bytes depend on; two data sets with equal settings may be mixed, no others.

    Attributes:
        codec: how clips are encoded.
        sample_rate: of the clips, in Hz.
        shard_bytes: PCM bytes planned for a shard.
        row_group_bytes: PCM bytes in a row group.
        max_recording_s: longest recording decoded.
        max_clip_s: longest clip.
        versions: of the libraries that decode, resample, encode and write.
    """

    codec: str
    sample_rate: int
    shard_bytes: int
    row_group_bytes: int
    max_recording_s: float
    max_clip_s: float
    versions: Mapping[str, str]

    @classmethod
    def of(cls, config: PrepareConfig, shard_bytes: int) -> Settings:
        """The settings of `config`, with the shard size that was decided."""
        return cls(
            config.codec,
            config.sample_rate,
            shard_bytes,
            config.row_group_bytes,
            config.max_recording_s,
            config.max_clip_s,
            library_versions(),
        )

    @property
    def limits(self) -> DecodeLimits:
        """Bounds of a decode."""
        return DecodeLimits(max_s=self.max_recording_s)

    @property
    def pcm_bytes_a_second(self) -> int:
        """Bytes of 16-bit mono PCM."""
        return self.sample_rate * PCM_BYTES_A_SAMPLE

    def as_dict(self) -> Mapping[str, object]:
        """Plain data, as stored."""
        return asdict(self)


@cache
def library_versions() -> dict[str, str]:
    """Versions of what bytes pass through."""
    from importlib.metadata import version

    import polars
    import pyarrow
    import soundfile

    return {
        "format": str(FORMAT),
        "libsndfile": soundfile.__libsndfile_version__,
        "av": version("av"),
        "soxr": version("soxr"),
        "pyarrow": pyarrow.__version__,
        "polars": polars.__version__,
    }


def auto_shard_bytes(total_pcm_bytes: int) -> int:
    """Shard size for a corpus: 32 MB of PCM doubled until about 256 shards do, at most 4 GB."""
    size = SMALLEST_SHARD_BYTES
    while size < LARGEST_SHARD_BYTES and total_pcm_bytes > size * WANTED_SHARDS:
        size *= 2
    return size
