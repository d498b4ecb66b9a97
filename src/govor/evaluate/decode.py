"""Clips to hypotheses: sorted by length, batched by the seconds that the model computes, memory flat."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from govor.config.evaluate import CPU_BATCH_S, GPU_BATCH_S
from govor.errors import AudioError
from govor.memory import in_halves
from govor.models.base import OnDevice, Sound, cost_of, refuse_ngrams
from govor.packing import PADDED, Cost, pack
from govor.records import Hypothesis
from govor.waiting import result_of

if TYPE_CHECKING:
    import polars as pl

    from govor.models.base import DecodeOptions, Recogniser

Wave = NDArray[np.float32]
Batches = Sequence[Sequence[int]]

MAX_BATCH = 64
"""Most clips decoded together, however short they are."""
POOL_ROWS = 1024
"""Neighbouring rows that are sorted by length together, so that shards are read forwards, not at random."""


class Clips(Protocol):
    """What decoding needs of a data set; `govor.load.Dataset` has it."""

    @property
    def sample_rate(self) -> int:
        """Of the waves, in Hz."""

    def table(self, split: str) -> pl.DataFrame:
        """All columns but the audio."""

    def durations(self, split: str) -> NDArray[np.float64]:
        """Seconds of every clip ``[N]``."""

    def wave(self, split: str, row: int) -> Wave:
        """Samples of one clip ``[T]``."""


@dataclass(frozen=True, slots=True)
class ClipResult:
    """One clip and what was found out about it.

    Attributes:
        row: in the split.
        hypothesis: what the model says; None when the clip itself cannot be decoded.
        decode_s: its share of the batch's wall time, by duration.
        level_db: root mean square of the samples relative to full scale, at least -120.
        bandwidth_hz: highest frequency with energy, rounded to 100 Hz.
        fault: why the clip cannot be decoded.
    """

    row: int
    hypothesis: Hypothesis | None
    decode_s: float = 0.0
    level_db: float | None = None
    bandwidth_hz: float | None = None
    fault: str | None = None


def plan_batches(
    durations: NDArray[np.float64],
    rows: Sequence[int],
    batch_s: float,
    max_batch: int = MAX_BATCH,
    pool_rows: int = POOL_ROWS,
    cost: Cost = PADDED,
) -> list[list[int]]:
    """Rows in batches of clips of similar length: neighbours form pools, in a pool the longest come first.

    Args:
        durations: seconds of every clip of the split ``[N]``.
        rows: rows to decode.
        batch_s: computed seconds in a batch; a longer clip stands alone.
        max_batch: most clips in a batch.
        pool_rows: rows sorted together.
        cost: what the model computes for a batch (`govor.models.base.cost_of`).
    """
    lengths = durations.tolist()
    batches: list[list[int]] = []
    for start in range(0, len(rows), pool_rows):
        pool = sorted(rows[start : start + pool_rows], key=lambda row: (-lengths[row], row))
        batches += pack(pool, lengths.__getitem__, batch_s, cost, most=max_batch)
    return batches


def batch_seconds(recogniser: Recogniser, asked: float | None) -> float:
    """Computed seconds that are decoded together: those asked for, else what suits the model's device."""
    if asked:
        return asked
    on_gpu = isinstance(recogniser, OnDevice) and str(recogniser.device).startswith("cuda")
    return GPU_BATCH_S if on_gpu else CPU_BATCH_S


def decode_batches(
    recogniser: Recogniser,
    dataset: Clips,
    split: str,
    batches: Batches,
    options: DecodeOptions,
    language: str | None = None,
) -> Iterator[list[ClipResult]]:
    """Decodes planned batches in order, in `language` or each clip's own; the next audio is read meanwhile.

    A clip that cannot be decoded, or needs more memory than there is, yields a `ClipResult` with its fault.
    """
    table = dataset.table(split)
    own = table["language"].to_list() if "language" in table.columns else [None] * table.height
    for batch, waves in _read_ahead(dataset, split, batches, recogniser.sample_rate):
        heard = {
            row: Sound(wave, language or own[row])
            for row, wave in zip(batch, waves, strict=True)
            if not isinstance(wave, AudioError)
        }
        start_s = time.perf_counter()
        said = dict(zip(heard, _results(recogniser, list(heard.values()), options), strict=True))
        share_s = (time.perf_counter() - start_s) / max(1, sum(len(sound.wave) for sound in heard.values()))
        yield [
            _decoded(row, said.get(row, wave), wave, share_s, recogniser.sample_rate)
            for row, wave in zip(batch, waves, strict=True)
        ]


