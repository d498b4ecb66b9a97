"""The next utterance on the screen, among 50,000: python bench/review.py [--utterances N] [--verdicts N]

Recordings of 20 minutes as FLAC; a second transcript that differs in one word of ten. One person in headless
Chromium presses K, and again when the next utterance is painted and its wave stands. Printed: seconds from
the key to the next text painted and to its wave drawn (median and 95%), from the command to the page's
address, and the server's memory.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import soundfile as sf

from govor.corpora.folder import CorpusInfo, CorpusWriter

RATE = 16_000
RECORDINGS = 4
MINUTES = 20
UTTERANCE_S = 5.0
WORDS = ["jedan", "dva", "tri", "četiri", "pet", "šest", "sedam", "osam", "devet", "deset"]
PRESS = """
const done = arguments[0], page = document.documentElement, before = page.dataset.utterance;
const since = performance.now();
const found = {};
const look = () => {
  if (found.text === undefined && page.dataset.utterance !== before) requestAnimationFrame(() => {
    const seen = performance.now(); found.text = found.text ?? (seen - since) / 1000; });
  const stands = page.dataset.heard === page.dataset.utterance;
  if (page.dataset.utterance !== before && stands && found.text !== undefined) {
    found.wave = (performance.now() - since) / 1000; return done(found); }
  requestAnimationFrame(look);
};
document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", code: "KeyK" }));
requestAnimationFrame(look);
"""


def make_corpus(folder: Path, utterances: int) -> Path:
    noise, chance = np.random.default_rng(0), random.Random(0)
    for n in range(RECORDINGS):
        samples = 0.1 * noise.standard_normal(RATE * 60 * MINUTES).astype(np.float32)
        sf.write(folder / f"r{n}.flac", samples, RATE)
    places = int(60 * MINUTES / UTTERANCE_S) - 1
    rows = []
    for n in range(utterances):
        words = chance.choices(WORDS, k=12)
        heard = [chance.choice(WORDS) if chance.random() < 0.1 else word for word in words]
        start = UTTERANCE_S * (n % places)
        rows.append(
            {
                "id": f"u{n:06d}",
                "recording": f"r{n % RECORDINGS}",
                "audio": f"r{n % RECORDINGS}.flac",
                "start": start,
                "end": start + UTTERANCE_S,
                "duration": UTTERANCE_S,
                "text": " ".join(words),
                "asr": " ".join(heard),
            }
        )
    info = CorpusInfo("bench", "memory", str(folder), notes={"second_transcript": "asr"})
    with CorpusWriter(folder / "corpus", info) as writer:
        writer.write(pl.DataFrame(rows))
    return folder / "corpus"


def pressed(url: str, verdicts: int) -> list[dict[str, Any]]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from browser import chromium

    with chromium("--autoplay-policy=no-user-gesture-required", "--mute-audio") as driver:
        driver.set_script_timeout(60)
        driver.get(url)
        driver.execute_script("sessionStorage.setItem('name', 'Ana')")
        driver.refresh()
        while not driver.execute_script("return document.documentElement.dataset.heard || ''"):
            time.sleep(0.05)
        found = []
        for _ in range(verdicts):
            time.sleep(1.0)  # a person listens; meanwhile the next clip is made ready
            found.append(driver.execute_async_script(PRESS))
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--utterances", type=int, default=50_000)
    parser.add_argument("--verdicts", type=int, default=40)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        corpus = make_corpus(Path(name), asked.utterances)
        began = time.monotonic()
        command = [sys.executable, "-m", "govor", "review", str(corpus), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            opened = time.monotonic() - began
            found = pressed(url, asked.verdicts)
            memory = psutil.Process(server.pid).memory_info().rss / 1e6
            server.send_signal(signal.SIGTERM)
    shown = {"utterances": asked.utterances, "open_s": round(opened, 2), "server_mb": round(memory)}
    for kind in ("text", "wave"):
        times = [one[kind] for one in found]
        shown[kind] = {
            q: round(float(np.quantile(times, at)), 3) for q, at in (("median", 0.5), ("95%", 0.95))
        }
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
