"""How the recordings of a language usually sound to a model, and which sound like another language.

A model that hardly knows a language gives it to languages that it knows better, now to one, now to another.
So what it gives to the asked language is compared with what it usually gives in the recordings of the run,
together with the languages that it wavers towards there. A vote on little speech has to be clearer.

Nothing here depends on the order of the recordings: all votes are in before the first one is judged.

Shapes: N votes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from govor.config.label import LEAST_LANGUAGE_PROBABILITY
from govor.text.kin import kin_of
from govor.transcribe.languages import Vote

Votes = Sequence[Vote[Any]]

ENOUGH_VOTES = 10
"""Fewer segments do not tell what is usual."""
ENOUGH_S = 2.0
"""Speech of a whole vote; with less, the limit is as many times further off."""
MOST = 0.5
"""Share of the segments that makes something usual."""
EVEN = 0.01
"""Probability of each of a hundred languages where nothing is known. If most votes give the asked language
less, the model does not know it, or other languages are spoken: nothing usual can be learned."""
FAR, VERY_FAR = 2.0, 3.0
"""Robust standard deviations of ln p below the usual one, where the model is sure of another language, and
else."""
LEAST_DEVIATION = 1.0
"""Of ln p: a model that is always sure of a language is unsure of a right segment now and then."""
SMALLEST = 1e-4
"""Probabilities below it are one and the same."""
MAD_TO_DEVIATION = 1.4826
"""Of a normal distribution, from its median absolute deviation."""


@dataclass(frozen=True)
class Usual:
    """What a model usually tells of the recordings of one language.

    Attributes:
        code: what the model calls the language.
        own: codes that count as this language: its kin, and what the model confuses with it.
        middle: median of the ln of their probability; None where it cannot be told.
        deviation: robust standard deviation of that.
    """

    code: str
    own: frozenset[str]
    middle: float | None = None
    deviation: float = LEAST_DEVIATION

    @classmethod
    def of(cls, code: str, votes: Votes) -> Usual:
        """What votes of the segments of all recordings of a language say together."""
        kin = kin_of(code)
        close = [_merged(vote, code, kin) for vote in votes]
        if sum(_share(vote, code) >= EVEN for vote in close) < MOST * len(close):
            return cls(code, kin)
        own = kin | _confused(code, close)
        ours = [vote for vote in (_merged(vote, code, own) for vote in votes) if not _foreign(vote, code)]
        if len(ours) < max(ENOUGH_VOTES, MOST * len(votes)):
            return cls(code, kin)
        logs = np.array([_log(vote, code) for vote in ours])
        middle = float(np.median(logs))
        deviation = MAD_TO_DEVIATION * float(np.median(np.abs(logs - middle)))
        return cls(code, own, middle, max(LEAST_DEVIATION, deviation))

    @property
    def confused(self) -> tuple[str, ...]:
        """Languages that the model does not tell from this one, its kin left out."""
        return tuple(sorted(self.own - kin_of(self.code)))

    def other(self, vote: Vote[Any]) -> str | None:
        """The language that a vote is for, where that is not this one; None where it may be this one."""
        merged = _merged(vote, self.code, self.own)
        far = FAR if _foreign(merged, self.code) else VERY_FAR
        if not merged.shares or _log(merged, self.code) >= self._limit(far, merged.seconds):
            return None
        return next((code for code, _ in merged.shares if code != self.code), None)

    def _limit(self, far: float, seconds: float) -> float:
        """The least ln p of a segment with so much speech."""
        little = max(1.0, ENOUGH_S / max(seconds, 0.1))
        if self.middle is None:
            return math.log(LEAST_LANGUAGE_PROBABILITY) * little
        return self.middle - far * self.deviation * little


def _confused(code: str, votes: Votes) -> frozenset[str]:
    """Languages that most votes hold for as likely as the asked one, and that few of these are sure of.

    A language that the model is mostly sure of is one that is spoken.
    """
    near: Counter[str] = Counter()
    sure: Counter[str] = Counter()
    for vote in votes:
        least = max(EVEN, _share(vote, code))
        near.update(name for name, share in vote.shares if share >= least and name != code)
        sure.update([_foreign(vote, code) or code])
    often = {name for name, count in near.items() if count >= MOST * len(votes)}
    return frozenset(name for name in often if sure[name] < MOST * near[name])


def _merged(vote: Vote[Any], code: str, own: Collection[str]) -> Vote[None]:
    """A vote in which languages that count as one stand together."""
    together = sum(share for name, share in vote.shares if name in own)
    rest = [(name, share) for name, share in vote.shares if name not in own]
    shares = sorted([(code, together), *rest], key=lambda one: -one[1]) if vote.shares else []
    return Vote(None, shares, vote.seconds)


def _foreign(vote: Vote[Any], code: str) -> str | None:
    """Another language that a vote is sure of."""
    favoured = vote.favours(code)
    return favoured if favoured != code else None


def _share(vote: Vote[Any], code: str) -> float:
    return float(dict(vote.shares).get(code, 0.0))


def _log(vote: Vote[Any], code: str) -> float:
    return math.log(max(_share(vote, code), SMALLEST))
