"""Findings about utterances of the same sound: other texts, the same text again, another split."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.curate.groups import Codes
from govor.curate.leaks import SAME_SOUND, leaking, sound_crossings
from govor.curate.places import of_rows
from govor.curate.spans import Spans
from govor.curate.tally import Tally
from govor.findings import Finding


def spans_of(facts: Tally, probes: pl.DataFrame | None) -> Spans:
    """Where the utterances lie; copies of a file count as one recording once their bytes are known."""
    recording = facts.keys["audio"]
    if probes is not None:
        recording = recordings_by_bytes(probes)[recording]
    speaker = facts.keys["speaker"]
    return Spans.of(recording, facts.channel, facts.start, facts.end, facts.duration, speaker)


def recordings_by_bytes(probes: pl.DataFrame) -> Codes:
    """A number for every recording, the same for those with the same bytes ``[recordings]``."""
    alone = pl.Series([f"#{number}" for number in range(probes.height)], dtype=pl.String)
    known = probes["digest"].fill_null("").to_frame().with_columns(alone.alias("alone"))
    value = pl.when(pl.col("digest") == "").then("alone").otherwise("digest")
    ranks: Codes = known.select(value.rank("dense")).to_series().to_numpy().astype(np.int64)
    return ranks


def same_sound_findings(facts: Tally, spans: Spans) -> list[Finding]:
    """What is wrong with utterances of the same sound."""
    rows = leaking(sound_crossings(spans, facts.splits), len(facts.splits))
    return [*_repeats(facts, spans), *of_rows(SAME_SOUND.code, rows)]


def _repeats(facts: Tally, spans: Spans) -> list[Finding]:
    """Utterances of the same stretch: of several texts one is wrong, the same text counts twice."""
    same = spans.same
    several = np.bincount(same, minlength=1)[same] > 1
    other = np.zeros(len(same), np.bool_)
    other[several] = _unlike(same[several], facts.said[several])
    again = several & ~other
    again[np.unique(same, return_index=True)[1]] = False
    return [*of_rows("other_text", other, -same), *of_rows("same_again", again)]


def _unlike(groups: Codes, values: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Rows of groups that have more than one value."""
    _, numbers = np.unique(values, return_inverse=True)
    low = np.full(int(groups.max(initial=0)) + 1, len(values), np.int64)
    high = np.full(len(low), -1, np.int64)
    np.minimum.at(low, groups, numbers)
    np.maximum.at(high, groups, numbers)
    unlike: NDArray[np.bool_] = (low != high)[groups]
    return unlike
