"""A corpus checked, filtered, split without leaks, and reviewed by people."""

from govor.curate.select import select_corpus

__all__ = ["select_corpus"]
