"""The recordings as they came: sample rate, bandwidth, channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from govor.findings import Finding, share_of, some
from govor.preflight.clips import Clip
from govor.preflight.registry import check
from govor.preflight.sources import Source
from govor.preflight.voice import Voice, likeliest_rate, measure, median_voice

SUSPECT_EVIDENCE = 5.5
SUSPECTS_LEAST = 3
ONE_UTTERANCE_EVIDENCE = 8.5
"""Log-likelihood ratios; of 952 correct real utterances one was above 5.1 (an Arabic one, with 6.8)."""
GROUP_EVIDENCE = 3.5
"""For the median of a group; the highest of 11 correct real corpora was -0.7."""
GROUP_LEAST = 4
NARROW_SHARE = 0.58
"""Of the band that the rate can hold; telephone speech in a 16 kHz file reaches 0.43 to 0.5."""
LEAST_RATE_HZ = 16_000
LOW_ENVELOPE_CORRELATION = 0.35
LOUD_WITHIN_DB = 20.0
CANCELLING_DB = 9.0
"""Mixing equal channels loses nothing, one silent channel 6 dB."""


@check("sample_rate_wrong")
def rates_of_sources_are_true(sources: list[Source]) -> Iterator[Finding]:
    """The sample rates in the headers of the recordings are true."""
    measured = [(one.id, f"{Path(one.audio).name}", one.rate_hz, one.voice) for one in sources if one.voice]
    yield from wrong_rates(measured, "corpus")


@check("sample_rate_wrong")
def rates_of_clips_are_true(clips: list[Clip], sample_rate: int) -> Iterator[Finding]:
    """The clips' voices have the pitch and pace of people."""
    voices = [(clip.id, clip.id, sample_rate, measure(clip.wave, sample_rate, clip.normal)) for clip in clips]
    yield from wrong_rates([(a, b, c, voice) for a, b, c, voice in voices if voice], "data set")


Measured = tuple[str, str, int, Voice]


def wrong_rates(measured: Sequence[Measured], where: str) -> Iterator[Finding]:
    """At most one finding for every rate that headers state."""
    groups: dict[int, list[Measured]] = defaultdict(list)
    for one in measured:
        groups[one[2]].append(one)
    for stated, members in groups.items():
        suspects = suspicious(members, stated)
        middle = median_voice([m[3] for m in members])
        likely, evidence = likeliest_rate(middle, stated)
        if len(members) >= GROUP_LEAST and evidence >= GROUP_EVIDENCE:
            yield _wrong_rate(where, stated, likely, members, middle, len(members))
        elif suspects:
            middle = median_voice([m[3] for m in suspects])
            likely = likeliest_rate(middle, stated)[0]
            made = _wrong_rate(where, stated, likely, suspects, middle, len(members))
            yield made if len(suspects) >= SUSPECTS_LEAST else _only_heard(made)


def _only_heard(finding: Finding) -> Finding:
    """One or two odd voices are no evidence about a sample rate: something to listen to, not to stop for."""
    return replace(
        finding,
        severity="warning",
        why="a voice, a noise or a text of another recording can sound like this as well as a wrong header",
        fix="listen to it with govor inspect; leave it out with [select] exclude where it sounds wrong",
    )


def suspicious(members: Sequence[Measured], stated: int) -> list[Measured]:
    """Single utterances whose voice speaks for another rate, where that cannot be chance."""
    evidence = [likeliest_rate(member[3], stated)[1] for member in members]
    found = [member for member, one in zip(members, evidence, strict=True) if one >= SUSPECT_EVIDENCE]
    sure = max(evidence, default=0.0) >= ONE_UTTERANCE_EVIDENCE or len(found) >= SUSPECTS_LEAST
    return found if sure else []


def _wrong_rate(
    where: str, stated: int, likely: int, members: Sequence[Measured], voice: Voice, total: int
) -> Finding:
    return Finding(
        "sample_rate_wrong",
        "error",
        f"{where}, headers that say {stated} Hz",
        f"{share_of(len(members), total)} sampled utterances have a median pitch of {voice.pitch_hz:.0f} Hz"
        f" and {voice.letters_per_s:.1f} letters a second; they sound natural at about {likely} Hz",
        "people speak at 75 to 300 Hz and 7 to 20 letters a second",
        f"the model hears everything {_times(likely / stated)} than speech is, and learns nothing useful",
        f"listen to one with govor inspect; if it sounds wrong, give the samples their rate back with"
        f" ffmpeg -i in.wav -af asetrate={likely} out.wav, then import and prepare again",
        tuple(f"{name} ({some([id_])})" if name != id_ else id_ for id_, name, _, _ in members[:5]),
    )


