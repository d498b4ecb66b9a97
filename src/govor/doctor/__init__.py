"""Tries each part of this machine, and says what it can do."""

from govor.doctor.examine import examine

__all__ = ["examine"]
