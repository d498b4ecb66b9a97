"""A few dozen prepared clips, decoded the way training decodes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from govor.audio.measures import SILENT_DBFS, longest_silence_s, silent_share, speech_share
from govor.audio.voices import usual_paces
from govor.curate.quality import SILENT_SHARE, is_silent
from govor.curate.sentences import letters, spoken_letters
from govor.findings import Finding, share_of, some
from govor.models.base import Family
from govor.preflight.clips import Clip, Tables
from govor.preflight.registry import check

DURATION_TOLERANCE_S = 0.1
HALF_SILENT, LEAST_SILENCE_S = 0.35, 0.7
"""Share of a clip, and seconds, of one run of silence that no pause has."""
HURRIED_TIMES, HURRIED_SHARE = 1.4, 0.5
USUAL_PACE = 16.0
"""Letters a second of speech above which a corpus cannot be its own measure."""
LEAST_LETTERS = 8
FEWEST_PACES, FEWEST_HALF_SILENT = 8, 2
PREPARE = "prepare the corpus again with govor prepare"


@check("clip_rate_differs", "several_channels")
def clips_are_as_declared(dataset: Any, clips: list[Clip], sample_rate: int) -> Iterator[Finding]:
    """The clips are mono and have the data set's sample rate."""
    from govor.audio import probe

    facts = [(clip, probe(dataset.clip_bytes(clip.split, clip.row))) for clip in clips]
    other = [(clip, fact.sample_rate) for clip, fact in facts if fact.sample_rate != sample_rate]
    if other:
        rates = some(f"{rate} Hz" for rate in sorted({rate for _, rate in other}))
        yield Finding(
            "clip_rate_differs",
            "error",
            "data set",
            f"{share_of(len(other), len(clips))} sampled clips have {rates}",
            f"the data set says {sample_rate} Hz",
            "the model would hear them too fast or too slow",
            PREPARE,
            tuple(f"{clip.id}: {rate} Hz" for clip, rate in other[:5]),
        )
    several = [clip for clip, fact in facts if fact.channels > 1]
    if several:
        yield Finding(
            "several_channels",
            "warning",
            "data set",
            f"{share_of(len(several), len(clips))} sampled clips have several channels",
            "prepared clips are mono",
            "programs mix or pick channels in different ways, and the clips take twice the space",
            PREPARE,
            tuple(clip.id for clip in several[:5]),
            ids=tuple(clip.id for clip in several),
        )


@check("sample_rate_differs")
def clips_have_the_models_rate(family: Family, sample_rate: int) -> Iterator[Finding]:
    """The data set has the sample rate that the model was made for."""
    if sample_rate != family.sample_rate:
        yield Finding(
            "sample_rate_differs",
            "error",
            "data set",
            f"its clips have {sample_rate} Hz",
            f"the model takes {family.sample_rate} Hz",
            "resampling in every epoch is slow, and a lower rate has lost what the model listens to",
            f"set [prepare] sample_rate = {family.sample_rate} and prepare again",
        )


@check("stated_duration", "silent_audio")
def clips_hold_what_they_say(clips: list[Clip], tables: Tables, sample_rate: int) -> Iterator[Finding]:
    """The clips are as long as their duration says, and not silent."""
    known = {
        split: dict(zip(table["id"].to_list(), table["duration"].to_list(), strict=True))
        for split, table in tables.items()
    }
    wrong = [
        (clip, len(clip.wave) / sample_rate, known[clip.split][clip.id])
        for clip in clips
        if abs(len(clip.wave) / sample_rate - (known[clip.split][clip.id] or 0.0)) > DURATION_TOLERANCE_S
    ]
    if wrong:
        yield Finding(
            "stated_duration",
            "error",
            "column duration",
            f"{share_of(len(wrong), len(clips))} sampled clips are not as long as it says",
            f"within {DURATION_TOLERANCE_S:g} s",
            "batches are planned by duration: memory runs out in the middle of training",
            PREPARE,
            tuple(
                f"{clip.id}: {decoded:.2f} s, not {said:.2f} s" for clip, decoded, said in wrong[:5] if said
            ),
            ids=tuple(clip.id for clip, _, _ in wrong),
        )
    silent = [c for c in clips if c.normal and is_silent(silent_share(c.wave, sample_rate))]
    yield from _silent(silent, len(clips))


