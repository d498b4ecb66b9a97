"""Findings about recordings: what probing measured, held against the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.audio.facts import DIFFERENCE_S, DIFFERENCE_SHARE
from govor.audio.voices import Voice, WrongRate, voice_of, wrong_rates
from govor.curate.places import WORST, of_rows
from govor.curate.probe import Probe
from govor.curate.quality import JUDGEMENTS
from govor.curate.same_sound import recordings_by_bytes
from govor.curate.spans import MIX
from govor.curate.tally import Tally
from govor.curate.time_units import time_unit_findings
from govor.findings import Finding, Places, count_of, counted

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
class Occurrence:
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
    mixes = np.zeros(probes.height, np.bool_)
    mixes[facts.keys["audio"][facts.channel == MIX]] = True
    found: dict[str, list[Occurrence]] = {}
    faults: Counter[str] = Counter()
    for number, row in enumerate(probes.iter_rows(named=True)):
        probe = Probe(**{name: row[name] for name in Probe.__dataclass_fields__})
        for code, severity, measured in _faults_of(probe, faults):
            if code != "antiphase_audio" or mixes[number]:
                found.setdefault(code, []).append(Occurrence(number, severity, measured))
    details = {"unreadable_audio": ", ".join(f"{code} {count}" for code, count in faults.most_common(5))}
    recordings = _Recordings(facts.keys["audio"], probes.height)
    findings = [recordings.finding(code, cases, details.get(code, "")) for code, cases in found.items()]
    findings += _wrong_rates(facts, recordings, probes)
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

    def finding(self, code: str, cases: Sequence[Occurrence], detail: str = "") -> Finding:
        """A finding that shows an utterance of each recording, and is about all of them."""
        worst = sorted(cases, key=lambda case: -case.severity)[:WORST]
        rows = self._first[np.array([case.recording for case in worst], np.int64)]
        concerned = np.zeros(len(self._first), np.bool_)
        concerned[[case.recording for case in cases]] = True
        measured = tuple(case.measured for case in worst)
        return counted(
            code, len(cases), detail, Places(rows, measured, np.flatnonzero(concerned[self._audio]))
        )


def _first_rows(codes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """An utterance of every recording ``[count]``."""
    first = np.zeros(count, np.int64)
    rows = np.arange(len(codes) - 1, -1, -1)
    first[codes[rows]] = rows
    return first


def _voices(facts: Tally, probes: pl.DataFrame) -> list[Voice | None]:
    """The voice of every recording, over its utterances whose texts spell what is said."""
    told = (facts.duration > 0) & ~np.isnan(facts.spoken)
    audio, count = facts.keys["audio"][told], probes.height
    spoken = np.bincount(audio, facts.spoken[told], minlength=count)
    seconds = np.bincount(audio, facts.duration[told], minlength=count) * probes["speech"].fill_null(1.0)
    clips = np.bincount(audio, minlength=count)
    return [
        voice_of(pitch_hz, letters, speech_s, int(number))
        for pitch_hz, letters, speech_s, number in zip(
            probes["pitch_hz"], spoken, seconds, clips, strict=True
        )
    ]


def _wrong_rates(facts: Tally, recordings: _Recordings, probes: pl.DataFrame) -> list[Finding]:
    """One finding about all recordings whose voices speak for another rate than the header's."""
    voices = _voices(facts, probes)
    numbers = [n for n, voice in enumerate(voices) if voice and probes["sample_rate"][n]]
    judged = wrong_rates([(probes["sample_rate"][n], voice) for n in numbers if (voice := voices[n])])
    if not judged:
        return []
    cases = []
    for wrong in judged:
        for number in (numbers[member] for member in wrong.members):
            if (voice := voices[number]) is not None:
                cases.append(Occurrence(number, float(wrong.sure), _sentence(voice, wrong)))
    sure = any(wrong.sure for wrong in judged)
    detail = "" if sure else f"{count_of(len(cases), 'odd voice')} may have another cause"
    finding = recordings.finding("wrong_sample_rate", cases, detail)
    return [finding if sure else replace(finding, severity="warning")]


def _sentence(voice: Voice, wrong: WrongRate) -> str:
    pace = "slow" if wrong.likely_hz > wrong.stated_hz else "fast"
    measured = f"pitch {voice.pitch_hz:.0f} Hz, {voice.letters_per_s:.1f} letters/s"
    return f"too {pace}: {measured} at {wrong.stated_hz:,} Hz"


def _faults_of(probe: Probe, faults: Counter[str]) -> list[tuple[str, float, str]]:
    if probe.error == "missing":
        return [("missing_audio", 0.0, probe.audio)]
    if probe.error:
        faults[probe.error] += 1
        return [("unreadable_audio", 0.0, probe.detail or probe.error)]
    return [(j.code, j.severity(probe), j.measured(probe)) for j in JUDGEMENTS if j.applies(probe)]


def _formats(recordings: _Recordings, probes: pl.DataFrame) -> list[Finding]:
    several = np.flatnonzero((probes["channels"].fill_null(1) > 1).to_numpy())
    found = []
    if len(several):
        cases = [Occurrence(int(number), 0.0, "") for number in several]
        found.append(recordings.finding("several_channels", cases))
    rates = probes["sample_rate"].drop_nulls().value_counts(sort=True)
    if rates.height > 1:
        shown = ", ".join(f"{rate:,} Hz {count:,}" for rate, count in rates.head(5).iter_rows())
        rarer = (probes["sample_rate"] != rates["sample_rate"][0]).fill_null(False).to_numpy()
        cases = [Occurrence(int(number), 0.0, "") for number in np.flatnonzero(rarer)]
        rarer_rows = recordings.finding("mixed_sample_rates", cases).places
        found.append(counted("mixed_sample_rates", rates.height, shown, rarer_rows))
    return found


def _lengths(facts: Tally, probes: pl.DataFrame) -> list[Finding]:
    length = _by_row(facts, probes["true_s"])
    beyond = np.nan_to_num(facts.end - length)
    whole = np.isnan(facts.start) & np.isnan(facts.end) & ~np.isnan(facts.duration) & ~np.isnan(length)
    gap = np.where(whole, np.abs(length - facts.duration), 0.0)
    off = np.where(gap > np.maximum(DIFFERENCE_S, DIFFERENCE_SHARE * facts.duration), gap, 0.0)
    return [
        *of_rows("beyond_end", beyond > BEYOND_S, beyond, "{:.2f} s after the end"),
        *of_rows("stated_duration", off > 0, off, "{:.2f} s off"),
    ]


def _copies(recordings: _Recordings, probes: pl.DataFrame) -> list[Finding]:
    """Recordings with the same bytes as an earlier one."""
    numbers = recordings_by_bytes(probes)
    repeated = np.ones(len(numbers), np.bool_)
    repeated[np.unique(numbers, return_index=True)[1]] = False
    cases = [
        Occurrence(int(number), 0.0, probes["audio"][int(number)]) for number in np.flatnonzero(repeated)
    ]
    return [recordings.finding("duplicate_audio", cases)] if cases else []


def times_findings(facts: Tally, probes: pl.DataFrame | None) -> list[Finding]:
    """Whether the table's times are of another unit than seconds."""
    last = np.where(np.isnan(facts.end), facts.duration, facts.end)
    stated = ~np.isnan(facts.start) | ~np.isnan(facts.end)
    unknown = np.full(len(last), np.nan)
    length = unknown if probes is None else _by_row(facts, probes["true_s"])
    sample_rate = unknown if probes is None else _by_row(facts, probes["sample_rate"])
    return time_unit_findings(last, length, sample_rate, facts.rate, stated)
