"""Audio against text: whose transcripts these are, and whether their ends are said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from govor.curate.pairing import Pairing, Shift, pairing, shifted
from govor.findings import Finding, Severity, share_of
from govor.preflight.agreement import (
    Another,
    Ends,
    OtherLanguage,
    TextFit,
    another_heard,
    by_chance,
    ends,
    enough,
    how_sure,
    matched,
    other_languages,
    partly_said,
    wrong_ones,
)
from govor.preflight.hearing import ClipFit
from govor.preflight.lengths import Lengths
from govor.preflight.materials import Facts
from govor.preflight.registry import check

SURE_ROWS = 200
"""Rows from which lengths alone are enough to stop a run."""
MOST_SHARE = 0.5


@check("transcripts_shifted", "transcripts_shuffled")
def lengths_agree(lengths: Lengths, facts: Facts) -> Iterator[Finding]:
    """Long texts stand beside long recordings, and not beside their neighbours."""
    found = pairing(lengths.letters, lengths.seconds)
    if found is None:
        return
    facts["letters_against_seconds"] = (
        f"correlation {found.correlation:.2f} over {found.rows:,} rows (permuted rows: {found.by_chance:.2f})"
    )
    moved = shifted(lengths.letters, lengths.seconds)
    if moved:
        yield _shift_finding(moved, lengths, found)
    elif found.shuffled:
        yield _unrelated(found)


def _shift_finding(moved: Shift, lengths: Lengths, found: Pairing) -> Finding:
    ids = lengths.ids[moved.first : moved.last + 1]
    return Finding(
        "transcripts_shifted",
        "error",
        f"rows {moved.first + 1:,} to {moved.last + 1:,} of the source ({ids[0]} to {ids[-1]})",
        f"seconds go with the letters of {_distance(moved.offset)}, not with their own"
        f" (all rows: correlation {found.correlation:.2f})",
        f"letters and seconds of {moved.rows:,} rows; sure: permuted rows never came near it",
        "the model learns to write what was not said",
        samples=ids[:5],
        count=len(ids),
        ids=ids,
    )


def _distance(offset: int) -> str:
    rows = "the row" if abs(offset) == 1 else f"{abs(offset)} rows"
    return f"{rows} {'after' if offset > 0 else 'before'}"


def _unrelated(found: Pairing) -> Finding:
    severity: Severity = "error" if found.rows >= SURE_ROWS else "warning"
    return Finding(
        "transcripts_shuffled",
        severity,
        "all rows",
        f"letters and seconds correlate by {found.correlation:.2f} over {found.rows:,} rows",
        f"permuted rows reach {found.by_chance:.2f}; transcripts that belong to their recordings 0.6 to 0.95",
        "long texts belong to short recordings, and short texts to long ones: the model learns to write what"
        " was not said",
    )


@check("transcripts_shifted", "transcripts_shuffled", "transcript_not_said")
def own_text_fits_best(hearings: list[ClipFit], lengths: Lengths, facts: Facts) -> Iterator[Finding]:
    """The model finds each clip's own text more likely than the texts of other rows."""
    found = matched(hearings)
    if not found.total:
        return
    facts["own_text_first"] = (
        f"{share_of(len(found.own), found.total)} sampled clips fit their own text best; by chance"
        f" {found.chance:.0%} would"
    )
    another = another_heard(hearings)
    heard = [*partly_said(found), *(another.clips if another else ())]
    wrong = [one for one in wrong_ones(found) if one not in heard]
    if found.offset is not None:
        yield _heard_shift(found, found.offset)
    elif not found.known and enough(found.total - len(found.own), found.total, MOST_SHARE):
        together = pairing(lengths.letters, lengths.seconds)
        yield _heard_shuffle(found, bool(together and together.shuffled))
    elif enough(len(wrong), found.total, 0.0) or len(wrong) > 1:
        yield _not_said(wrong, found)


def _heard_shift(found: TextFit, offset: int) -> Finding:
    mine = found.by_offset[offset]
    chance = by_chance(len(mine), found.total, found.chance)
    return Finding(
        "transcripts_shifted",
        "error",
        "sampled clips",
        f"{share_of(len(mine), found.total)} hold the text of {_distance(offset)} in the source, by what the"
        " model hears",
        f"a clip's own text fits best; {how_sure(chance)}",
        "the model learns to write what was not said",
        samples=_samples(mine),
        count=len(mine),
        ids=_ids(mine),
    )


def _heard_shuffle(found: TextFit, lengths_agree: bool) -> Finding:
    """An untrained model hears no text anywhere: it alone stops no run."""
    rest = [*found.none, *(one for many in found.by_offset.values() for one in many)]
    why = "the texts are those of other recordings"
    return Finding(
        "transcripts_shuffled",
        "error" if lengths_agree else "warning",
        "sampled clips",
        f"the own text fits best in {share_of(len(found.own), found.total)}",
        f"by chance it would in {found.chance:.0%}; Whisper-base reaches 95% and more even in a language"
        " that it never learned",
        f"{why}, and letters do not go with seconds either"
        if lengths_agree
        else f"either {why}, or the base model was never trained to hear",
        samples=_samples(rest),
        count=len(rest),
        ids=_ids(rest),
    )


