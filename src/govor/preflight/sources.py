"""Facts of source recordings, before preparation mixes, resamples and so hides them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from govor.audio.measures import Gauge, envelope_correlation, level_db, pitch_hz, speech_share
from govor.audio.voices import Voice, voice_of
from govor.corpora.folder import Corpus
from govor.curate.quality import is_narrow
from govor.curate.sentences import letters, spoken_letters
from govor.errors import AudioError
from govor.features import Wave
from govor.preflight.budget import Budget
from govor.records import Utterance

EARLY_S = 120.0
"""Of long recordings utterances that begin early are preferred: most formats are decoded from the front."""
LONGEST_S = 30.0


@dataclass(frozen=True)
class Channels:
    """How the channels of a recording relate.

    Attributes:
        envelope_correlation: of the loudness of the first two over time; low where two people take turns.
        mix_db: power of the mix against the channels' mean power, in dB; None where both are silent.
        level_difference_db: between the first two channels.
    """

    envelope_correlation: float
    mix_db: float | None
    level_difference_db: float


@dataclass(frozen=True)
class SourceFacts:
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

    @property
    def is_narrow(self) -> bool:
        """Whether it holds telephone speech."""
        return is_narrow(self.bandwidth_hz)


def sample_utterances(corpus: Corpus, wanted: int, seed: int) -> list[Utterance]:
    """A seeded sample of a corpus, from as many recordings as possible, early ones first."""
    names = [name for name in Utterance.__dataclass_fields__ if name != "extra"]
    frame = corpus.scan().select(names).collect().sample(fraction=1.0, shuffle=True, seed=seed)
    late = pl.col("start").fill_null(0.0) > EARLY_S
    frame = frame.with_columns(late.alias("late")).sort("late", maintain_order=True)
    frame = frame.with_columns(pl.int_range(pl.len()).over("recording").alias("turn"))
    frame = frame.sort("turn", maintain_order=True).head(wanted).drop("turn", "late")
    return [Utterance(**row) for row in frame.iter_rows(named=True)]


def read_sources(corpus: Corpus, wanted: int, seed: int, budget: Budget) -> Iterator[SourceFacts]:
    """Decodes a sample of the corpus; what cannot be decoded is left to check and prepare."""
    for utterance in sample_utterances(corpus, wanted, seed):
        budget.spend()
        try:
            yield read_source(utterance, corpus.audio_path(utterance.audio))
        except (AudioError, OSError):
            continue


def read_source(utterance: Utterance, path: str) -> SourceFacts:
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
    return SourceFacts(
        utterance.id,
        path,
        utterance.split,
        rate_hz,
        facts.container,
        voice_in(wave, rate_hz, utterance.text) if whole else None,
        bandwidth_hz(wave, rate_hz),
        relate(pair[0], pair[1], wave, rate_hz) if mixed else None,
    )


def voice_in(wave: Wave, rate_hz: int, text: str) -> Voice | None:
    """The voice of an utterance ``[T]``, None where it cannot be told."""
    letters_said = pl.select(spoken_letters(letters(pl.lit(text)))).item()
    return voice_of(pitch_hz(wave, rate_hz), letters_said, speech_share(wave, rate_hz) * len(wave) / rate_hz)


def relate(left: Wave, right: Wave, mix: Wave, rate_hz: int) -> Channels:
    """How two channels ``[T]`` and their mix relate."""
    gauge = Gauge(rate_hz)
    gauge.add(np.stack([left, right], axis=1), mix)
    return Channels(
        envelope_correlation(left, right, rate_hz), gauge.mix_db, abs(level_db(left) - level_db(right))
    )
