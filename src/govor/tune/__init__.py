"""A recipe with a space to its best settings; see docs/tune.md."""

from govor.tune.study import tune

__all__ = ["tune"]
