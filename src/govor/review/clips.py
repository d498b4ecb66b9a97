"""Sound to listen to, from the recording itself, with a little before and behind."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from govor.audio import SAMPLE_RATE_HZ, encode
from govor.audio.guard import GuardedWorker
from govor.corpora.folder import Corpus
from govor.review.utterances import ReviewUtterance

CONTEXT_S = 2.0
MOST_KEPT = 32
STALL_S = 120.0
LONGEST_S = 120.0
"""Of an utterance whose end is not known, at most so much is played."""


class ReviewClips:
    """Cuts clips out of recordings, in a process that a damaged file cannot take with it.

    Args:
        corpus: whose recordings.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._worker, self._lock = GuardedWorker(stall_s=STALL_S), Lock()
        self._is_closing = False
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="clips")
        self._kept: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def clip(self, row: ReviewUtterance, end: float | None) -> bytes:
        """WAV of an utterance, from `begin_of` to `CONTEXT_S` behind `end`.

        Raises:
            GovorError: the recording cannot be decoded.
        """
        first = begin_of(row)
        last = None if end is None else end + CONTEXT_S
        request = (self.corpus.audio_path(row.audio), row.channel, first, last or first + LONGEST_S)
        with self._lock:
            if request not in self._kept:
                samples = self._worker.call(
                    "govor.curate.probe:load_span", *request, stopped=lambda: self._is_closing
                )
                self._kept[request] = encode(samples, SAMPLE_RATE_HZ, "wav")
                if len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(request)
            return self._kept[request]

    def prepare(self, row: ReviewUtterance, end: float | None) -> None:
        """Cuts what will be asked for next; a fault is told when it is asked for."""
        self._ahead.submit(self.clip, row, end)

    def close(self) -> None:
        """Ends the process."""
        self._is_closing = True
        self._ahead.shutdown(cancel_futures=True)
        self._worker.close()


def begin_of(row: ReviewUtterance) -> float:
    """Where the clip of an utterance begins, in seconds into the recording."""
    return max(0.0, (row.start or 0.0) - CONTEXT_S)
