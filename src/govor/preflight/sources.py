"""Facts of source recordings, before preparation mixes, resamples and so hides them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.corpora.folder import Corpus
from govor.errors import AudioError
from govor.preflight.budget import Budget
from govor.preflight.voice import Voice, measure
from govor.records import Utterance

EARLY_S = 120.0
"""Of long recordings utterances that begin early are preferred: most formats are decoded from the front."""
LONGEST_S = 30.0
ENVELOPE_S = 0.05


@dataclass(frozen=True)
class Channels:
    """How the channels of a recording relate.

    Attributes:
        count: how many.
        envelope_correlation: of the loudness of the first two over time; low where two people take turns.
        mix_loss_db: how much quieter the mix is than the louder channel.
        level_difference_db: between the first two channels.
    """

    count: int
    envelope_correlation: float
    mix_loss_db: float
    level_difference_db: float


@dataclass(frozen=True)
class Source:
    """What one utterance of the corpus is like at its source.

    Attributes:
        id: of the utterance.
        audio: file.
        split: of the utterance.
        rate_hz: what the header says.
        container: what the header says.
        voice: pitch and pace at that rate, or None where they cannot be told.
        bandwidth_hz: highest frequency with energy of its own.
        channels: of files with several channels that would be mixed, otherwise None.
    """

    id: str
    audio: str
    split: str | None
    rate_hz: int
    container: str
    voice: Voice | None
    bandwidth_hz: float
    channels: Channels | None


def sample_utterances(corpus: Corpus, wanted: int, seed: int) -> list[Utterance]:
    """A seeded sample of a corpus, from as many recordings as possible, early ones first."""
    names = [name for name in Utterance.__dataclass_fields__ if name != "extra"]
    frame = corpus.scan().select(names).collect().sample(fraction=1.0, shuffle=True, seed=seed)
    late = pl.col("start").fill_null(0.0) > EARLY_S
    frame = frame.with_columns(late.alias("late")).sort("late", maintain_order=True)
    frame = frame.with_columns(pl.int_range(pl.len()).over("recording").alias("turn"))
    frame = frame.sort("turn", maintain_order=True).head(wanted).drop("turn", "late")
    return [Utterance(**row) for row in frame.iter_rows(named=True)]


def read_sources(corpus: Corpus, wanted: int, seed: int, budget: Budget) -> Iterator[Source]:
    """Decodes a sample of the corpus; what cannot be decoded is left to check and prepare."""
    for utterance in sample_utterances(corpus, wanted, seed):
        budget.spend()
        try:
            yield read_source(utterance, corpus.audio_path(utterance.audio))
        except (AudioError, OSError):
            continue


def read_source(utterance: Utterance, path: str) -> Source:
    """Measures one utterance at its source.

    Raises:
        AudioError: it cannot be decoded.
    """
    from govor.audio import bandwidth_hz, load_mono, probe

    facts = probe(path)
    start = utterance.start or 0.0
    end = min(utterance.end, start + LONGEST_S) if utterance.end is not None else start + LONGEST_S
    rate_hz = facts.sample_rate
    wave = load_mono(path, sample_rate=rate_hz, channel=utterance.channel, start=start, end=end)
    whole = utterance.end is None or utterance.end - start <= LONGEST_S
    mixed = utterance.channel is None and facts.channels > 1
    pair = (
        [load_mono(path, sample_rate=rate_hz, channel=c, start=start, end=end) for c in (0, 1)]
        if mixed
        else []
    )
    return Source(
        utterance.id,
        path,
        utterance.split,
        rate_hz,
        facts.container,
        measure(wave, rate_hz, utterance.text) if whole else None,
        bandwidth_hz(wave, rate_hz),
        relate(pair[0], pair[1], wave, rate_hz, facts.channels) if mixed else None,
    )


def relate(
    left: NDArray[np.float32], right: NDArray[np.float32], mix: NDArray[np.float32], rate_hz: int, count: int
) -> Channels:
    """How two channels ``[T]`` and their mix relate."""
    levels = [level_db(left), level_db(right)]
    return Channels(
        count,
        envelope_correlation(left, right, rate_hz),
        max(levels) - level_db(mix),
        abs(levels[0] - levels[1]),
    )


def level_db(wave: NDArray[np.float32]) -> float:
    """Mean power in dB, full scale = 0, not below -120."""
    return float(10 * np.log10(np.mean(wave.astype(np.float64) ** 2) + 1e-12)) if len(wave) else -120.0


def envelope_correlation(left: NDArray[np.float32], right: NDArray[np.float32], rate_hz: int) -> float:
    """Correlation of loudness over time; 1.0 where one channel never changes."""
    hop = max(1, round(ENVELOPE_S * rate_hz))
    count = min(len(left), len(right)) // hop
    if count < 2:
        return 1.0
    both = np.stack([left[: count * hop], right[: count * hop]]).astype(np.float64).reshape(2, count, hop)
    loudness = np.sqrt((both**2).mean(axis=2))
    if (loudness.std(axis=1) < 1e-6).any():
        return 1.0
    return float(np.corrcoef(loudness)[0, 1])
