"""Data and model are checked together, in minutes, before anything long."""

from govor.preflight.run import ensure, preflight, preflight_aloud

__all__ = ["ensure", "preflight", "preflight_aloud"]
