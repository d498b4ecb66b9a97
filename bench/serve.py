"""Throughput and latency of the API with concurrent clients: python bench/serve.py MODEL RECORDING

One server process; clients send the first seconds of RECORDING over and over. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import io
import os
import socket
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

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
    asked = parser.parse_args()
    clip = first_seconds(asked.recording, asked.seconds)
    print("| clients | requests/s | audio-s/s | median s | 95% s | server CPU-s a request |")
    print("|---:|---:|---:|---:|---:|---:|")
    with Server(asked.model) as server:
        server.ask(clip)
        for clients in asked.clients:
            print(row(server, clip, clients, asked), flush=True)
        print(f"\npeak memory of the server: {server.memory_mb():.0f} MB")


def first_seconds(recording: str, seconds: float) -> bytes:
    target = io.BytesIO()
    sf.write(target, load_mono(recording, end=seconds), 16_000, format="WAV")
    return target.getvalue()


def row(server: Server, clip: bytes, clients: int, asked: argparse.Namespace) -> str:
    cpu_s, begun_s = server.cpu_s(), time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        took = sorted(pool.map(lambda _: server.ask(clip), range(asked.requests)))
    wall_s = time.monotonic() - begun_s
    rate = asked.requests / wall_s
    late = took[int(0.95 * (len(took) - 1))]
    cpu = (server.cpu_s() - cpu_s) / asked.requests
    times = f"{statistics.median(took):.2f} | {late:.2f} | {cpu:.2f}"
    return f"| {clients} | {rate:.1f} | {rate * asked.seconds:.0f} | {times} |"


class Server:
    """``govor serve`` on a free port; CPU and memory of it and its decoding children."""

    def __init__(self, model: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.model = model

    def __enter__(self) -> Server:
        command = [sys.executable, "-m", "govor", "serve", self.model, "--no-page", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ})
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
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system + times.children_user + times.children_system

    def memory_mb(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6


if __name__ == "__main__":
    main()
