"""Which words of a growing recording are final: LocalAgreement-2.

The longest common prefix, by words, of two successive decodings is final, and what is final never changes
(Macháček, Dabre and Bojar, "Turning Whisper into a Real-Time Transcription System", 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from govor.records import Word

SAME_PLACE_S = 1.0
"""How far apart two decodings may place one word."""
Words = tuple[Word, ...]


@dataclass(frozen=True)
class Agreement:
    """What two decodings of one buffer agree on; times are the stream's.

    Attributes:
        final: words that are final and may still be heard in the buffer.
        tail: words of the last decoding behind them.
    """

    final: Words = ()
    tail: Words = ()

    def hear(self, words: Sequence[Word]) -> tuple[Agreement, Words]:
        """The state after a decoding of the whole buffer, and the words that it makes final."""
        beyond = tuple(words[continuation(self.final, words) :])
        agreed = common_prefix(self.tail, beyond)
        return Agreement((*self.final, *beyond[:agreed]), beyond[agreed:]), beyond[:agreed]

    def settle(self, count: int | None = None) -> tuple[Agreement, Words]:
        """The state where the first `count` words of the tail (all of them) are final, and these words."""
        fresh = self.tail[:count]
        return Agreement((*self.final, *fresh), self.tail[len(fresh) :]), fresh

    def cut(self, start_s: float) -> Agreement:
        """The state where the buffer begins at `start_s`; what lies just before may be heard once more."""
        return replace(self, final=tuple(w for w in self.final if w.end > start_s - SAME_PLACE_S))


def common_prefix(left: Sequence[Word], right: Sequence[Word]) -> int:
    """How many first words two decodings share, whatever their case and punctuation."""
    pairs = zip(left, right, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if not same(a, b)), min(len(left), len(right)))


def same(a: Word, b: Word) -> bool:
    """Whether two words differ in case, spaces and punctuation at most."""
    return bare(a.text) == bare(b.text)


def bare(text: str) -> str:
    """Letters and figures alone; a word of marks is itself."""
    return "".join(c for c in text.casefold() if c.isalnum()) or text.strip()


def continuation(final: Sequence[Word], words: Sequence[Word]) -> int:
    """How many first words of a decoding stand for what is final already.

    The number whose edit distance to the final words is least; among equals, the one that ends where these
    end. A word counts as the same only near its place: people do repeat themselves.
    """
    if not final:
        return 0
    costs = list(range(len(words) + 1))
    for said in final:
        costs = _next_row(costs, said, words)
    end_s = final[-1].end
    ends = [min((w.start for w in words), default=end_s), *(w.end for w in words)]
    return min(range(len(words) + 1), key=lambda n: (costs[n], abs(ends[n] - end_s)))


def _next_row(before: Sequence[int], said: Word, words: Sequence[Word]) -> list[int]:
    row = [before[0] + 1]
    for n, word in enumerate(words):
        changed = before[n] + (not _same_place(said, word))
        row.append(min(changed, before[n + 1] + 1, row[n] + 1))
    return row


def _same_place(a: Word, b: Word) -> bool:
    return same(a, b) and abs(a.start + a.end - b.start - b.end) / 2 <= SAME_PLACE_S
