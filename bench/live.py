"""Live recognition of a recording played in real time: python bench/live.py MODEL RECORDING [REFERENCE]

One server process. The same server transcribes the recording as a file first: those words say when each word
ends, and their WER is what the live text's is held against. REFERENCE is a text file of what is said.

Prints the WER of both texts, the delay from a word's end to the moment its final text is shown (median and
95%), the share of shown partial words that were not kept, and how often steps grew. A word of the live text
gets its time from the file's transcript where both agree on it.

With --quiet nothing is played: the session runs in this process, and its clock is the processor time that it
takes, as on a core that does nothing else. So a busy machine can measure it too.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import websocket

from govor.audio import load_mono
from govor.config import TextConfig
from govor.evaluate.edits import align, corpus_rate
from govor.serve.live.session import LiveSession
from govor.text import Normaliser
from serve import Server

RATE = 16_000
BLOCK_S = 0.1


@dataclass
class Shown:
    """What a client was shown, and when."""

    final: list[tuple[str, float]] = field(default_factory=list)
    partial: list[tuple[int, list[str]]] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    text: str = ""

    def take(self, event: dict, now_s: float) -> None:
        if event["type"] == "final":
            self.final += [(word, now_s) for word in event["text"].split()]
        elif event["type"] == "partial":
            self.partial.append((len(self.final), event["text"].split()))
        elif event["type"] == "pace":
            self.steps.append(event["step_s"])
        elif event["type"] == "done":
            self.text = event["text"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("recording", type=Path)
    parser.add_argument("reference", type=Path, nargs="?")
    parser.add_argument("--language")
    parser.add_argument("--seconds", type=float, help="only so much of it")
    parser.add_argument("--quiet", action="store_true", help="processor time instead of a real-time play")
    parser.add_argument("--show", action="store_true", help="print both texts too")
    asked = parser.parse_args()
    samples = load_mono(asked.recording, end=asked.seconds)
    normaliser = Normaliser.of(TextConfig(), asked.language)
    words, shown, costs = (quietly if asked.quiet else really)(asked, samples)
    words = [word for word in words if word["start"] < len(samples) / RATE]
    file_text = " ".join(word["word"] for word in words)
    reference = asked.reference.read_text(encoding="utf-8") if asked.reference else file_text
    say(shown, words, (reference, file_text), normaliser, len(samples) / RATE)
    if asked.show:
        print(f"\nfile: {file_text}\n\nlive: {shown.text}\n")
    print(f"CPU-s: {costs[0]:.1f} for the file, {costs[1]:.1f} live")


def really(asked: argparse.Namespace, samples: np.ndarray) -> tuple[list[dict], Shown, tuple[float, float]]:
    """(the file's words, what was shown live, CPU-s of both), with a server, in real time."""
    with Server(["-m", "govor", "serve", asked.model, "--no-page", "--port"]) as server:
        begun_s = server.cpu_s()
        words = transcribed(server, asked.recording, asked.language)
        middle_s = server.cpu_s()
        shown = played(server, samples, asked.language)
        return words, shown, (middle_s - begun_s, server.cpu_s() - middle_s)


def quietly(asked: argparse.Namespace, samples: np.ndarray) -> tuple[list[dict], Shown, tuple[float, float]]:
    """The same in this process, in processor time."""
    from govor.config import TranscribeConfig
    from govor.models import open_model
    from govor.serve.live.rooms import ear_of
    from govor.serve.models import open_models
    from govor.transcribe import Transcriber
    from govor.transcribe.patience import Patience

    config = TranscribeConfig(language=asked.language)
    (model,) = open_models([asked.model], config, lambda spec: open_model(spec, device="cpu")).values()
    clock = Clock()
    with model.borrowed() as recogniser:
        heard = Transcriber(recogniser.for_one(Patience()), config).transcribe([samples], words=True)
    words = [
        {"word": word.text, "start": word.start, "end": word.end}
        for segment in heard.segments
        for word in segment.words
    ]
    whole_s, clock = clock(), Clock()
    session = LiveSession(ear_of(model, Patience()), asked.language, now=clock)
    return words, rehearsed(session, samples, clock), (whole_s, clock.worked_s)


class Clock:
    """Processor seconds of this process, and those that it was made to wait."""

    def __init__(self) -> None:
        self._begun_s, self._waited_s = time.process_time(), 0.0

    def __call__(self) -> float:
        return self.worked_s + self._waited_s

    @property
    def worked_s(self) -> float:
        return time.process_time() - self._begun_s

    def wait(self, seconds: float) -> None:
        self._waited_s += seconds


def rehearsed(session: LiveSession, samples: np.ndarray, clock: Clock) -> Shown:
    """Feeds the session what has been said by its clock."""
    shown, fed = Shown(), 0
    while not session.is_done:
        said = min(len(samples), int(clock() / BLOCK_S) * round(BLOCK_S * RATE))
        if said > fed:
            session.feed(samples[fed:said])
            fed = said
        if fed == len(samples):
            session.end()
        told = session.step()
        for event in told or ():
            shown.take(event, clock())
        if told is None:
            clock.wait(BLOCK_S)
    return shown


def transcribed(server: Server, recording: Path, language: str | None) -> list[dict]:
    """The words of the recording as a file, with their times."""
    form = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
    form |= {"language": language} if language else {}
    url = f"http://127.0.0.1:{server.port}/v1/audio/transcriptions"
    answer = httpx.post(url, files={"file": recording.read_bytes()}, data=form, timeout=600)
    return answer.raise_for_status().json()["words"]


def played(server: Server, samples: np.ndarray, language: str | None) -> Shown:
    """Sends the samples as a microphone would and notes what comes back."""
    query = f"?language={language}" if language else ""
    socket = websocket.create_connection(f"ws://127.0.0.1:{server.port}/v1/audio/live{query}", timeout=120)
    pcm = (samples * 32_767).astype("<i2")
    begun_s = time.monotonic()

    def speak() -> None:
        for at in range(0, len(pcm), round(BLOCK_S * RATE)):
            block = pcm[at : at + round(BLOCK_S * RATE)]
            time.sleep(max(0.0, begun_s + (at + len(block)) / RATE - time.monotonic()))
            socket.send_binary(block.tobytes())
        socket.send(json.dumps({"type": "end"}))

    threading.Thread(target=speak, daemon=True).start()
    shown = Shown()
    while True:
        event = json.loads(socket.recv())
        shown.take(event, time.monotonic() - begun_s)
        if event["type"] == "done":
            return shown


def say(
    shown: Shown, words: list[dict], texts: tuple[str, str], normaliser: Normaliser, seconds: float
) -> None:
    reference, file_text = map(normaliser, texts)
    live, whole = (corpus_rate([(reference, text)]) for text in (normaliser(shown.text), file_text))
    delays = sorted(delays_of(shown, words, normaliser))
    late = delays[math.ceil(0.95 * len(delays)) - 1]
    changed, partial = changes_of(shown, normaliser)
    print(f"{seconds:.0f} s, {len(shown.final)} words")
    print(
        f"WER: {whole:.3f} as a file, {live:.3f} live ({live / whole if whole else float('nan'):.2f} of it)"
    )
    delay = f"median {statistics.median(delays):.2f} s, 95% {late:.2f} s"
    print(f"delay of final words: {delay} ({len(delays)} words)")
    print(f"partial words: {partial} shown, {changed / max(1, partial):.1%} not kept")
    print(f"steps: {len(shown.steps)} changes told, longest {max(shown.steps, default=1.0):.1f} s")


def delays_of(shown: Shown, words: list[dict], normaliser: Normaliser) -> list[float]:
    """Seconds from a word's end to its final display, for the words that both transcripts have."""
    ours = [normaliser(word) for word, _ in shown.final]
    theirs = [normaliser(word["word"]) for word in words]
    delays = []
    for block in align(theirs, ours):
        if block.tag == "equal":
            shown_then = shown.final[block.hypothesis_start : block.hypothesis_end]
            pairs = zip(words[block.start : block.end], shown_then, strict=True)
            delays += [at_s - word["end"] for word, (_, at_s) in pairs]
    return delays


def changes_of(shown: Shown, normaliser: Normaliser) -> tuple[int, int]:
    """(partial words that the final text does not have at their place, all that were shown)."""
    final = [normaliser(word) for word, _ in shown.final]
    changed = total = 0
    for place, texts in shown.partial:
        told = [normaliser(text) for text in texts]
        total += len(told)
        changed += prefix_errors(told, final[place : place + 2 * len(told) + 5])
    return changed, total


def prefix_errors(told: list[str], final: list[str]) -> int:
    """Words of `told` that are in no place of the beginning of `final` that fits it best."""
    row = list(range(len(told) + 1))
    costs = [row]
    for word in final:
        before, row = row, [row[0] + 1]
        for n, one in enumerate(told):
            row.append(min(before[n] + (one != word), before[n + 1] + 1, row[n] + 1))
        costs.append(row)
    return min(len(told), min(row[-1] for row in costs))


if __name__ == "__main__":
    main()
