"""Findings about recordings: what probing measured, held against the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.curate.finding import WORST, Finding, of_rows
from govor.curate.probing import Probe
from govor.curate.quality import DIFFERENCE_S, DIFFERENCE_SHARE, JUDGEMENTS, wrong_rate
from govor.curate.same_sound import recordings_by_bytes
from govor.curate.spans import MIX
from govor.curate.tally import Tally
from govor.curate.time_units import time_unit_findings
from govor.text import primary_language

SYLLABIC_LANGUAGES = frozenset({"zh", "yue", "ja", "ko"})
LETTERS_A_SYLLABLE = 3.0
BEYOND_S = 0.1
"""Times may stand this far behind the end of the recording: rounding and codec padding."""


def true_durations(facts: Tally, probes: pl.DataFrame) -> NDArray[np.float64]:
    """Seconds of every utterance; those that the table does not know come from the decoded length ``[N]``."""
    length = _by_row(facts, probes["true_s"])
    start = np.nan_to_num(facts.start)
    end = np.where(np.isnan(facts.end), length, facts.end)
    return np.where(np.isnan(facts.duration), end - start, facts.duration)


def _by_row(facts: Tally, column: pl.Series) -> NDArray[np.float64]:
    """A value of the recordings for each utterance ``[N]``, NaN where unknown."""
    values = np.append(column.cast(pl.Float64).fill_null(float("nan")).to_numpy(), np.nan)
    spread: NDArray[np.float64] = values[facts.keys["audio"]]
    return spread


@dataclass(frozen=True)
class Case:
    """A recording that a finding is about.

    Attributes:
        recording: its number.
        severity: to rank by.
        measured: what was measured, for people.
    """

    recording: int
    severity: float
    measured: str


def audio_findings(facts: Tally, probes: pl.DataFrame) -> list[Finding]:
    """Everything that the audio tells.

    Args:
        facts: of the utterances.
        probes: a row for every recording, in the order of the numbers of the key ``audio``.
    """
    letters, rates = _letters_per_s(facts, probes)
    mixes = np.zeros(probes.height, np.bool_)
    mixes[facts.keys["audio"][facts.channel == MIX]] = True
    found: dict[str, list[Case]] = {}
    faults: Counter[str] = Counter()
    for number, row in enumerate(probes.iter_rows(named=True)):
        probe = Probe(**{name: row[name] for name in Probe.__dataclass_fields__})
        for code, severity, measured in _judged(probe, rates[number], int(letters[number]), faults):
            if code != "antiphase_audio" or mixes[number]:
                found.setdefault(code, []).append(Case(number, severity, measured))
    details = {"unreadable_audio": ", ".join(f"{code} {count}" for code, count in faults.most_common(5))}
    recordings = _Recordings(facts.keys["audio"], probes.height)
    findings = [recordings.finding(code, cases, details.get(code, "")) for code, cases in found.items()]
    return [*findings, *_formats(recordings, probes), *_lengths(facts, probes), *_copies(recordings, probes)]


class _Recordings:
    """Findings about recordings, told by their utterances.

    Args:
        audio: number of the recording of every utterance ``[N]``.
        count: recordings.
    """

    def __init__(self, audio: NDArray[np.int64], count: int) -> None:
        self._audio = audio
        self._first = _first_rows(audio, count)

    def finding(self, code: str, cases: Sequence[Case], detail: str = "") -> Finding:
        """A finding that shows an utterance of each recording, and is about all of them."""
        worst = sorted(cases, key=lambda case: -case.severity)[:WORST]
        rows = self._first[np.array([case.recording for case in worst], np.int64)]
        concerned = np.zeros(len(self._first), np.bool_)
        concerned[[case.recording for case in cases]] = True
        measured = tuple(case.measured for case in worst)
        return Finding(code, len(cases), rows, measured, detail, np.flatnonzero(concerned[self._audio]))


def _first_rows(codes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """An utterance of every recording ``[count]``."""
    first = np.zeros(count, np.int64)
    rows = np.arange(len(codes) - 1, -1, -1)
    first[codes[rows]] = rows
    return first


def _letters_per_s(facts: Tally, probes: pl.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Letters of a recording, and letters for each second that is not silent, ``[recordings]`` each."""
    count, known = probes.height, facts.duration > 0
    codes = facts.keys["audio"][known]
    voiced = 1.0 - probes["silent"].fill_null(0.0).to_numpy()
    seconds = np.bincount(codes, facts.duration[known], minlength=count) * voiced
    weighted = facts.letters[known] * _letter_weights(facts)[known]
    said = np.bincount(codes, weighted, minlength=count).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return said, np.where(seconds > 0, said / seconds, np.nan)


