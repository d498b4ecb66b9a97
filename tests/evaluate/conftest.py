"""A data set and recognisers that know the answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from govor.audio import encode
from govor.config import TextConfig
from govor.errors import AudioError
from govor.records import Hypothesis
from govor.text import Normaliser

RATE = 16_000
SENTENCES = (
    "Dobar dan, poštovane kolegice i kolege.",
    "Danas raspravljamo o prijedlogu zakona.",
    "Molim vas da zauzmete svoja mjesta u dvorani.",
    "Hvala lijepa, riječ ima gospodin zastupnik.",
    "Prelazimo na drugu točku dnevnog reda.",
    "To je pitanje za ministra financija.",
)


class StubDataset:
    """Clips whose first sample tells their row."""

    sample_rate = RATE
    fingerprint = "stub"
    info = {}

    def __init__(self, table: pl.DataFrame, path: str = "stub", broken: tuple[int, ...] = ()):
        self.frame, self.url, self.broken = table, path, broken
        self.splits = dict(sorted(table.group_by("split").len().iter_rows()))

    def table(self, split):
        return self.frame.filter(pl.col("split") == split).drop("split")

    def durations(self, split):
        return self.table(split)["duration"].to_numpy()

    def wave(self, split, row):
        if row in self.broken:
            raise AudioError(f"clip {row} is corrupt", "corrupt")
        length = round(self.durations(split)[row] * RATE)
        time = np.arange(length, dtype=np.float32) / RATE
        wave = (0.1 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)
        wave[0] = row / 1000
        return wave

    def clip_bytes(self, split, row):
        return b"broken" if row in self.broken else encode(self.wave(split, row), RATE)


class StubRecogniser:
    """Says what a list holds for the row that it hears."""

    sample_rate = RATE
    max_window_s = None

    def __init__(self, texts, name="stub"):
        self.texts, self.name = texts, name
        self.normaliser = Normaliser.of(TextConfig(), "hr")
        self.batches: list[list[int]] = []

    def recognise(self, sounds, options):
        rows = [round(float(sound.wave[0]) * 1000) for sound in sounds]
        self.batches.append(rows)
        return [Hypothesis(self.texts[row], confidence=0.9, language="hr") for row in rows]

    def describe(self):
        return {"family": "stub", "parameters": 0}


@pytest.fixture
def dataset() -> StubDataset:
    generator = np.random.default_rng(0)
    rows = 60
    return StubDataset(
        pl.DataFrame(
            {
                "id": [f"u{n:02d}" for n in range(rows)],
                "text": [SENTENCES[n % len(SENTENCES)] for n in range(rows)],
                "duration": np.round(generator.uniform(1, 12, rows), 2),
                "language": ["hr"] * rows,
                "speaker": [f"voice{n % 3}" for n in range(rows)],
                "recording": [f"rec{n % 6}" for n in range(rows)],
                "voice": ["heard" if n % 3 else "unheard" for n in range(rows)],
                "split": ["test"] * rows,
            }
        )
    )


@pytest.fixture
def perfect(dataset) -> StubRecogniser:
    return StubRecogniser(dataset.table("test")["text"].to_list())


@pytest.fixture
def careless(dataset) -> StubRecogniser:
    """Loses the last word of every second utterance."""
    texts = dataset.table("test")["text"].to_list()
    return StubRecogniser([text.rsplit(" ", n % 2)[0] for n, text in enumerate(texts)], "careless")


@pytest.fixture
def stage(monkeypatch, dataset):
    """Makes `govor.load.Dataset.open` and `govor.models.open_model` answer with stubs; counts openings."""
    import govor.load
    import govor.models

    models: dict[str, StubRecogniser] = {}
    opened: list[str] = []

    class Opener:
        @staticmethod
        def open(path):
            return dataset

    def open_model(spec, **_):
        opened.append(str(spec))
        return models[Path(spec).name]

    monkeypatch.setattr(govor.load, "Dataset", Opener, raising=False)
    monkeypatch.setattr(govor.models, "open_model", open_model, raising=False)
    return models, opened
