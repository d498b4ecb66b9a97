"""Which sample rate voices speak for.

Samples under a header with another rate sound too slow or too fast: pitch and pace move together by the same
factor, which no speaker does. One clip is not evidence: a hum, a noise or a text of another clip can sound
like it too. So recordings are judged together, all of one stated rate.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PITCH_HZ, PITCH_SPREAD = 145.0, 0.35
PACE_LETTERS_PER_S, PACE_SPREAD = 12.5, 0.35
"""Medians and standard deviations (of logarithms) over the Common Voice, parliament and studio recordings
that govor was tried on (eleven languages)."""
USUAL_RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
LEAST_FACTOR = 1.9
"""Smaller errors lie within what speakers do."""
LEAST_LETTERS = 10
"""Below this a pause more or less decides the letters a second."""
SUSPECT_EVIDENCE, ONE_CLIP_EVIDENCE = 5.5, 8.5
"""Log-likelihood ratios of single recordings: worth a look with others like it, and by itself."""
GROUP_EVIDENCE = 3.5
"""The same for the median of a group."""
PACES = {"ar": 9.4, "en": 13.4, "es": 14.2, "hr": 13.2, "it": 13.3, "sl": 10.3, "sv": 14.0, "tw": 11.1}
"""Letters a second of speech in one language: medians over up to 30 clips of the recordings named above."""
PACE_TOLERANCE, OTHER_TOLERANCE = 1.3, 1.55
"""How many times more or less than usual the median of a corpus may be, by language and for the others."""
PACE_CLIPS, SURE_ERRORS = 12, 4.0
"""Clips that a pace rests on, and standard errors by which it must be off."""
PART_CLIPS, PART_FACTOR, PART_AGREEMENT = 8, 1.3, 1.3
"""Clips of a part of a corpus, how many times its voices are off the others' at least, and how far pitch and
pace may differ in that."""
GROUP_CLIPS, SUSPECT_CLIPS = 4, 3
"""Utterances that a judgement about a group, or about its odd ones, rests on at least."""


@dataclass(frozen=True)
class Voice:
    """What was measured of one recording, or of one utterance in it.

    Attributes:
        pitch_hz: median fundamental frequency of voiced frames.
        letters_per_s: letters of the transcript for each second of speech.
        clips: utterances that it was measured over.
    """

    pitch_hz: float
    letters_per_s: float
    clips: int = 1


@dataclass(frozen=True)
class WrongRate:
    """Recordings whose voices speak for another sample rate than their headers state.

    Attributes:
        stated_hz: what the headers say.
        likely_hz: the usual rate at which they would sound natural.
        voice: medians of pitch and pace.
        members: places of the recordings in what was judged.
        total: recordings that state this rate.
        sure: whether so many utterances say so that it is not chance.
    """

    stated_hz: int
    likely_hz: int
    voice: Voice
    members: tuple[int, ...]
    total: int
    sure: bool


def voice_of(pitch_hz: float | None, letters: float | None, speech_s: float, clips: int = 1) -> Voice | None:
    """A voice, or None where pitch or pace cannot be told.

    Args:
        pitch_hz: see `govor.audio.measures.pitch_hz`.
        letters: spoken letters of the transcript, or None where it does not spell the sounds.
        speech_s: seconds without pauses.
        clips: utterances behind it.
    """
    if pitch_hz is None or letters is None or letters < LEAST_LETTERS:
        return None
    return Voice(pitch_hz, letters / max(speech_s, 0.05), clips)


def wrong_rates(voices: Sequence[tuple[int, Voice]]) -> list[WrongRate]:
    """Groups of recordings whose stated rate cannot be the true one.

    Args:
        voices: the rate in the header of each recording (Hz), and its voice.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for place, (stated_hz, _) in enumerate(voices):
        groups[stated_hz].append(place)
    judged = (_wrong_rate(stated_hz, places, [v for _, v in voices]) for stated_hz, places in groups.items())
    return [found for found in judged if found]


