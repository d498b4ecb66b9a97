"""What kind of errors a system makes, and which references deserve a second look.

Every finding is a rule over one utterance's alignment, so that it can be read, tested and disagreed with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from govor.evaluate import patterns
from govor.evaluate.edits import Block, align, words
from govor.evaluate.scores import DELETIONS, INSERTIONS, Scores
from govor.evaluate.suspects import Suspects, find_suspects

Pairs = Counter[tuple[str, str]]

SILENCE_DB = -60.0
"""Root mean square below which a clip counts as silent."""
MOST_LISTED = 40


@dataclass(frozen=True)
class Case:
    """One utterance as the rules see it.

    Attributes:
        reference: normalised words.
        hypothesis: normalised words.
        blocks: their alignment.
        raw_reference: words of the source text.
        raw_hypothesis: words as the model writes them.
        insertions: words added.
        deletions: words missing.
        level_db: loudness of the clip, or None where unknown.
        language: of the clip, or None.
        heard_language: that the model detected or was given, or None.
    """

    reference: list[str]
    hypothesis: list[str]
    blocks: list[Block]
    raw_reference: list[str]
    raw_hypothesis: list[str]
    insertions: int
    deletions: int
    level_db: float | None = None
    language: str | None = None
    heard_language: str | None = None


@dataclass(frozen=True)
class ErrorKind:
    """A kind of error.

    Attributes:
        code: stable snake_case name.
        title: for people.
        meaning: what it is, and what it usually comes from.
        applies: the rule.
    """

    code: str
    title: str
    meaning: str
    applies: Callable[[Case], bool]


def _on_silence(case: Case) -> bool:
    quiet = case.level_db is not None and case.level_db < SILENCE_DB
    return bool(case.hypothesis) and (quiet or not case.reference)


def _runaway(case: Case) -> bool:
    return case.insertions >= max(5, len(case.reference) / 2)


def _truncated(case: Case) -> bool:
    return bool(case.hypothesis) and patterns.missing_at_an_end(case.blocks, len(case.reference))


KINDS = (
    ErrorKind(
        "repeated_phrase",
        "Repeated phrases",
        "the output loops over the same words, which the reference does not",
        lambda case: patterns.repeats(case.hypothesis) and not patterns.repeats(case.reference),
    ),
    ErrorKind(
        "runaway_insertions",
        "Runaway insertions",
        "at least five words too many, and half as many as the reference has: hallucination, or a reference "
        "that lacks spoken words",
        _runaway,
    ),
    ErrorKind(
        "text_on_silence",
        "Text on silence",
        "words for a clip that is silent or has an empty reference",
        _on_silence,
    ),
    ErrorKind(
        "language_switch",
        "Language switches",
        "another script than the reference's, or another language detected",
        lambda case: patterns.switches(
            " ".join(case.reference), " ".join(case.hypothesis), case.language, case.heard_language
        ),
    ),
    ErrorKind(
        "truncated_output",
        "Truncated outputs",
        "the beginning or end is missing: at least three words and a quarter of the reference in one piece",
        _truncated,
    ),
    ErrorKind(
        "no_output",
        "No output",
        "the model wrote nothing, though the reference has words",
        lambda case: bool(case.reference) and not case.hypothesis,
    ),
    ErrorKind(
        "split_or_joined",
        "Split and joined words",
        "the same letters with other spaces, such as “ne znanim” for “neznanim”",
        lambda case: bool(patterns.boundary_pairs(case.blocks, case.reference, case.hypothesis)),
    ),
    ErrorKind(
        "number_format",
        "Numbers against digits",
        "one side writes digits where the other writes words",
        lambda case: bool(patterns.number_pairs(case.blocks, case.reference, case.hypothesis)),
    ),
)
SUSPECT = "suspect_reference"
SUSPECT_TITLE = "References that may be wrong"
SUSPECT_MEANING = "the model is confident and disagrees, or hears more than was written down: listen first"


@dataclass
class Diagnosis:
    """Findings over a whole set.

    Attributes:
        flags: bit k of row n says that kind k (in the order of `codes`) holds for utterance n.
        errors: word errors of the utterances of every kind.
        confusions: pairs of normalised words, reference first.
        deleted: normalised words that were left out.
        inserted: normalised words that were added.
        letters: pairs of characters; an empty one stands for nothing.
        boundaries: words split or joined.
        casing: pairs of raw words that differ in case only.
        punctuation: pairs of punctuation marks around raw words that are otherwise the same.
        suspects: rows whose reference may be wrong, most suspicious first.
    """

    flags: NDArray[np.int64]
    errors: dict[str, int] = field(default_factory=dict)
    confusions: Pairs = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    inserted: Counter[str] = field(default_factory=Counter)
    letters: Pairs = field(default_factory=Counter)
    boundaries: Pairs = field(default_factory=Counter)
    casing: Pairs = field(default_factory=Counter)
    punctuation: Pairs = field(default_factory=Counter)
    suspects: Suspects = field(default_factory=Suspects)

    @property
    def codes(self) -> list[str]:
        """Names of the bits."""
        return [*(kind.code for kind in KINDS), SUSPECT]

    def rows(self, code: str) -> NDArray[np.int64]:
        """Utterances of a kind, in order."""
        return np.flatnonzero(self.flags >> self.codes.index(code) & 1)

    def as_dict(self, ids: Sequence[str]) -> dict[str, object]:
        """Plain data for ``summary.json``."""
        kinds = {
            code: {
                "title": title,
                "meaning": meaning,
                "utterances": len(self.rows(code)),
                "word_errors": self.errors.get(code, 0),
                "examples": [ids[row] for row in self.rows(code)[:10]],
            }
            for code, title, meaning in titles()
        }
        return {
            "kinds": kinds,
            "confusions": _listed(self.confusions),
            "deleted_words": _listed_words(self.deleted),
            "inserted_words": _listed_words(self.inserted),
            "character_confusions": _listed(self.letters),
            "split_or_joined": _listed(self.boundaries),
            "casing": {"count": self.casing.total(), "most": _listed(self.casing)},
            "punctuation": {"count": self.punctuation.total(), "most": _listed(self.punctuation)},
            "suspects": [
                {"id": ids[row], "reason": reason, "suspicion": round(suspicion, 3)}
                for row, reason, suspicion in self.suspects.ranked()[:100]
            ],
        }


def titles() -> list[tuple[str, str, str]]:
    """Code, title and meaning of every kind."""
    kinds = [(kind.code, kind.title, kind.meaning) for kind in KINDS]
    return [*kinds, (SUSPECT, SUSPECT_TITLE, SUSPECT_MEANING)]


def _listed(pairs: Pairs) -> list[dict[str, object]]:
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [{"reference": a, "hypothesis": b, "count": count} for (a, b), count in ordered[:MOST_LISTED]]


def _listed_words(counted: Counter[str]) -> list[dict[str, object]]:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [{"word": word, "count": count} for word, count in ordered[:MOST_LISTED]]


def diagnose(
    scores: Scores,
    *,
    confidences: Sequence[float | None] | None = None,
    levels_db: Sequence[float | None] | None = None,
    languages: Sequence[str | None] | None = None,
    heard_languages: Sequence[str | None] | None = None,
) -> Diagnosis:
    """Looks for kinds of errors, frequent confusions and suspicious references.

    Args:
        scores: of the system.
        confidences: of the model, by utterance ``[N]``.
        levels_db: loudness of the clips ``[N]``.
        languages: of the clips ``[N]``.
        heard_languages: detected by the model ``[N]``.
    """
    size = len(scores.ids)
    found = Diagnosis(np.zeros(size, np.int64))
    suspects = find_suspects(scores, confidences)
    found.suspects = suspects
    for row in np.flatnonzero((scores.words.errors > 0) | (scores.raw_words.errors > 0)).tolist():
        case = replace(
            _case(scores, row),
            level_db=levels_db[row] if levels_db else None,
            language=languages[row] if languages else None,
            heard_language=heard_languages[row] if heard_languages else None,
        )
        _examine(found, row, case)
    found.flags[list(suspects.rows)] |= 1 << len(KINDS)
    for code in found.codes:
        found.errors[code] = int(scores.words.errors[found.rows(code)].sum())
    return found


def _case(scores: Scores, row: int) -> Case:
    texts = scores.texts
    reference, hypothesis = words(texts.normal_references[row]), words(texts.normal_hypotheses[row])
    return Case(
        reference,
        hypothesis,
        align(reference, hypothesis),
        words(texts.references[row]),
        words(texts.hypotheses[row]),
        int(scores.words.edits[row, INSERTIONS]),
        int(scores.words.edits[row, DELETIONS]),
    )


def _examine(found: Diagnosis, row: int, case: Case) -> None:
    for bit, kind in enumerate(KINDS):
        if kind.applies(case):
            found.flags[row] |= 1 << bit
    for block in case.blocks:
        _count_block(found, case, block)
    found.boundaries.update(patterns.boundary_pairs(case.blocks, case.reference, case.hypothesis))
    if case.raw_reference != case.reference or case.raw_hypothesis != case.hypothesis:
        casing, punctuation = patterns.writing_pairs(case.raw_reference, case.raw_hypothesis)
        found.casing.update(casing)
        found.punctuation.update(punctuation)


def _count_block(found: Diagnosis, case: Case, block: Block) -> None:
    ours = case.reference[block.start : block.end]
    theirs = case.hypothesis[block.hypothesis_start : block.hypothesis_end]
    if block.tag == "replace":
        pairs = list(zip(ours, theirs, strict=True))
        found.confusions.update(pairs)
        for pair in pairs:
            found.letters.update(patterns.letter_pairs(*pair))
    elif block.tag == "delete":
        found.deleted.update(ours)
    elif block.tag == "insert":
        found.inserted.update(theirs)
