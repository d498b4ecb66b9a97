"""Transcribing long recordings with the same weights: govor, transformers, faster-whisper, whisper.cpp.

Every system decodes the same speech in a process of its own, one thread, model already loaded. What counts is
audio-seconds per CPU-second (all threads of the process) and the process's peak memory. Whisper weights are
random, of whisper-tiny's size; the end of text is suppressed and every window decodes the same number of
tokens in every system, so that nobody wins by stopping early: as many as Whisper's own tokenizer makes of the
spoken text, unless --tokens says otherwise.

    OMP_NUM_THREADS=1 python bench/engines.py --minutes 10
    OMP_NUM_THREADS=1 python bench/engines.py --minutes 60 --systems hour

whisper.cpp takes part where its bindings are to be found:

    pip install --no-deps --target cpp pywhispercpp
    PYTHONPATH=cpp python bench/engines.py
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ggml import write_ggml

if TYPE_CHECKING:
    from govor.models.ctc.model import CtcFamily
    from govor.models.whisper.model import WhisperFamily

RATE = 16_000
System = Callable[[], str]
WINDOW_S = 30
PROMPT_TOKENS = 4
TOKENIZER = Path(__file__).parents[2] / "shared" / "data" / "whisper-tiny-no-weights"
WHISPER_SIZES = {
    "d_model": 384,
    "encoder_layers": 4,
    "decoder_layers": 4,
    "encoder_attention_heads": 6,
    "decoder_attention_heads": 6,
    "encoder_ffn_dim": 1536,
    "decoder_ffn_dim": 1536,
}
CTC_SIZES = {
    "model_type": "wav2vec2",
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 6,
    "intermediate_size": 1536,
    "conv_dim": [256] * 7,
}


def make_models(folder: Path, wanted: set[str]) -> None:
    """Random models and those of their exports that are wanted."""
    from govor.config import ModelConfig, TextConfig
    from govor.models import new_model
    from govor.models.ctc.onnx import convert as to_onnx
    from govor.models.whisper.ctranslate2 import convert as to_ct2
    from govor.text import Normaliser

    new = partial(new_model, normaliser=Normaliser.of(TextConfig(), "hr"), language="hr", device="cpu")
    sizes = {"model_type": "whisper", "tokenizer": str(TOKENIZER), **WHISPER_SIZES}
    whisper = cast("WhisperFamily", new(ModelConfig(from_scratch=sizes), train_texts=[]))
    generation: Any = whisper.model.generation_config
    generation.suppress_tokens = sorted({*(generation.suppress_tokens or []), whisper.prompt.end})
    generation.begin_suppress_tokens = None
    whisper.save(folder / "whisper")
    for kind in {"f16", "q8_0"} & {Path(name).stem for name in wanted}:
        write_ggml(folder / "whisper", folder / f"{kind}.bin", kind)
    for kind in {"float32", "int8"} & wanted:
        (folder / kind).mkdir()
        to_ct2(whisper, folder / kind, kind)
    if not {"ctc", "onnx"} & wanted:
        return
    letters = ["abcdefghijklmnopqrstuvwxyzčćđšž abc"]
    ctc = cast("CtcFamily", new(ModelConfig(from_scratch=CTC_SIZES), train_texts=letters))
    ctc.save(folder / "ctc")
    if "onnx" in wanted:
        (folder / "onnx").mkdir()
        to_onnx(ctc, folder / "onnx", None)


def make_speech(path: Path, minutes: float) -> int:
    """Croatian sentences with pauses, as 16 kHz FLAC; returns the tokens of the text of 30 s."""
    import numpy as np
    import soundfile
    import soxr
    from transformers import AutoTokenizer

    from govor.demo.sentences import distinct_sentences
    from govor.espeak import synthesise

    random = np.random.default_rng(3)
    tokenizer = AutoTokenizer.from_pretrained(TOKENIZER)
    clips, lengths = [], []
    for sentence in distinct_sentences(random, 60):
        speech = synthesise(sentence)
        clips.append(soxr.resample(speech.samples, speech.sample_rate, RATE))
        lengths.append(len(tokenizer(" " + sentence, add_special_tokens=False).input_ids))
    tokens = 0
    left = round(minutes * 60 * RATE)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        while left > 0:
            pause = np.zeros(int(random.choice([0.2, 0.5, 0.9]) * RATE))
            chosen = random.integers(len(clips))
            piece = np.concatenate([clips[chosen], pause])[:left]
            file.write(piece + random.normal(0, 3e-4, len(piece)))
            left -= len(piece)
            tokens += lengths[chosen]
    return round(tokens * WINDOW_S / (minutes * 60))


def govor(model: str, audio: Path, tokens: int, **settings: Any) -> System:
    """A govor system: (run, windows are counted in its own object)."""
    from govor.config import TranscribeConfig
    from govor.models import open_model
    from govor.models.whisper import decoding
    from govor.transcribe import Transcriber

    decoding.TOKENS_BESIDES, decoding.TOKENS_PER_SECOND = tokens, 0
    recogniser = open_model(model, device="cpu")
    transcriber = Transcriber(recogniser, TranscribeConfig(**settings))
    return lambda: transcriber.transcribe(audio).text


def pipeline(model: str, audio: Path, tokens: int, batch: int) -> System:
    """The transformers pipeline, fed with samples."""
    import soundfile
    from transformers import pipeline as make
    from transformers.utils import logging

    logging.set_verbosity_error()
    pipe = make("automatic-speech-recognition", model=model, device="cpu")
    pipe.tokenizer.pad_token = pipe.tokenizer.pad_token or pipe.tokenizer.eos_token
    samples, rate = soundfile.read(audio, dtype="float32")
    settings: dict[str, Any] = {"chunk_length_s": WINDOW_S, "batch_size": batch}
    if "whisper" in model:
        settings["stride_length_s"] = 0
        settings["generate_kwargs"] = {
            "max_new_tokens": tokens,
            "min_new_tokens": tokens,
            "num_beams": 1,
            "language": "hr",
        }
    return lambda: pipe({"raw": samples, "sampling_rate": rate}, **settings)["text"]


def faster_whisper(model: str, audio: Path, tokens: int, kind: str) -> System:
    """faster-whisper with its fallbacks off."""
    import soundfile
    from faster_whisper import WhisperModel

    engine = WhisperModel(model, device="cpu", compute_type=kind, cpu_threads=1)
    samples, _ = soundfile.read(audio, dtype="float32")

    def run() -> str:
        segments, _ = engine.transcribe(
            samples,
            language="hr",
            beam_size=1,
            temperature=0.0,
            compression_ratio_threshold=None,
            log_prob_threshold=None,
            no_speech_threshold=None,
            condition_on_previous_text=False,
            without_timestamps=True,
            max_new_tokens=2 * tokens - PROMPT_TOKENS,  # the engine halves the sum of both
        )
        return " ".join(segment.text for segment in segments)

    return run


def whisper_cpp(model: str, audio: Path, tokens: int) -> System:
    """whisper.cpp through its bindings, fallbacks off."""
    import _pywhispercpp as cpp
    import soundfile

    context = cpp.whisper_init_from_file_with_params(model, cpp.whisper_context_default_params())
    asked = cpp.whisper_full_default_params(cpp.whisper_sampling_strategy.WHISPER_SAMPLING_GREEDY)
    asked.n_threads, asked.language, asked.max_tokens = 1, "hr", tokens - 1  # it stops after the next one
    asked.no_timestamps = asked.no_context = True
    asked.suppress_blank = asked.print_progress = False
    asked.temperature_inc = 0.0
    samples, _ = soundfile.read(audio, dtype="float32")

    def run() -> str:
        cpp.whisper_full(context, asked, samples, samples.size)
        segments = range(cpp.whisper_full_n_segments(context))
        assert {cpp.whisper_full_n_tokens(context, i) for i in segments} == {tokens}
        return b"".join(cpp.whisper_full_get_segment_text(context, i) for i in segments).decode(
            errors="replace"
        )

    return run


FIXED = {"chunk": float(WINDOW_S), "language": "hr"}
SYSTEMS: dict[str, tuple[Callable[..., System], str, dict[str, Any]]] = {
    "pipeline-whisper-1": (pipeline, "whisper", {"batch": 1}),
    "pipeline-whisper-8": (pipeline, "whisper", {"batch": 8}),
    "faster-whisper-float32": (faster_whisper, "float32", {"kind": "float32"}),
    "faster-whisper-int8": (faster_whisper, "int8", {"kind": "int8"}),
    "whisper-cpp-f16": (whisper_cpp, "f16.bin", {}),
    "whisper-cpp-q8_0": (whisper_cpp, "q8_0.bin", {}),
    "govor-torch-float32": (govor, "whisper", FIXED),
    "govor-ct2-float32": (govor, "float32", FIXED),
    "govor-ct2-int8": (govor, "int8", FIXED),
    "pipeline-ctc-1": (pipeline, "ctc", {"batch": 1}),
    "pipeline-ctc-8": (pipeline, "ctc", {"batch": 8}),
    "govor-torch-ctc": (govor, "ctc", {}),
    "govor-onnx": (govor, "onnx", {}),
}

HOUR = (
    "pipeline-whisper-8",
    "faster-whisper-int8",
    "govor-ct2-int8",
    "pipeline-ctc-1",
    "govor-torch-ctc",
    "govor-onnx",
)
RATIOS = (
    ("govor-ct2-int8", "pipeline-whisper-1", 4.0),
    ("govor-ct2-int8", "pipeline-whisper-8", 2.0),
    ("govor-ct2-float32", "faster-whisper-float32", 1.0),
    ("govor-ct2-int8", "faster-whisper-int8", 1.0),
    ("govor-torch-ctc", "pipeline-ctc-1", 2.0),
    ("govor-torch-ctc", "pipeline-ctc-8", 2.0),
    ("govor-onnx", "pipeline-ctc-1", 2.0),
)
"""(system, other, goal): audio per CPU-second of the first over that of the second."""


def peak_bytes() -> float:
    """Most memory of this process since it began; Linux counts a parent's in ru_maxrss, hence /proc."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(name: str, folder: Path, audio: Path, tokens: int) -> dict[str, Any]:
    """One system, in this process."""
    maker, model, settings = SYSTEMS[name]
    run = maker(str(folder / model), audio, tokens, **settings)
    wall, cpu = time.perf_counter(), time.process_time()
    text = run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak_mb = peak_bytes() / 1e6
    return {"cpu_s": cpu, "wall_s": wall, "peak_mb": peak_mb, "characters": len(text)}


