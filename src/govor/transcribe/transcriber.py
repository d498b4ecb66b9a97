"""A recogniser and a recording of any length to a transcript, streaming.

audio blocks -> windows -> batches -> hypotheses -> segments; nothing but the text is kept of what is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.audio.voice import open_voice
from govor.config import TranscribeConfig
from govor.errors import InputError, UsageError
from govor.memory import trim
from govor.models.base import (
    DecodeOptions,
    PromptFacts,
    Recogniser,
    Timing,
    own_language,
    refuse_ngrams,
    require_language,
)
from govor.transcribe.batcher import OneCaller
from govor.transcribe.buffer import Buffer
from govor.transcribe.damage import readable_blocks
from govor.transcribe.decoding import Decoding, given_language
from govor.transcribe.kept_frames import KeptFrames, KeptLevels
from govor.transcribe.segments import Joiner
from govor.transcribe.transcript import Segment, Stretch, Transcript, in_stretches
from govor.transcribe.window import Window
from govor.transcribe.windows import cut
from govor.transcribe.word_lengths import without_pauses

TRIM_EVERY_S = 1_800.0
"""Of a recording, after which freed memory is handed back: what stays of each window lies among it."""
BEAMS = 5
"""Whisper's own number, of a decoder that writes token by token."""

KeepFrames = Callable[[KeptFrames], None]
"""What takes the frames of each window as soon as it is decoded."""
Source = str | Path | bytes | Iterable[NDArray[np.float32]]


class Transcription:
    """One recording being transcribed: iterate it for its segments, in order, as windows are decoded.

    Attributes:
        duration: seconds of audio read so far; the recording's length once it is done.
        language: given or detected; None until known.
        decode_s: seconds of work so far, from audio to text.
        windows: windows decoded so far.
    """

    def __init__(
        self,
        windows: Iterator[Window],
        buffer: Buffer,
        decoder: Decoding,
        blocks: _Blocks,
        words: bool,
        clock: Callable[[], float],
        keep: KeepFrames | None,
    ) -> None:
        self._clock, self._keep = clock, keep
        self._windows, self._buffer, self._decoder, self._blocks = windows, buffer, decoder, blocks
        self._joiner = Joiner(keep_words=words)
        self._segments = self._run()
        self.decode_s = 0.0
        self.windows = 0

    @property
    def duration(self) -> float:
        """Seconds of audio read so far."""
        return self._buffer.read_samples / self._buffer.sample_rate

    @property
    def levels(self) -> KeptLevels | None:
        """How loud what was read so far is, where that is asked for."""
        levels = self._buffer.kept_levels()
        return None if levels is None else KeptLevels(levels, self.duration)

    @property
    def language(self) -> str | None:
        """Given, or that of most of what was decoded; None until known."""
        return self._decoder.language

    @property
    def prompt(self) -> PromptFacts | None:
        """That the model is given, as far as it is settled; None for models without one."""
        return self._decoder.prompt

    @property
    def lost(self) -> list[Stretch]:
        """Stretches so far in which somebody speaks and nothing was understood."""
        return in_stretches(self._decoder.lost)

    @property
    def damage(self) -> str | None:
        """Why the recording was read no further; None where all of it was."""
        return self._blocks.damage

    def __iter__(self) -> Iterator[Segment]:
        return self

    def __next__(self) -> Segment:
        begun_s = self._clock()
        try:
            return next(self._segments)
        finally:
            self.decode_s += self._clock() - begun_s

    def _run(self) -> Iterator[Segment]:
        trimmed_s = 0.0
        for window, hypothesis in self._decoder.decode(self._windows):
            self.windows += 1
            if window.end - trimmed_s > TRIM_EVERY_S:
                trim()
                trimmed_s = window.end
            if hypothesis.frames is not None:
                if self._keep:
                    self._keep(KeptFrames(window.start, window.end, hypothesis.frames))
                hypothesis = replace(hypothesis, frames=None)
            yield from self._joiner.add(window, hypothesis)
        yield from self._joiner.finish()


