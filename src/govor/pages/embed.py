"""Data inside a page: nothing is fetched, and the data cannot end the element that holds it."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from govor.records import finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DANGEROUS = {ord(c): f"\\u{ord(c):04x}" for c in "<>&'\u2028\u2029"}


def embed_json(value: Any) -> Markup:
    """`value` as JSON that is safe inside ``<script>`` and in a quoted attribute.

    ``<``, ``>``, ``&``, ``'`` and the two separators that end a line in scripts are written as escapes, so
    that a transcript holding ``</script>`` stays text; numbers that are not finite become null.
    """
    text = json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"), default=str)
    return Markup(text.translate(_DANGEROUS))


def data_uri(content: bytes, mime: str) -> str:
    """`content` as a ``data:`` URI."""
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"


def audio_data_uri(content: bytes, mime: str = "audio/flac") -> str:
    """Encoded audio for the ``src`` of an ``<audio>`` element (browsers play FLAC, MP3, Ogg Opus and WAV)."""
    return data_uri(content, mime)


def png_data_uri(figure: Figure, dpi: int = 144) -> str:
    """A matplotlib figure for the ``src`` of an ``<img>`` element."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return data_uri(buffer.getvalue(), "image/png")
