"""A recording whose words are known, its text, and a model that hears it: what ``govor align`` is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from transcribe.known_speech import KnowingRecogniser

SENTENCES = [
    "Poštovane dame i gospodo dobar dan svima u dvorani",
    "Danas ćemo govoriti o novom zakonu o obrazovanju",
    "Vlada je prošli tjedan poslala prijedlog u sabor",
]


def write(folder: Path) -> None:
    """``tapes``, ``texts``, ``model`` and what is known."""
    import soundfile

    from govor.records import Word
    from transcribe.known_speech import RATE, noise_words

    words, at = [], 0.5
    for sentence in SENTENCES:
        for word in sentence.split():
            length = 0.06 * len(word) + 0.1
            words.append(Word(word.lower(), at, at + length))
            at += length
        at += 0.8
    samples = noise_words([(word.start, word.end) for word in words], at, 1)
    for name in ("tapes", "texts", "model"):
        (folder / name).mkdir(parents=True)
    soundfile.write(folder / "tapes" / "one.wav", samples, RATE, subtype="FLOAT")
    (folder / "texts" / "one.txt").write_text(
        "\n".join(f"{s}." for s in ["ZAPISNIK SA SJEDNICE", *SENTENCES])
    )
    (folder / "model" / "config.json").write_text("{}")
    np.save(folder / "model" / "known.npy", samples)
    known = [(word.text, word.start, word.end) for word in words]
    (folder / "model" / "known.json").write_text(json.dumps(known))


def hears(folder: Path | str) -> KnowingRecogniser:
    """The model of `folder`, which hears its recording alone."""
    from govor.records import Word
    from transcribe.known_speech import KnowingRecogniser

    folder = Path(folder)
    words = [Word(*word) for word in json.loads((folder / "model" / "known.json").read_text())]
    return KnowingRecogniser(np.load(folder / "model" / "known.npy"), words)


def hear(folder: Path | str) -> None:
    """From now on every model of this process is the one of `folder`."""
    import govor.models

    model = hears(folder)
    govor.models.open_model = lambda *_, **__: model  # type: ignore[assignment]
