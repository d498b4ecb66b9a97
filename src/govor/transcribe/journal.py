"""What is already transcribed in an output folder: one JSON line a recording, added when its files stand."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from govor.config import TranscribeConfig
from govor.lm.settings import settings_path
from govor.shape import ShapeError, fitted, parsed
from govor.store import fingerprint
from govor.transcribe.inputs import Input

NAME = "transcribe.jsonl"
MODEL_SUFFIXES = (".safetensors", ".bin", ".onnx", ".json")


@dataclass(frozen=True)
class TranscribedFile:
    """One recording whose outputs are written.

    Attributes:
        audio: path or address.
        names: of its outputs, below the output folder.
        duration_s: length of what was heard.
        rtf: seconds of work a second of audio.
        language: given or detected.
        prompt: that the model was given; None for models without one.
        damage: why it was read no further, or not all of it; None where all of it was.
    """

    audio: str
    names: Sequence[str]
    duration_s: float = 0.0
    rtf: float = 0.0
    language: str | None = None
    prompt: Mapping[str, object] | None = None
    damage: str | None = None


@dataclass(frozen=True)
class Entry:
    """A line of the journal."""

    key: str
    file: TranscribedFile


class Journal:
    """Finished recordings by key; a line that a kill tore is left out."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / NAME
        self._done: dict[str, TranscribedFile] = {}
        torn = False
        if self.path.exists():
            content = self.path.read_text(encoding="utf-8", errors="replace")
            torn = bool(content) and not content.endswith("\n")
            for line in content.split("\n"):
                self._read(line)
        self._torn = torn

    def _read(self, line: str) -> None:
        try:
            entry = fitted(parsed(line), Entry)
        except ShapeError:
            return
        self._keep(entry.key, entry.file)

    def _keep(self, key: str, file: TranscribedFile) -> None:
        """Takes a recording as finished; those whose outputs it has overwritten are no longer."""
        names = set(file.names)
        self._done = {k: f for k, f in self._done.items() if names.isdisjoint(f.names)}
        self._done[key] = file

    def finished(self, key: str) -> TranscribedFile | None:
        """A recording whose outputs all stand, or None."""
        entry = self._done.get(key)
        if entry and all(map(self._stands, entry.names)):
            return entry
        return None

    def _stands(self, name: str) -> bool:
        try:
            return (self.folder / name).exists()
        except OSError:  # a name that is too long
            return False

    def add(self, key: str, file: TranscribedFile) -> None:
        """Records a recording as finished, on disk before this returns."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8", errors="backslashreplace") as journal:
            journal.write("\n" if self._torn else "")
            journal.write(json.dumps({"key": key, "file": asdict(file)}, ensure_ascii=False) + "\n")
            journal.flush()
            os.fsync(journal.fileno())
        self._torn = False
        self._keep(key, file)

    def overwritten(self, file: TranscribedFile) -> str | None:
        """Another recording that has outputs of the same names here, or None."""
        names = set(file.names)
        others = (f.audio for f in self._done.values() if not names.isdisjoint(f.names))
        return next((audio for audio in others if audio != file.audio), None)


def key_of(item: Input, model: str, config: TranscribeConfig) -> str:
    """Changes with the recording, the files of model and n-grams, and every setting the outputs depend on."""
    from govor.models.opening import resolve

    settings = {name: value for name, value in config.deciding().items() if name != "files"}
    if config.lm is not None:
        settings["lm"] = [_stamp(config.lm), _stamp(str(settings_path(config.lm)))]
    if config.hotwords is not None:
        settings["hotwords"] = _stamp(config.hotwords)
    place = _stamp(str(resolve(model)))
    return fingerprint({"input": _stamp(item.source), "stem": item.stem, "model": place, **settings})


def _stamp(source: str) -> Any:
    path = Path(source)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix in MODEL_SUFFIXES)
        return [(str(p.relative_to(path)), p.stat().st_size, p.stat().st_mtime_ns) for p in files]
    if path.exists():
        return [str(path.absolute()), path.stat().st_size, path.stat().st_mtime_ns]
    return source
