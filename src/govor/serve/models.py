"""The models a server offers, their names, and newer versions of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from govor.config import TranscribeConfig
from govor.console import say
from govor.errors import GovorError, InputError
from govor.models.base import Recogniser, require_language
from govor.models.opening import resolve
from govor.transcribe.batcher import Batcher
from govor.transcribe.decoding import given_language

ALIAS = "whisper-1"
"""The name that clients of OpenAI's API send where they know no other: the first model."""
WATCH_EVERY_S = 5.0
Version = tuple[tuple[str, int, int], ...]


@dataclass
class ServedModel:
    """One model that is offered.

    Attributes:
        name: as clients ask for it.
        spec: run, folder or Hub id it was opened from.
        recogniser: shared by all clients; `borrowed` for as long as a recording takes.
        config: how recordings are cut and decoded.
        version: sizes and times of its files when it was loaded.
    """

    name: str
    spec: str
    recogniser: Batcher
    config: TranscribeConfig
    version: Version
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def borrowed(self) -> Iterator[Batcher]:
        """The recogniser for one whole recording, whatever is exchanged meanwhile."""
        with self._lock:
            batcher = self.recogniser
            batcher.users += 1
        try:
            yield batcher
        finally:
            with self._lock:
                batcher.users -= 1
                ended = batcher is not self.recogniser and not batcher.users
            if ended:
                batcher.close()

    def exchange(self, recogniser: Recogniser) -> None:
        """Serves `recogniser` from the next recording on; the one before goes with its last recording."""
        with self._lock:
            before, self.recogniser = self.recogniser, Batcher(recogniser, self.config.batch_s)
            ended = not before.users
        if ended:
            before.close()


def open_models(
    specs: Sequence[str], config: TranscribeConfig, open_model: Callable[[str], Any]
) -> dict[str, ServedModel]:
    """Opens all models; ``name=spec`` gives one a name, otherwise the folder's name serves.

    Raises:
        InputError: two would have the same name.
        ModelError: one cannot be opened.
        LanguageError: one cannot be told the language that all are to hear.
    """
    served: dict[str, ServedModel] = {}
    for spec in specs:
        name, path = _name_and_path(spec)
        if name in served:
            raise InputError(f"two models would be called {name}: name one of them, other={path}")
        version = version_of(path)
        batcher = Batcher(_opened(path, config, open_model), config.batch_s)
        served[name] = ServedModel(name, path, batcher, replace(config), version)
    return served


def _opened(spec: str, config: TranscribeConfig, open_model: Callable[[str], Any]) -> Any:
    """A model that can be told the language that all are to hear."""
    recogniser = open_model(spec)
    require_language(recogniser, given_language(config.language))
    return recogniser


def _name_and_path(spec: str) -> tuple[str, str]:
    name, equals, path = spec.partition("=")
    if equals and name and "/" not in name:
        return name, path
    parts = [part for part in Path(spec).parts if part not in ("/", ".", "model")]
    return (parts[-1] if parts else "model"), spec


def version_of(spec: str) -> Version:
    """Names, sizes and times of a local model's files; empty where there is no folder of a model."""
    try:
        folder = resolve(spec)
    except GovorError:
        return ()
    if not isinstance(folder, Path):
        return ()
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    return tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)


class Watcher:
    """Loads a model again when its files have changed and stand still; clients notice nothing.

    Args:
        models: what is served.
        open_model: opens a spec.
        on_reload: called after each exchange.
        every_s: how often to look.
    """

    def __init__(
        self,
        models: dict[str, ServedModel],
        open_model: Callable[[str], Any],
        on_reload: Callable[[ServedModel], None],
        every_s: float = WATCH_EVERY_S,
    ) -> None:
        self._models, self._open, self._on_reload, self._every_s = models, open_model, on_reload, every_s
        self._seen: dict[str, Version] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begins to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Ends watching."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            for model in self._models.values():
                self.look(model)

    def look(self, model: ServedModel) -> None:
        """Exchanges `model` if a newer version of it has been standing still since the last look."""
        now = _quietly(model.spec)
        still = self._seen.get(model.name) == now
        self._seen[model.name] = now
        if not now or now == model.version or not still:
            return
        try:
            model.exchange(_opened(model.spec, model.config, self._open))
        except Exception as error:  # whatever is wrong with the newer one, the older serves on
            say(f"serve: the newer {model.name} cannot be opened ({error}); the one before stays")
        else:
            say(f"serve: {model.name} was replaced by a newer version")
            self._on_reload(model)
        model.version = now


def _quietly(spec: str) -> Version:
    try:
        return version_of(spec)
    except OSError:  # it is being renamed right now
        return ()
