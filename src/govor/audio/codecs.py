"""Names and sizes of the codecs that clips are encoded with."""

from __future__ import annotations

CODECS = ("flac", "opus", "wav")
MIME = {"flac": "audio/flac", "opus": "audio/ogg", "wav": "audio/wav"}
EXTENSION = {"flac": "flac", "opus": "opus", "wav": "wav"}
PCM_BYTES_A_SAMPLE = 2
BYTES_A_PCM_BYTE = {"flac": 0.60, "opus": 0.11, "wav": 1.0}
"""Encoded bytes for each byte of 16-bit PCM, speech at 16 kHz, measured; for projections only."""
