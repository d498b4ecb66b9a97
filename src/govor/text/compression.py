"""How far a text repeats itself."""

from __future__ import annotations

import zlib


def compression_ratio(text: str) -> float:
    """Bytes of a text over those that zlib makes of it (OpenAI's ``whisper/utils.py``); 0 without any."""
    plain = text.encode("utf-8", "surrogatepass")
    return len(plain) / len(zlib.compress(plain)) if plain else 0.0