def _not_said(wrong: list[ClipFit], found: TextFit) -> Finding:
    many = len(wrong) >= 0.3 * found.total
    return Finding(
        "transcript_not_said",
        "error" if many else "warning",
        "sampled clips",
        f"in {share_of(len(wrong), found.total)} another row's text fits as well as their own, or better",
        f"the own text fits best in the other {len(found.own)}",
        "these clips hold another text, or no speech at all",
        samples=_samples(wrong),
        count=len(wrong),
        ids=_ids(wrong),
    )


@check("ends_missing", "beginnings_missing", "words_not_said")
def ends_are_said(hearings: list[ClipFit]) -> Iterator[Finding]:
    """Transcripts begin and end where the speech does.

    A model that is told a wrong language is surprised by every beginning: such clips are left out. Where
    somebody else speaks too, speech behind the text is theirs.
    """
    doubted = {other.stated for other in other_languages(hearings)}
    found = matched([one for one in hearings if one.language not in doubted])
    if not found.known or another_heard(hearings):
        return
    mine = [*found.own, *partly_said(found)]
    seen, total = ends(mine), len(mine)
    yield from _words_not_said(seen, total)
    if enough(len(seen.speech_after), total):
        yield _missing("ends_missing", seen.speech_after, total, "after the last word")
    if enough(len(seen.speech_before), total, MOST_SHARE):
        yield _missing("beginnings_missing", seen.speech_before, total, "before the first word")


def _missing(code: str, mine: list[ClipFit], total: int, where: str) -> Finding:
    nats = float(np.median([one.own.after if code == "ends_missing" else one.own.before for one in mine]))
    return Finding(
        code,
        "error" if len(mine) >= MOST_SHARE * total else "warning",
        "sampled clips",
        f"{share_of(len(mine), total)} go on {where} of their text, by what the model hears (median surprise"
        f" {nats:.0f} nats)",
        "below 6.5 nats; whole transcripts have 0 to 4",
        "the model learns to leave out what is said",
        samples=_samples(mine),
        count=len(mine),
        ids=_ids(mine),
    )


def _words_not_said(seen: Ends, total: int) -> Iterator[Finding]:
    for mine, place in ((seen.unsaid_first, "first"), (seen.unsaid_last, "last")):
        if enough(len(mine), total):
            hearings = [one for one, _ in mine]
            yield Finding(
                "words_not_said",
                "error" if len(mine) >= MOST_SHARE * total else "warning",
                "sampled clips",
                f"in {share_of(len(mine), total)} nobody says the {place} words: {_words(mine, place)}",
                "words at an end fit about as well as the others",
                "the model learns to write them where they are not said",
                samples=_samples(hearings),
                count=len(mine),
                ids=_ids(hearings),
            )


def _words(mine: Sequence[tuple[ClipFit, int]], place: str) -> str:
    cut = (one.text.split()[:words] if place == "first" else one.text.split()[-words:] for one, words in mine)
    return ", ".join(dict.fromkeys(repr(" ".join(words)) for words in cut))[:120]


@check("two_texts_heard")
def one_text_is_heard(hearings: list[ClipFit]) -> Iterator[Finding]:
    """No clip holds the speech of a neighbouring row beside its own."""
    found = another_heard(hearings)
    if found and matched(hearings).offset is None:
        yield _two_texts(found)


def _two_texts(found: Another) -> Finding:
    return Finding(
        "two_texts_heard",
        "warning",
        "sampled clips",
        f"in {share_of(len(found.clips), found.total)} the model hears the text of {_distance(found.offset)}"
        " besides their own text (it fits best of all other rows', by"
        f" {found.nats:.1f} nats a token)",
        f"a neighbour's text fits as badly as any other; {how_sure(found.probability)}",
        "two people speak at once, as where two channels were mixed, or clips hold more than their text",
        samples=_samples(found.clips),
        count=len(found.clips),
        ids=_ids(found.clips),
    )


@check("other_language")
def language_is_the_stated_one(hearings: list[ClipFit]) -> Iterator[Finding]:
    """The clips are in the language that rows or recipe state."""
    for found in other_languages(hearings):
        yield _other_language(found)


def _other_language(found: OtherLanguage) -> Finding:
    return Finding(
        "other_language",
        "warning",
        f"clips that are said to be in {found.stated!r}",
        f"{share_of(len(found.clips), found.total)} sound like {found.heard!r} to the model",
        f"most of them like {found.stated!r}; not sure: related languages sound alike to small models",
        "the wrong language token makes the model write another language or translate",
        samples=_samples(found.clips),
        count=len(found.clips),
        ids=_ids(found.clips),
    )


def _samples(mine: Sequence[ClipFit]) -> tuple[str, ...]:
    return tuple(f"{one.id}: {one.text!r}" for one in mine[:5])


def _ids(mine: Sequence[ClipFit]) -> tuple[str, ...]:
    return tuple(one.id for one in mine)