def _silent(silent: list[Clip], total: int) -> Iterator[Finding]:
    if silent:
        yield Finding(
            "silent_audio",
            "warning",
            "data set",
            f"{share_of(len(silent), total)} sampled clips are silent, but have a text",
            f"at most {SILENT_SHARE:.0%} of a clip below {SILENT_DBFS} dBFS",
            "the model learns to invent text for silence",
            "look at their recordings with govor inspect: a channel or the times may be wrong; these are a"
            " sample, govor check lists all for govor select --exclude",
            tuple(f"{clip.id}: {clip.normal!r}" for clip in silent[:5]),
            ids=tuple(clip.id for clip in silent),
        )


@check("half_silent_audio")
def clips_are_not_cut_short(
    clips: list[Clip], sample_rate: int, language: str | None = None
) -> Iterator[Finding]:
    """No clip is silent for long while its text needs the time."""
    known = [(clip, _pace(clip, sample_rate)) for clip in clips if clip.normal]
    paces = [pace for clip, pace in known if pace and not _half_silent(clip, sample_rate)]
    if len(paces) < FEWEST_PACES:
        paces = [pace for _, pace in known if pace]
    usual = float(np.median(paces)) if paces else 0.0
    halves = [(clip, pace) for clip, pace in known if pace and _half_silent(clip, sample_rate)]
    most_usual = min(usual_paces(language)[1], HURRIED_TIMES * USUAL_PACE)
    hurried = hurried_clips(halves, min(HURRIED_TIMES * usual, most_usual))
    if len(hurried) < FEWEST_HALF_SILENT:
        return
    yield Finding(
        "half_silent_audio",
        "error" if len(hurried) > len(clips) / 2 else "warning",
        "data set",
        f"{share_of(len(hurried), len(clips))} sampled clips are silent for more than {HALF_SILENT:.0%} of"
        f" their time, and the rest is too short for their text ({HURRIED_TIMES:g} times the usual pace)",
        "a pause is part of speech; half a clip of digital silence is not",
        "the model learns to write words that cannot be heard",
        samples=tuple(f"{clip.id}: {clip.normal!r}" for clip in hurried[:5]),
        count=len(hurried),
        ids=tuple(clip.id for clip in hurried),
    )


def hurried_clips(halves: Sequence[tuple[Clip, float]], limit: float) -> list[Clip]:
    """Of half-silent clips those whose text needs the time.

    Some people speak fast, and silence at the ends is not a fault: where most clips have time enough, only
    those count that nobody could say so fast.
    """
    hurried = [(clip, pace) for clip, pace in halves if pace > limit]
    most = len(hurried) > HURRIED_SHARE * len(halves)
    return [clip for clip, pace in hurried if most or pace > HURRIED_TIMES * limit]


def _half_silent(clip: Clip, rate_hz: int) -> bool:
    silent_s = longest_silence_s(clip.wave, rate_hz)
    return silent_s >= LEAST_SILENCE_S and silent_s > HALF_SILENT * len(clip.wave) / rate_hz


def _pace(clip: Clip, rate_hz: int) -> float | None:
    """Letters for each second of speech, None where digits stand for words or little is said."""
    said = pl.select(spoken_letters(letters(pl.lit(clip.normal)))).item()
    speech_s = speech_share(clip.wave, rate_hz) * len(clip.wave) / rate_hz
    return said / speech_s if said and said >= LEAST_LETTERS and speech_s > 0 else None
