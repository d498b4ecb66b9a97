"""One task: a few recordings to a few shards, in a child process that knows nothing of other workers."""

from __future__ import annotations

import errno
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from govor.audio.limits import DecodeLimits
from govor.audio.mp3 import IndexMismatchError
from govor.audio.reader import indexed
from govor.audio.source import EncodedAudio, opened
from govor.audio.stream import mono_blocks
from govor.errors import AudioError, CorpusError, GovorError
from govor.machine import peak_rss_bytes
from govor.prepare.cutting import EncodedClip, Outcome, Refusal, WantedSpan, cut_recording
from govor.prepare.schema import SHARD_COLUMN
from govor.prepare.shard import ShardWriter
from govor.prepare.snapshot import Snapshot, as_it_is, audio_path, is_local
from govor.prepare.task import Beat, Opening, Report, Restart, ShardDone, Task, shard_key

BEAT_EVERY_S = 0.5
HELD_BYTES = 4_000_000
"""Encoded clips of a recording that are kept back until its end is known."""
Send = Callable[[Report], None]


def run_task(task: Task, report: Send) -> None:
    """Makes the shards of a task, and tells what happens."""
    pa.set_memory_pool(pa.system_memory_pool())  # gives back the pages of long clips at once
    done: set[str] = set()

    def send(event: Report) -> None:
        if isinstance(event, ShardDone):
            done.add(event.name)
        report(event)

    while True:
        try:
            _attempt(task, send)
            return
        except _OtherDecoderNeededError as needed:
            send(Restart())
            task = replace(task.without(done), not_by_index=task.not_by_index | {needed.args[0]})


def _attempt(task: Task, report: Send) -> None:
    table = task.table()
    with ExitStack() as cleanup:
        shards = _Shards(task, table, report, cleanup)
        for audio, spans in _recordings(table):
            if task.careful:
                report(Opening(audio))
            shards.made_from(audio, spans)
            shards.take(_outcomes(task, audio, spans, shards.beat), shards.must_hold(audio, spans))


class _Shards:
    """The open shards of a task; those that are complete are committed."""

    def __init__(self, task: Task, table: pa.Table, report: Send, cleanup: ExitStack) -> None:
        self._task, self._table, self._report, self._cleanup = task, table, report, cleanup
        self._shard = table[SHARD_COLUMN].to_pylist()
        self._expected = Counter(self._shard)
        self._audio: dict[int, set[str]] = {number: set() for number in task.shards}
        for number, audio in zip(self._shard, table["audio"].to_pylist(), strict=True):
            self._audio[number].add(audio)
        self._recordings: dict[int, list[Snapshot]] = {}
        self._open: dict[int, ShardWriter] = {}
        self._beat_s = time.monotonic()
        self._samples = 0
        for number in task.shards:
            if not self._expected[number]:
                self._commit(number, self._writer(number))

    def made_from(self, audio: str, spans: list[WantedSpan]) -> None:
        """Notes the recording of `spans` in their shards, as it is before it is decoded."""
        if is_local(audio):
            seen = as_it_is(audio, self._task.audio_root, self.beat)
            for number in {self._shard[span.row] for span in spans}:
                self._recordings.setdefault(number, []).append(seen)

    def take(self, outcomes: Iterator[Outcome], hold: bool) -> None:
        """Takes a recording's outcomes; shards appear when complete, or at the recording's end (`hold`)."""
        held: list[int] = []
        for outcome in outcomes:
            number = self._shard[outcome.row]
            writer = self._writer(number)
            writer.write(outcome)
            self._count(outcome)
            if writer.complete and hold:
                writer.flush()
                held.append(number)
            elif writer.complete:
                self._commit(number, writer)
        for number in held:
            self._commit(number, self._open[number])

    def must_hold(self, audio: str, spans: list[WantedSpan]) -> bool:
        """Whether the end of this recording may still ask for another decoder of several shards."""
        if len({self._shard[span.row] for span in spans}) == 1:
            return False
        if not is_local(audio):
            return True  # to look would be to fetch it twice
        try:
            with opened(audio_path(audio, self._task.audio_root), self._task.settings.limits) as source:
                return indexed(source)
        except (AudioError, OSError):
            return False

    def _writer(self, number: int) -> ShardWriter:
        if number not in self._open:
            task = self._task
            name, base = task.shards[number]
            key = shard_key(base, task.verdicts, self._audio[number])
            path = Path(task.folder) / name
            expected = self._expected[number]
            writer = ShardWriter(path, task.schema, self._table, key, expected, task.settings)
            self._open[number] = writer
            self._cleanup.callback(self._abandon, number)
        return self._open[number]

    def _commit(self, number: int, writer: ShardWriter) -> None:
        facts = writer.finish()
        del self._open[number]
        self._send_beat()
        recordings = tuple(self._recordings.pop(number, ()))
        self._report(ShardDone(self._task.shards[number][0], facts, recordings, peak_rss_bytes()))

    def _abandon(self, number: int) -> None:
        if number in self._open:
            self._open.pop(number).abort()

    def _count(self, outcome: Outcome) -> None:
        if isinstance(outcome, EncodedClip):
            self._samples += outcome.samples
        self.beat()

    def beat(self) -> None:
        """A sign of life, not more often than needed."""
        if time.monotonic() - self._beat_s >= BEAT_EVERY_S:
            self._send_beat()

    def _send_beat(self) -> None:
        self._beat_s = time.monotonic()
        self._report(Beat(self._samples / self._task.settings.sample_rate))
        self._samples = 0


