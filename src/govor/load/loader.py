"""Batches of examples in a given order, made by worker processes.

What an example becomes hangs on (row, epoch) alone, so the number of workers changes nothing. Batch i is
made by worker i modulo their number and taken in order; a worker works one batch ahead and stops when its
parent is gone, because both ends of its pipe close. Workers hold no model and never import torch, and
nothing here draws from a global random stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from govor.errors import AudioError, DatasetError, MachineError
from govor.features import Extractor, Features, Wave
from govor.load.dataset import Dataset
from govor.load.workers import Worker, WorkerDied

RESTARTS = 2  # of a worker that died over the same batch
ENDED_AT_ONCE = "ended with status 1"
SCRIPT_HINT = "; in your own script, put the code that starts a Loader under if __name__ == '__main__':"


class ClipAugmenter(Protocol):
    """What is done to clips while training; picklable, and a pure function of its arguments."""

    def wave(self, samples: Wave, epoch: int, utterance: str) -> Wave:
        """On samples ``[T]``."""

    def features(self, values: Features, epoch: int, utterance: str) -> Features:
        """On features."""


@dataclass(frozen=True, slots=True)
class LoadedClip:
    """A clip as a worker gives it back.

    Attributes:
        row: in the split.
        features: ``[F, D]`` or ``[T]``; None where the clip cannot be used.
        seconds: of the (augmented) audio.
        padding: value of features behind its end.
        reason: stable snake_case code where it cannot be used, else empty.
        detail: for people.
    """

    row: int
    features: Features | None
    seconds: float
    padding: float = 0.0
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class ClipWork:
    """What a worker does with rows; plain data, so that it can be sent to one.

    Attributes:
        dataset: where the clips are.
        split: of the data set.
        extractor: wave to features.
        augmenter: what is done to clips, or None.
    """

    dataset: Dataset
    split: str
    extractor: Extractor
    augmenter: ClipAugmenter | None = None

    def __call__(self, task: tuple[int, Sequence[int], Sequence[str]]) -> list[LoadedClip]:
        """Clips of (epoch, rows, their ids)."""
        epoch, rows, ids = task
        return [self._clip(row, epoch, utterance) for row, utterance in zip(rows, ids, strict=True)]

    def _clip(self, row: int, epoch: int, utterance: str) -> LoadedClip:
        try:
            wave = self.dataset.wave(self.split, row, self.extractor.sample_rate)
        except (AudioError, DatasetError) as error:
            return LoadedClip(row, None, 0.0, 0.0, getattr(error, "code", "unreadable"), str(error))
        if self.augmenter is not None:
            wave = self.augmenter.wave(wave, epoch, utterance)
        features = self.extractor(wave)
        padding = self.extractor.padding(features)
        if self.augmenter is not None:
            features = self.augmenter.features(features, epoch, utterance)
        return LoadedClip(row, features, len(wave) / self.extractor.sample_rate, padding)


class Loader:
    """Loads batches of rows with worker processes (or in this one).

    Args:
        work: what is done with rows.
        ids: of every row of the split.
        workers: processes; 0 works in this process.

    Example:
        >>> work = ClipWork(dataset, "train", family.extractor)  # doctest: +SKIP
        >>> with Loader(work, ids, workers=2) as loader:  # doctest: +SKIP
        ...     for clips in loader.load(batches, epoch=0):
        ...         ...
    """

    def __init__(self, work: ClipWork, ids: Sequence[str], *, workers: int = 2) -> None:
        self.work = work
        self.ids = ids
        self._workers = [Worker(work) for _ in range(workers)]

    def load(
        self, batches: Iterable[Sequence[int] | NDArray[np.int64]], epoch: int
    ) -> Iterator[list[LoadedClip]]:
        """The clips of each batch, in the order of `batches`.

        Raises:
            MachineError: a worker died over the same batch again and again (out of memory?).
        """
        tasks = (self._task(batch, epoch) for batch in batches)
        if not self._workers:
            yield from map(self.work, tasks)
            return
        yield from self._in_order(tasks)

    def _task(self, batch: Sequence[int] | NDArray[np.int64], epoch: int) -> Any:
        rows = [int(row) for row in batch]
        return epoch, rows, [self.ids[row] for row in rows]

    def _in_order(self, tasks: Iterator[Any]) -> Iterator[list[LoadedClip]]:
        waiting: deque[tuple[Worker, Any]] = deque()
        try:
            for number, task in enumerate(tasks):
                worker = self._workers[number % len(self._workers)]
                worker.send(task)
                waiting.append((worker, task))
                if len(waiting) >= 2 * len(self._workers):
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)
        finally:
            for worker in {id(worker): worker for worker, _ in waiting}.values():
                worker.restart()  # left early: what it still works on is nobody's

    def _next(self, waiting: deque[tuple[Worker, Any]]) -> list[LoadedClip]:
        worker, task = waiting[0]
        for _ in range(RESTARTS + 1):
            try:
                clips: list[LoadedClip] = worker.receive()
                waiting.popleft()
                return clips
            except WorkerDied as death:
                cause = str(death)
                worker.restart()
                for other, unfinished in waiting:
                    if other is worker:
                        worker.send(unfinished)
        raise MachineError(
            f"a loader worker {cause} several times on the batch of {', '.join(task[2][:8])}: "
            "look at these clips, give the machine more memory, or set fewer train.loader_workers"
            f"{SCRIPT_HINT if cause == ENDED_AT_ONCE else ''}"
        )

    def close(self) -> None:
        """Ends the workers."""
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> Loader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
