"""What tests of preparation share: noise that takes a while to decode, runs that can be killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import soundfile as sf

from speech import write_corpus

RATE = 48_000
SEED = 7


def tree(folder: Path) -> dict[str, bytes]:
    """Every visible file of a data set and its bytes."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != ".lock"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files if ".prepare" not in p.parts}


def noise_corpus(folder: Path, recordings: int = 6, seconds: int = 60, clip_s: float = 4.0) -> Path:
    """Stereo noise at 48 kHz with a span every `clip_s` seconds."""
    rng = np.random.default_rng(SEED)
    audio = folder / "audio"
    audio.mkdir(parents=True)
    rows = []
    for number in range(recordings):
        name = f"noise_{number}-x"
        sf.write(audio / f"{name}.flac", rng.normal(0, 0.1, (seconds * RATE, 2)), RATE)
        for start in np.arange(0, seconds - clip_s, clip_s):
            row = {"id": f"{name}_{start:.2f}", "recording": name, "audio": f"{name}.flac", "text": "šum"}
            split = "train" if number else "dev"
            rows.append({**row, "start": float(start), "end": float(start + clip_s), "split": split})
    return write_corpus(folder / "corpus", rows, audio)


BREAK_DECODERS = """
import os, sys, time
if any("govor.audio.child" in argument for argument in sys.orig_argv):
    import govor.audio.reader as reader, govor.audio.stream as stream, govor.prepare.cutting as cutting
    honest = reader.open_reader
    def open_reader(source, limits, decoder="auto"):
        if "crash" in source.name:
            os.abort()
        if "hang" in source.name:
            time.sleep(1000)
        if "glutton" in source.name:
            bytearray(64 * 1024**3)
        if "once" in source.name and not os.path.exists(source.name + ".seen"):
            open(source.name + ".seen", "w").close()
            os.kill(os.getpid(), 9)
        return honest(source, limits, decoder)
    reader.open_reader = stream.open_reader = cutting.open_reader = open_reader
"""

FILL_DISK = """
import errno, sys
if any("govor.audio.child" in argument for argument in sys.orig_argv):
    from govor.prepare.shard import ShardWriter
    honest = ShardWriter._batch
    def batch(self, clips):
        if "00001-of" in self.path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return honest(self, clips)
    ShardWriter._batch = batch
"""


class Run:
    """`govor prepare` as its own process group."""

    def __init__(self, corpus: Path, out: Path, *more: str) -> None:
        self.out = out
        command = [sys.executable, "-m", "govor", "prepare", str(corpus), "--out", str(out), *more]
        self.process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def ended(self) -> bool:
        """Whether it is over."""
        return self.process.poll() is not None

    def workers(self) -> list[psutil.Process]:
        """Its child processes."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill_group(self) -> None:
        """SIGKILL to everybody at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def kill_parent(self) -> bool:
        """SIGKILL to the parent alone; whether its orphans then end by themselves."""
        orphans = self.workers()
        self.process.kill()
        self.process.communicate()
        _, alive = psutil.wait_procs(orphans, timeout=10)
        return not alive

    def kill_worker(self, chosen: int) -> bool:
        """SIGKILL to one worker; False when there was none."""
        workers = self.workers()
        if not workers:
            return False
        try:
            workers[chosen % len(workers)].kill()
        except psutil.NoSuchProcess:
            return False
        return True

    def finish(self) -> tuple[int, str, str]:
        """Waits; exit status, stdout, stderr."""
        out, err = self.process.communicate(timeout=240)
        return self.process.returncode, out, err


def wait_until(happens, timeout_s: float = 20.0) -> bool:
    """Polls until `happens()` or the time is over."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        if happens():
            return True
        time.sleep(0.002)
    return False