def _recordings(table: pa.Table) -> Iterator[tuple[str, list[WantedSpan]]]:
    columns = [table[name].to_pylist() for name in ("audio", "channel", "start", "end", SHARD_COLUMN)]
    spans: list[WantedSpan] = []
    previous = None
    for row, (audio, *place) in enumerate(zip(*columns, strict=True)):
        if spans and audio != previous:
            yield previous or "", spans
            spans = []
        previous = audio
        spans.append(WantedSpan(row, *place))
    if spans:
        yield previous or "", spans


def _outcomes(task: Task, audio: str, spans: list[WantedSpan], beat: Callable[[], None]) -> Iterator[Outcome]:
    """One outcome for each span of a recording, whatever state it is in."""
    if audio in task.verdicts:
        yield from (Refusal(span.row, *task.verdicts[audio]) for span in spans)
        return
    left = dict.fromkeys(span.row for span in spans)
    path = audio_path(audio, task.audio_root)
    try:
        with opened(path, task.settings.limits, beat) as source:
            for outcome in _by_the_right_decoder(task, source, audio, spans, beat):
                del left[outcome.row]
                yield outcome
    except IndexMismatchError:
        raise _OtherDecoderNeededError(audio) from None
    except AudioError as error:
        if error.code == "missing":
            _check_root(path, task.audio_root)
        yield from (Refusal(row, error.code, str(error)) for row in left)
    except OSError as error:
        yield from (Refusal(row, "unreadable", _disk_fault(error, path)) for row in left)
    except (GovorError, MemoryError):
        raise
    except Exception as error:  # decoders of damaged files raise whatever they like
        detail = f"{path}: the decoder failed ({type(error).__name__}: {error})"
        yield from (Refusal(row, "decoder_error", detail) for row in left)


def _by_the_right_decoder(
    task: Task, source: EncodedAudio, audio: str, spans: list[WantedSpan], beat: Callable[[], None]
) -> Iterator[Outcome]:
    """The outcomes of a recording whose end may tell that another decoder must be used.

    Its first clips are kept back, so that short recordings are simply cut again: the whole task is done again
    only where more has been passed on.

    Raises:
        IndexMismatchError: its end told so, too late.
    """
    decoder = "pyav" if audio in task.not_by_index else "auto"
    outcomes = cut_recording(source, spans, task.settings, beat, decoder)
    held: list[Outcome] = []
    held_bytes = 0
    try:
        for outcome in outcomes:
            held.append(outcome)
            held_bytes += len(outcome.content) if isinstance(outcome, EncodedClip) else 0
            if held_bytes > HELD_BYTES:
                break
    except IndexMismatchError:
        held, outcomes = [], cut_recording(source, spans, task.settings, beat, "pyav")
    except Exception:
        yield from held
        raise
    yield from held
    held.clear()
    yield from outcomes


class _OtherDecoderNeededError(Exception):
    """An MP3's index proved wrong; `args[0]` is its ``audio``."""


def _check_root(path: str, audio_root: str) -> None:
    """Tells one missing file from a disk that is gone.

    Raises:
        CorpusError: the folder of the recordings is missing or empty.
    """
    if "://" in path:
        return
    root = Path(audio_root) if path.startswith(audio_root) else Path(path).parent
    if not root.is_dir() or not any(root.iterdir()):
        raise CorpusError(
            f"{root}, which holds the recordings, is gone or empty ({path} was needed): bring it back and "
            "run the same command again, what is finished is kept"
        )


def _disk_fault(error: OSError, path: str) -> str:
    """Why a file cannot be read, when it is the file's own fault.

    Raises:
        CorpusError: it is the disk's fault.
    """
    if error.errno in (errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.ETIMEDOUT):
        raise CorpusError(
            f"{path} cannot be read now ({error.strerror}): when its disk is back, run the same command again"
        ) from None
    return str(error)


def examine(path: str, limits: DecodeLimits, report: Send) -> None:
    """Decodes a whole recording and drops it: what a suspect is asked to survive alone."""

    def beat() -> None:
        report(Beat(0.0))

    with opened(path, limits, beat) as source:
        for _ in mono_blocks(source.path or path, limits=limits):
            beat()