class Transcriber:
    """Transcribes recordings with one recogniser.

    Args:
        recogniser: from `govor.models.open_model`.
        config: windows, batches, decoding.
        load_s: seconds that loading the model took, for the transcript's timing.
        frames: also keep how loud the recording is, and ask for what the frames of a CTC model scored.

    Example:
        transcriber = Transcriber(open_model("run/"), TranscribeConfig(language="hr"))
        transcript = transcriber.transcribe("session.mp3")
    """

    def __init__(
        self,
        recogniser: Recogniser,
        config: TranscribeConfig | None = None,
        load_s: float = 0.0,
        *,
        frames: bool = False,
    ) -> None:
        self.recogniser, self.config, self.load_s = recogniser, config or TranscribeConfig(), load_s
        self.frames = frames

    def options(self, words: bool = False) -> DecodeOptions:
        """How the recogniser is asked to decode."""
        from govor.lm import fusion_settings

        config = self.config
        self._refuse_ignored()
        weight, bonus = fusion_settings(config.lm, config.lm_weight, config.word_bonus)
        return DecodeOptions(
            task=config.task,
            timestamps=config.timestamps,
            words=words or config.words,
            beam_size=config.beam_size or (BEAMS if isinstance(self.recogniser, Timing) else 1),
            prompt=config.prompt,
            hotwords=_lines_of(config.hotwords),
            lm=config.lm,
            lm_weight=weight,
            word_bonus=bonus,
            frames=self.frames,
        )

    def _refuse_ignored(self) -> None:
        """Refuses what the recogniser would ignore.

        Raises:
            UsageError: an n-gram model for a recogniser without a search over frames, or a text from before
                for one that takes none.
        """
        refuse_ngrams(self.recogniser, self.config.lm)
        name, decoder = self.recogniser.name, isinstance(self.recogniser, Timing)
        if self.config.prompt is not None and not decoder:
            raise UsageError(f"--prompt: {name} does not take earlier text: name words with --hotwords")

    def stream(
        self,
        source: Source,
        *,
        words: bool = False,
        language: str | None = None,
        eager: bool = True,
        keep: KeepFrames | None = None,
    ) -> Transcription:
        """Segments of one recording as they are decoded.

        Args:
            source: a path, the bytes of a file, or mono float32 blocks at the recogniser's sample rate.
            words: segments carry the times of their words.
            language: instead of the configured one.
            eager: begin with a batch of one window, so that the first text comes early.
            keep: takes what the frames scored, where the transcriber asks for them.

        Raises:
            LanguageError: the recogniser does not know the language, or always writes another.
            AudioError: while iterating: it cannot be decoded, or passes a limit.
        """
        language = language or self.config.language
        given = given_language(language)
        require_language(self.recogniser, given, aloud=False)
        rate = self.recogniser.sample_rate
        blocks = _Blocks(source, rate)
        voice = open_voice(rate) if isinstance(self.recogniser, Timing) else None
        buffer = Buffer(blocks, rate, voice, keep_levels=self.frames)
        one = given is not None or own_language(self.recogniser) is not None
        windows = cut(buffer, self.config, self.recogniser.max_window_s, one_language=one)
        options = self.options(words)
        decoder = Decoding(self.recogniser, options, language, self.config.batch_s, eager)
        return Transcription(windows, buffer, decoder, blocks, options.words, clock_of(self.recogniser), keep)

    def finished(self, name: str, run: Transcription, segments: Sequence[Segment]) -> Transcript:
        """The transcript of a recording whose segments have all come."""
        timing = {
            "load_s": round(self.load_s, 3),
            "decode_s": round(run.decode_s, 3),
            "rtf": round(run.decode_s / run.duration, 5) if run.duration else 0.0,
        }
        return Transcript(
            name,
            run.duration,
            run.language,
            without_pauses(segments),
            timing,
            run.prompt,
            run.damage,
            tuple(run.lost),
        )

    def transcribe(
        self,
        source: Source,
        *,
        name: str = "",
        words: bool = False,
        keep: KeepFrames | None = None,
        on_progress: Callable[[Transcription], None] | None = None,
        on_end: Callable[[Transcription], None] | None = None,
    ) -> Transcript:
        """The whole transcript of one recording.

        Args:
            source: as `stream`.
            name: what the transcript calls the recording; a path's own name unless given.
            words: segments carry the times of their words.
            keep: as `stream`.
            on_progress: called after every segment.
            on_end: called once all is heard.

        Raises:
            AudioError: it cannot be decoded, or passes a limit.
        """
        run = self.stream(source, words=words, eager=False, keep=keep)
        segments = []
        for segment in run:
            segments.append(segment)
            if on_progress:
                on_progress(run)
        if on_end:
            on_end(run)
        name = name or (str(source) if isinstance(source, (str, Path)) else "")
        return self.finished(name, run, segments)


def clock_of(recogniser: Recogniser) -> Callable[[], float]:
    """Seconds of work for one recording: where others share the recogniser, its own part of them."""
    if isinstance(recogniser, OneCaller):
        return lambda: time.thread_time() + recogniser.spent_s
    return time.perf_counter


def _lines_of(path: str | None) -> tuple[str, ...]:
    """Lines of a text file that hold anything.

    Raises:
        InputError: it cannot be read.
    """
    if path is None:
        return ()
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--hotwords {path} cannot be read as UTF-8 text: {error}") from error
    return tuple(filter(None, map(str.strip, text.splitlines())))


class _Blocks:
    """A recording's blocks; a file that is damaged further on ends where it can no longer be decoded."""

    def __init__(self, source: Source, sample_rate: int) -> None:
        self._source, self._sample_rate = source, sample_rate
        self.damage: str | None = None

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        if not isinstance(self._source, (str, Path, bytes)):
            yield from self._source
            return
        file = self._source if isinstance(self._source, bytes) else Path(self._source)  # nothing is fetched
        blocks = readable_blocks(file, self._sample_rate)
        yield from blocks
        self.damage = blocks.damage
