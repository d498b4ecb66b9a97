"""Speaks one recording: ``python -m govor.demo.recording`` with its plan on standard input.

A process of its own for each, because espeak-ng's bytes depend on the calls before: a kill changes nothing.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.demo.script import TOLD, Recording
from govor.demo.sentences import written
from govor.errors import GovorError
from govor.espeak import Speech, synthesise
from govor.store import write_bytes, write_json

_DULL = str.maketrans({"č": "c", "ć": "c", "ž": "z", "š": "s", "đ": "d"})


SAMPLE_RATE = 48_000
PAUSE_S = (0.5, 1.4)
MARGIN_S = 0.08
NOISE_AMPLITUDE = 0.0007
RIGHT_GAIN = 0.85
PEAK = 0.7
WRONG_TRANSCRIPT_SHARE = 0.05
Samples = NDArray[np.float32]


def misheard(words: Sequence[str], rng: np.random.Generator, badly: bool = False) -> list[str]:
    """`words` with a recogniser's slips; `badly`: mostly another sentence, as where an alignment failed."""
    if badly:
        return [word[::-1] for word in words[: max(1, len(words) // 2)]]
    return [heard for word in words if (heard := _slip(word, rng))]


def _slip(word: str, rng: np.random.Generator) -> str:
    chance = rng.random()
    if chance < 0.02 and len(word) < 4:
        return ""
    if chance < 0.06:
        return word.translate(_DULL)
    if chance < 0.09 and len(word) > 3:
        place = int(rng.integers(1, len(word) - 1))
        return word[:place] + word[place + 1 :]
    return word


def make(recording: Recording, folder: Path) -> None:
    """Writes the recording and, last, its aligned segments as ``segments/<name>.json``."""
    rng = np.random.default_rng([recording.seed, 7])
    pieces: list[Samples] = []
    segments: list[Mapping[str, object]] = []
    position = 0
    for sentence in recording.sentences:
        pause = np.zeros(int(rng.uniform(*PAUSE_S) * SAMPLE_RATE), np.float32)
        speech = synthesise(sentence, recording.voice, recording.words_per_minute)
        samples = _at_48_khz(speech)
        position += len(pause)
        segments.append(_segment(recording, sentence, speech, position, len(samples), rng))
        position += len(samples)
        pieces += [pause, samples]
    _write_audio(folder / "recordings" / recording.file, _stereo(np.concatenate(pieces), rng))
    write_json(folder / "segments" / f"{recording.name}.json", segments)


def _at_48_khz(speech: Speech) -> Samples:
    import soxr

    samples: Samples = soxr.resample(_without_silence(speech.samples), speech.sample_rate, SAMPLE_RATE, "HQ")
    return samples


def _without_silence(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > 1e-3)
    return samples[: loud[-1] + 1] if len(loud) else samples


def _stereo(mono: Samples, rng: np.random.Generator) -> Samples:
    mono = mono * (PEAK / max(float(np.abs(mono).max()), 1e-6))
    noise = rng.standard_normal((len(mono), 2), dtype=np.float32) * NOISE_AMPLITUDE
    stereo: Samples = np.stack([mono, mono * RIGHT_GAIN], axis=1) + noise
    return stereo


def _segment(
    recording: Recording, sentence: str, speech: Speech, start: int, length: int, rng: np.random.Generator
) -> Mapping[str, object]:
    words, norm_words = written(sentence).split(), sentence.lower().split()
    start_s = max(0.0, start / SAMPLE_RATE - MARGIN_S)
    end_s = (start + length) / SAMPLE_RATE + MARGIN_S
    times = [round(start / SAMPLE_RATE - start_s + word.start, 2) for word in speech.words]
    wrong = rng.random() < WRONG_TRANSCRIPT_SHARE
    return {
        "path": f"{recording.name}_{start_s:.2f}-{end_s:.2f}.wav",
        "orig_file": f"{recording.name}{Path(recording.file).suffix}",
        "start": round(start_s, 2),
        "end": round(end_s, 2),
        "words": words,
        "word_start_times": times if len(times) == len(words) else None,
        "norm_words": norm_words,
        "asr_words": misheard(norm_words, rng, badly=wrong),
        "speaker_info": {"Speaker_name": recording.voice},
        "voice": "heard" if recording.heard else "unheard",
        "split": recording.split,
    }


def _write_audio(path: Path, samples: Samples) -> None:
    """MP3: its bytes are a function of the samples; an Ogg stream has a random serial number."""
    import soundfile as sf

    content = io.BytesIO()  # libsndfile does not say that a disk is full
    sf.write(content, samples, SAMPLE_RATE, format="MP3", subtype="MPEG_LAYER_III")
    write_bytes(path, content.getvalue())


def main() -> None:
    """Reads ``{"folder": …, "recording": {…}}`` from standard input and makes it."""
    order = json.load(sys.stdin)
    plan = {**order["recording"], "sentences": tuple(order["recording"]["sentences"])}
    try:
        make(Recording(**plan), Path(order["folder"]))
    except GovorError as error:
        print(error, file=sys.stderr)
        sys.exit(TOLD)


if __name__ == "__main__":
    main()
