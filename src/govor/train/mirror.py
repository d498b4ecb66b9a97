"""Copies of checkpoints elsewhere, made in the background and verified; a bare machine continues from them.

A mirror holds ``checkpoints/step-…/`` with their manifests written last, the newest two and the best, and
``metrics.jsonl`` and ``recipe.toml`` beside them. ``mirror.json`` in the run's folder says what was verified.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import queue
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from govor import store
from govor.console import say
from govor.errors import GovorError, MachineError, ModelError
from govor.train import checkpoint
from govor.train.checkpoint import MANIFEST, Checkpoint
from govor.train.folder import RunFolder
from govor.train.journal import METRICS
from govor.train.mirror_target import Target, open_target

KEPT = 2
TRIES = 3
WAIT_S = 2.0
OUTBOX = ".mirror"
NOTED = "mirror.json"
BESIDE = (METRICS, "recipe.toml", "run.json")


class Mirror:
    """Copies checkpoints from a thread of its own; training never waits for it before its end.

    Args:
        folder: the run's.
        where: folder, fsspec URL or ``hf://owner/name``.
        max_bytes: most bytes the mirror may hold, or None.
    """

    def __init__(self, folder: RunFolder, where: str, max_bytes: int | None) -> None:
        self.folder, self.target, self.max_bytes = folder, open_target(where), max_bytes
        self._queue: queue.Queue[tuple[Path, int | None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="mirror", daemon=True)
        self._verified = ""
        shutil.rmtree(folder.root / OUTBOX, ignore_errors=True)

    def start(self) -> None:
        """Begins to work; the newest copy is verified again first."""
        self._thread.start()

    def copy(self, made: Checkpoint, best_step: int | None) -> None:
        """Asks for a copy; links hold the files until it is made, so pruning does not matter."""
        outgoing = self.folder.root / OUTBOX / made.folder.name
        shutil.rmtree(outgoing, ignore_errors=True)
        for name in [*made.manifest["files"], MANIFEST]:
            checkpoint.link(made.folder / name, outgoing / name)
        for name in BESIDE:
            if (self.folder.root / name).exists():
                shutil.copyfile(self.folder.root / name, outgoing / name)
        self._queue.put((outgoing, best_step))

    def finish(self) -> None:
        """Waits for the copies that are still to be made."""
        if not self._thread.is_alive():
            return
        if not self._queue.empty():
            say(f"waiting for the mirror {self.target.name}")
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        self._guarded(self._verify_again)
        while (job := self._queue.get()) is not None:
            if self._superseded(job[0].name):
                shutil.rmtree(job[0], ignore_errors=True)
                continue
            self._guarded(lambda job=job: self._copy(*job))  # type: ignore[misc]

    def _superseded(self, name: str) -> bool:
        """Whether a newer checkpoint waits, beside which this one, not being the best, need not be copied."""
        with self._queue.mutex:
            later = [job for job in self._queue.queue if job is not None]
        return bool(later) and _name(later[-1][1]) != name

    def _guarded(self, action: Any) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                action()
                return
            except Exception as error:  # whatever a network does, training goes on
                if attempt == TRIES:
                    say(f"the mirror {self.target.name} was not written: {error}; training goes on without")
                    self._note(verified=f"failed: {error}")
                else:
                    time.sleep(WAIT_S * attempt)

    def _copy(self, outgoing: Path, best_step: int | None) -> None:
        found = checkpoint.read(outgoing)
        name = f"checkpoints/{outgoing.name}"
        if outgoing.name == self._verified and fetch_manifest(self.target, outgoing.name) == found.manifest:
            shutil.rmtree(outgoing, ignore_errors=True)
            return
        self._make_room(found.size_bytes, outgoing.name, best_step)
        files = {f"{name}/{part}": outgoing / part for part in found.manifest["files"]}
        files |= {beside: outgoing / beside for beside in BESIDE if (outgoing / beside).exists()}
        self.target.put(
            {**files, f"{name}/{MANIFEST}": outgoing / MANIFEST}, f"Checkpoint of step {found.step}"
        )
        self._verify(name, found.manifest)
        self._prune(outgoing.name, best_step)
        shutil.rmtree(outgoing, ignore_errors=True)

    def _verify(self, name: str, manifest: dict[str, Any]) -> None:
        hashes = {f"{name}/{part}": entry["sha256"] for part, entry in manifest["files"].items()}
        wrong = self.target.wrong(hashes)
        if wrong:
            raise ModelError(f"{wrong[0]} differs after copying")
        self._note(step=manifest["step"], verified=self.target.proof())

    def _verify_again(self) -> None:
        """The newest copy, now that no cache of the last session answers; a bad one is removed."""
        for name in reversed(copies(self.target)):
            wrong, step = self._wrong(name)
            if not wrong:
                self._verified = name
                self._note(step=step, verified=f"at this start: {self.target.proof()}")
                return
            say(f"the mirror's {name} is damaged ({wrong}): it is removed")
            self.target.remove(f"checkpoints/{name}")

    def _wrong(self, name: str) -> tuple[str, int]:
        """What is wrong with a copy (empty: nothing), and its step."""
        try:
            manifest = fetch_manifest(self.target, name)
        except ModelError as error:
            return str(error), 0
        hashes = {f"checkpoints/{name}/{p}": e["sha256"] for p, e in manifest["files"].items()}
        return ", ".join(self.target.wrong(hashes)[:1]), manifest["step"]

    def _make_room(self, needed: int, name: str, best_step: int | None) -> None:
        """Removes old copies until the new one fits, but never the last whole one.

        Raises:
            ModelError: it does not fit beside the one before it.
        """
        if self.max_bytes is None:
            return
        present = [other for other in copies(self.target) if other != name]
        while present and sum(self.target.sizes().values()) + needed > self.max_bytes:
            if len(present) == 1:
                raise ModelError(
                    f"mirror_max_bytes = {store.readable_bytes(self.max_bytes)} does not hold two "
                    f"checkpoints of {store.readable_bytes(needed)}: raise it (the old copy never goes first)"
                )
            best = [n for n in present[:-1] if n != _name(best_step)]
            gone = best[0] if best else present[0]
            self.target.remove(f"checkpoints/{gone}")
            present.remove(gone)

    def _prune(self, newest: str, best_step: int | None) -> None:
        present = [name for name in copies(self.target) if name != newest]
        for name in present[: max(0, len(present) - (KEPT - 1))]:
            if name != _name(best_step):
                self.target.remove(f"checkpoints/{name}")

    def _note(self, **facts: Any) -> None:
        path = self.folder.root / NOTED
        before = json.loads(path.read_text()) if path.exists() else {}
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        with contextlib.suppress(GovorError):
            store.write_json(path, {**before, "target": self.target.name, "at": now, **facts})


def _name(step: int | None) -> str:
    return "" if step is None else checkpoint.folder_name(step)


def copies(target: Target) -> list[str]:
    """Names of whole checkpoints in a mirror, oldest first."""
    names = {name.split("/")[1] for name in target.sizes() if name.endswith(f"/{MANIFEST}")}
    return sorted(names)


def fetch_manifest(target: Target, name: str) -> dict[str, Any]:
    """The manifest of a copy.

    Raises:
        ModelError: it is damaged.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        target.get(f"checkpoints/{name}/{MANIFEST}", Path(scratch) / MANIFEST)
        return checkpoint.read(Path(scratch)).manifest


