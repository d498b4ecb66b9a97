"""A small corpus of synthesised speech, and the data set made from it, for every stage's tests.

Two long recordings with alignments and a few short ones, three splits, two speakers, about 40 seconds.
"""

from pathlib import Path

import numpy as np
import polars as pl
import soundfile as sf

from govor.config import PrepareConfig
from govor.corpora.folder import CorpusInfo, CorpusWriter
from govor.espeak import synthesise

RATE = 22_050
GAP_S = 0.3
VOICES = {"ana": "hr+f2", "ivo": "hr+m3"}
SENTENCES = {
    "train": [
        "dobar dan svima",
        "danas je lijep dan",
        "hvala na pitanju",
        "idemo dalje s radom",
        "gospodine predsjedniče",
        "to je dobar prijedlog",
    ],
    "dev": ["sutra će padati kiša", "molim vas za riječ"],
    "test": ["vlada je donijela odluku", "želim vam dobro jutro", "nemamo više vremena"],
}


def speak(text: str, speaker: str = "ana") -> np.ndarray:
    """Samples ``[T]`` at `RATE`."""
    return np.asarray(synthesise(text, VOICES[speaker], 160).samples, np.float32)


def long_recording(sentences: list[str], speaker: str) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """All sentences one after the other with gaps, and where each is in seconds."""
    gap = np.zeros(int(GAP_S * RATE), np.float32)
    pieces, spans, place = [gap], [], len(gap)
    for sentence in sentences:
        wave = speak(sentence, speaker)
        spans.append((round(place / RATE, 3), round((place + len(wave)) / RATE, 3)))
        pieces += [wave, gap]
        place += len(wave) + len(gap)
    return np.concatenate(pieces), spans


def spoken_rows(audio: Path) -> list[dict]:
    """Writes the recordings into `audio` and gives the utterances."""
    audio.mkdir(parents=True, exist_ok=True)
    rows = []
    for speaker in VOICES:
        wave, spans = long_recording(SENTENCES["train"], speaker)
        name = f"sjednica-{speaker}_1"
        sf.write(audio / f"{name}.flac", np.stack([wave, wave * 0.5], axis=1), RATE)
        for (start, end), text in zip(spans, SENTENCES["train"], strict=True):
            rows.append(
                _row(f"{name}_{start:.2f}-{end:.2f}", f"{name}.flac", text, speaker, "train", start, end)
            )
    for split in ("dev", "test"):
        for number, text in enumerate(SENTENCES[split]):
            wave, name = speak(text, "ivo"), f"{split}{number}"
            sf.write(audio / f"{name}.wav", wave, RATE)
            row = _row(name, f"{name}.wav", text, "ivo", split)
            rows.append({**row, "duration": len(wave) / RATE})
    return rows


def _row(name, audio, text, speaker, split, start=None, end=None):
    return {
        "id": name,
        "recording": audio.rsplit(".", 1)[0],
        "audio": audio,
        "text": text,
        "speaker": speaker,
        "split": split,
        "language": "hr",
        "start": start,
        "end": end,
    }


def write_corpus(folder: Path, rows: list[dict], audio: Path) -> Path:
    """A corpus folder with these utterances."""
    with CorpusWriter(folder, CorpusInfo("table", "tests", str(audio))) as corpus:
        corpus.write(pl.DataFrame(rows, infer_schema_length=None))
    return folder


def spoken_corpus(folder: Path) -> Path:
    """The corpus, with its recordings beside it."""
    return write_corpus(folder / "corpus", spoken_rows(folder / "audio"), folder / "audio")


def prepared_from(corpus: Path) -> Path:
    """The data set prepared from `corpus`, beside it."""
    from govor.prepare import prepare_corpus

    dataset = corpus.parent / "dataset"
    prepare_corpus(corpus, str(dataset), PrepareConfig(workers=1))
    return dataset


def spoken_dataset(folder: Path) -> Path:
    """The data set prepared from `spoken_corpus`."""
    return prepared_from(spoken_corpus(folder))
