"""What a stage saw and made, kept as ``stages/<name>.json`` in the work folder."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from govor.config import CorpusConfig, Recipe
from govor.config.setting import Section
from govor.pipeline.snapshot import Snapshot, changed_files, hashes, snapshot
from govor.store import canonical_json, is_there, read_record, write_json

Settings = Mapping[str, object]
"""By dotted name."""
RUNNING, DONE = "running", "done"
ONCE_FILLED_IN = {"train.lr": 1e-4}
"""Defaults of earlier versions that now depend on model and data: runs that had them stay what they are."""


@dataclass(frozen=True)
class StageRecord:
    """One stage's last attempt.

    Attributes:
        stage: its name.
        status: ``running`` (or killed meanwhile) or ``done``.
        settings: the settings that decide what it makes.
        inputs: fingerprints of what it read, by name.
        summary: what it reported.
        out: what it made, or "" where that is not a local path.
        files: snapshot of what it made.
        sha256: hashes of the smaller of these files.
        free: the settings that only changed how it ran.
    """

    stage: str
    status: str
    settings: Settings
    inputs: Mapping[str, str]
    summary: Mapping[str, object] = field(default_factory=dict)
    out: str = ""
    files: Snapshot = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)
    free: Settings = field(default_factory=dict)

    def save(self, root: Path) -> None:
        """Writes the record below the work folder `root`."""
        write_json(_path(root, self.stage), asdict(self))

    def as_done(self, summary: Mapping[str, object], out: Path | None) -> StageRecord:
        """The same stage, done: with its summary and a snapshot of what it made."""
        files = snapshot(out) if out else {}
        known = hashes(out, files) if out else {}
        made = str(out) if out else ""
        done = {"status": DONE, "summary": dict(summary), "out": made, "files": files, "sha256": known}
        return replace(self, **done)  # type: ignore[arg-type]

    def reasons_to_run(self, settings: Settings, inputs: Mapping[str, str]) -> list[str]:
        """Why the stage must run (again), in words; empty where nothing changed."""
        if self.status != DONE:
            return ["it was not finished"]
        reasons = [f"{name} changed" for name in inputs if self.inputs.get(name) != inputs[name]]
        for key in self.changed(settings):
            reasons.append(f"{key} was {self.settings.get(key)!r} and is {settings.get(key)!r}")
        if self.out and not is_there(Path(self.out)):
            reasons.append(f"{self.out} is gone")
        return reasons

    def changed(self, settings: Settings) -> list[str]:
        """The settings that decide what the stage makes and are not what they were."""
        keys = sorted(key for key in {*settings, *self.settings} if not _is_free(key))
        return [key for key in keys if not self._is_as_before(key, settings.get(key))]

    def freely_changed(self, free: Settings) -> list[str]:
        """The settings that are not what they were and change nothing but how the stage runs."""
        before = {**self.settings, **self.free}  # earlier versions counted some of them among the others
        return sorted(key for key in free if key in before and before[key] != free[key])

    def _is_as_before(self, key: str, now: object) -> bool:
        """Whether a setting is what it was.

        One that earlier versions filled in may be left open now, one they did not know may stand as it is
        where nobody sets it.
        """
        if key not in self.settings:
            return bool(now is None or now == _default(key))
        before = _without_free(self.settings[key]) if key.startswith("corpus.") else self.settings[key]
        left_open = now is None and key in ONCE_FILLED_IN and before == ONCE_FILLED_IN[key]
        return bool(before == now) or left_open

    def changed_by_hand(self) -> list[str]:
        """What is no longer as the stage left it."""
        return changed_files(Path(self.out), self.files, self.sha256) if self.out else []


def as_stored(settings: Settings) -> Settings:
    """Settings as they come back from a record."""
    stored: Settings = json.loads(canonical_json(settings))
    return stored


def _is_free(key: str) -> bool:
    """Whether ``section.name`` changes nothing but how a stage runs."""
    section, _, name = key.partition(".")
    kind = typing.get_type_hints(Recipe).get(section)
    return isinstance(kind, type) and issubclass(kind, Section) and name in kind.free()


def _without_free(corpus: object) -> object:
    """One of several ``[[corpus]]`` as an earlier version stored it: with all its settings."""
    if not isinstance(corpus, Mapping):
        return corpus
    return {name: value for name, value in corpus.items() if name not in CorpusConfig.free()}


def _default(key: str) -> object:
    """What ``section.name`` is where a recipe does not set it, as a record holds it; None for other keys."""
    section, _, name = key.partition(".")
    settings = Recipe().to_dict().get(section)
    found = settings.get(name) if isinstance(settings, dict) else None
    return json.loads(canonical_json(found))


def load_record(root: Path, stage: str) -> StageRecord | None:
    """The record of `stage`, or None where it never ran."""
    path = _path(root, stage)
    return read_record(path, StageRecord) if path.exists() else None


def _path(root: Path, stage: str) -> Path:
    return root / "stages" / f"{stage}.json"
