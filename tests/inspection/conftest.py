"""A clip of known content and a model that knows it by heart."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import soxr

from govor.espeak import synthesise

TEXT = "Dobar dan, svima!"


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """A 22,050 Hz WAV that says `TEXT`."""
    path = tmp_path_factory.mktemp("own") / "moja snimka.wav"
    speech = synthesise(TEXT, "hr+f2", 150)
    soundfile.write(path, speech.samples, speech.sample_rate)
    return path


@pytest.fixture(scope="session")
def learnt(tmp_path_factory):
    """Folder of a tiny CTC model that was trained on `TEXT` alone."""
    import torch

    from govor.config import ModelConfig, TextConfig
    from govor.models import new_model
    from govor.preflight.budget import Budget
    from govor.preflight.clips import Clip
    from govor.preflight.practice import overfit
    from govor.text import Normaliser

    torch.set_num_threads(1)
    sizes = {
        "model_type": "parakeet_ctc",
        "hidden_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 96,
        "subsampling_factor": 4,
        "subsampling_conv_channels": 16,
        "num_mel_bins": 80,
        "initializer_range": 0.05,
    }
    normaliser = Normaliser.of(TextConfig(), "hr")
    family = new_model(
        ModelConfig(from_scratch=sizes),
        normaliser=normaliser,
        train_texts=[normaliser(TEXT)],
        language="hr",
        device="cpu",
    )
    speech = synthesise(TEXT, "hr+f2", 150)
    wave = soxr.resample(speech.samples, speech.sample_rate, 16_000).astype(np.float32)
    practice = overfit(family, [Clip("a", "train", 0, wave, normaliser(TEXT), "hr")], Budget(2))
    assert practice.done
    folder = tmp_path_factory.mktemp("models") / "learnt"
    family.save(folder)
    return folder
