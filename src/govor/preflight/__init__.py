"""Data with model, checked in minutes before anything long."""

from govor.preflight.run import ensure, preflight

__all__ = ["ensure", "preflight"]
