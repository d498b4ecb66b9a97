"""Whether a model trained on short encoder windows still hears over the full ones it is used with.

One model, the same clips, decoded both ways and compared in pairs (`govor.evaluate.compare_scores`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from govor.evaluate import compare_scores, score
from govor.records import Interval
from govor.shown import interval_text
from govor.train.summary import WindowsFacts

if TYPE_CHECKING:
    from govor.evaluate import Grouping
    from govor.evaluate.scores import TextNormaliser


@dataclass(frozen=True)
class WindowsVerdict:
    """WER of one model over full and over short encoder windows.

    Attributes:
        full: WER over full windows.
        short: WER over windows as long as the clips.
        difference: full minus short, paired, with its 95% interval.
        verdict: ``better``, ``worse`` (full beyond the interval) or ``not told apart``.
        utterances: compared.
        unit: what the intervals resample.
    """

    full: Interval
    short: Interval
    difference: Interval
    verdict: str
    utterances: int
    unit: str

    @property
    def warning(self) -> str | None:
        """What to say when full windows are worse beyond the interval."""
        if self.verdict != "worse":
            return None
        ends = interval_text(self.difference.as_dict(), scale=1, digits=3)
        return (
            f"over the full windows that this model decodes, dev WER is {self.full.value:.3f}, over short "
            f"ones {self.short.value:.3f}: worse by {self.difference.value:.3f} ({ends}) on the same "
            f"{self.utterances} utterances: go on with train.windows = 'thinned' or 'full'"
        )

    def as_dict(self) -> WindowsFacts:
        """As summary and metrics hold it."""
        return {
            "full": self.full.as_dict(),
            "short": self.short.as_dict(),
            "difference": self.difference.as_dict(),
            "verdict": self.verdict,
            "utterances": self.utterances,
            "unit": self.unit,
            "warning": self.warning,
        }


def compare_windows(
    references: Mapping[str, str],
    full: Mapping[str, str],
    short: Mapping[str, str],
    normaliser: TextNormaliser,
    groups: Grouping,
    languages: Mapping[str, str | None],
) -> WindowsVerdict:
    """Scores hypotheses over full and over short windows against each other, utterance by utterance.

    Args:
        references: source text by id.
        full: hypotheses over full windows by id.
        short: hypotheses over short windows by id.
        normaliser: of both sides.
        groups: what the intervals resample, in the order of `references`.
        languages: of each id, for the normaliser.
    """
    scored = [score(references, said, normaliser, groups, languages=languages) for said in (full, short)]
    found = compare_scores(*scored)
    return WindowsVerdict(
        scored[0].wer,
        scored[1].wer,
        found.wer_difference,
        found.verdict,
        len(references),
        found.groups.unit,
    )
