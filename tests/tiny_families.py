"""Small models of random weights, made anew."""

from govor.config import ModelConfig, TextConfig
from govor.models import new_model
from govor.text import Normaliser


def make_whisper(files, **config):
    """A Croatian Whisper with the tokenizer of `files`."""
    return new_model(
        ModelConfig(from_scratch={"model_type": "whisper", "tokenizer": str(files)}, **config),
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=[],
        language="hr",
        device="cpu",
        seed=3,
        precision="fp32",
    )
