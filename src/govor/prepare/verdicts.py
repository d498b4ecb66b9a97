"""Verdicts on recordings that crashed or hung a decoder: asked once, stored, then stable.

A verdict stands in a file of its own before any shard that relies on it, so that a killed run and the one
after it judge alike. Verdicts that follow from a file alone (damaged, too long) need no storing: they come
out the same every time.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from typing import TypedDict

from govor.audio.guard import GuardedWorker, WorkerLostError
from govor.errors import AudioError
from govor.prepare.settings import Settings
from govor.prepare.target import STATE, Target, read_record
from govor.prepare.task import VerdictCodes

FOLDER = f"{STATE}/verdicts"
TRIES_AFTER_KILL = 3
"""A kill from outside says nothing about the file: it is asked again this often."""
EXAMINE_CPU_S = 1_800
DETAILS = {
    "crashed": "the decoder crashed on it, twice",
    "stalled": "the decoder hung on it, twice",
    "killed": "decoding it was killed again and again (memory?)",
    "out_of_memory": "decoding it takes too much memory",
}


class Verdict(TypedDict):
    """A recording that cannot be decoded, and why."""

    audio: str
    reason: str
    detail: str


class Verdicts:
    """The verdicts of a target; safe to use from several threads.

    Args:
        target: where they are stored.
        known: the verdicts, where someone has read them already.
    """

    def __init__(self, target: Target, known: VerdictCodes | None = None) -> None:
        self._target, self._lock = target, threading.Lock()
        self._known: dict[str, tuple[str, str]] = dict(known or {})
        if known is not None:
            return
        for name in target.names(FOLDER):
            content = read_record(target, f"{FOLDER}/{name}", Verdict)
            if content is not None:
                self._known[content["audio"]] = (content["reason"], content["detail"])

    def codes(self) -> VerdictCodes:
        """All verdicts by ``audio``."""
        with self._lock:
            return dict(self._known)

    def store(self, audio: str, reason: str) -> None:
        """Stores a verdict durably."""
        detail = DETAILS[reason]
        with self._lock:
            content = json.dumps({"audio": audio, "reason": reason, "detail": detail}, ensure_ascii=False)
            self._target.write(_file(audio), content.encode())
            self._known[audio] = (reason, detail)

    def forget(self, recordings: Iterable[str] | None = None) -> None:
        """Removes the verdicts on `recordings`, or all of them: the files are asked again."""
        with self._lock:
            for audio in set(self._known if recordings is None else recordings) & set(self._known):
                self._target.remove(_file(audio))
                del self._known[audio]


def _file(audio: str) -> str:
    return f"{FOLDER}/{hashlib.sha256(audio.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}.json"


def examine_alone(
    path: str, settings: Settings, stall_s: float, memory_bytes: int, stopped: Callable[[], bool]
) -> str | None:
    """Decodes a suspect in a child of its own.

    Returns:
        The reason to set it aside, or None: it decodes, or fails in an orderly way.
    """
    reason = None
    for _ in range(TRIES_AFTER_KILL):
        with GuardedWorker(memory_bytes=memory_bytes, cpu_s=EXAMINE_CPU_S, stall_s=stall_s) as worker:
            try:
                worker.call(
                    "govor.prepare.work:examine", path, settings.limits,
                    on_message=lambda _: None, stopped=stopped,
                )  # fmt: skip
                return None
            except AudioError:
                return None
            except WorkerLostError as error:
                if error.code == "stopped":
                    raise
                reason = error.code
                if reason != "killed":
                    return reason
    return reason
