"""Corpus to data set: decode each recording once, cut, encode, write shards that appear whole.

    plan (pure) -> tasks -> worker processes -> shards, each atomic -> index last

`prepare_corpus` does it, `projected` tells what it will take.
"""

from govor.prepare.projection import Projection, projected
from govor.prepare.run import prepare_corpus

__all__ = ["Projection", "prepare_corpus", "projected"]
