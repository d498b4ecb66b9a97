"""What decoding may cost: limits that are functions of the file alone, so that verdicts are stable."""

from __future__ import annotations

from dataclasses import dataclass

from govor.errors import AudioError

BLOCK_S = 1.0
"""Seconds decoded at a time, unless told otherwise."""
BLOCK_VALUES = 1 << 21
"""Most values in a block (8 MB), whatever the rate and the number of channels."""


def block_frames(block_s: float, rate: int, channels: int) -> int:
    """Samples a channel in a block of about `block_s` seconds."""
    return max(1, min(int(block_s * rate), BLOCK_VALUES // max(1, channels)))


@dataclass(frozen=True)
class DecodeLimits:
    """Bounds of one decode. Nothing is believed from a header: samples are counted while they stream.

    Attributes:
        max_s: longest recording, in seconds of decoded audio.
        max_channels: most channels.
        min_rate_hz: lowest sample rate.
        max_rate_hz: highest sample rate.
        max_bytes: largest encoded file, in bytes.
        max_damaged_share: share of packets that may be damaged (they become silence, so times stay right).
    """

    max_s: float = 172_800.0
    max_channels: int = 64
    min_rate_hz: int = 1_000
    max_rate_hz: int = 768_000
    max_bytes: int = 64 * 1024**3
    max_damaged_share: float = 0.2

    def check_format(self, rate: int, channels: int, name: str) -> None:
        """Refuses a stream whose rate or number of channels is out of bounds.

        Raises:
            AudioError: ``rate_out_of_range`` or ``too_many_channels``.
        """
        if not self.min_rate_hz <= rate <= self.max_rate_hz:
            raise AudioError(
                f"{name}: sample rate {rate} Hz is outside {self.min_rate_hz}-{self.max_rate_hz} Hz",
                "rate_out_of_range",
            )
        if not 1 <= channels <= self.max_channels:
            raise AudioError(
                f"{name}: {channels} channels, at most {self.max_channels} are read", "too_many_channels"
            )

    def check_length(self, samples: int, rate: int, name: str) -> None:
        """Refuses a stream that goes on for too long.

        Raises:
            AudioError: ``too_long``.
        """
        if samples > self.max_s * rate:
            raise AudioError(f"{name}: longer than {self.max_s:g} s, the limit of decoding", "too_long")

    def check_size(self, size_bytes: int, name: str) -> None:
        """Refuses an empty or an oversized file.

        Raises:
            AudioError: ``empty_file`` or ``too_large``.
        """
        if size_bytes == 0:
            raise AudioError(f"{name}: the file has 0 bytes", "empty_file")
        if size_bytes > self.max_bytes:
            raise AudioError(
                f"{name}: {size_bytes} bytes, more than the limit of {self.max_bytes}", "too_large"
            )
