"""A small prepared data set of synthesised speech, written as `prepare` writes one."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
import soxr

from govor.demo.sentences import distinct_sentences
from govor.espeak import synthesise

RATE = 16_000
VOICES = ("hr", "hr+m3", "hr+f2")


def write_speech_set(
    folder: Path,
    counts: dict[str, int],
    *,
    seed: int = 0,
    damaged: tuple[str, ...] = (),
    rate: int = RATE,
    talk: int = 0,
) -> Path:
    """Writes `counts` clips a split at `rate` Hz; the clips whose ids are `damaged` cannot be decoded.

    Where `talk` is given, so many clips follow each other in one recording.
    """
    draw = np.random.default_rng(seed)
    sentences = distinct_sentences(draw, sum(counts.values()))
    (folder / "data").mkdir(parents=True)
    for split, count in counts.items():
        rows = [_row(f"{split}-{n:03d}", sentences.pop(), draw, damaged, rate) for n in range(count)]
        for number, row in enumerate(rows if talk else ()):
            start = 4.0 * (number % talk)
            times = {"start": start, "end": start + float(str(row["duration"]))}
            row |= {"recording": f"{split}-talk{number // talk}", **times}
        table = pa.Table.from_pylist(rows)
        pq.write_table(table, folder / "data" / f"{split}-00000-of-00001.parquet", row_group_size=16)
    facts = {"fingerprint": f"speech-{seed}-{json.dumps(counts)}", "sample_rate": rate}
    (folder / "dataset.json").write_text(json.dumps(facts))
    return folder


def _row(
    utterance: str, text: str, draw: np.random.Generator, damaged: tuple[str, ...], rate: int
) -> dict[str, object]:
    voice = VOICES[int(draw.integers(len(VOICES)))]
    speech = synthesise(" ".join(text.split()[:3]), voice, 220)
    wave = soxr.resample(speech.samples, speech.sample_rate, rate).astype(np.float32)
    audio = io.BytesIO()
    soundfile.write(audio, wave, rate, format="FLAC")
    content = b"fLaC, but not really" if utterance in damaged else audio.getvalue()
    return {
        "id": utterance,
        "audio": {"bytes": content, "path": f"{utterance}.flac"},
        "text": " ".join(text.split()[:3]),
        "duration": len(wave) / rate,
        "language": "hr",
        "speaker": voice,
        "recording": utterance,
    }
