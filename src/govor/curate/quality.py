"""Judgements about audio, as plain functions of measured numbers; check and preflight use the same.

Source of the limit: telephone speech carries 300-3,400 Hz (ITU-T G.712), so nothing above 4 kHz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from govor.audio.facts import falls_short, length_differs
from govor.audio.stream import ANTIPHASE_DB
from govor.curate.probe import Probe

TELEPHONE_BANDWIDTH_HZ = 4_300.0
"""Wide-band recordings carry energy above this; 8 kHz ones cannot carry any above 4,000."""
WIDE_BAND_RATE_HZ = 16_000
CLIPPED_SHARE = 0.001
SILENT_SHARE = 0.95
STEADY_RANGE_DB, STEADY_S = 3.0, 1.0
"""Of 357 real recordings of a second and more none has less than 15 dB; noise and tones have 1."""
DC_OFFSET = 0.02


def is_narrow(bandwidth_hz: float) -> bool:
    """Whether sound ends where telephone speech does."""
    return 0.0 < bandwidth_hz <= TELEPHONE_BANDWIDTH_HZ


def is_silent(silent: float | None) -> bool:
    """Whether so great a share of the frames is silent that there is no speech."""
    return _number(silent) > SILENT_SHARE


def is_antiphase(mix_db: float | None) -> bool:
    """Whether the channels cancel each other out when they are mixed: one is the other upside down."""
    return mix_db is not None and mix_db < ANTIPHASE_DB


def is_steady(probe: Probe) -> bool:
    """Whether a recording that is not silent is as loud at all times as no speech is: noise or a tone."""
    known = probe.range_db is not None and _number(probe.true_s) >= STEADY_S
    return known and not is_silent(probe.silent) and _number(probe.range_db) <= STEADY_RANGE_DB


@dataclass(frozen=True)
class Judgement:
    """A rule about one recording.

    Attributes:
        code: stable name.
        applies: whether a readable recording breaks it.
        measured: what was measured, for people.
        severity: how much it breaks it, to rank by.
    """

    code: str
    applies: Callable[[Probe], bool]
    measured: Callable[[Probe], str]
    severity: Callable[[Probe], float]


def _number(value: float | None) -> float:
    return 0.0 if value is None else float(value)


JUDGEMENTS = (
    Judgement(
        "truncated_audio",
        lambda p: bool(p.cut_off) or falls_short(_number(p.true_s), p.declared_s),
        lambda p: (
            f"{_number(p.true_s):.2f} s, then half a page"
            if p.cut_off
            else f"{_number(p.true_s):.2f} s of {_number(p.declared_s):.2f} s declared"
        ),
        lambda p: _number(p.declared_s) - _number(p.true_s),
    ),
    Judgement(
        "longer_than_declared",
        lambda p: (
            length_differs(_number(p.true_s), p.declared_s) and _number(p.true_s) > _number(p.declared_s)
        ),
        lambda p: f"{_number(p.true_s):.2f} s, {_number(p.declared_s):.2f} s declared",
        lambda p: _number(p.true_s) - _number(p.declared_s),
    ),
    Judgement(
        "silent_audio",
        lambda p: is_silent(p.silent) and not is_antiphase(p.mix_db),
        lambda p: f"{_number(p.silent):.0%} silent, peak {_number(p.peak):.4f}",
        lambda p: _number(p.silent),
    ),
    Judgement(
        "antiphase_audio",
        lambda p: is_antiphase(p.mix_db),
        lambda p: f"mixing takes {-_number(p.mix_db):.0f} dB away",
        lambda p: -_number(p.mix_db),
    ),
    Judgement(
        "steady_audio",
        is_steady,
        lambda p: f"levels within {_number(p.range_db):.0f} dB from beginning to end",
        lambda p: -_number(p.range_db),
    ),
    Judgement(
        "clipped_audio",
        lambda p: _number(p.clipped) > CLIPPED_SHARE,
        lambda p: f"{_number(p.clipped):.2%} of the samples clipped",
        lambda p: _number(p.clipped),
    ),
    Judgement(
        "dc_offset",
        lambda p: abs(_number(p.dc)) > DC_OFFSET,
        lambda p: f"mean sample {_number(p.dc):+.3f}",
        lambda p: abs(_number(p.dc)),
    ),
    Judgement(
        "narrow_band",
        lambda p: (
            (p.sample_rate or 0) >= WIDE_BAND_RATE_HZ
            and is_narrow(_number(p.bandwidth_hz))
            and not is_antiphase(p.mix_db)
        ),
        lambda p: f"nothing above {_number(p.bandwidth_hz):,.0f} Hz, stored at {p.sample_rate:,} Hz",
        lambda p: -_number(p.bandwidth_hz),
    ),
    Judgement(
        "low_sample_rate",
        lambda p: (p.sample_rate or 0) < WIDE_BAND_RATE_HZ,
        lambda p: f"{p.sample_rate:,} Hz",
        lambda p: -float(p.sample_rate or 0),
    ),
)
