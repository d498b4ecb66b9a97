"""Clips to hypotheses: sorted by length, batched by the seconds that the model computes, memory flat."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from govor.config.evaluate import CPU_BATCH_S, GPU_BATCH_S
from govor.errors import AudioError
from govor.models.base import least_s
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

FLOOR_DB = -120.0
"""Loudness of digital silence."""


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
class Decoded:
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
    least: float = 0.0,
) -> list[list[int]]:
    """Rows in batches of clips of similar length.

    Neighbouring rows form pools; in a pool the longest come first, and a batch takes clips until the next one
    would make it longer than `batch_s` when all are padded to the longest, or to the model's window.

    Args:
        durations: seconds of every clip of the split ``[N]``.
        rows: rows to decode.
        batch_s: computed seconds in a batch; a longer clip stands alone.
        max_batch: most clips in a batch.
        pool_rows: rows sorted together.
        least: seconds that the model computes at least for a clip (`govor.models.base.least_s`).
    """
    batches: list[list[int]] = []
    for start in range(0, len(rows), pool_rows):
        pool = sorted(rows[start : start + pool_rows], key=lambda row: (-durations[row], row))
        batch: list[int] = []
        for row in pool:
            cost_s = max(durations[batch[0]], least) if batch else 0.0
            if len(batch) == max_batch or (batch and cost_s * (len(batch) + 1) > batch_s):
                batches.append(batch)
                batch = []
            batch.append(row)
        if batch:
            batches.append(batch)
    return batches


def batch_seconds(recogniser: Recogniser, asked: float | None) -> float:
    """Computed seconds that are decoded together: those asked for, else what suits the model's device."""
    if asked:
        return asked
    on_gpu = str(getattr(recogniser, "device", "cpu")).startswith("cuda")
    return GPU_BATCH_S if on_gpu else CPU_BATCH_S


def decode_batches(
    recogniser: Recogniser, dataset: Clips, split: str, batches: Batches, options: DecodeOptions
) -> Iterator[list[Decoded]]:
    """Decodes planned batches in order; the next one's audio is read meanwhile.

    A clip that cannot be decoded yields a `Decoded` with its fault. A batch that does not fit into the
    device's memory is halved.
    """
    table = dataset.table(split)
    languages = table["language"].to_list() if "language" in table.columns else [None] * table.height
    for batch, waves in _read_ahead(dataset, split, batches, recogniser.sample_rate):
        good = [row for row, wave in zip(batch, waves, strict=True) if not isinstance(wave, str)]
        heard = [wave for wave in waves if not isinstance(wave, str)]
        start_s = time.perf_counter()
        said = _recognise_any(recogniser, heard, options, [languages[row] for row in good]) if heard else []
        share_s = (time.perf_counter() - start_s) / max(1, sum(map(len, heard)))
        faults = [
            Decoded(row, None, fault=wave)
            for row, wave in zip(batch, waves, strict=True)
            if isinstance(wave, str)
        ]
        yield faults + [
            Decoded(row, hypothesis, share_s * len(wave), _level_db(wave), _bandwidth(wave, recogniser))
            for row, hypothesis, wave in zip(good, said, heard, strict=True)
        ]


def plan_for(
    recogniser: Recogniser,
    durations: NDArray[np.float64],
    rows: Sequence[int],
    batch_s: float | None,
    options: DecodeOptions,
) -> list[list[int]]:
    """`plan_batches` for a model: a clip costs the window that the model computes for it."""
    seconds = batch_seconds(recogniser, batch_s)
    return plan_batches(durations, rows, seconds, least=least_s(recogniser, options.windows))


