"""Makes all recordings of the plan and the alignment file; what is there already is not made again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from govor.console import Progress, progress
from govor.demo.script import TOLD, Recording
from govor.errors import MachineError
from govor.extras import required
from govor.machine import cores
from govor.store import read_json, remove_partials, write_text

ALIGNMENT = "alignment.jsonl"
_POLL_S = 0.05


def make_corpus(plan: Sequence[Recording], folder: Path) -> None:
    """Synthesises `plan` under `folder`: ``recordings/``, then ``alignment.jsonl`` when all are there.

    Raises:
        MissingExtraError: espeakng-loader is not installed.
        MachineError: a recording could not be made.
    """
    _require_espeak()
    _remove_partials(folder)
    missing = [recording for recording in plan if not _is_made(recording, folder)]
    with progress("synthesise", len(missing), "recordings") as bar:
        _make_all(missing, folder, bar)
    lines = [json.dumps(s, ensure_ascii=False) for r in plan for s in read_json(_segments(r, folder))]
    content = "\n".join(lines) + "\n"
    alignment = folder / ALIGNMENT
    if not alignment.exists() or alignment.read_text(encoding="utf-8") != content:
        write_text(alignment, content)


def _remove_partials(folder: Path) -> None:
    for name in ("recordings", "segments"):
        remove_partials(folder / name)


def _require_espeak() -> None:
    with required():
        import espeakng_loader  # noqa: F401


def _segments(recording: Recording, folder: Path) -> Path:
    return folder / "segments" / f"{recording.name}.json"


def _is_made(recording: Recording, folder: Path) -> bool:
    return _segments(recording, folder).exists() and (folder / "recordings" / recording.file).exists()


def _make_all(missing: Sequence[Recording], folder: Path, bar: Progress) -> None:
    waiting, running = list(missing), list[subprocess.Popen[bytes]]()
    try:
        while waiting or running:
            while waiting and len(running) < cores():
                running.append(_start(waiting.pop(0), folder))
            running = [process for process in running if not _ended(process, bar)]
            time.sleep(_POLL_S)
    finally:
        for process in running:
            process.kill()
            process.wait()
        _remove_partials(folder)


def _start(recording: Recording, folder: Path) -> subprocess.Popen[bytes]:
    order = json.dumps({"folder": str(folder), "recording": asdict(recording)}).encode()
    command = [sys.executable, "-m", "govor.demo.recording"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(order)
    process.stdin.close()
    return process


def _ended(process: subprocess.Popen[bytes], bar: Progress) -> bool:
    if process.poll() is None:
        return False
    if process.returncode:
        said = process.stderr.read().decode("utf-8", "replace").strip() if process.stderr else ""
        reason = said.splitlines()[-1] if said else f"status {process.returncode}"
        if process.returncode == TOLD:
            raise MachineError(reason)
        raise MachineError(f"a demo recording could not be made ({reason}): run the same command again")
    bar.advance()
    return True