def measured(name: str, folder: Path, audio: Path, tokens: int) -> dict[str, Any]:
    """One system, in a process of its own; its error under ``error``.

    Making models here has set how many kernels oneDNN keeps in training: that is not handed on.
    """
    command = [sys.executable, __file__, "--tokens", str(tokens), "--one", name, str(folder), str(audio)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ONEDNN_")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1][:90]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(names: list[str], folder: Path, minutes: float, tokens: int | None) -> None:
    """Makes models and speech, prints a row a system and the ratios that were aimed at."""
    make_models(folder, {SYSTEMS[name][1] for name in names})
    audio, seconds, rates = folder / "speech.flac", minutes * 60, {}
    spoken = make_speech(audio, minutes)
    tokens = tokens or spoken
    print(f"{minutes:g} minutes of speech; its text has {spoken} tokens in 30 s, {tokens} are decoded")
    print(f"{'system':24} {'audio-s/CPU-s':>14} {'rtf':>8} {'peak MB':>8} {'characters':>11}", flush=True)
    for name in names:
        row = measured(name, folder, audio, tokens)
        if "error" in row:
            print(f"{name:24} failed: {row['error']}", flush=True)
            continue
        rates[name], rtf = seconds / row["cpu_s"], row["wall_s"] / seconds
        facts = f"{rtf:8.4f} {row['peak_mb']:8.0f} {row['characters']:11}"
        print(f"{name:24} {rates[name]:14.1f} {facts}", flush=True)
    for name, other, goal in RATIOS:
        if name in rates and other in rates:
            print(f"{name} / {other}: {rates[name] / rates[other]:.2f} (goal {goal:g})")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--tokens", type=int, help="decoded in every Whisper window; default: as in the text")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="names, or hour: what an hour is for")
    parser.add_argument("--one", nargs=3, metavar=("SYSTEM", "FOLDER", "AUDIO"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        name, folder, audio = asked.one
        print(json.dumps(measure(name, Path(folder), Path(audio), asked.tokens)))
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    names = list(HOUR) if asked.systems == "hour" else asked.systems.split(",")
    with tempfile.TemporaryDirectory() as scratch:
        compare(names, Path(scratch), asked.minutes, asked.tokens)


if __name__ == "__main__":
    main()
