"""The recordings as they came: sample rate, bandwidth, channels."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from govor.audio.stream import ANTIPHASE_DB
from govor.audio.voices import (
    PART_FACTOR,
    OddPace,
    Voice,
    WrongRate,
    odd_pace,
    odd_part,
    wrong_rates,
)
from govor.curate.quality import is_antiphase
from govor.findings import Finding, share_of, some
from govor.preflight.clips import Clip
from govor.preflight.registry import check
from govor.preflight.sources import SourceFacts, voice_in
from govor.store import atomic_path

CLIPS = 3


NARROW_LEAST = 3
"""Utterances of a split, more than half of them narrow, that say something about it."""
LISTENED_HZ = 8_000
LOW_ENVELOPE_CORRELATION = 0.35
LOUD_WITHIN_DB = 20.0


def write_rate_preview(folder: Path, clips: Sequence[Clip], stated_hz: int, likely_hz: int) -> Path:
    """Writes the first clips under the rate that they state and under the likely one: ``ID-before.wav``, …

    Args:
        folder: where to; clips of an earlier preview are removed.
        clips: the odd ones.
        stated_hz: what their headers say.
        likely_hz: at which they sound natural.
    """
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.wav"):
        old.unlink()
    for clip in clips[:CLIPS]:
        name = re.sub(r"[^\w.-]+", "_", clip.id)[-80:]
        for when, rate_hz in (("before", stated_hz), ("after", likely_hz)):
            with atomic_path(folder / f"{name}-{when}.wav") as partial:
                soundfile.write(partial, clip.wave, rate_hz, format="WAV", subtype="PCM_16")
    return folder


@check("wrong_sample_rate")
def rates_of_sources_are_true(sources: list[SourceFacts]) -> Iterator[Finding]:
    """The sample rates in the headers of the recordings are true."""
    names = {one.id: f"{Path(one.audio).name} ({one.id})" for one in sources}
    yield from _wrong_rates([(one.id, one.rate_hz, one.voice) for one in sources], "corpus", names)


@check("wrong_sample_rate")
def rates_of_clips_are_true(clips: list[Clip], sample_rate: int, previews: Path) -> Iterator[Finding]:
    """The clips' voices have the pitch and pace of people."""
    heard = [(clip.id, sample_rate, voice_in(clip.wave, sample_rate, clip.normal)) for clip in clips]
    known = [(rate_hz, voice) for _, rate_hz, voice in heard if voice]
    likely = [wrong.likely_hz for wrong in judged_rates(known)]
    for found, likely_hz in zip(_wrong_rates(heard, "data set", {}), likely, strict=True):
        odd = [clip for clip in clips if clip.id in found.ids]
        folder = write_rate_preview(previews, odd, sample_rate, likely_hz)
        first = (
            f"listen first: {folder} holds three of them as they are (before) and at {likely_hz} Hz (after)"
        )
        yield replace(found, fix=f"{first}; {found.fix}")


def judged_rates(voices: Sequence[tuple[int, Voice]]) -> list[WrongRate]:
    """What more than one clip speaks for."""
    return [wrong for wrong in wrong_rates(voices) if len(wrong.members) > 1]


def _wrong_rates(
    heard: Sequence[tuple[str, int, Voice | None]], where: str, names: Mapping[str, str]
) -> Iterator[Finding]:
    """One clip is not evidence: it may hold a hum, or the text of another."""
    known = [(name, rate_hz, voice) for name, rate_hz, voice in heard if voice]
    for wrong in judged_rates([(rate_hz, voice) for _, rate_hz, voice in known]):
        ids = tuple(known[place][0] for place in wrong.members)
        yield _wrong_rate(wrong, where, ids, tuple(names.get(one, one) for one in ids[:5]))


