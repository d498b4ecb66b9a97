"""A recipe with ranges of settings becomes the best recipe; see docs/tune.md."""

from govor.tune.study import tune

__all__ = ["tune"]
