"""What was labelled as a corpus folder, written as ``govor import`` writes one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from govor.config import CorpusConfig, LabelConfig
from govor.corpora.folder import CorpusInfo, CorpusSummary
from govor.corpora.gather import gather
from govor.corpora.reader import Reading, chunked
from govor.corpora.rows import Row
from govor.corpora.text_source import MACHINE, TEXT_MODEL, TEXT_SOURCE
from govor.label.judging import Surroundings, faults_of
from govor.label.segment import HeardRecording, HeardSegment
from govor.label.texts import agreement
from govor.records import Rejection
from govor.shown import shortened

FORMAT = "label"
DIGITS = 4
LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Author:
    """Who wrote the texts: the model, its fingerprint, and the one that agreement is measured with."""

    model: str
    fingerprint: str
    second: str | None


def write_corpus(
    recordings: Sequence[HeardRecording],
    failed: Mapping[str, tuple[str, str]],
    out: Path,
    author: Author,
    config: LabelConfig,
    around: Surroundings,
) -> CorpusSummary:
    """Writes the corpus; returns what import would tell.

    Args:
        recordings: with their segments.
        failed: code and detail of recordings that were set aside.
        out: the corpus folder.
        author: who wrote the texts.
        config: limits.
        around: what all recordings together say.

    Raises:
        CorpusError: not one segment can be kept.
    """
    root = Path(os.path.commonpath([Path(one.audio).absolute().parent for one in recordings]))
    lines = _lines(recordings, failed, author.fingerprint, config, around)
    reading = Reading(chunked(out / FORMAT, lines), root)
    info = CorpusInfo(FORMAT, author.model, str(root))
    notes = {
        "label": {
            "model": author.model,
            "fingerprint": author.fingerprint,
            "second": author.second,
            "settings": config.deciding(),
            "counted_as": {str(one): sorted(usual.own) for one, usual in around.usual.items()},
            "damaged": {one.audio: one.damage for one in recordings if one.damage},
        },
        "second_transcript": "second_text",
    }
    return gather(reading, CorpusConfig(), out, info, lambda _: notes).summary(out)


def _lines(
    recordings: Sequence[HeardRecording],
    failed: Mapping[str, tuple[str, str]],
    model: str,
    config: LabelConfig,
    around: Surroundings,
) -> Iterator[Row | Rejection]:
    for audio, (code, detail) in failed.items():
        yield Rejection(audio, FORMAT, code, detail)
    number = 0
    for one in recordings:
        for segment, fault in zip(one.segments, faults_of(one, around, config), strict=True):
            number += 1
            if fault:
                yield _rejection(one, segment, *fault)
            else:
                yield {**_row(one, segment, model), "_line": number}


def _rejection(one: HeardRecording, segment: HeardSegment, code: str, detail: str) -> Rejection:
    text = shortened(segment.text, LONGEST_SHOWN)
    where = f"{Path(one.audio).name}:{segment.start:.2f}-{segment.end:.2f}"
    return Rejection(where, FORMAT, code, f"{detail}: {text}" if text else detail)


def _row(one: HeardRecording, segment: HeardSegment, model: str) -> dict[str, object]:
    return {
        "audio": str(Path(one.audio).absolute()),
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "language": one.language,
        "split": "train",
        TEXT_SOURCE: MACHINE,
        TEXT_MODEL: model,
        "confidence": segment.confidence,
        "agreement": round(agreement(segment.text, segment.second), DIGITS),
        "language_probability": segment.language_probability,
        "no_speech": segment.no_speech,
        "compression_ratio": segment.compression_ratio,
        "second_text": segment.second,
    }
