"""What a client may ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServeLimits:
    """Limits of one server.

    Attributes:
        max_bytes: largest upload.
        max_s: longest recording, in seconds of decoded audio.
        upload_s: longest time an upload may take.
        concurrent: recordings transcribed at the same time.
        max_queue: recordings that may wait; one more is answered 429.
        job_s: longest time a recording may wait and be transcribed.
        live: people who may speak at the same time.
        live_idle_s: silence of a live client, no message at all, after which it has finished.
        decode_memory_bytes: address space of a decoding child.
        decode_stall_s: silence of a decoding child after which it is ended.
    """

    max_bytes: int = 500_000_000
    max_s: float = 4 * 3600.0
    upload_s: float = 300.0
    concurrent: int = 4
    max_queue: int = 32
    job_s: float = 3600.0
    live: int = 4
    live_idle_s: float = 30.0
    decode_memory_bytes: int = 2 * 1024**3
    decode_stall_s: float = 30.0
