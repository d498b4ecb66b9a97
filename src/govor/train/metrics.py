"""What a run writes down as it goes: ``metrics.jsonl``, TensorBoard events, wandb and trackio.

``metrics.jsonl`` is the truth: one JSON object a line, ``kind`` being ``train``, ``eval``, ``sample`` or
``event``. When a run continues it is cut back to the checkpoint, so that no step stands in it twice.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NotRequired, Protocol, TypedDict, TypeGuard

from govor import store
from govor.console import say
from govor.records import finite
from govor.shape import ShapeError, fitted, parsed

METRICS = "metrics.jsonl"


class Tracker(Protocol):
    """A place that numbers go to besides ``metrics.jsonl``.

    Attributes:
        name: for people.
    """

    name: str

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Numbers at a step."""

    def text(self, name: str, value: str, step: int) -> None:
        """A text at a step."""

    def close(self) -> None:
        """The end of the session."""


class MetricsLog:
    """Writes metrics of the main process; on other processes it does nothing.

    Args:
        run: the run's folder.
        cut_bytes: length that ``metrics.jsonl`` had at the checkpoint; what lies behind is dropped.
        trackers: where numbers go besides.
        active: False on all but the main process.
    """

    def __init__(
        self, run: Path, cut_bytes: int, trackers: Iterable[Tracker] = (), active: bool = True
    ) -> None:
        self.path, self.active, self.trackers = run / METRICS, active, list(trackers) if active else []
        if active:
            run.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab", buffering=0)
            self._file.truncate(min(cut_bytes, self.path.stat().st_size))
            self._file.seek(0, os.SEEK_END)

    def write(self, kind: str, step: int, values: Mapping[str, object]) -> None:
        """One line, and its numbers to the trackers.

        Raises:
            DiskFullError: the line does not fit on the disk.
        """
        if not self.active:
            return
        line = json.dumps({"kind": kind, "step": step, **finite(values)}, ensure_ascii=False)
        self._append(line.encode("utf-8", "surrogatepass") + b"\n")
        numbers = {f"{kind}/{k}": float(v) for k, v in values.items() if _is_number(v)}
        if numbers:
            self._track(lambda tracker: tracker.numbers(numbers, step))

    def sample(self, step: int, utterance: str, reference: str, hypothesis: str) -> None:
        """What the model says about one utterance."""
        self.write("sample", step, {"id": utterance, "reference": reference, "hypothesis": hypothesis})
        text = f"**{reference}**\n\n{hypothesis}"
        self._track(lambda tracker: tracker.text(f"sample/{utterance}", text, step))

    def _append(self, line: bytes) -> None:
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise store.readable_error(error, self.path) from error

    def _track(self, action: Callable[[Tracker], None]) -> None:
        """A tracker that fails is said and left: it must never stop a training run."""
        for tracker in list(self.trackers):
            try:
                action(tracker)
            except Exception as error:
                say(f"{tracker.name} is not used any more: {error}")
                self.trackers.remove(tracker)

    def sync(self) -> int:
        """Flushes to the disk; gives the length in bytes."""
        if not self.active:
            return 0
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Ends the session."""
        if self.active:
            self._file.close()
        self._track(lambda tracker: tracker.close())


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class MetricsLine(TypedDict):
    """The fields that every line of ``metrics.jsonl`` has, and others that are read."""

    kind: str
    step: int
    wer: NotRequired[float | None]
    cer: NotRequired[float | None]
    epoch: NotRequired[float]
    loss: NotRequired[float | None]
    clips_per_s: NotRequired[float | None]
    seconds: NotRequired[float | None]
    left_s: NotRequired[float | None]
    id: NotRequired[str]
    reference: NotRequired[str]
    hypothesis: NotRequired[str]
    event: NotRequired[str]
    message: NotRequired[str]


NEEDS = {"eval": ("wer", "cer"), "sample": ("id", "reference", "hypothesis"), "event": ("event",)}
"""By kind of line."""


def read_metrics(run: Path) -> list[MetricsLine]:
    """Lines of ``metrics.jsonl``, up to one that was being written or is damaged."""
    path = run / METRICS
    if not path.exists():
        return []
    found: list[MetricsLine] = []
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line and number == len(lines):
            break
        try:
            found.append(_metrics_line(line))
        except ValueError as error:
            if number < len(lines):
                say(f"{path} is damaged in line {number} ({error}): govor reads it up to there")
            break
    return found


def _metrics_line(line: bytes) -> MetricsLine:
    read = fitted(parsed(line), MetricsLine)
    if missing := [name for name in NEEDS.get(read["kind"], ()) if name not in read]:
        raise ShapeError(f"{missing[0]} is missing")
    return read


class TensorBoard:
    """TensorBoard events in the run's folder; steps behind the checkpoint are purged."""

    name = "TensorBoard"

    def __init__(self, run: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(run / "tensorboard"), purge_step=step + 1)  # type: ignore[no-untyped-call]

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Scalars."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def text(self, name: str, value: str, step: int) -> None:
        """Markdown text."""
        self._writer.add_text(name, value, step)

    def close(self) -> None:
        """Flushes and closes the file."""
        self._writer.close()


class ModuleTracker:
    """wandb or trackio: both offer ``init``, ``log`` and ``finish``; what they print goes to stderr.

    Args:
        name: of the module.
        run: the run's folder.
        identity: of the run, the same over all its sessions, so that these stand there as one.
        settings: the recipe.
    """

    def __init__(self, name: str, run: Path, identity: str, settings: Mapping[str, object]) -> None:
        self.name = name
        called = f"{settings.get('name', run.name)}-{identity}"
        about = {"project": "govor", "name": called, "config": dict(settings), "resume": "allow"}
        more = {"dir": str(run), "id": called} if name == "wandb" else {}
        with redirect_stdout(sys.stderr):
            self._module = importlib.import_module(name)
            self._module.init(**about, **more)

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """One call a step."""
        with redirect_stdout(sys.stderr):
            self._module.log(dict(values), step=step)

    def text(self, name: str, value: str, step: int) -> None:
        """Samples stay in ``metrics.jsonl`` and TensorBoard."""

    def close(self) -> None:
        """Ends the tracker's run."""
        with redirect_stdout(sys.stderr):
            self._module.finish()


def make_trackers(
    run: Path, step: int, wanted: Iterable[str], settings: Mapping[str, object], identity: str = ""
) -> list[Tracker]:
    """TensorBoard, and those of wandb and trackio that are wanted and usable; others are said and left."""
    if not importlib.util.find_spec("tensorboard"):
        say("TensorBoard is not installed: metrics.jsonl is the only log (pip install 'govor[train]')")
    makers: dict[str, Callable[[], Tracker]] = {
        name: lambda name=name: ModuleTracker(name, run, identity, settings)  # type: ignore[misc]
        for name in _chosen(tuple(wanted))
    }
    if importlib.util.find_spec("tensorboard"):
        makers = {TensorBoard.name: lambda: TensorBoard(run, step), **makers}
    trackers: list[Tracker] = []
    for name, make in makers.items():
        try:
            trackers.append(make())
        except Exception as error:  # a tracker must never stop a training run
            say(f"{name} is not used: {error}")
    return trackers


def _chosen(wanted: tuple[str, ...]) -> list[str]:
    if wanted != ("auto",):
        return list(wanted)
    return [name for name in ("wandb", "trackio") if importlib.util.find_spec(name) and _set_up(name)]


def _set_up(name: str) -> bool:
    if name != "wandb":
        return True
    return bool(os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_MODE") == "offline")
