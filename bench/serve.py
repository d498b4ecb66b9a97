"""Throughput and latency of the API with concurrent clients: python bench/serve.py MODEL RECORDING

One server process. Clients send the first seconds of RECORDING over and over, each its next request once the
one before is answered. Prints a Markdown table.

With --faster-whisper MODEL is a CTranslate2 folder, and faster-whisper serves it too: behind a minimal
FastAPI app, with the same number of threads, beams and language. Both servers are asked in turn, so that
whatever else the machine does meets both.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import fastapi
import httpx
import psutil
import soundfile as sf

from govor.audio import load_mono


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("recording")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--requests", type=int, default=48)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 4, 16])
    parser.add_argument("--faster-whisper", action="store_true", help="beside it, with the same weights")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--language", default="en")
    parser.add_argument("--app", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.app is not None:
        serve_faster_whisper(asked.model, asked.app, asked.beam_size, asked.language)
        return
    clip = first_seconds(asked.recording, asked.seconds)
    decoding = ["--beam-size", str(asked.beam_size), "--language", asked.language]
    kinds = {"govor": ["-m", "govor", "serve", asked.model, "--no-page", *decoding, "--port"]}
    if asked.faster_whisper:
        kinds["faster-whisper"] = [__file__, asked.model, asked.recording, *decoding, "--app"]
    print("| server | clients | requests/s | audio-s/s | median s | 95% s | server CPU-s a request |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    with ExitStack() as stack:
        servers = {name: stack.enter_context(Server(command)) for name, command in kinds.items()}
        for server in servers.values():
            server.ask(clip)
        for clients in asked.clients:
            for name, server in servers.items():
                print(f"| {name} {row(server, clip, clients, asked)}", flush=True)
        for name, server in servers.items():
            print(f"\npeak memory of {name}: {server.memory_mb():.0f} MB")


def serve_faster_whisper(model: str, port: int, beam_size: int, language: str) -> None:
    """What people write around faster-whisper: one model, one route, a thread a request."""
    import uvicorn
    from faster_whisper import WhisperModel

    threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    engine = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=threads)
    app = fastapi.FastAPI()

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/audio/transcriptions")
    def transcribe(file: fastapi.UploadFile) -> dict[str, str]:
        segments, _ = engine.transcribe(file.file, language=language, beam_size=beam_size)
        return {"text": "".join(segment.text for segment in segments)}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


def first_seconds(recording: str, seconds: float) -> bytes:
    target = io.BytesIO()
    sf.write(target, load_mono(recording, end=seconds), 16_000, format="WAV")
    return target.getvalue()


def row(server: Server, clip: bytes, clients: int, asked: argparse.Namespace) -> str:
    cpu_s, begun_s, requests = server.cpu_s(), time.monotonic(), max(clients, asked.requests)
    with ThreadPoolExecutor(clients) as pool:
        took = sorted(pool.map(lambda _: server.ask(clip), range(requests)))
    wall_s = time.monotonic() - begun_s
    rate = requests / wall_s
    late = took[math.ceil(0.95 * len(took)) - 1]
    cpu = (server.cpu_s() - cpu_s) / requests
    times = f"{statistics.median(took):.2f} | {late:.2f} | {cpu:.2f}"
    return f"| {clients} | {rate:.1f} | {rate * asked.seconds:.0f} | {times} |"


class Server:
    """A server on a free port, the last word of `command`; CPU and memory of it and its children."""

    def __init__(self, command: list[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.command = [sys.executable, *command, str(self.port)]

    def __enter__(self) -> Server:
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL, env={**os.environ})
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/health")
                return self
            except httpx.TransportError:
                time.sleep(0.2)

    def __exit__(self, *error: object) -> None:
        self.process.terminate()
        self.process.wait()

    def ask(self, clip: bytes) -> float:
        begun_s = time.monotonic()
        url = f"http://127.0.0.1:{self.port}/v1/audio/transcriptions"
        httpx.post(url, files={"file": ("a.wav", clip)}, timeout=300).raise_for_status()
        return time.monotonic() - begun_s

    def cpu_s(self) -> float:
        """Of the server, its children, and theirs that have ended."""
        process = psutil.Process(self.process.pid)
        times = []
        for one in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.NoSuchProcess):  # one that has ended counts in its parent's time
                times.append(one.cpu_times())
        return sum(t.user + t.system + t.children_user + t.children_system for t in times)

    def memory_mb(self) -> float:
        """Most that the process itself held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s+(\d+)", status)
        return 1024 * int(found[1]) / 1e6 if found else float("nan")


if __name__ == "__main__":
    main()