def _times(factor: float) -> str:
    return (
        f"{factor:.1f} times slower and deeper" if factor > 1 else f"{1 / factor:.1f} times faster and higher"
    )


@check("narrow_bandwidth")
def sources_use_their_band(sources: list[Source]) -> Iterator[Finding]:
    """The recordings hold the frequencies that their sample rate promises."""
    by_split: dict[str, list[Source]] = defaultdict(list)
    for one in sources:
        by_split[one.split or "train"].append(one)
    shares = {split: (sum(map(is_narrow, rows)), len(rows)) for split, rows in by_split.items()}
    if any(narrow * 2 > total and total >= GROUP_LEAST - 1 for narrow, total in shares.values()):
        yield _narrow(sources, shares)


def is_narrow(source: Source) -> bool:
    """Whether it holds less than a 16 kHz file should."""
    return source.bandwidth_hz < NARROW_SHARE * LEAST_RATE_HZ / 2


def _narrow(sources: Sequence[Source], shares: dict[str, tuple[int, int]]) -> Finding:
    narrow = sorted(one.bandwidth_hz for one in sources if is_narrow(one))
    stated = sorted({one.rate_hz for one in sources if is_narrow(one)})
    mixed = any(n * 2 <= total for n, total in shares.values())
    return Finding(
        "narrow_bandwidth",
        "warning",
        "corpus",
        f"sound ends near {narrow[len(narrow) // 2] / 1000:.1f} kHz in "
        + ", ".join(
            f"{share_of(n, total)} sampled {split} utterances" for split, (n, total) in shares.items()
        )
        + f"; headers say {some(f'{rate} Hz' for rate in stated)}",
        f"a 16 kHz model listens up to {LEAST_RATE_HZ / 2000:g} kHz",
        "the splits are recorded differently, their WERs cannot be compared"
        if mixed
        else "fricatives are missing; a base model trained on full-band speech starts worse, and the result"
        " holds for such recordings only",
        "use the original recordings if they exist; otherwise keep all splits alike and say"
        " 'telephone bandwidth' beside the WER",
        tuple(f"{one.id}: {one.bandwidth_hz / 1000:.1f} kHz" for one in sources if is_narrow(one))[:5],
    )


@check("channels_cancel", "channels_differ")
def channels_can_be_mixed(sources: list[Source]) -> Iterator[Finding]:
    """Channels that are mixed to mono carry the same speech."""
    several = [one for one in sources if one.channels]
    cancel = [one for one in several if one.channels and one.channels.mix_loss_db > CANCELLING_DB]
    differ = [one for one in several if one not in cancel and _differ(one)]
    if cancel:
        yield _cancelling(cancel, len(several))
    if differ:
        yield _differing(differ, len(several))


def _differ(one: Source) -> bool:
    channels = one.channels
    return (
        channels is not None
        and channels.envelope_correlation < LOW_ENVELOPE_CORRELATION
        and channels.level_difference_db < LOUD_WITHIN_DB
    )


def _cancelling(found: Sequence[Source], several: int) -> Finding:
    loss_db = max(one.channels.mix_loss_db for one in found if one.channels)
    return Finding(
        "channels_cancel",
        "error",
        "corpus",
        f"in {share_of(len(found), several)} sampled recordings with several channels the mix is up to"
        f" {loss_db:.0f} dB quieter than one of them",
        f"mixing may cost {CANCELLING_DB:g} dB",
        "the channels are out of phase: mixed to mono the speech cancels out",
        "set the column channel of these utterances to 0 and prepare again",
        tuple(one.id for one in found[:5]),
    )


def _differing(found: Sequence[Source], several: int) -> Finding:
    low = min(one.channels.envelope_correlation for one in found if one.channels)
    return Finding(
        "channels_differ",
        "warning",
        "corpus",
        f"in {share_of(len(found), several)} sampled recordings with several channels these carry different"
        f" sound (loudness correlates by {low:.2f})",
        f"at least {LOW_ENVELOPE_CORRELATION:g} for one source of sound",
        "mixed to mono, one person talks over the other, and the transcript holds only one of them",
        "set the column channel of these utterances to the channel that is transcribed and prepare again",
        tuple(one.id for one in found[:5]),
    )
