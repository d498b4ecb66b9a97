"""A clean corpus of 50 synthesised Croatian clips, held in memory, and a recipe with a tiny model."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random

import numpy as np
import polars as pl
import pytest
import soxr

from govor.config import recipe_from
from govor.espeak import synthesise
from govor.preflight.materials import Materials

RATE_HZ = 16_000
NOUNS = ("ministar", "zakon", "grad", "narod", "sastanak", "odbor", "jezik", "posao", "vijeće", "škola")
VERBS = ("čita", "traži", "daje", "vidi", "mijenja", "prima", "želi", "nosi")
ENDS = ("danas", "sutra", "ovdje", "polako", "često", "zajedno", "uvijek")
VOICES = {"train": ("hr", "hr+f2", "hr+m3", "hr+f4"), "dev": ("hr+m5", "hr+f3"), "test": ("hr+m7", "hr+f1")}
COUNTS = {"train": 30, "dev": 10, "test": 10}
TINY = {
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
WAVE = {
    "model_type": "wav2vec2",
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": [8] * 7,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "apply_spec_augment": True,
    "mask_time_prob": 0.05,
}


class MemoryDataset:
    """What checks use of `govor.load.Dataset`, from tables and waves in memory."""

    def __init__(self, tables, waves, info=None):
        self.tables, self.stored, self.info = tables, waves, info or {}
        self.sample_rate = RATE_HZ
        self.fingerprint = "in memory"

    @property
    def splits(self):
        return {split: table.height for split, table in self.tables.items()}

    def table(self, split):
        return self.tables[split]

    def durations(self, split):
        return self.tables[split]["duration"].to_numpy()

    def wave(self, split, row):
        return self.stored[self.tables[split]["id"][row]]

    def waves(self, split, rows):
        for row in rows:
            yield row, self.wave(split, row)


def speak(text, voice, words_per_minute=160, rate_hz=RATE_HZ):
    speech = synthesise(text, voice, words_per_minute)
    return soxr.resample(speech.samples, speech.sample_rate, rate_hz).astype(np.float32)


def sentences(count, seed=0):
    every = [f"{noun} {verb} {end}" for noun in NOUNS for verb in VERBS for end in ENDS]
    return random.Random(seed).sample(every, count)


def table_of(rows):
    return pl.DataFrame(rows).with_columns(pl.col("duration").cast(pl.Float64))


def clean_rows():
    texts = iter(sentences(sum(COUNTS.values())))
    tables, waves = {}, {}
    for split, count in COUNTS.items():
        rows = []
        for number in range(count):
            voice = VOICES[split][number % len(VOICES[split])]
            text, name = next(texts), f"{split}{number:02d}"
            wave = speak(text, voice)
            waves[name] = wave
            rows.append(
                {
                    "id": name,
                    "text": text.capitalize() + ".",
                    "duration": len(wave) / RATE_HZ,
                    "language": "hr",
                    "speaker": voice,
                    "recording": f"recording-{name}",
                    "audio_sha256": hashlib.sha256(wave.tobytes()).hexdigest(),
                }
            )
        tables[split] = table_of(rows)
    return tables, waves


@pytest.fixture(scope="session")
def clean():
    """(tables by split, waves by id) of a corpus without a fault; do not change the waves."""
    return clean_rows()


@pytest.fixture
def tables(clean):
    """The clean tables, to be changed at will."""
    return dict(clean[0])


def recipe_with(**sections):
    """A recipe for a tiny model; sections override settings."""
    data = {
        "model": {"from_scratch": TINY},
        "train": {"lr": 2e-3, "epochs": 2, "batch_s": 30.0},
        "preflight": {"hoped_difference": 0.3, "clips": 50, "minutes": 4.0},
    }
    for name, values in sections.items():
        data[name] = {**data.get(name, {}), **values}
    return recipe_from(data)


@pytest.fixture
def materials_of(clean, tmp_path):
    """Makes materials from a recipe, tables and waves."""

    def make(recipe=None, tables=None, waves=None):
        recipe = dataclasses.replace(recipe or recipe_with(), work=str(tmp_path / "work"))
        made = Materials(recipe, "cpu", tmp_path)
        made.__dict__["dataset"] = MemoryDataset(tables or clean[0], waves or clean[1])
        return made

    return make


LETTERS = "abcčćdđefghijklmnoprsštuvzž"


def save_base(folder, texts, rules=None):
    """A tiny CTC model with random weights whose vocabulary is built from `texts`, as a folder."""
    from govor.models import new_model
    from govor.text import Normaliser

    recipe = recipe_with(**({"text": {"rules": rules}} if rules is not None else {}))
    normaliser = Normaliser.of(recipe.text, "hr")
    family = new_model(recipe.model, normaliser=normaliser, train_texts=texts, language="hr", device="cpu")
    family.save(folder)
    return folder


def edit_json(path, change):
    """Changes a JSON file in place."""
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def base(tmp_path):
    """A tiny base model that knows the letters of Croatian."""
    return save_base(tmp_path / "base", [LETTERS])


@pytest.fixture(autouse=True)
def one_thread():
    """Torch on one thread: two of them fight for the cores of a test machine."""
    import torch

    torch.set_num_threads(1)
