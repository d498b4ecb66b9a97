"""Long recordings through the very code that ``govor transcribe`` uses, against their joined references.

A recording is put together from its clips at their times (pauses between them of at most 2 s), so that what
is heard is exactly what the references say; speech that nobody transcribed would otherwise count as inserted.
Where clips are recordings of their own, neighbours of one speaker are joined instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.config import EvaluateConfig, TranscribeConfig
from govor.console import progress
from govor.errors import InputError
from govor.evaluate.decode import Clips, Wave
from govor.evaluate.hypotheses import Appender, HypothesisLine, read_lines
from govor.evaluate.intervals import difference_interval, grouping
from govor.evaluate.scores import Scores, TextNormaliser, score
from govor.store import fingerprint, read_json, write_json

if TYPE_CHECKING:
    from govor.models.base import Recogniser

LONGEST_PAUSE_S = 2.0
JOIN_PAUSE_S = 0.6
LONGEST_JOINED_S = 180.0
OF_RECORDINGS = "recordings, put together from their clips"
OF_SPEAKERS = "clips of one speaker, joined"


@dataclass(frozen=True)
class LongRecording:
    """Clips that make one long recording.

    Attributes:
        name: of the recording.
        rows: clips in order.
        pauses_s: silence before each clip.
    """

    name: str
    rows: tuple[int, ...]
    pauses_s: tuple[float, ...]

    def blocks(
        self, dataset: Clips, split: str, rate: int, reading: AbstractContextManager[object]
    ) -> Iterator[Wave]:
        """Its samples at `rate`, clip by clip; `reading` is entered while the data set is read."""
        from govor.evaluate.decode import at_rate

        for row, pause_s in zip(self.rows, self.pauses_s, strict=True):
            yield np.zeros(round(pause_s * rate), np.float32)
            with reading:
                wave = dataset.wave(split, row)
            yield at_rate(wave, dataset.sample_rate, rate)


def plan_recordings(table: pl.DataFrame, durations: NDArray[np.float64]) -> tuple[list[LongRecording], str]:
    """Long recordings of a split, and what they are.

    Raises:
        InputError: nothing can be joined.
    """
    planned, kind = _of_recordings(table, durations), OF_RECORDINGS
    if not planned:
        planned, kind = _of_speakers(table, durations), OF_SPEAKERS
    if not planned:
        raise InputError("--long-form: no recording and no speaker has two clips in this split: leave it out")
    return planned, kind


def _of_recordings(table: pl.DataFrame, durations: NDArray[np.float64]) -> list[LongRecording]:
    if not {"recording", "start"} <= set(table.columns):
        return []
    order = table.select("recording", "start").with_row_index("row").drop_nulls().sort("recording", "start")
    found = []
    for (name,), part in order.group_by("recording", maintain_order=True):
        rows, starts = part["row"].to_list(), part["start"].to_list()
        if len(rows) > 1:
            ends = [start + float(durations[row]) for start, row in zip(starts, rows, strict=True)]
            gaps = [max(0.0, start - end) for start, end in zip(starts[1:], ends, strict=False)]
            found.append(
                LongRecording(str(name), tuple(rows), (0.0, *(min(gap, LONGEST_PAUSE_S) for gap in gaps)))
            )
    return found


def _of_speakers(table: pl.DataFrame, durations: NDArray[np.float64]) -> list[LongRecording]:
    speakers = table["speaker"].to_list() if "speaker" in table.columns else [None] * table.height
    by_speaker: dict[Any, list[int]] = {}
    for row, speaker in enumerate(speakers):
        by_speaker.setdefault(speaker, []).append(row)
    found: list[LongRecording] = []
    for rows in by_speaker.values():
        for part in _parts(rows, durations):
            pauses = (0.0, *[JOIN_PAUSE_S] * (len(part) - 1))
            found.append(LongRecording(f"joined-{len(found):05d}", tuple(part), pauses))
    return found


def _parts(rows: Sequence[int], durations: NDArray[np.float64]) -> Iterator[list[int]]:
    part: list[int] = []
    seconds = 0.0
    for row in rows:
        if part and seconds + durations[row] > LONGEST_JOINED_S:
            if len(part) > 1:
                yield part
            part, seconds = [], 0.0
        part.append(row)
        seconds += float(durations[row]) + JOIN_PAUSE_S
    if len(part) > 1:
        yield part


def transcriber_config(config: EvaluateConfig) -> TranscribeConfig:
    """How ``govor transcribe`` decodes with the settings of an evaluation."""
    return TranscribeConfig(
        language=config.language,
        timestamps=config.timestamps,
        batch_s=config.batch_s or TranscribeConfig.batch_s,
        beam_size=config.beam_size,
        lm=config.lm,
        lm_weight=config.lm_weight,
        word_bonus=config.word_bonus,
    )


def transcribe_recordings(
    folder: Path,
    decoding: str,
    dataset: Clips,
    planned: Sequence[LongRecording],
    config: EvaluateConfig,
    open_here: Callable[[], Recogniser],
) -> dict[str, HypothesisLine]:
    """Transcripts by recording; what was transcribed before with the same model and settings is kept.

    Args:
        folder: of the evaluation; ``long_form.jsonl`` is appended to as recordings are done.
        decoding: fingerprint of model, data and settings.
        dataset: where the clips are.
        planned: the recordings.
        config: settings.
        open_here: opens the model; not called when all is done.
    """
    path, mark = folder / "long_form.jsonl", folder / "long_form.json"
    key = fingerprint([decoding, [(one.name, one.rows, one.pauses_s) for one in planned]])
    if not mark.exists() or read_json(mark).get("fingerprint") != key:
        path.unlink(missing_ok=True)
        write_json(mark, {"fingerprint": key})
    done = {line["id"]: line for line in read_lines(path)}
    todo = [one for one in planned if one.name not in done]
    if todo:
        done.update(_transcribe(path, dataset, todo, config, open_here()))
    return done


def _transcribe(
    path: Path, dataset: Clips, todo: Sequence[LongRecording], config: EvaluateConfig, recogniser: Recogniser
) -> dict[str, HypothesisLine]:
    from govor.transcribe.pooled import pooled
    from govor.transcribe.transcriber import Transcriber
    from govor.transcribe.transcript import Transcript

    reading = Lock()

    def heard(transcriber: Transcriber, one: LongRecording) -> Transcript:
        blocks = one.blocks(dataset, config.split, transcriber.recogniser.sample_rate, reading)
        return transcriber.transcribe(blocks, name=one.name)

    done: dict[str, HypothesisLine] = {}
    with (
        Appender(path) as lines,
        progress("long form", len(todo), "recordings") as bar,
        closing(pooled(recogniser, todo, heard, transcriber_config(config))) as transcripts,
    ):
        for one, wait in zip(todo, transcripts, strict=True):
            transcript = wait()
            done[one.name] = {
                "id": one.name,
                "text": transcript.text,
                "duration": round(transcript.duration, 3),
                "decode_s": transcript.timing["decode_s"],
            }
            lines.append([done[one.name]])
            bar.advance()
    return done


def long_form_scores(
    planned: Sequence[LongRecording],
    kind: str,
    lines: Mapping[str, HypothesisLine],
    clips: Scores,
    normaliser: TextNormaliser,
    language: str | None,
) -> dict[str, object]:
    """Rates of long recordings beside those of the same clips decoded one by one.

    Args:
        planned: the recordings.
        kind: what they are.
        lines: their transcripts.
        clips: scores of the clips.
        normaliser: of both.
        language: for the normaliser.

    Returns:
        ``recordings``, ``hours``, ``wer``, ``cer``, ``clip_wer``, ``difference`` (long minus clips, paired by
        recording), ``rtf``.
    """
    references = {one.name: " ".join(clips.texts.references[row] for row in one.rows) for one in planned}
    texts = {name: line["text"] for name, line in lines.items() if name in references}
    long = score(references, texts, normaliser, languages=dict.fromkeys(references, language))
    clip_errors = np.array([clips.words.errors[list(one.rows)].sum() for one in planned], np.int64)
    units = np.array([clips.words.units[list(one.rows)].sum() for one in planned], np.int64)
    groups = grouping(len(planned))
    seconds = sum(line["duration"] for line in lines.values())
    total = int(units.sum())
    return {
        "kind": kind,
        "recordings": len(planned),
        "hours": seconds / 3600,
        "wer": long.wer.as_dict(),
        "cer": long.cer.as_dict(),
        "clip_wer": int(clip_errors.sum()) / total if total else None,
        "difference": difference_interval(long.words.errors, clip_errors, units, groups).as_dict(),
        "rtf": sum(line["decode_s"] for line in lines.values()) / seconds if seconds else None,
        "worst": _worst(long),
    }


def _worst(long: Scores, listed: int = 10) -> list[dict[str, object]]:
    order = np.argsort(-long.words.errors, kind="stable")[:listed]
    return [
        {
            "recording": long.ids[row],
            "errors": int(long.words.errors[row]),
            "words": int(long.words.units[row]),
        }
        for row in order.tolist()
    ]
