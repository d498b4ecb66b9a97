"""One recording through one or two models: its language, its segments, two texts for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from govor.config import LabelConfig, TranscribeConfig
from govor.errors import LanguageError
from govor.label.segment import HeardRecording, HeardSegment
from govor.label.voting import Tongue, speech_s, tongue_of
from govor.label.windows import Cutting, cutting_of, other_windows
from govor.models.base import Multilingual, Recogniser, cost_of, require_language
from govor.packing import pack
from govor.records import Hypothesis
from govor.text.compression import compression_ratio
from govor.text.spacing import joined
from govor.transcribe.blame import blamed
from govor.transcribe.completeness import is_noise
from govor.transcribe.decoding import Decoding
from govor.transcribe.transcriber import Transcriber
from govor.transcribe.window import Window

DIGITS = 4


class Labeller:
    """Hears recordings; models are opened when the first recording needs them.

    Args:
        model: whatever `open_model` takes.
        config: segments, second model, decoding.
        device: ``auto``, ``cpu`` or ``cuda:N``.
    """

    def __init__(self, model: str, config: LabelConfig, device: str) -> None:
        self.model, self.config, self.device = model, config, device

    @cached_property
    def first(self) -> Recogniser:
        """The model that writes the texts.

        Raises:
            LanguageError: it cannot be told the language that they are to be in.
        """
        recogniser = self._open(self.model)
        require_language(recogniser, self.config.language)
        return recogniser

    @cached_property
    def second(self) -> Recogniser:
        """The model that writes the second texts."""
        return self._open(self.config.second) if self.config.second else self.first

    def _open(self, name: str) -> Recogniser:
        from govor.models import open_model

        return open_model(name, device=self.device)

    def hear(self, file: Path) -> HeardRecording:
        """All segments of a recording.

        Raises:
            AudioError: it cannot be decoded, or the model fails on it.
        """
        with blamed(str(file), file, "--max-duration"):
            return self._hear_file(file)

    def _hear_file(self, file: Path) -> HeardRecording:
        config = self.config
        tongue = tongue_of(self.first, lambda: self._cutting(file).windows, config.language, config.batch_s)
        cutting = self._cutting(file)
        segments = tuple(self._segments(cutting.windows, tongue))
        duration = round(cutting.blocks.samples / self.first.sample_rate, 3)
        return HeardRecording(
            str(file), duration, tongue.language, segments, tongue.code, cutting.blocks.damage
        )

    def _cutting(self, file: Path) -> Cutting:
        first, second = self.first, self.second
        limits = [limit for limit in (first.max_window_s, second.max_window_s) if limit]
        longest_s = min([self.config.max_duration, *limits])
        return cutting_of(file, first.sample_rate, longest_s, first.max_window_s)

    def _segments(self, windows: Iterator[Window], tongue: Tongue) -> Iterator[HeardSegment]:
        """Segments with both texts, a batch at a time."""
        cost = cost_of(self.first.max_window_s)
        for batch in pack(windows, lambda window: window.duration, self.config.batch_s, cost):
            decoder = self._decoding(self.first, tongue.language)
            said = [hypothesis for _, hypothesis in decoder.decode(batch)]
            seconds = self._second_texts(batch, tongue.language)
            for window, hypothesis, second in zip(batch, said, seconds, strict=True):
                lost = any(start < window.end and end > window.start for start, end in decoder.lost)
                yield _segment(window, hypothesis, second, tongue, lost)

    def _second_texts(self, batch: Sequence[Window], language: str | None) -> list[str]:
        """What the second model hears, or the first one in other windows."""
        second = self.second
        again = second is not self.first
        parts = [[_at_rate(w, second.sample_rate)] if again else other_windows(w) for w in batch]
        decoder = self._decoding(second, language)
        heard = iter([said.text for _, said in decoder.decode([part for some in parts for part in some])])
        return [joined([next(heard) for _ in some]) for some in parts]

    def _decoding(self, recogniser: Recogniser, language: str | None) -> Decoding:
        options = Transcriber(recogniser, TranscribeConfig(beam_size=self.config.beam_size)).options()
        options = replace(options, languages=recogniser is self.first)
        return Decoding(
            recogniser, options, _language_for(recogniser, language), self.config.batch_s, eager=False
        )


def _language_for(recogniser: Recogniser, language: str | None) -> str | None:
    """A language that a model is told; None where it does not know it, or takes none."""
    if not isinstance(recogniser, Multilingual) or language is None:
        return None
    try:
        recogniser.check_language(language)
    except LanguageError:
        return None
    return language


def _at_rate(window: Window, sample_rate: int) -> Window:
    """The same at the sample rate of another model."""
    if window.sample_rate == sample_rate:
        return window
    import soxr

    samples = soxr.resample(window.samples, window.sample_rate, sample_rate)
    return replace(window, samples=samples, sample_rate=sample_rate)


def _segment(window: Window, said: Hypothesis, second: str, tongue: Tongue, lost: bool) -> HeardSegment:
    measured, text = said.measures, said.text.strip()
    return HeardSegment(
        start=round(window.start, 3),
        end=round(window.end, 3),
        speech_s=round(speech_s(window), 3),
        text=text,
        second=second,
        voiced_s=_rounded(window.voiced_s),
        confidence=_rounded(said.confidence),
        language_probability=_rounded(tongue.probability(said)),
        languages=tongue.shares(said),
        no_speech=_rounded(measured.no_speech_prob if measured else None),
        compression_ratio=round(compression_ratio(text), DIGITS),
        noise=is_noise(window, said),
        broken=said.broken,
        lost=lost,
        forced=window.overlaps or window.overlapped,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
