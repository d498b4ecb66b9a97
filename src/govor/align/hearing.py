"""What a model hears in recordings, kept beside the corpus: a second try costs no decoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from govor.align.heard import HeardWord
from govor.config import AlignConfig, TranscribeConfig
from govor.errors import LimitError, ModelError
from govor.store import read_record
from govor.transcribe.files import FileLine, FilesSummary, transcribe_files
from govor.transcribe.kept_frames import LEVELS_SUFFIX, SUFFIX

if TYPE_CHECKING:
    from govor.models.base import Recogniser

HYPOTHESES = "hypotheses"
"""Folder of the transcripts in the corpus folder."""


@dataclass(frozen=True, slots=True)
class _Word:
    word: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True)
class _Segment:
    text: str
    words: tuple[_Word, ...] = ()


@dataclass(frozen=True)
class _Transcript:
    """The part of a transcript's JSON that is used."""

    duration: float
    segments: tuple[_Segment, ...]
    language: str | None = None


@dataclass(frozen=True)
class Hearing:
    """What was heard in one recording.

    Attributes:
        audio: the recording.
        duration: seconds.
        language: given or detected.
        words: with their times; their recording is 0.
        frames: file of what the model's frames scored; None where it keeps none.
        levels: file of how loud the recording is; None where an earlier version heard it.
    """

    audio: str
    duration: float
    language: str | None
    words: tuple[HeardWord, ...]
    frames: str | None = None
    levels: str | None = None

    def said(self) -> list[object]:
        """All that was heard, and not where its files are."""
        words = [(word.text, word.start, word.end, word.confidence) for word in self.words]
        return [self.audio, self.duration, self.language, words]


@dataclass(frozen=True)
class Hearings:
    """What was heard in all recordings.

    Attributes:
        heard: by recording.
        failed: why a recording was set aside, by recording.
    """

    heard: Mapping[str, Hearing]
    failed: Mapping[str, str] = field(default_factory=dict)


def hear(
    model: str,
    recordings: Sequence[str],
    out: Path,
    config: AlignConfig,
    opened: Callable[[], Recogniser],
) -> Hearings:
    """Transcribes recordings with word times into ``hypotheses/`` of `out`; what is there is not done again.

    `opened` gives the model, and is asked only where something is to be heard.

    Raises:
        ModelError: the model gives no word times.
        AudioError: the only recording cannot be decoded.
    """
    wanted = TranscribeConfig(format=("json",), words=True, language=config.language, batch_s=config.batch_s)
    failed: dict[str, str] = {}
    try:
        lines: Sequence[FileLine] = transcribe_files(
            model, recordings, out / HYPOTHESES, wanted, frames=True, related=True, opened=opened
        ).files
    except LimitError as error:
        if not isinstance(error.summary, FilesSummary):
            raise
        lines = error.summary.files
        failed = {one["audio"]: one["detail"] for one in error.summary.failed}
    return Hearings({line["audio"]: _hearing(line, model) for line in lines}, failed)


def _hearing(line: FileLine, model: str) -> Hearing:
    found = read_record(Path(line["outputs"][0]), _Transcript)
    words = [
        HeardWord(word.word, word.start, max(word.end, word.start), 0, word.confidence)
        for segment in found.segments
        for word in segment.words
    ]
    if not words and any(segment.text.strip() for segment in found.segments):
        raise ModelError(
            f"{model} has no times for words: align with a CTC model, or with a Whisper model that has them"
        )
    frames, levels = (_output(line, suffix) for suffix in (SUFFIX, LEVELS_SUFFIX))
    return Hearing(line["audio"], found.duration, found.language, tuple(words), frames, levels)


def _output(line: FileLine, suffix: str) -> str | None:
    """The output of a recording with that ending, or None."""
    return next((name for name in line["outputs"] if name.endswith(suffix)), None)
