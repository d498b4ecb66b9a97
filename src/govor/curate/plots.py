"""The plots of ``report.html``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from markupsafe import Markup
from numpy.typing import NDArray

from govor.curate.table_checks import LOW_SIMILARITY, MAX_S
from govor.curate.tally import Tally
from govor.pages import SERIES, figure_svg, new_figure
from govor.pages.figures import FAINT, INK
from govor.shown import shortened

MAX_BINS, MIN_BINS = 60, 12
SPEAKERS_SHOWN = 12
NAME_CHARACTERS = 18
TAIL_QUARTILES = 6.0
"""What lies further above the median, in interquartile ranges, is gathered in the last bin."""


@dataclass(frozen=True)
class Plot:
    """A picture and what it shows."""

    title: str
    svg: Markup
    caption: str


def plots(facts: Tally, duration: NDArray[np.float64], probes: pl.DataFrame | None) -> list[Plot]:
    """All plots that the corpus has data for."""
    made = [_durations(duration), _hours(facts, duration)]
    if facts.second_transcript:
        made.append(_similarity(facts))
    made.append(_rates(facts, duration))
    if probes is not None:
        made.append(_bandwidths(probes))
    return [plot for plot in made if plot is not None]


def _count_axes() -> tuple[Any, Any]:
    """A figure whose upward axis counts things."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = new_figure()
    axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True))
    return figure, axes


def _bins(values: NDArray[np.float64]) -> int:
    """More bins for more values, so that few do not stand alone."""
    return int(np.clip(3 * len(values) ** 0.4, MIN_BINS, MAX_BINS))


def _histogram(
    values: NDArray[np.float64], label: str, limit: float | None, limit_name: str
) -> tuple[Any, str]:
    """A figure with counts of `values` in even bins, and what the last one gathers of the long tail."""
    figure, axes = _count_axes()
    low_quarter, middle, high_quarter = np.quantile(values, (0.25, 0.5, 0.75)) if len(values) else (0, 0, 1)
    far = middle + TAIL_QUARTILES * max(high_quarter - low_quarter, middle / 10)
    top = min(float(values.max(initial=0.0)), float(far))
    low, high = float(values.min(initial=top)), max(top, 1e-9)
    counts, edges, bars = axes.hist(
        np.minimum(values, high),
        bins=_bins(values),
        range=(low, high if high > low else low + 1),
        color=SERIES[0],
    )
    axes.set_xlabel(label)
    if limit is not None and low < limit < high:
        axes.axvline(limit, color=SERIES[1], linewidth=1.4, linestyle=(0, (4, 2)))
        axes.annotate(
            limit_name, (limit, 1), xycoords=("data", "axes fraction"), textcoords="offset points",
            xytext=(4, -9), color=SERIES[1], fontsize=8.5,
        )  # fmt: skip
    if not (values > high).any():
        return figure, ""
    bars[-1].set_facecolor(FAINT)
    gathered = f"{counts[-1]:,.0f} from {edges[-2]:.3g} to {values.max():,.0f}"
    axes.annotate(
        gathered, (edges[-1], counts[-1]), textcoords="offset points", xytext=(0, 4), ha="right", color=INK,
        fontsize=8.5,
    )  # fmt: skip
    return figure, f"; the grey bar gathers all above {edges[-2]:.3g}"


def _durations(duration: NDArray[np.float64]) -> Plot | None:
    known = duration[~np.isnan(duration)]
    if not len(known):
        return None
    figure, gathered = _histogram(known, "seconds", MAX_S, "30 s window")
    middle = float(np.median(known))
    longest = f"the longest has {known.max():,.1f} s"
    caption = f"{len(known):,} utterances; half of them are shorter than {middle:.1f} s, {longest}{gathered}"
    return Plot("Durations of utterances", figure_svg(figure, caption), caption)


