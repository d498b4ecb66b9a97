"""Shows one utterance at every stage."""

from govor.inspection.stages import Inspection, inspect_utterance
from govor.inspection.subject import Subject, find_subject

__all__ = ["Inspection", "Subject", "find_subject", "inspect_utterance"]
