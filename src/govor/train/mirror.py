"""Copies of checkpoints elsewhere, made in the background and verified; a bare machine continues from them.

A mirror holds ``checkpoints/step-…/`` with their manifests written last, the newest two and the best, and
``metrics.jsonl`` and ``recipe.toml`` beside them. ``mirror.json`` in the run's folder says what was verified.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from govor import store
from govor.console import say
from govor.errors import GovorError, InputError, MachineError, ModelError, RecipeError
from govor.train import checkpoint
from govor.train.checkpoint import MANIFEST, Checkpoint, Manifest
from govor.train.folder import RunFolder
from govor.train.metrics import METRICS
from govor.train.mirror_target import MirrorTarget, open_target
from govor.waiting import join

KEPT = 2
TRIES = 3
WAIT_S = 2.0
SILENT_S = 1.0
OUTBOX = ".mirror"
NOTE = "mirror.json"
_COPIED = re.compile(r"checkpoints/(step-\d{8})/")
Check = Callable[[Manifest, str], None]
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
        self._waiting: list[tuple[Path, int | None]] = []
        self._ended = False
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._thread = threading.Thread(target=self._work, name="mirror", daemon=True)
        self._verified, self._run = "", ""
        shutil.rmtree(folder.root / OUTBOX, ignore_errors=True)

    def start(self) -> None:
        """Begins to work; the newest copy is verified again first."""
        self._thread.start()

    def copy(self, made: Checkpoint, best_step: int | None) -> None:
        """Asks for a copy; links hold the files until it is made, so pruning does not matter.

        What still waits is given up for the newer one, except the best: a slow mirror never fills the disk.
        """
        try:
            outgoing = self._outgoing(made)
        except OSError as error:  # a disk that is full, say: training itself will notice
            say(f"the mirror {self.target.name} does not get {made.folder.name}: {error}")
            return
        name = outgoing.name
        with self._changed:
            waited = self._waiting
            kept = [job for job in waited if job[0].name == _name(best_step) != name]
            self._waiting = [*kept, (outgoing, best_step)]
            self._changed.notify()
        for folder, _ in waited:
            if all(folder != left for left, _ in kept):
                _drop(folder)

    def _outgoing(self, made: Checkpoint) -> Path:
        """A folder of its own for every copy, for one of the same step may be under way."""
        outgoing = self.folder.root / OUTBOX / str(next(self._numbers)) / made.folder.name
        for name in [*made.manifest["files"], MANIFEST]:
            checkpoint.link(made.folder / name, outgoing / name)
        for name in BESIDE:
            if (self.folder.root / name).exists():
                shutil.copyfile(self.folder.root / name, outgoing / name)
        return outgoing

    def finish(self) -> None:
        """Waits for the copies that are still to be made."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(SILENT_S)
        if self._thread.is_alive():
            say(f"waiting for the mirror {self.target.name}")
            join(self._thread)
        shutil.rmtree(self.folder.root / OUTBOX, ignore_errors=True)

    def _work(self) -> None:
        self._guarded(self._verify_again)
        while (job := self._next()) is not None:
            self._guarded(lambda job=job: self._copy(*job))  # type: ignore[misc]
            _drop(job[0])

    def _next(self) -> tuple[Path, int | None] | None:
        """The next copy to make, or None at the end."""
        with self._changed:
            while not self._waiting and not self._ended:
                self._changed.wait()
            return self._waiting.pop(0) if self._waiting else None

    def _guarded(self, action: Callable[[], None]) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                action()
                return
            except Exception as error:  # whatever a network does, training goes on
                if attempt == TRIES or isinstance(error, RecipeError):
                    say(
                        f"the mirror {self.target.name} was not written: {error}; training goes on without it"
                    )
                    self._note(verified=f"failed: {error}")
                    return
                time.sleep(WAIT_S * attempt)

    def _copy(self, outgoing: Path, best_step: int | None) -> None:
        found = checkpoint.read(outgoing)
        if _differ(self._run, found.manifest.get("run")):
            raise RecipeError(_of_another_run(self.target.name, self._verified))
        name = f"checkpoints/{outgoing.name}"
        if outgoing.name == self._verified and fetch_manifest(self.target, outgoing.name) == found.manifest:
            return
        self._sweep(outgoing.name)
        self._make_room(found.size_bytes, outgoing.name, best_step)
        files = {f"{name}/{part}": outgoing / part for part in found.manifest["files"]}
        files |= {beside: outgoing / beside for beside in BESIDE if (outgoing / beside).exists()}
        self.target.put(
            {**files, f"{name}/{MANIFEST}": outgoing / MANIFEST}, f"Checkpoint of step {found.step}"
        )
        self._verify(name, found.manifest)
        self._prune(outgoing.name, best_step)

    def _verify(self, name: str, manifest: Manifest) -> None:
        hashes = {f"{name}/{part}": entry["sha256"] for part, entry in manifest["files"].items()}
        wrong = self.target.wrong(hashes)
        if wrong:
            raise ModelError(f"{wrong[0]} differs after copying")
        self._note(step=manifest["step"], verified=self.target.proof())

    def _verify_again(self) -> None:
        """The newest copy, now that no cache of the last session answers; a bad one is removed."""
        for name in reversed(copies(self.target)):
            wrong, manifest = self._wrong(name)
            if manifest and not wrong:
                self._verified, self._run = name, manifest.get("run", "")
                self._note(step=manifest["step"], verified=f"at this start: {self.target.proof()}")
                return
            say(f"the mirror's {name} is damaged ({wrong}): it is removed")
            self.target.remove(f"checkpoints/{name}")

    def _wrong(self, name: str) -> tuple[str, Manifest | None]:
        """What is wrong with a copy (empty: nothing), and its manifest."""
        try:
            manifest = fetch_manifest(self.target, name)
        except ModelError as error:
            return str(error), None
        hashes = {f"checkpoints/{name}/{p}": e["sha256"] for p, e in manifest["files"].items()}
        return ", ".join(self.target.wrong(hashes)[:1]), manifest

    def _sweep(self, name: str) -> None:
        """Removes what killed sessions copied half, except for what `name` had: that is written over."""
        begun = {found[1] for place in self.target.sizes() if (found := _COPIED.match(place))}
        for half in sorted(begun - {name, *copies(self.target)}):
            self.target.remove(f"checkpoints/{half}")

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
                    f"checkpoints of {store.readable_bytes(needed)}: raise it (govor never deletes the "
                    "old copy first)"
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
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        with contextlib.suppress(GovorError, OSError):
            known = read_note(self.folder)
            store.write_json(
                self.folder.root / NOTE, {**known, "target": self.target.name, "at": now, **facts}
            )