def catch_up(folder: RunFolder, where: str, max_bytes: int | None) -> None:
    """Copies the newest checkpoint of a finished run to a mirror that lacks it, and waits for it."""
    found = checkpoint.listed(folder.checkpoints)
    noted = store.read_json(folder.root / NOTED) if (folder.root / NOTED).exists() else {}
    failed = str(noted.get("verified", "failed")).startswith("failed")
    if not found or (noted.get("target") == where and noted.get("step") == found[-1].step and not failed):
        return
    best = found[-1].state().get("best")
    mirror = Mirror(folder, where, max_bytes)
    mirror.start()
    mirror.copy(found[-1], best["step"] if best else None)
    mirror.finish()


def fetch_newest(folder: RunFolder, where: str, local: Checkpoint | None) -> Checkpoint | None:
    """The newest whole copy, fetched and verified, where it is newer than `local`; otherwise `local`.

    The best checkpoint comes along, so that the chosen model is there too.

    Raises:
        MachineError: a newer copy cannot be fetched, or nothing is here and the mirror cannot be read.
    """
    target = open_target(where)
    try:
        names = copies(target)
    except Exception as error:
        if local is None:
            raise _unreachable(where, error, "to start without one") from error
        say(f"the mirror {where} cannot be read ({error}); using what is here")
        return local
    for name in reversed(names):
        if local is not None and name <= local.folder.name:
            return local
        try:
            found = _fetch(folder, target, name)
            if found is not None:
                _fetch_beside(folder, target, found)
                say(f"fetched {name} from {where}, verified")
                return found
        except GovorError:
            raise
        except Exception as error:  # whatever a network does
            raise _unreachable(where, error, "to go on from what is here") from error
    return local


def _unreachable(where: str, error: Exception, otherwise: str) -> MachineError:
    return MachineError(
        f"the mirror {where} cannot be read ({str(error) or type(error).__name__}): run the same command "
        f"again when it can, or leave train.mirror out {otherwise}"
    )


def _fetch(folder: RunFolder, target: Target, name: str) -> Checkpoint | None:
    final = folder.checkpoints / name
    try:
        with store.atomic_path(final) as partial:
            target.get(f"checkpoints/{name}/{MANIFEST}", partial / MANIFEST)
            for part in checkpoint.read(partial).manifest["files"]:
                target.get(f"checkpoints/{name}/{part}", partial / part)
            checkpoint.verify(partial)
    except ModelError as error:
        say(f"the mirror's {name} is damaged ({error}); trying the one before")
        return None
    return checkpoint.read(final)


def _fetch_beside(folder: RunFolder, target: Target, found: Checkpoint) -> None:
    """Metrics so far, and the best checkpoint."""
    sizes = target.sizes()
    if METRICS in sizes:
        target.get(METRICS, folder.root / METRICS)
    best = found.state().get("best")
    name = _name(best["step"]) if best else ""
    if name in copies(target) and not (folder.checkpoints / name).exists():
        _fetch(folder, target, name)
