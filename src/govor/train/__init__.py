"""A recipe becomes a run folder: exact training, continued on any number of devices; see docs/train.md."""

from govor.train.run import train

__all__ = ["train"]
