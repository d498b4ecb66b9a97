"""All that differs between model families: open a model, make one to train, resume one."""

from govor.models.base import Batch, DecodeOptions, Example, Family, Recogniser, Sound, sounds
from govor.models.build import new_model, resume_model
from govor.models.opening import open_model

__all__ = [
    "Batch",
    "DecodeOptions",
    "Example",
    "Family",
    "Recogniser",
    "Sound",
    "new_model",
    "open_model",
    "resume_model",
    "sounds",
]
