"""A few dozen prepared clips, decoded the way training decodes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from govor.audio.measures import SILENT_DBFS, silent_share
from govor.curate.quality import SILENT_SHARE, is_silent
from govor.findings import Finding, share_of, some
from govor.models.base import Family
from govor.preflight.clips import Clip, Tables
from govor.preflight.registry import check

DURATION_TOLERANCE_S = 0.1
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
            f"{share_of(len(silent), total)} sampled clips are silent, yet have a text",
            f"at most {SILENT_SHARE:.0%} of a clip below {SILENT_DBFS} dBFS",
            "the model learns to invent text for silence",
            "look at their recordings with govor inspect: a channel or the times may be wrong",
            tuple(f"{clip.id}: {clip.normal!r}" for clip in silent[:5]),
            ids=tuple(clip.id for clip in silent),
        )
