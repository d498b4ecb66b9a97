"""Findings about texts, times, duplicates and splits: functions of the tally."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from govor.curate.leaks import GROUPS, crossings, leaking
from govor.curate.pairing import pairing, shifted
from govor.curate.places import of_rows
from govor.curate.spans import Spans
from govor.curate.splits import TRAIN
from govor.curate.tally import STYLES, TEXT_FLAGS, Tally
from govor.curate.text_style import cut_rows, mixture, spellings
from govor.findings import Finding, some
from govor.text.languages import is_tag, nearest_tag

MIN_S, MAX_S = 0.3, 30.0
OVERLAP_S = 0.1
LOW_SIMILARITY = 0.8
OUTLIER_DEVIATIONS = 5.0
MIN_SPREAD = 0.15
"""Least spread (natural logarithm) that rates are taken to have: read speech can be very even."""
MIN_RATES = 20
SHOWN_TAGS = 5


def table_findings(facts: Tally, spans: Spans) -> list[Finding]:
    """Everything the table alone can tell."""
    return [
        *_texts(facts),
        *_cut_texts(facts),
        *_styles(facts),
        *_languages(facts),
        *_rates(facts),
        *_pairs(facts),
        *_times(facts, spans),
        *_similar(facts),
        *_duplicates(facts),
        *_speakers(facts),
        *_splits(facts),
    ]


def _texts(facts: Tally) -> list[Finding]:
    found = []
    for code in TEXT_FLAGS:
        rank = facts.letters if code == "very_long_text" else None
        found += of_rows(code, facts.flagged(code), rank, "{:,} letters")
    return found


def _cut_texts(facts: Tally) -> list[Finding]:
    """Texts that end at one length, as cut ones do."""
    found = cut_rows(facts.sizes, facts.words, facts.ended)
    if found is None:
        return []
    rows = np.zeros(len(facts.flags), np.bool_)
    rows[list(found.rows)] = True
    return of_rows("texts_cut", rows, detail=f"at {found.length} {found.unit}, and none is longer")


def _styles(facts: Tally) -> list[Finding]:
    """Texts of a rarer way of writing than most have: the rules of [text] may make them one."""
    findings: list[Finding] = []
    for style in STYLES:
        places = facts.styles[style.code]
        found = mixture(
            (style.names[place] if place >= 0 else None for place in places.tolist()),
            style.share,
            style.count,
        )
        if found:
            rows = np.zeros(len(places), np.bool_)
            rows[[row for mine in list(found.values())[1:] for row in mine]] = True
            detail = ", ".join(f"{name}: {len(mine):,}" for name, mine in found.items())
            findings += of_rows(style.code, rows, detail=detail)
    return findings


def _languages(facts: Tally) -> list[Finding]:
    names = facts.names["language"].to_list()
    wrong = [number for number, name in enumerate(names) if not is_tag(name)]
    rows = np.isin(facts.keys["language"], wrong)
    meant = {names[number]: nearest_tag(names[number]) for number in wrong[:SHOWN_TAGS]}
    said = ", ".join(f"{name!r}, perhaps {tag}" if tag else repr(name) for name, tag in meant.items())
    return of_rows("language_tag", rows, detail=said)


def rate_outliers(rate: NDArray[np.float64], languages: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far each rate is from its language's median, in robust deviations of the logarithm ``[N]``.

    The spread is 1.4826 times the median absolute deviation (equal to one standard deviation of normal data).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(rate)
    far = np.zeros(len(rate))
    for language in np.unique(languages):
        rows = (languages == language) & np.isfinite(logs)
        if rows.sum() >= MIN_RATES:
            middle = np.median(logs[rows])
            spread = max(1.4826 * float(np.median(np.abs(logs[rows] - middle))), MIN_SPREAD)
            far[rows] = (logs[rows] - middle) / spread
    return far


def _rates(facts: Tally) -> list[Finding]:
    far, rate = rate_outliers(facts.rate, facts.keys["language"]), facts.rate
    return [
        *of_rows("fast_speech", far > OUTLIER_DEVIATIONS, rate, "{:.1f} letters/s"),
        *of_rows("slow_speech", far < -OUTLIER_DEVIATIONS, -rate, "{:.1f} letters/s"),
    ]


def _pairs(facts: Tally) -> list[Finding]:
    """Texts that stand beside other recordings than their own, by letters and seconds alone."""
    moved = shifted(facts.spoken, facts.duration)
    if moved:
        rows = np.zeros(len(facts.flags), np.bool_)
        rows[moved.first : moved.last + 1] = True
        side = "after" if moved.offset > 0 else "before"
        detail = f"rows {moved.first + 1:,} to {moved.last + 1:,}: seconds go with the row {side}"
        return of_rows("transcripts_shifted", rows, detail=detail)
    found = pairing(facts.spoken, facts.duration)
    if found is None or not found.shuffled:
        return []
    detail = f"letters and seconds correlate by {found.correlation:.2f}; permuted, by {found.by_chance:.2f}"
    return of_rows("transcripts_shuffled", np.isfinite(facts.spoken), detail=detail)


def _times(facts: Tally, spans: Spans) -> list[Finding]:
    start, duration = np.nan_to_num(facts.start), facts.duration
    return [
        *of_rows("negative_time", start < 0, -start, "begins {:.2f} s before 0"),
        *of_rows("times_swapped", facts.end <= start),
        *of_rows("too_short", duration < MIN_S, -duration, "{:.3f} s"),
        *of_rows("too_long", duration > MAX_S, duration, "{:.1f} s"),
        *of_rows("unknown_duration", np.isnan(duration)),
        *_overlaps(spans),
    ]


def _overlaps(spans: Spans) -> list[Finding]:
    """Utterances that begin before an earlier one of the same recording and channel has ended.

    Of equal stretches, which have findings of their own, the first alone is looked at.
    """
    lines, start, end = spans.lines, spans.start, spans.end
    rows = np.sort(np.unique(spans.same, return_index=True)[1])
    rows = rows[np.lexsort((start[rows], lines[rows]))]
    overlap = np.zeros(len(start))
    if len(rows) > 1:
        first = np.r_[True, lines[rows][1:] != lines[rows][:-1]]
        group = np.cumsum(first) - 1
        width = float(end[rows].max()) + 1.0
        reached = np.maximum.accumulate(end[rows] + group * width) - group * width
        before = np.r_[-np.inf, reached[:-1]]
        overlap[rows] = np.where(first, 0.0, np.minimum(before, end[rows]) - start[rows])
    return of_rows("overlap", overlap > OVERLAP_S, overlap, "{:.2f} s")


def _similar(facts: Tally) -> list[Finding]:
    if facts.second_transcript is None:
        return []
    known = ~np.isnan(facts.similarity)
    low = known & (np.nan_to_num(facts.similarity, nan=1.0) < LOW_SIMILARITY)
    share = f"{low.sum() / max(known.sum(), 1):.1%} of those that have one"
    return of_rows("low_similarity", low, -facts.similarity, "{:.2f}", share)


def _duplicates(facts: Tally) -> list[Finding]:
    found = of_rows("duplicate_id", _repeats(facts.keys["id"]))
    speaker, said = facts.keys["speaker"], facts.keys["sentence"]
    both = np.where((speaker >= 0) & (said >= 0), speaker * (said.max(initial=0) + 1) + said, -1)
    numbers = np.unique(both, return_inverse=True)[1] - (1 if (both < 0).any() else 0)
    return [*found, *of_rows("duplicate_text", _repeats(numbers))]


def _speakers(facts: Tally) -> list[Finding]:
    """Speakers whose names differ in case, marks or zeros alone."""
    names = facts.names["speaker"].to_list()
    found = spellings(names)
    doubtful = {name for written in found.values() for name in written}
    numbers = [number for number, name in enumerate(names) if name in doubtful]
    detail = some((" = ".join(written) for written in found.values()), 3)
    return of_rows("speaker_spellings", np.isin(facts.keys["speaker"], numbers), detail=detail)


def _repeats(codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows whose value stood in an earlier row."""
    repeats = codes >= 0
    repeats[np.unique(codes, return_index=True)[1]] = False
    return repeats


def _splits(facts: Tally) -> list[Finding]:
    named = facts.splits > 0
    found = of_rows("some_unsplit", ~named) if named.any() else []
    found += of_rows("unknown_speaker", facts.keys["speaker"] < 0)
    for rule in GROUPS:
        rows = leaking(crossings(facts.keys[rule.key], facts.splits), len(facts.splits))
        share = f"{rows.sum() / max((facts.splits > TRAIN).sum(), 1):.0%} of dev and test"
        found += of_rows(rule.code, rows, detail=share)
    return found
