"""Source text to what a model reads and writes."""

from govor.text.normaliser import Normaliser
from govor.text.similarity import similarity

__all__ = ["Normaliser", "similarity"]
