"""A corpus checked, filtered, split without leaks, and reviewed by people."""

from govor.curate.check import check_corpus
from govor.curate.review import review_corpus
from govor.curate.sample import sample_corpus
from govor.curate.select import select_corpus

__all__ = ["check_corpus", "review_corpus", "sample_corpus", "select_corpus"]
