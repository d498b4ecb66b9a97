"""What reviewing says about the corpus: wrong transcripts, and how far two people agree.

95% intervals are by recording (`govor.evaluate.intervals`). Texts are compared as ``govor evaluate`` compares
them, so that a full stop makes no transcript wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from govor.config import TextConfig
from govor.evaluate.intervals import Grouping, grouping, share_interval
from govor.evaluate.scores import score
from govor.records import Interval
from govor.review.journal import DROP, FIXED, KEEP, UNSURE, VerdictEntry
from govor.review.utterances import Utterances
from govor.review.verdict_book import VerdictBook
from govor.shown import interval_text
from govor.text import Normaliser


@dataclass(frozen=True)
class Estimate:
    """How many transcripts are wrong, from utterances drawn at random.

    Attributes:
        judged: utterances that were judged right or wrong.
        wrong: of these dropped, or given another text.
        unsure: that nobody could tell; they are in neither number.
        rate: share of wrong transcripts.
        wer: of the transcripts against what people wrote.
        cer: the same by character.
        groups: what the intervals resample.
    """

    judged: int
    wrong: int
    unsure: int
    rate: Interval
    wer: Interval | None
    cer: Interval | None
    groups: Mapping[str, object]

    @property
    def sentence(self) -> str:
        """For people."""
        found = f"the corpus has {shown(self.rate)} wrong transcripts ({self.wrong:,} of {self.judged:,}"
        return f"{found}; {self.unsure:,} unsure)" if self.unsure else f"{found})"


@dataclass(frozen=True)
class ReviewerAgreement:
    """How far two people agree who judged without seeing each other's verdicts.

    Attributes:
        utterances: that two people judged.
        equal: share with the same verdict.
        texts: utterances that both gave a text, of the same stretch: what one joined is not compared.
        wer: of the second's text against the first's.
        cer: the same by character.
        disputed: utterances where they differ and nothing was decided.
        groups: what the intervals resample.
    """

    utterances: int
    equal: Interval
    texts: int
    wer: Interval | None
    cer: Interval | None
    disputed: int
    groups: Mapping[str, object]

    @property
    def sentence(self) -> str:
        """For people."""
        said = f"two reviewers gave {self.utterances:,} utterances the same verdict in {shown(self.equal)}"
        if self.wer is None or self.cer is None:
            return said
        return (
            f"{said}; between their texts WER {shown(self.wer)}, CER {shown(self.cer)}: no model "
            "can be shown to be better than that here"
        )


def shown(rate: Interval) -> str:
    """``3.1% [2.2, 4.3]``."""
    ends = f" [{interval_text(asdict(rate), digits=1, between=', ')}]" if rate.is_known else ""
    return f"{100 * rate.value:.1f}%{ends}"


def estimate(utterances: Utterances, book: VerdictBook, names: Iterable[str]) -> Estimate | None:
    """How many transcripts are wrong; None while nothing was judged.

    Args:
        utterances: the corpus.
        book: verdicts.
        names: ids that were drawn at random.
    """
    finals = {name: final for name in names if (final := book.final(name)) is not None}
    judged = {name: final for name, final in finals.items() if final.verdict in (KEEP, FIXED, DROP)}
    if not judged:
        return None
    normal = Normaliser.of(TextConfig())
    texts = {name: _text(utterances, name, None) for name in judged}
    wrong = [is_wrong(texts[name], final, normal) for name, final in judged.items()]
    groups = _groups(utterances, list(judged))
    given = [name for name, final in judged.items() if final.verdict != DROP]
    said = {name: _text(utterances, name, judged[name]) for name in given}
    wer, cer = _rates(utterances, said, {name: texts[name] for name in given})
    return Estimate(
        len(judged),
        sum(wrong),
        sum(final.verdict == UNSURE for final in finals.values()),
        share_interval(np.array(wrong), groups),
        wer,
        cer,
        groups.as_dict(),
    )


def is_wrong(text: str, final: VerdictEntry, normal: Normaliser) -> bool:
    """Whether a verdict says that a transcript is wrong; times do not count."""
    if final.verdict != FIXED:
        return final.verdict == DROP
    return normal(final.text).split() != normal(text).split()


def agreement(utterances: Utterances, book: VerdictBook) -> ReviewerAgreement | None:
    """How far two reviewers agree; None while none was judged by two."""
    pairs = {name: pair for name in book.judged() if (pair := book.pair(name)) and name in utterances.places}
    if not pairs:
        return None
    groups = _groups(utterances, list(pairs))
    equal = np.array([one.verdict == other.verdict for one, other in pairs.values()])
    both = {name: pair for name, pair in pairs.items() if _are_comparable(*pair)}
    first, second = ({n: _text(utterances, n, pair[k]) for n, pair in both.items()} for k in (0, 1))
    wer, cer = _rates(utterances, first, second)
    return ReviewerAgreement(
        len(pairs),
        share_interval(equal, groups),
        len(both),
        wer,
        cer,
        sum(book.is_disputed(name) for name in pairs),
        groups.as_dict(),
    )


def _are_comparable(one: VerdictEntry, other: VerdictEntry) -> bool:
    """Whether both say what is said in the same utterances."""
    return {one.verdict, other.verdict} <= {KEEP, FIXED} and one.joined == other.joined


def _text(utterances: Utterances, name: str, entry: VerdictEntry | None) -> str:
    """What a reviewer says is said; without pieces, what the corpus has."""
    if entry is not None and entry.pieces:
        return entry.text
    return str(utterances.of(name).text or "")


def _groups(utterances: Utterances, names: Sequence[str]) -> Grouping:
    rows = [utterances.places[name] for name in names]
    return grouping(len(names), utterances.frame["recording"].gather(rows).to_list(), "recording")


def _rates(
    utterances: Utterances, references: Mapping[str, str], others: Mapping[str, str]
) -> tuple[Interval | None, Interval | None]:
    """WER and CER of normalised texts, as ``govor evaluate`` counts them."""
    if not references:
        return None, None
    languages = utterances.languages([utterances.places[name] for name in references])
    groups = _groups(utterances, list(references))
    scores = score(references, others, Normaliser.of(TextConfig()), groups, languages=languages)
    return scores.wer, scores.cer
