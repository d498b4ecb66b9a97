"""What this machine can do: each part is tried."""

from govor.doctor.examine import examine

__all__ = ["examine"]
