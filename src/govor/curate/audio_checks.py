"""Findings about recordings: what probing measured, held against the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.curate.finding import WORST, Finding, of_rows
from govor.curate.groups import sharing
from govor.curate.probing import Probe
from govor.curate.quality import DIFFERENCE_S, DIFFERENCE_SHARE, JUDGEMENTS, wrong_rate
from govor.curate.splits import TRAIN
from govor.curate.tally import Tally
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


def audio_findings(facts: Tally, probes: pl.DataFrame) -> list[Finding]:
    """Everything that the audio tells.

    Args:
        facts: of the utterances.
        probes: a row for every recording, in the order of the numbers of the key ``audio``.
    """
    first = _first_rows(facts.keys["audio"], probes.height)
    letters, rates = _letters_per_s(facts, probes)
    found: dict[str, list[tuple[float, int, str]]] = {}
    faults: Counter[str] = Counter()
    for number, row in enumerate(probes.iter_rows(named=True)):
        probe = Probe(**{name: row[name] for name in Probe.__dataclass_fields__})
        for code, severity, measured in _judged(probe, rates[number], int(letters[number]), faults):
            found.setdefault(code, []).append((severity, int(first[number]), measured))
    details = {"unreadable_audio": ", ".join(f"{code} {count}" for code, count in faults.most_common(5))}
    findings = [_finding(code, entries, details.get(code, "")) for code, entries in found.items()]
    return [*findings, *_formats(probes), *_lengths(facts, probes), *_copies(facts, probes, first)]


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


def _finding(code: str, entries: Sequence[tuple[float, int, str]], detail: str) -> Finding:
    worst = sorted(entries, key=lambda entry: -entry[0])[:WORST]
    rows = np.array([row for _, row, _ in worst], np.int64)
    return Finding(code, len(entries), rows, tuple(measured for _, _, measured in worst), detail)


def _formats(probes: pl.DataFrame) -> list[Finding]:
    rates = probes["sample_rate"].drop_nulls().value_counts(sort=True)
    several = int((probes["channels"] > 1).sum())
    found = [Finding("several_channels", several)] if several else []
    if rates.height > 1:
        shown = ", ".join(f"{rate:,} Hz {count:,}" for rate, count in rates.head(5).iter_rows())
        found.append(Finding("mixed_sample_rates", rates.height, detail=shown))
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


def _copies(facts: Tally, probes: pl.DataFrame, first: NDArray[np.int64]) -> list[Finding]:
    """Recordings with the same bytes, and those of them that stand on both sides of a split."""
    digest = probes["digest"].fill_null("")
    ranks = digest.rank("dense").to_numpy().astype(np.int64)
    ranks[(digest == "").to_numpy()] = -1
    repeated = ranks >= 0
    repeated[np.unique(ranks, return_index=True)[1]] = False
    copies = np.flatnonzero(repeated)
    if not len(copies):
        return []
    found = [
        Finding("duplicate_audio", len(copies), first[copies[:WORST]], tuple(probes["audio"][copies[:WORST]]))
    ]
    several = np.bincount(ranks[ranks >= 0])[np.maximum(ranks, 0)] > 1
    bytes_of = np.append(np.where(several, ranks, -1), -1)[facts.keys["audio"]]
    leaking = sharing(bytes_of, facts.splits == TRAIN) & (facts.splits > TRAIN)
    return found + of_rows("leak_audio", leaking)
