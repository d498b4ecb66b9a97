"""Recipe to run folder: exact, elastic training; see docs/train.md."""

from govor.train.run import train

__all__ = ["train"]