def _wrong_rate(wrong: WrongRate, where: str, ids: tuple[str, ...], samples: tuple[str, ...]) -> Finding:
    voice = wrong.voice
    return Finding(
        "wrong_sample_rate",
        "error" if wrong.sure else "warning",
        f"{where}, headers that say {wrong.stated_hz} Hz",
        f"{share_of(len(wrong.members), wrong.total)} sampled utterances have a median pitch of"
        f" {voice.pitch_hz:.0f} Hz and {voice.letters_per_s:.1f} letters a second; they sound natural at"
        f" about {wrong.likely_hz} Hz",
        "people speak at 75 to 300 Hz and 7 to 20 letters a second",
        f"the model hears everything {_times(wrong.likely_hz / wrong.stated_hz)} than speech is, and learns"
        " nothing useful"
        if wrong.sure
        else "a voice, a noise or a text of another recording can sound like this as well as a wrong header",
        samples=samples,
        ids=ids,
    )


@check("speech_speed")
def speech_has_a_usual_speed(
    clips: list[Clip], sample_rate: int, previews: Path, language: str | None
) -> Iterator[Finding]:
    """The clips are spoken about as fast as their language is."""
    heard = [(clip, voice_in(clip.wave, sample_rate, clip.normal)) for clip in clips]
    known = [(clip, voice) for clip, voice in heard if voice]
    if any(wrong.sure for wrong in wrong_rates([(sample_rate, voice) for _, voice in known])):
        return
    languages = {(clip.language or language or "").partition("-")[0] for clip, _ in known}
    for spoken in sorted(languages):
        mine = [(c, v) for c, v in known if (c.language or language or "").partition("-")[0] == spoken]
        found = odd_pace([voice for _, voice in mine], spoken)
        if found:
            odd = [clip for clip, _ in mine]
            folder = write_rate_preview(previews, odd, sample_rate, round(sample_rate / found.factor))
            yield _odd_speed(found, spoken, odd, folder)


def _odd_speed(found: OddPace, spoken: str, odd: Sequence[Clip], folder: Path) -> Finding:
    fast = found.factor > 1
    return Finding(
        "speech_speed",
        "warning",
        f"clips in {spoken!r}" if spoken else "clips",
        f"the median of {found.clips} sampled clips is {found.letters_per_s:.1f} letters a second of speech,"
        f" which is {'fast' if fast else 'slow'}",
        f"{found.least:.0f} to {found.most:.0f} letters a second are usual",
        "a program changed their speed, or the texts hold "
        + ("more" if fast else "less")
        + " than is said: the model learns a kind of speech that it will not hear later",
        f"listen first: {folder} holds three of them as they are (before) and at a usual speed (after); then"
        " import the recordings as they were made, or whole texts",
        tuple(f"{clip.id}: {clip.normal!r}" for clip in odd[:5]),
        ids=tuple(clip.id for clip in odd),
    )


@check("speech_speed")
def parts_have_one_speed(sources: list[SourceFacts]) -> Iterator[Finding]:
    """Recordings of one stated sample rate are spoken like those of the others."""
    by_rate: dict[int, list[SourceFacts]] = defaultdict(list)
    for one in (one for one in sources if one.voice):
        by_rate[one.rate_hz].append(one)
    sure = {wrong.stated_hz for wrong in wrong_rates([(s.rate_hz, s.voice) for s in sources if s.voice])}
    for rate_hz, mine in sorted(by_rate.items(), key=lambda item: len(item[1])):
        others = [one for rate, rest in by_rate.items() if rate != rate_hz for one in rest]
        factor = odd_part([s.voice for s in mine if s.voice], [s.voice for s in others if s.voice])
        if factor and rate_hz not in sure and len(mine) <= len(others):
            yield _odd_part(rate_hz, factor, mine, len(others))


def _odd_part(rate_hz: int, factor: float, mine: Sequence[SourceFacts], others: int) -> Finding:
    return Finding(
        "speech_speed",
        "warning",
        f"corpus, headers that say {rate_hz} Hz",
        f"voices of {len(mine)} sampled utterances are {_times(1 / factor)} than those of {others} others",
        f"pitch and pace within {PART_FACTOR:g} times of each other's",
        "a wrong sample rate in their headers, or a program that changed their speed, does this",
        f"listen first (govor inspect {mine[0].id}); import them from a copy with the right header, or leave"
        " them out with govor select --exclude findings.parquet --codes speech_speed",
        tuple(f"{Path(one.audio).name} ({one.id})" for one in mine[:5]),
        count=len(mine),
        ids=tuple(one.id for one in mine),
    )