def _decoded(row: int, said: Any, wave: Any, share_s: float, rate: int) -> ClipResult:
    """A clip with what was said in it, or with the error that reading or decoding it ended in."""
    if isinstance(said, AudioError):
        return ClipResult(row, None, fault=str(said))
    return ClipResult(row, said, share_s * len(wave), _level_db(wave), _bandwidth(wave, rate))


def plan_for(
    recogniser: Recogniser,
    durations: NDArray[np.float64],
    rows: Sequence[int],
    batch_s: float | None,
    options: DecodeOptions,
) -> list[list[int]]:
    """`plan_batches` for a model: a clip costs the window that the model computes for it.

    Raises:
        UsageError: an n-gram model for one that would ignore it.
    """
    refuse_ngrams(recogniser, options.lm)
    seconds = batch_seconds(recogniser, batch_s)
    return plan_batches(durations, rows, seconds, cost=cost_of(recogniser.max_window_s, options.windows))


def decode_rows(
    recogniser: Recogniser,
    dataset: Clips,
    split: str,
    rows: Sequence[int],
    options: DecodeOptions,
    *,
    language: str | None = None,
    batch_s: float | None = None,
) -> Iterator[tuple[str, Hypothesis]]:
    """Decodes clips of a data set, sorted by length within pools of neighbours, batched by computed seconds.

    Args:
        recogniser: the model.
        dataset: where the clips are; rates that differ from the model's are resampled.
        split: of the data set.
        rows: row numbers in the split.
        options: how hypotheses are made.
        language: of all clips; None: each clip's own.
        batch_s: computed seconds decoded together; None: what suits the device.

    Yields:
        (id, hypothesis) in the order of decoding, which is not the order of rows. A clip that cannot be
        decoded is left out.
    """
    ids = dataset.table(split)["id"].to_list()
    batches = plan_for(recogniser, dataset.durations(split), rows, batch_s, options)
    for batch in decode_batches(recogniser, dataset, split, batches, options, language):
        for decoded in batch:
            if decoded.hypothesis is not None:
                yield ids[decoded.row], decoded.hypothesis


def _read_ahead(
    dataset: Clips, split: str, batches: Batches, rate: int
) -> Iterator[tuple[Sequence[int], list[Wave | AudioError]]]:
    def read(batch: Sequence[int]) -> list[Wave | AudioError]:
        return [_read(dataset, split, row, rate) for row in batch]

    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(read, batches[0]) if batches else None
        for number, batch in enumerate(batches):
            assert coming is not None
            waves = result_of(coming)
            if number + 1 < len(batches):
                coming = reader.submit(read, batches[number + 1])
            yield batch, waves


def _read(dataset: Clips, split: str, row: int, rate: int) -> Wave | AudioError:
    try:
        return at_rate(dataset.wave(split, row), dataset.sample_rate, rate)
    except AudioError as error:
        return error


def _results(
    recogniser: Recogniser, sounds: Sequence[Sound], options: DecodeOptions
) -> list[Hypothesis | AudioError]:
    """One result for each sound; those longer than the model's window are transcribed as recordings are."""
    most = (recogniser.max_window_s or math.inf) * recogniser.sample_rate
    short = [row for row, sound in enumerate(sounds) if len(sound.wave) <= most]
    together = in_halves(lambda part: recogniser.recognise(part, options), [sounds[row] for row in short])
    said = dict(zip(short, together, strict=True))
    return [
        said[row] if row in said else _in_windows(recogniser, sound, options)
        for row, sound in enumerate(sounds)
    ]


def _in_windows(recogniser: Recogniser, sound: Sound, options: DecodeOptions) -> Hypothesis | AudioError:
    from govor.config import TranscribeConfig
    from govor.transcribe import Transcriber

    config = TranscribeConfig(
        language=sound.language,
        task=options.task,
        beam_size=options.beam_size,
        lm=options.lm,
        lm_weight=options.lm_weight if options.lm else None,
        word_bonus=options.word_bonus,
    )
    try:
        transcript = Transcriber(recogniser, config).transcribe([sound.wave])
    except AudioError as error:
        return error
    return Hypothesis(transcript.text, language=transcript.language)


def at_rate(wave: Wave, rate: int, wanted: int) -> Wave:
    """A wave ``[T]`` resampled from `rate` to `wanted` Hz."""
    if rate == wanted or not len(wave):
        return wave
    import soxr

    return np.asarray(soxr.resample(wave, rate, wanted), np.float32)


def _level_db(wave: Wave) -> float:
    from govor.audio.measures import level_db

    return round(level_db(wave), 1)


def _bandwidth(wave: Wave, rate: int) -> float:
    from govor.audio import bandwidth_hz

    return round(bandwidth_hz(wave, rate), -2)