def decode_rows(
    recogniser: Recogniser,
    dataset: Clips,
    split: str,
    rows: Sequence[int],
    options: DecodeOptions,
    *,
    batch_s: float | None = None,
) -> Iterator[tuple[str, Hypothesis]]:
    """Decodes clips of a data set, sorted by length within pools of neighbours, batched by computed seconds.

    Args:
        recogniser: the model.
        dataset: where the clips are; rates that differ from the model's are resampled.
        split: of the data set.
        rows: row numbers in the split.
        options: how hypotheses are made.
        batch_s: computed seconds decoded together; None: what suits the device.

    Yields:
        (id, hypothesis) in the order of decoding, which is not the order of rows. A clip that cannot be
        decoded is left out.
    """
    ids = dataset.table(split)["id"].to_list()
    batches = plan_for(recogniser, dataset.durations(split), rows, batch_s, options)
    for batch in decode_batches(recogniser, dataset, split, batches, options):
        for decoded in batch:
            if decoded.hypothesis is not None:
                yield ids[decoded.row], decoded.hypothesis


def _read_ahead(
    dataset: Clips, split: str, batches: Batches, rate: int
) -> Iterator[tuple[Sequence[int], list[Wave | str]]]:
    def read(batch: Sequence[int]) -> list[Wave | str]:
        return [_read(dataset, split, row, rate) for row in batch]

    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(read, batches[0]) if batches else None
        for number, batch in enumerate(batches):
            assert coming is not None
            waves = result_of(coming)
            if number + 1 < len(batches):
                coming = reader.submit(read, batches[number + 1])
            yield batch, waves


def _read(dataset: Clips, split: str, row: int, rate: int) -> Wave | str:
    try:
        return at_rate(dataset.wave(split, row), dataset.sample_rate, rate)
    except AudioError as error:
        return str(error)


def _recognise_any(
    recogniser: Recogniser, waves: list[Wave], options: DecodeOptions, languages: list[str | None]
) -> list[Hypothesis]:
    """As `_recognise`; a wave longer than the model's window is transcribed as long recordings are."""
    limit_s = recogniser.max_window_s
    long = [limit_s is not None and len(wave) > limit_s * recogniser.sample_rate for wave in waves]
    if not any(long):
        return _recognise(recogniser, waves, options, languages)
    said: list[Hypothesis] = []
    for wave, language, is_long in zip(waves, languages, long, strict=True):
        one = _in_windows if is_long else _alone
        said.append(one(recogniser, wave, options, language))
    return said


def _alone(recogniser: Recogniser, wave: Wave, options: DecodeOptions, language: str | None) -> Hypothesis:
    return recogniser.recognise([wave], options, [language])[0]


def _in_windows(
    recogniser: Recogniser, wave: Wave, options: DecodeOptions, language: str | None
) -> Hypothesis:
    from govor.config import TranscribeConfig
    from govor.transcribe import Transcriber

    config = TranscribeConfig(
        language=options.language or language,
        task=options.task,
        beam_size=options.beam_size,
        lm=options.lm,
        lm_weight=options.lm_weight,
        word_bonus=options.word_bonus,
    )
    transcript = Transcriber(recogniser, config).transcribe([wave])
    return Hypothesis(transcript.text, language=transcript.language)


def _recognise(
    recogniser: Recogniser, waves: list[Wave], options: DecodeOptions, languages: list[str | None]
) -> list[Hypothesis]:
    try:
        return recogniser.recognise(waves, options, languages)
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError" or len(waves) == 1:
            raise
    half = len(waves) // 2
    first = _recognise(recogniser, waves[:half], options, languages[:half])
    return first + _recognise(recogniser, waves[half:], options, languages[half:])


def at_rate(wave: Wave, rate: int, wanted: int) -> Wave:
    """A wave ``[T]`` resampled from `rate` to `wanted` Hz."""
    if rate == wanted or not len(wave):
        return wave
    import soxr

    return np.asarray(soxr.resample(wave, rate, wanted), np.float32)


def _level_db(wave: Wave) -> float:
    power = float(np.dot(wave, wave)) / len(wave) if len(wave) else 0.0
    return round(max(FLOOR_DB, 10 * float(np.log10(max(power, 1e-30)))), 1)


def _bandwidth(wave: Wave, recogniser: Recogniser) -> float:
    from govor.audio import bandwidth_hz

    return round(bandwidth_hz(wave, recogniser.sample_rate), -2)