def _times(factor: float) -> str:
    return (
        f"{factor:.1f} times slower and deeper" if factor > 1 else f"{1 / factor:.1f} times faster and higher"
    )


@check("narrow_band")
def sources_use_their_band(sources: list[SourceFacts]) -> Iterator[Finding]:
    """The recordings hold the frequencies that their sample rate promises."""
    by_split: dict[str, list[SourceFacts]] = defaultdict(list)
    for one in sources:
        by_split[one.split or "train"].append(one)
    shares = {split: (sum(one.is_narrow for one in rows), len(rows)) for split, rows in by_split.items()}
    if any(narrow * 2 > total and total >= NARROW_LEAST for narrow, total in shares.values()):
        yield _narrow(sources, shares)


def _narrow(sources: Sequence[SourceFacts], shares: dict[str, tuple[int, int]]) -> Finding:
    narrow = sorted(one.bandwidth_hz for one in sources if one.is_narrow)
    stated = sorted({one.rate_hz for one in sources if one.is_narrow})
    mixed = any(n * 2 <= total for n, total in shares.values())
    return Finding(
        "narrow_band",
        "warning",
        "corpus",
        f"sound ends near {narrow[len(narrow) // 2] / 1000:.1f} kHz in "
        + ", ".join(
            f"{share_of(n, total)} sampled {split} utterances" for split, (n, total) in shares.items()
        )
        + f"; headers say {some(f'{rate} Hz' for rate in stated)}",
        f"a 16 kHz model listens up to {LISTENED_HZ / 1000:g} kHz",
        "the splits are recorded differently, their WERs cannot be compared"
        if mixed
        else "fricatives are missing; a base model trained on full-band speech starts worse, and the result"
        " holds for such recordings only",
        "use the original recordings if they exist; otherwise use one bandwidth in all splits and say"
        " 'telephone bandwidth' beside the WER",
        tuple(f"{one.id}: {one.bandwidth_hz / 1000:.1f} kHz" for one in sources if one.is_narrow)[:5],
        ids=tuple(one.id for one in sources if one.is_narrow),
    )


@check("antiphase_audio", "channels_differ")
def channels_can_be_mixed(sources: list[SourceFacts]) -> Iterator[Finding]:
    """Channels that are mixed to mono carry the same speech."""
    several = [one for one in sources if one.channels]
    cancel = [one for one in several if one.channels and is_antiphase(one.channels.mix_db)]
    differ = [one for one in several if one not in cancel and _differ(one)]
    if cancel:
        yield _cancelling(cancel, len(several))
    if differ:
        yield _differing(differ, len(several))


def _differ(one: SourceFacts) -> bool:
    channels = one.channels
    return (
        channels is not None
        and channels.envelope_correlation < LOW_ENVELOPE_CORRELATION
        and channels.level_difference_db < LOUD_WITHIN_DB
    )


def _cancelling(found: Sequence[SourceFacts], several: int) -> Finding:
    loss_db = max(-(one.channels.mix_db or 0.0) for one in found if one.channels)
    return Finding(
        "antiphase_audio",
        "error",
        "corpus",
        f"in {share_of(len(found), several)} sampled recordings with several channels mixing takes up to"
        f" {loss_db:.0f} dB away",
        f"mixing may cost {-ANTIPHASE_DB:g} dB",
        "the channels are out of phase: mixed to mono the speech cancels out",
        "set the column channel of these utterances to 0 and prepare again",
        tuple(one.id for one in found[:5]),
        ids=tuple(one.id for one in found),
    )


def _differing(found: Sequence[SourceFacts], several: int) -> Finding:
    low = min(one.channels.envelope_correlation for one in found if one.channels)
    return Finding(
        "channels_differ",
        "warning",
        "corpus",
        f"in {share_of(len(found), several)} sampled recordings with several channels these carry different"
        f" sound (loudness correlates by {low:.2f})",
        f"at least {LOW_ENVELOPE_CORRELATION:g} for one source of sound",
        "mixed to mono, one person talks over the other, and the transcript holds only one of them",
        samples=tuple(one.id for one in found[:5]),
        ids=tuple(one.id for one in found),
    )