def _hours(facts: Tally, duration: NDArray[np.float64]) -> Plot | None:
    """Hours by speaker, most first; by split where no speaker is known."""
    known = ~np.isnan(duration)
    speaker = facts.keys["speaker"]
    if not ((speaker >= 0) & known).any():
        return None
    rows = known & (speaker >= 0)
    hours = np.bincount(speaker[rows], duration[rows]) / 3600
    order = np.argsort(-hours)
    shown = order[:SPEAKERS_SHOWN]
    unit, scale = ("hours", 1.0) if hours.max() >= 0.5 else ("minutes", 60.0)
    figure, axes = new_figure(5.6, max(1.6, 0.55 + 0.19 * len(shown)))
    names = [shortened(str(facts.names["speaker"][int(code)]), NAME_CHARACTERS) for code in shown]
    places = np.arange(len(shown))
    axes.barh(places, hours[shown] * scale, color=SERIES[0], height=0.72)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", visible=True)
    axes.set_xlabel(unit)
    several = f"{unit.capitalize()} of the {len(shown)} who speak most"
    title = several if len(hours) > len(shown) else f"{unit.capitalize()} by speaker"
    share = hours[order[0]] / max(hours.sum(), 1e-12)
    caption = f"{len(hours):,} speakers; the first speaks {share:.0%} of it all"
    return Plot(title, figure_svg(figure, caption), caption)


def _similarity(facts: Tally) -> Plot | None:
    known = facts.similarity[~np.isnan(facts.similarity)]
    if not len(known):
        return None
    figure, axes = _count_axes()
    low = max(min(0.0, float(known.min())), -1.0)
    axes.hist(known, bins=_bins(known), range=(low, 1.0), color=SERIES[0])
    axes.axvline(LOW_SIMILARITY, color=SERIES[1], linewidth=1.4, linestyle=(0, (4, 2)))
    axes.set_xlabel(f"similarity of text and {facts.second_transcript}")
    share = float((known >= LOW_SIMILARITY).mean())
    caption = f"{share:.1%} of {len(known):,} utterances are at {LOW_SIMILARITY} or above (dashed)"
    return Plot("Agreement with the second transcript", figure_svg(figure, caption), caption)


def _rates(facts: Tally, duration: NDArray[np.float64]) -> Plot | None:
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = facts.letters / duration
    known = rate[np.isfinite(rate)]
    if not len(known):
        return None
    figure, gathered = _histogram(known, "letters a second", None, "")
    middle = f"the middle is {np.median(known):.1f} letters/s"
    caption = f"{middle}; far from it, text and audio do not belong together{gathered}"
    return Plot("Speed of speech", figure_svg(figure, caption), caption)


def _bandwidths(probes: pl.DataFrame) -> Plot | None:
    """True bandwidth against half the sample rate, hours in each."""
    readable = probes.filter(pl.col("bandwidth_hz").is_not_null() & (pl.col("bandwidth_hz") > 0))
    if not readable.height:
        return None
    figure, axes = _count_axes()
    width = readable["bandwidth_hz"].to_numpy() / 1000
    axes.hist(width, bins=_bins(width), range=(0, max(8.5, float(width.max()) * 1.02)), color=SERIES[0])
    for place, (rate, count) in enumerate(
        readable["sample_rate"].value_counts(sort=True).head(2).iter_rows()
    ):
        axes.axvline(rate / 2000, color=FAINT, linewidth=1, linestyle=(0, (2, 3)))
        axes.annotate(
            f"{rate / 1000:g} kHz ({count:,})", (rate / 2000, 1), xycoords=("data", "axes fraction"),
            textcoords="offset points", xytext=(0, 2 + 10 * place), ha="center", color=INK, size=8,
        )  # fmt: skip
    axes.set_xlabel("highest frequency with energy, kHz")
    caption = "dotted: half the sample rate; a peak at 4 kHz is telephone speech"
    return Plot("True bandwidth of recordings", figure_svg(figure, caption), caption)
