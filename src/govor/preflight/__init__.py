"""Data with model, checked in minutes before anything long."""

from govor.preflight.run import preflight

__all__ = ["preflight"]