def _letter_weights(facts: Tally) -> NDArray[np.float64]:
    """What a letter counts in the language of each utterance: a Chinese syllable counts as three ``[N]``."""
    tags = facts.names["language"].to_list()
    weights = [LETTERS_A_SYLLABLE if primary_language(tag) in SYLLABIC_LANGUAGES else 1.0 for tag in tags]
    return np.array([*weights, 1.0])[facts.keys["language"]]


def _judged(probe: Probe, rate: float, letters: int, faults: Counter[str]) -> list[tuple[str, float, str]]:
    if probe.error == "missing":
        return [("missing_audio", 0.0, probe.audio)]
    if probe.error:
        faults[probe.error] += 1
        return [("unreadable_audio", 0.0, probe.detail or probe.error)]
    judged = [(j.code, j.severity(probe), j.measured(probe)) for j in JUDGEMENTS if j.applies(probe)]
    wrong = wrong_rate(probe.pitch_hz, None if np.isnan(rate) else float(rate), letters)
    if wrong:
        said = f"pitch {probe.pitch_hz:.0f} Hz, {rate:.1f} letters/s"
        judged.append(("wrong_sample_rate", 1.0, f"too {wrong}: {said} at {probe.sample_rate:,} Hz"))
    return judged


def _formats(recordings: _Recordings, probes: pl.DataFrame) -> list[Finding]:
    several = np.flatnonzero((probes["channels"].fill_null(1) > 1).to_numpy())
    found = []
    if len(several):
        cases = [Case(int(number), 0.0, "") for number in several]
        found.append(recordings.finding("several_channels", cases))
    rates = probes["sample_rate"].drop_nulls().value_counts(sort=True)
    if rates.height > 1:
        shown = ", ".join(f"{rate:,} Hz {count:,}" for rate, count in rates.head(5).iter_rows())
        rarer = (probes["sample_rate"] != rates["sample_rate"][0]).fill_null(False).to_numpy()
        cases = [Case(int(number), 0.0, "") for number in np.flatnonzero(rarer)]
        everywhere = recordings.finding("mixed_sample_rates", cases).everywhere
        found.append(Finding("mixed_sample_rates", rates.height, detail=shown, everywhere=everywhere))
    return found


def _lengths(facts: Tally, probes: pl.DataFrame) -> list[Finding]:
    length = _by_row(facts, probes["true_s"])
    beyond = np.nan_to_num(facts.end - length)
    whole = np.isnan(facts.start) & np.isnan(facts.end) & ~np.isnan(facts.duration) & ~np.isnan(length)
    gap = np.where(whole, np.abs(length - facts.duration), 0.0)
    off = np.where(gap > np.maximum(DIFFERENCE_S, DIFFERENCE_SHARE * facts.duration), gap, 0.0)
    return [
        *of_rows("beyond_end", beyond > BEYOND_S, beyond, "{:.2f} s behind the end"),
        *of_rows("stated_duration", off > 0, off, "{:.2f} s off"),
    ]


def _copies(recordings: _Recordings, probes: pl.DataFrame) -> list[Finding]:
    """Recordings with the same bytes as an earlier one."""
    numbers = recordings_by_bytes(probes)
    repeated = np.ones(len(numbers), np.bool_)
    repeated[np.unique(numbers, return_index=True)[1]] = False
    cases = [Case(int(number), 0.0, probes["audio"][int(number)]) for number in np.flatnonzero(repeated)]
    return [recordings.finding("duplicate_audio", cases)] if cases else []


def times_findings(facts: Tally, probes: pl.DataFrame | None) -> list[Finding]:
    """Whether the table's times are of another unit than seconds."""
    last = np.where(np.isnan(facts.end), facts.duration, facts.end)
    stated = ~np.isnan(facts.start) | ~np.isnan(facts.end)
    unknown = np.full(len(last), np.nan)
    length = unknown if probes is None else _by_row(facts, probes["true_s"])
    sample_rate = unknown if probes is None else _by_row(facts, probes["sample_rate"])
    return time_unit_findings(last, length, sample_rate, facts.rate, stated)
