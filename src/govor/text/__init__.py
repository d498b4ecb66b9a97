"""Text of a source becomes the normalised text that a model reads and writes."""

from govor.text.normaliser import Normaliser
from govor.text.rules import RULES, Rule, primary_language
from govor.text.similarity import similarities, similarity

__all__ = ["RULES", "Normaliser", "Rule", "primary_language", "similarities", "similarity"]
