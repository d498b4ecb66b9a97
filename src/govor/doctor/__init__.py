"""What this machine can do, tried for real."""

from govor.doctor.examine import examine

__all__ = ["examine"]
