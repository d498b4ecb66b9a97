"""A recogniser and a recording of any length to a transcript, streaming.

audio blocks -> windows -> batches -> hypotheses -> segments; nothing but the text is kept of what is done.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.config import TranscribeConfig
from govor.errors import AudioError
from govor.memory import in_halves
from govor.models.base import DecodeOptions, Multilingual, Recogniser, Sound, cost_of, prompt_of
from govor.packing import UNLIMITED, pack
from govor.records import Hypothesis
from govor.transcribe.segments import Joiner
from govor.transcribe.transcript import Segment, Transcript
from govor.transcribe.windows import Buffer, Window, cut

Source = str | Path | bytes | Iterable[NDArray[np.float32]]
MOST_PADDING = 1.15


class Transcription:
    """One recording being transcribed: iterate it for its segments, in order, as windows are decoded.

    Attributes:
        duration: seconds of audio read so far; the recording's length once it is done.
        language: given or detected; None until known.
        decode_s: seconds spent so far, from audio to text.
        windows: windows decoded so far.
        prompt: that the model is given; None for models without one.
    """

    def __init__(
        self, windows: Iterator[Window], buffer: Buffer, decoder: _Decoder, blocks: _Blocks, words: bool
    ) -> None:
        self._windows, self._buffer, self._decoder, self._blocks = windows, buffer, decoder, blocks
        self._joiner = Joiner(keep_words=words)
        self.prompt = prompt_of(decoder.recogniser, decoder.options, decoder.language)
        self._segments = self._run()
        self.decode_s = 0.0
        self.windows = 0

    @property
    def duration(self) -> float:
        """Seconds of audio read so far."""
        return self._buffer.read_samples / self._buffer.sample_rate

    @property
    def language(self) -> str | None:
        """Given or detected; None until known."""
        return self._decoder.language

    @property
    def damage(self) -> str | None:
        """Why the recording was read no further; None where all of it was."""
        return self._blocks.damage

    def __iter__(self) -> Iterator[Segment]:
        return self

    def __next__(self) -> Segment:
        begun = time.perf_counter()
        try:
            return next(self._segments)
        finally:
            self.decode_s += time.perf_counter() - begun

    def _run(self) -> Iterator[Segment]:
        for window, hypothesis in self._decoder.decode(self._windows):
            self.windows += 1
            yield from self._joiner.add(window, hypothesis)
        yield from self._joiner.finish()


class _Decoder:
    """Batches windows, and settles the language on the first ones."""

    def __init__(
        self,
        recogniser: Recogniser,
        options: DecodeOptions,
        language: str | None,
        batch_s: float,
        eager: bool,
    ) -> None:
        self.recogniser, self.options, self.language = recogniser, options, language
        self.batch_s, self.eager = batch_s, eager

    def decode(self, windows: Iterator[Window]) -> Iterator[tuple[Window, Hypothesis]]:
        settled = self.language is not None
        cost = cost_of(self.recogniser.max_window_s)
        sizes = (2**n for n in count()) if self.eager else UNLIMITED  # eager: a small batch first
        for batch in pack(windows, _seconds, self.batch_s, cost, most=sizes):
            hypotheses = self._recognise(batch)
            if not settled:
                hypotheses = self._settle(batch, hypotheses)
                settled = True
            yield from zip(batch, hypotheses, strict=True)

    def _recognise(self, batch: Sequence[Window]) -> list[Hypothesis]:
        """One hypothesis per window; windows that cost their own length go with those of like length."""
        overlapping = any(window.overlaps or window.overlapped for window in batch)
        options = replace(self.options, words=self.options.words or overlapping)
        said: dict[int, Hypothesis | AudioError] = {}
        fixed = self.recogniser.max_window_s is not None
        for part in [list(range(len(batch)))] if fixed else alike([window.duration for window in batch]):
            heard = [Sound(batch[i].samples, self.language) for i in part]
            found = in_halves(lambda sounds: self.recogniser.recognise(sounds, options), heard)
            said |= dict(zip(part, found, strict=True))
        return [_require(said[i], window) for i, window in enumerate(batch)]

    def _settle(self, batch: Sequence[Window], hypotheses: list[Hypothesis]) -> list[Hypothesis]:
        """The language most seconds of the first batch are in; the others are decoded again in it."""
        votes: Counter[str] = Counter()
        for window, hypothesis in zip(batch, hypotheses, strict=True):
            if hypothesis.language:
                votes[hypothesis.language] += round(window.duration * 1000)
        if not votes:
            return hypotheses
        self.language = votes.most_common(1)[0][0]
        wrong = [i for i, h in enumerate(hypotheses) if h.language not in (None, self.language)]
        if wrong:
            for i, hypothesis in zip(wrong, self._recognise([batch[i] for i in wrong]), strict=True):
                hypotheses[i] = hypothesis
        return hypotheses


def _seconds(window: Window) -> float:
    return window.duration


def _require(said: Hypothesis | AudioError, window: Window) -> Hypothesis:
    """The hypothesis of a window.

    Raises:
        AudioError: it needs more memory than there is; that is an error of this recording alone.
    """
    if isinstance(said, AudioError):
        raise AudioError(f"the window at {window.start:.1f} s of it: {said}", said.code)
    return said


def alike(durations: Sequence[float]) -> list[list[int]]:
    """Indices in groups of about the same duration, so that little of a group is padding."""
    order = sorted(range(len(durations)), key=durations.__getitem__)
    return list(pack(order, durations.__getitem__, math.inf, padding=MOST_PADDING))


class Transcriber:
    """Transcribes recordings with one recogniser.

    Args:
        recogniser: from `govor.models.open_model`.
        config: windows, batches, decoding.
        load_s: seconds that loading the model took, for the transcript's timing.

    Example:
        transcriber = Transcriber(open_model("run/"), TranscribeConfig(language="hr"))
        transcript = transcriber.transcribe("session.mp3")
    """

    def __init__(
        self, recogniser: Recogniser, config: TranscribeConfig | None = None, load_s: float = 0.0
    ) -> None:
        self.recogniser, self.config, self.load_s = recogniser, config or TranscribeConfig(), load_s

    def options(self, words: bool = False) -> DecodeOptions:
        """How the recogniser is asked to decode."""
        from govor.lm import fusion_settings

        config = self.config
        weight, bonus = fusion_settings(config.lm, config.lm_weight, config.word_bonus)
        return DecodeOptions(
            task=config.task,
            timestamps=config.timestamps,
            words=words or config.words,
            beam_size=config.beam_size,
            lm=config.lm,
            lm_weight=weight,
            word_bonus=bonus,
        )

    def stream(
        self, source: Source, *, words: bool = False, language: str | None = None, eager: bool = True
    ) -> Transcription:
        """Segments of one recording as they are decoded.

        Args:
            source: a path, the bytes of a file, or mono float32 blocks at the recogniser's sample rate.
            words: segments carry the times of their words.
            language: instead of the configured one.
            eager: begin with a batch of one window, so that the first text comes early.

        Raises:
            LanguageError: the recogniser does not know the language.
            AudioError: while iterating: it cannot be decoded, or passes a limit.
        """
        language = language or self.config.language
        if isinstance(self.recogniser, Multilingual):
            self.recogniser.check_language(language)
        rate = self.recogniser.sample_rate
        blocks = _Blocks(source, rate)
        buffer = Buffer(blocks, rate)
        windows = cut(buffer, self.config, self.recogniser.max_window_s)
        options = self.options(words)
        decoder = _Decoder(self.recogniser, options, language, self.config.batch_s, eager)
        return Transcription(windows, buffer, decoder, blocks, options.words)

    def finished(self, name: str, run: Transcription, segments: Sequence[Segment]) -> Transcript:
        """The transcript of a recording whose segments have all come."""
        timing = {
            "load_s": round(self.load_s, 3),
            "decode_s": round(run.decode_s, 3),
            "rtf": round(run.decode_s / run.duration, 5) if run.duration else 0.0,
        }
        return Transcript(name, run.duration, run.language, tuple(segments), timing, run.prompt, run.damage)

    def transcribe(
        self,
        source: Source,
        *,
        name: str = "",
        words: bool = False,
        on_progress: Callable[[Transcription], None] | None = None,
    ) -> Transcript:
        """The whole transcript of one recording.

        Args:
            source: as `stream`.
            name: what the transcript calls the recording; a path's own name unless given.
            words: segments carry the times of their words.
            on_progress: called after every segment.

        Raises:
            AudioError: it cannot be decoded, or passes a limit.
        """
        run = self.stream(source, words=words, eager=False)
        segments = []
        for segment in run:
            segments.append(segment)
            if on_progress:
                on_progress(run)
        name = name or (str(source) if isinstance(source, (str, Path)) else "")
        return self.finished(name, run, segments)


class _Blocks:
    """A recording's blocks; a file that is damaged further on ends where it can no longer be decoded."""

    def __init__(self, source: Source, sample_rate: int) -> None:
        self._source, self._sample_rate = source, sample_rate
        self.damage: str | None = None

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        if not isinstance(self._source, (str, Path, bytes)):
            yield from self._source
            return
        from govor.audio import mono_blocks

        file = self._source if isinstance(self._source, bytes) else Path(self._source)  # nothing is fetched
        samples = 0
        try:
            for block in mono_blocks(file, sample_rate=self._sample_rate):
                samples += len(block)
                yield block
        except AudioError as error:
            if error.code != "corrupt" or not samples:
                raise
            self.damage = str(error)