class MirrorNote(TypedDict, total=False):
    """``mirror.json``: what was copied last."""

    target: str
    at: str
    step: int
    verified: str


def read_note(folder: RunFolder) -> MirrorNote:
    """What ``mirror.json`` says; empty where there is none, or none that can be read."""
    path = folder.root / NOTE
    try:
        return store.read_record(path, MirrorNote) if path.exists() else {}
    except InputError:
        return {}


def _drop(outgoing: Path) -> None:
    shutil.rmtree(outgoing.parent, ignore_errors=True)


def _differ(one: str | None, other: str | None) -> bool:
    """Whether two runs are known and not the same."""
    return bool(one and other and one != other)


def _of_another_run(where: str, name: str) -> str:
    return (
        f"train.mirror: {where} holds another run (its newest checkpoint is {name}): give this run a mirror "
        "of its own, or empty that one"
    )


def _name(step: int | None) -> str:
    return "" if step is None else checkpoint.folder_name(step)


def copies(target: MirrorTarget) -> list[str]:
    """Names of whole checkpoints in a mirror, oldest first."""
    names = {name.split("/")[1] for name in target.sizes() if name.endswith(f"/{MANIFEST}")}
    return sorted(names)


def fetch_manifest(target: MirrorTarget, name: str) -> Manifest:
    """The manifest of a copy.

    Raises:
        ModelError: it is damaged.
    """
    with store.scratch_folder() as scratch:
        target.get(f"checkpoints/{name}/{MANIFEST}", scratch / MANIFEST)
        return checkpoint.read(scratch).manifest


def catch_up(folder: RunFolder, where: str, max_bytes: int | None) -> None:
    """Copies the newest checkpoint of a finished run to a mirror that lacks it, and waits for it."""
    found = checkpoint.listed(folder.checkpoints)
    known = read_note(folder)
    failed = known.get("verified", "failed").startswith("failed")
    if not found or (known.get("target") == where and known.get("step") == found[-1].step and not failed):
        return
    best = found[-1].state().get("best")
    mirror = Mirror(folder, where, max_bytes)
    mirror.start()
    mirror.copy(found[-1], best["step"] if best else None)
    mirror.finish()


def fetch_newest(folder: RunFolder, where: str, local: Checkpoint | None, check: Check) -> Checkpoint | None:
    """The newest whole copy, fetched and verified, where it is newer than `local`; otherwise `local`.

    The best checkpoint comes along, so that the chosen model is there too.

    Args:
        folder: the run's.
        where: as the recipe names the mirror.
        local: the newest checkpoint here, or None.
        check: takes a copy's manifest and place; raises where it is of another model or data, so that
            nothing of it is fetched.

    Raises:
        MachineError: a newer copy cannot be fetched, or nothing is here and the mirror cannot be read.
        RecipeError: the mirror holds another run than the one that was begun here.
    """
    target = open_target(where)
    try:
        names = copies(target)
    except Exception as error:
        if local is None:
            raise _unreachable(where, error, "to start without one") from error
        say(f"the mirror {where} cannot be read ({error}); using what is here")
        return local
    begun = local.manifest.get("run") if local else folder.facts().get("run")
    for name in reversed(names):
        if local is not None and name <= local.folder.name:
            return local
        try:
            found = _fetch(folder, target, name, begun, check)
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


def _fetch(
    folder: RunFolder,
    target: MirrorTarget,
    name: str,
    begun: str | None,
    check: Check,
) -> Checkpoint | None:
    """A copy, fetched whole; None where it is damaged."""
    try:
        manifest = fetch_manifest(target, name)
    except ModelError as error:
        _say_damaged(name, error)
        return None
    if _differ(begun, manifest.get("run")):
        raise RecipeError(_of_another_run(target.name, name))
    check(manifest, f"{target.name}/checkpoints/{name}")
    final = folder.checkpoints / name
    try:
        with store.atomic_path(final) as partial:
            for part in [MANIFEST, *manifest["files"]]:
                target.get(f"checkpoints/{name}/{part}", partial / part)
            checkpoint.verify(partial)
    except ModelError as error:
        _say_damaged(name, error)
        return None
    return checkpoint.read(final)


def _say_damaged(name: str, error: ModelError) -> None:
    say(f"the mirror's {name} is damaged ({error}); trying the one before")


def _fetch_beside(folder: RunFolder, target: MirrorTarget, found: Checkpoint) -> None:
    """Metrics so far, what the run was (unless it is known here), and the best checkpoint."""
    sizes = target.sizes()
    for name in BESIDE:
        if name in sizes and (name == METRICS or not (folder.root / name).exists()):
            target.get(name, folder.root / name)
    best = found.state().get("best")
    name = _name(best["step"]) if best else ""
    if name in copies(target) and not (folder.checkpoints / name).exists():
        _fetch(folder, target, name, None, lambda *_: None)
