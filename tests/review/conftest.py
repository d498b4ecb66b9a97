"""A corpus with sound whose every second is known: second n of a recording is a tone of 200 + 20 n Hz."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile as sf

from govor.corpora.folder import CorpusInfo, CorpusWriter
from govor.review import ReviewSession, ReviewSettings

RATE = 16_000
WORDS = ["jedan", "dva", "tri", "četiri", "pet", "šest", "sedam", "osam", "devet", "deset"]


def write_sound(path: Path, seconds: int) -> None:
    time = np.arange(RATE) / RATE
    tones = [0.3 * np.sin(2 * np.pi * (200 + 20 * n) * time) for n in range(seconds)]
    sf.write(path, np.concatenate(tones), RATE)


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """Eight utterances of 3 s in two recordings, a second between them; u5 is heard wrong, u2 a little."""
    made = []
    for n in range(8):
        text = " ".join(WORDS[n : n + 3])
        heard = {5: "nešto sasvim drugo", 2: f"{text}x"}.get(n, text)
        start = 1.0 + 4 * (n % 4)
        made.append(
            {
                "id": f"u{n}",
                "recording": f"r{n // 4}",
                "audio": f"r{n // 4}.wav",
                "start": start,
                "end": start + 3,
                "duration": 3.0,
                "text": text,
                "asr": heard,
                "speaker": "ana",
                "language": "hr",
            }
        )
    return made


@pytest.fixture
def make_corpus(tmp_path: Path, rows: list[dict[str, Any]]) -> Callable[..., Path]:
    """Writes the corpus, with rows as they are given."""

    def make(given: list[dict[str, Any]] | None = None, notes: dict[str, Any] | None = None) -> Path:
        for name in ("r0", "r1"):
            write_sound(tmp_path / f"{name}.wav", 18)
        found = {"second_transcript": "asr"} if notes is None else notes
        with CorpusWriter(
            tmp_path / "corpus", CorpusInfo("test", "memory", str(tmp_path), notes=found)
        ) as writer:
            writer.write(pl.DataFrame(rows if given is None else given))
        return tmp_path / "corpus"

    return make


@pytest.fixture
def corpus(make_corpus: Callable[..., Path]) -> Path:
    return make_corpus()


@pytest.fixture
def session(corpus: Path) -> Any:
    """Opens reviews of the corpus, and closes them in the end."""
    opened: list[ReviewSession] = []

    def begin(**settings: Any) -> ReviewSession:
        for one in opened:
            one.close()
        opened.clear()
        opened[:] = [ReviewSession(ReviewSettings(settings.pop("corpus", corpus), **settings))]
        return opened[0]

    yield begin
    for one in opened:
        one.close()
