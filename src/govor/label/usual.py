"""How the recordings of a language usually sound to a model, and which sound like another language.

A model that hardly knows a language gives it to languages that it knows better, now to one, now to another.
So what it gives to the asked language is compared with what it usually gives in the recordings of the run,
together with the languages that it wavers towards there. A vote on little speech has to be clearer.

How far below the usual a single vote has to be does not depend on the run. Where a model knows a language
badly its votes deviate more, but a limit that went with the deviation kept a quarter of the wrong ones there.

The segments of a recording are mostly in one language, so they are judged together too: the median of ln p
over them deviates less than that of one (by the root of their number, as the error of a mean does).

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
from govor.transcribe.languages import LEAST_SHARE, Vote

Votes = Sequence[Vote[Any]]

ENOUGH_VOTES = 10
"""Fewer segments do not tell what is usual."""
ENOUGH_S = 2.0
"""Speech of a whole vote; with less, the fixed limit is as many times further off."""
ENOUGH_USUAL_S = 1.5
"""The same where it is known what is usual."""
MOST = 0.5
"""Share of the segments that makes something usual."""
EVEN = 0.01
"""Probability of each of a hundred languages where nothing is known. If most recordings give the asked one
less, the model does not know it, or other languages are spoken: nothing usual can be learned."""
FAR = 3.0
"""How far ln p of a segment in another language is below the usual one: it has a twentieth of the usual p."""
FAR_TOGETHER, VERY_FAR_TOGETHER = 2.0, 3.0
"""Deviations of a recording's median below the usual one, where another language is likelier, and else."""
LEAST_DEVIATION = 1.0
"""Of ln p: a model that is always sure of a language is unsure of a right segment now and then."""
SMALLEST = 1e-4
"""Probabilities below it are one and the same."""
LEAST_TOGETHER = 2
"""Segments that are judged together."""
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
    def of(cls, code: str, recordings: Sequence[Votes]) -> Usual:
        """What votes on the segments of all recordings of a language say together."""
        kin = kin_of(code)
        votes = [vote for one in recordings for vote in one]
        close = [[_merged(vote, code, kin) for vote in one] for one in recordings]
        known = sum(len(one) for one in close if _middle_share(one, code) >= EVEN)
        if known < MOST * len(votes):
            return cls(code, kin)
        own = kin | _confused(code, [vote for one in close for vote in one])
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

    def others(self, votes: Votes) -> list[str | None]:
        """For each segment of one recording, the other language that it is in; None where it may be this one.

        In a recording that as a whole is in another language, only segments that are surely in this one stay.

        Args:
            votes: on its segments; one without shares says nothing.
        """
        known = [vote for vote in votes if vote.shares]
        if len(known) < LEAST_TOGETHER:
            return [self.other(vote) for vote in votes]
        whole = _Together.of([_merged(vote, self.code, self.own) for vote in known], self.code)
        elsewhere = self._elsewhere(whole)
        return [elsewhere if self._goes_with(vote, elsewhere) else self.other(vote) for vote in votes]

    def _goes_with(self, vote: Vote[Any], elsewhere: str | None) -> bool:
        """Whether a segment of a recording in another language is in that too."""
        own = _share(_merged(vote, self.code, self.own), self.code)
        return bool(elsewhere and vote.shares and own < LEAST_SHARE)

    def _elsewhere(self, whole: _Together) -> str | None:
        """The language of a recording that is not in this one."""
        # Where nothing is usual the model may hardly know the language; only what it is sure of counts.
        if self.middle is None and _foreign(whole.vote, self.code) is None:
            return None
        likeliest, _ = whole.vote.shares[0]
        far = VERY_FAR_TOGETHER if likeliest == self.code else FAR_TOGETHER
        if whole.middle >= self._limit(far * self._averaged(whole), whole.vote.seconds):
            return None
        return next((code for code, _ in whole.vote.shares if code != self.code), None)

    def _averaged(self, whole: _Together) -> float:
        """The deviation of the median of some votes."""
        votes = max(whole.vote.seconds / ENOUGH_S, 1.0)
        return max(LEAST_DEVIATION, self.deviation / math.sqrt(votes))

    def other(self, vote: Vote[Any]) -> str | None:
        """The language that a vote is for, where that is not this one; None where it may be this one."""
        merged = _merged(vote, self.code, self.own)
        if not merged.shares or _log(merged, self.code) >= self._limit(FAR, merged.seconds):
            return None
        return next((code for code, _ in merged.shares if code != self.code), None)

    def _limit(self, far: float, seconds: float) -> float:
        """The least ln p of a segment with so much speech."""
        seconds = max(seconds, 0.1)
        if self.middle is None:
            return math.log(LEAST_LANGUAGE_PROBABILITY) * max(1.0, ENOUGH_S / seconds)
        return self.middle - far * max(1.0, ENOUGH_USUAL_S / seconds)


@dataclass(frozen=True)
class _Together:
    """The votes on the segments of a recording; one on little speech has less weight.

    Attributes:
        vote: the mean of their shares; its seconds are those of so many whole votes.
        middle: median of ln p of the asked language: a segment in another changes it little.
    """

    vote: Vote[None]
    middle: float

    @classmethod
    def of(cls, merged: Votes, code: str) -> _Together:
        """Some votes, in which languages that count as one stand together."""
        logs = np.array([_log(vote, code) for vote in merged])
        weights = np.array([min(max(vote.seconds, 0.1), ENOUGH_S) for vote in merged])
        sums: Counter[str] = Counter()
        for vote, weight in zip(merged, (weights / weights.sum()).tolist(), strict=True):
            for name, share in vote.shares:
                sums[name] += weight * share
        order = np.argsort(logs, kind="stable")
        reached = np.cumsum(weights[order]) - weights[order] / 2
        middle = float(np.interp(weights.sum() / 2, reached, logs[order]))
        return cls(Vote(None, sums.most_common(), float(weights.sum())), middle)


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


def _middle_share(votes: Votes, code: str) -> float:
    """The median of what the votes on a recording give a language."""
    return float(np.median([_share(vote, code) for vote in votes])) if votes else 0.0


def _share(vote: Vote[Any], code: str) -> float:
    return float(dict(vote.shares).get(code, 0.0))


def _log(vote: Vote[Any], code: str) -> float:
    return math.log(max(_share(vote, code), SMALLEST))