def _wrong_rate(stated_hz: int, places: Sequence[int], voices: Sequence[Voice]) -> WrongRate | None:
    mine = [voices[place] for place in places]
    middle = median_voice(mine)
    likely_hz, group_evidence = likeliest_rate(middle, stated_hz)
    if middle.clips >= GROUP_CLIPS and group_evidence >= GROUP_EVIDENCE:
        return WrongRate(stated_hz, likely_hz, middle, tuple(places), len(places), sure=True)
    evidence = [likeliest_rate(voice, stated_hz)[1] for voice in mine]
    odd = [n for n, one in enumerate(evidence) if one >= SUSPECT_EVIDENCE]
    sure = sum(mine[n].clips for n in odd) >= SUSPECT_CLIPS
    if not odd or not (sure or max(evidence) >= ONE_CLIP_EVIDENCE):
        return None
    middle = median_voice([mine[n] for n in odd])
    likely_hz, _ = likeliest_rate(middle, stated_hz)
    return WrongRate(stated_hz, likely_hz, middle, tuple(places[n] for n in odd), len(places), sure)


def median_voice(voices: Sequence[Voice]) -> Voice:
    """Medians of pitch and pace, over all their utterances."""
    return Voice(
        float(np.median([voice.pitch_hz for voice in voices])),
        float(np.median([voice.letters_per_s for voice in voices])),
        sum(voice.clips for voice in voices),
    )


def likeliest_rate(voice: Voice, stated_hz: int) -> tuple[int, float]:
    """The usual sample rate that explains the voice best, and the evidence for it against the stated one.

    The evidence is a log-likelihood ratio.
    """
    others = [r for r in USUAL_RATES_HZ if max(r / stated_hz, stated_hz / r) >= LEAST_FACTOR]
    best = max(others, key=lambda rate: _log_likelihood(voice, rate / stated_hz))
    return best, _log_likelihood(voice, best / stated_hz) - _log_likelihood(voice, 1.0)


def _log_likelihood(voice: Voice, factor: float) -> float:
    """Of a voice that was recorded at `factor` times the stated rate."""
    pitch = math.log(voice.pitch_hz * factor / PITCH_HZ) / PITCH_SPREAD
    pace = math.log(voice.letters_per_s * factor / PACE_LETTERS_PER_S) / PACE_SPREAD
    return -(pitch**2 + pace**2) / 2


@dataclass(frozen=True)
class OddPace:
    """Voices that are faster or slower than their language is spoken, or than the others.

    Attributes:
        letters_per_s: median of them.
        least: usual, letters a second.
        most: the same, at most.
        factor: how many times too fast they are; below 1 too slow.
        clips: how many.
    """

    letters_per_s: float
    least: float
    most: float
    factor: float
    clips: int


def usual_paces(language: str | None) -> tuple[float, float]:
    """Letters a second of speech that the median of a corpus in a language lies between."""
    known = PACES.get((language or "").partition("-")[0].lower())
    paces = (known, PACE_LETTERS_PER_S) if known else (PACE_LETTERS_PER_S,)
    tolerance = PACE_TOLERANCE if known else OTHER_TOLERANCE
    return min(paces) / tolerance, max(paces) * tolerance


def odd_pace(voices: Sequence[Voice], language: str | None) -> OddPace | None:
    """Whether all of a corpus is spoken faster or slower than its language is."""
    if len(voices) < PACE_CLIPS:
        return None
    logs = np.log([voice.letters_per_s for voice in voices])
    middle, error = float(np.median(logs)), _error_of_median(logs)
    low, high = usual_paces(language)
    limit = high if math.exp(middle) > high else low
    if low <= math.exp(middle) <= high or abs(middle - math.log(_centre(low, high))) < SURE_ERRORS * error:
        return None
    return OddPace(math.exp(middle), low, high, math.exp(middle) / limit, len(voices))


def _centre(low: float, high: float) -> float:
    return math.sqrt(low * high)


def _error_of_median(values: NDArray[np.float64]) -> float:
    """Its standard error where values are normal."""
    return 1.2533 * float(np.std(values)) / math.sqrt(len(values))


def odd_part(part: Sequence[Voice], others: Sequence[Voice]) -> float | None:
    """How many times too fast a part of a corpus is played by what the others are like; None where it is not.

    Pitch and pace must be off by about the same factor, which other speakers or another text are not.
    """
    if min(len(part), len(others)) < PART_CLIPS:
        return None
    ratios = []
    for measure in ("pitch_hz", "letters_per_s"):
        mine, rest = (np.log([getattr(voice, measure) for voice in side]) for side in (part, others))
        ratio = float(np.median(mine) - np.median(rest))
        error = math.hypot(_error_of_median(mine), _error_of_median(rest))
        if abs(ratio) < max(math.log(PART_FACTOR), SURE_ERRORS * error):
            return None
        ratios.append(ratio)
    if abs(ratios[0] - ratios[1]) > math.log(PART_AGREEMENT):
        return None
    return math.exp(sum(ratios) / 2)
