"""A corpus is checked, filtered, split without leaks, reviewed by people, merged and moved."""

from govor.curate.check import check_corpus
from govor.curate.merge import merge_corpora
from govor.curate.move import move_corpus
from govor.curate.review import review_corpus
from govor.curate.sample import sample_corpus
from govor.curate.select import select_corpus

__all__ = ["check_corpus", "merge_corpora", "move_corpus", "review_corpus", "sample_corpus", "select_corpus"]
