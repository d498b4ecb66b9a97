"""Whisper of any size: trained on its own prompt, decoded over its full 30 s window.

What stands around the text comes from `govor.models.whisper.prompt`, the text's tokens from
`govor.models.whisper.text`; here both become labels, and a batch asserts that it starts once.

Shapes: B clips, F frames, M mels, L labels, V tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from govor.errors import ModelError
from govor.features import Example, Labels, Wave
from govor.models.base import (
    FITTED,
    FULL,
    Batch,
    DecodeOptions,
    EncoderWindows,
    ModelFacts,
    PromptFacts,
    Sound,
)
from govor.models.device import autocast, moved
from govor.models.listening import EncodedSound
from govor.models.published import PublishedRate
from govor.models.quiet import quiet
from govor.models.spec import Spec
from govor.models.trainable import Trainable
from govor.models.weights import core_of
from govor.models.whisper.decoding import Decoder
from govor.models.whisper.fitted import by_window, fitted_frames
from govor.models.whisper.listening import HeardByWhisper
from govor.models.whisper.prompt import Manner, Prompt
from govor.models.whisper.published import published_wer
from govor.models.whisper.suppression import Suppression
from govor.models.whisper.text import TextTokens
from govor.models.whisper.windows import Windows, thinned, thinned_length
from govor.records import Hypothesis

if TYPE_CHECKING:
    import torch

IGNORED = -100  # label positions that the loss leaves out
FEWEST_FRAMES = 100  # of a short training window


class WhisperFamily(Trainable):
    """A Whisper model with its tokenizer and features; see `govor.models.base.Family`."""

    family_name = "whisper"

    def __init__(self, model: Any, spec: Spec, feature_extractor: Any, tokenizer: Any) -> None:
        super().__init__(model, spec, feature_extractor)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token  # as OpenAI's; pipelines do not batch without one
        core = core_of(self.model)
        self.tokenizer = tokenizer
        self.prompt = Prompt.of(core.generation_config, tokenizer, self.name)
        self.text_tokens = TextTokens(tokenizer)
        self.window_frames: int = 2 * core.config.max_source_positions
        self.max_window_s = float(feature_extractor.chunk_length)
        self.max_labels = core.config.max_target_positions
        self.frame_multiple = max(2, self.frame_multiple)  # the encoder needs an even number
        self._thinning = Windows(core)
        core.get_encoder().embed_positions.requires_grad_(False)  # sinusoids; from_pretrained forgets this

    @property
    def tasks(self) -> tuple[str, ...]:
        """See `govor.models.base.Tasked`."""
        return tuple(self.prompt.tasks) or ("transcribe",)

    def check_language(self, tag: str | None) -> None:
        """See `govor.models.base.Multilingual`."""
        self.prompt.check(tag)

    def encode_text(self, text: str, language: str | None = None, seconds: float | None = None) -> list[int]:
        """Labels: language, task, no-timestamps (or begin and end), text, end of text."""
        known = self.prompt.first_known(language, self.settings.get("language"))
        manner = self.manner if seconds is not None else self.manner.plain()
        words = self.text_tokens(text)
        if manner.timestamps:
            words = self.prompt.timed(words, seconds or 0.0)
        return [*self.prompt.opening(known, manner)[1:], *words, self.prompt.end]

    @property
    def manner(self) -> Manner:
        """How it is prompted unless something else is asked for: as it was trained."""
        return Manner.of(self.settings)

    @property
    def previous_share(self) -> float:
        """Of the training examples that are shown the text of the utterance before."""
        return float(self.settings.get("previous_share") or 0.0)

    def label(
        self,
        text: str,
        language: str | None = None,
        seconds: float | None = None,
        *,
        draw: int | None = None,
        previous: str | None = None,
    ) -> Labels:
        """Labels as training mixes them: a share without timestamps, a share behind the text before."""
        plain_share = float(self.settings.get("plain_share") or 0.0)
        plain = draw is not None and _share("plain", draw) < plain_share
        tokens = self.encode_text(text, language, None if plain else seconds)
        if not previous or draw is None or _share("previous", draw) >= self.previous_share:
            return Labels(tuple(tokens))
        return Labels(tuple(tokens), tuple(self._context(previous, len(tokens))))

    def _context(self, text: str, labels: int) -> list[int]:
        """The end of the text before, behind its own token: at most half of the places, and what is left."""
        most = min((self.max_labels or 0) // 2, (self.max_labels or 0) - labels) - 1
        words = self.text_tokens(text)[-most:] if most > 0 else []
        return [self.prompt.previous, *words] if words and self.prompt.previous is not None else []

    @property
    def suppression(self) -> Suppression:
        """What decoding never writes."""
        return Suppression.of(core_of(self.model).generation_config)

    def describe_prompt(self, options: DecodeOptions, language: str | None) -> PromptFacts:
        """See `govor.models.base.Prompted`."""
        language = language or self.settings.get("language")
        manner, suppressed = self.manner.asked(options), len(self.suppression.always)
        return self.prompt.describe(language, manner, self.settings, suppressed)

    def decode_text(self, tokens: Sequence[int]) -> str:
        """Text of label ids; prompt, timestamps and end are left out."""
        return str(self.tokenizer.decode(self.prompt.plain(tokens), skip_special_tokens=True)).strip()

    def encode_plain(self, text: str) -> list[int]:
        """Tokens of a text that is told, as it is written."""
        return self.text_tokens(text)

    @property
    def writes_times(self) -> bool | None:
        """See `govor.models.base.Timing`."""
        return self.settings.get("timestamps")

    def collate(self, examples: Sequence[Example], windows: EncoderWindows = FULL) -> Batch:
        """Pads examples with their own silence; see `govor.models.base.Family.collate`."""
        import torch

        impossible = [e.id for e in examples if not self._fits(e)]
        longest = max((_places(e) for e in examples if self._fits(e)), default=1) or 1
        labels = np.full((len(examples), longest), IGNORED, np.int64)
        starts = np.full((len(examples), longest), self.prompt.end, np.int64)
        for row, example in enumerate(examples):
            if example.labels and self._fits(example):
                labels[row, len(example.context) : _places(example)] = example.labels
                starts[row, : _places(example)] = [*example.context, self.prompt.start, *example.labels[:-1]]
        self._assert_one_start(starts, labels)
        frames = self._frames(examples, windows)
        inputs = {
            "input_features": torch.from_numpy(self._padded(examples, frames)),
            "decoder_input_ids": torch.from_numpy(starts),
        }
        if windows.kind == "thinned" and frames < self.window_frames:
            inputs |= self._thinned(examples, frames)
        return Batch(
            inputs,
            torch.from_numpy(labels),
            (labels != IGNORED).sum(axis=1).tolist(),
            [e.id for e in examples],
            [e.seconds for e in examples],
            impossible,
            frames / self.window_frames * (self.max_window_s or 0.0),
        )

    def _fits(self, example: Example) -> bool:
        short = example.seconds <= (self.max_window_s or 0.0)
        return short and _places(example) <= (self.max_labels or 0)

    def _assert_one_start(self, starts: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> None:
        """A second start token in the labels trains a model that repeats it; it cannot get past here."""
        assert ((starts == self.prompt.start).sum(axis=1) <= 1).all(), "decoder inputs have two start tokens"
        assert not (labels == self.prompt.start).any(), "labels hold a start token"

    def _frames(self, examples: Sequence[Example], windows: EncoderWindows) -> int:
        """Frames that a batch is padded to."""
        mixed_full = windows.kind == "mixed" and _drawn(examples) < windows.full_share
        if windows.kind == "full" or mixed_full:
            return self.window_frames
        frames = self._short_frames(examples)
        if windows.kind == "thinned":
            return 2 * thinned_length(frames // 2, self.window_frames // 2)
        return frames

    def _short_frames(self, examples: Sequence[Example]) -> int:
        """A multiple of `frame_multiple` that covers the longest clip."""
        longest = max(max((len(e.features) for e in examples), default=0), FEWEST_FRAMES)
        return min(longest + -longest % self.frame_multiple, self.window_frames)

    def _padded(self, examples: Sequence[Example], frames: int) -> np.ndarray[Any, Any]:
        """``[B, M, frames]``."""
        mels = self.feature_extractor.feature_size
        values = np.empty((len(examples), mels, frames), np.float32)
        for row, example in enumerate(examples):
            kept = example.features[:frames]
            values[row, :, : len(kept)] = kept.T
            values[row, :, len(kept) :] = example.padding
        return values

    def _thinned(self, examples: Sequence[Example], frames: int) -> dict[str, torch.Tensor]:
        """``positions`` and ``log_counts`` ``[B, P]`` of thinned windows."""
        import torch

        length, window = frames // 2, self.window_frames // 2
        chosen = [thinned(-(-len(e.features) // 2), length, window, e.draw) for e in examples]
        counts = np.stack([one.counts for one in chosen])
        return {
            "positions": torch.from_numpy(np.stack([one.positions for one in chosen])),
            "log_counts": torch.from_numpy(np.log(counts).astype(np.float32)),
        }

    def loss(self, batch: Batch) -> tuple[torch.Tensor, int]:
        """Cross-entropy summed over label tokens, and their number."""
        from torch.nn import functional

        inputs = {key: moved(value, self.device) for key, value in batch.inputs.items()}
        if "positions" in inputs:
            self._thinning.thin(inputs.pop("positions"), inputs.pop("log_counts"))
        with autocast(self.precision, self.device):
            logits: torch.Tensor = self.model(**inputs).logits
        labels = moved(batch.labels, self.device)
        total = functional.cross_entropy(
            logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        return total, sum(batch.units)

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """Decodes over the windows asked for; languages not given are the model's own, else detected.

        Raises:
            ModelError: a wave is longer than the window; nothing is ever cut silently.
        """
        if not sounds:
            return []
        self._require_window(max(len(sound.wave) for sound in sounds) / self.sample_rate)
        decoder = Decoder(self)
        with quiet(), self.deciding(), autocast(self.precision, self.device):
            return by_window(
                sounds,
                self.sample_rate,
                self.window_frames,
                options,
                lambda part, _frames: decoder.decode(part, options),
            )

    def detect(self, sounds: Sequence[Sound]) -> list[tuple[tuple[str, float], ...]]:
        """See `govor.models.base.Detecting`."""
        self._require_window(max(len(sound.wave) for sound in sounds) / self.sample_rate)
        with quiet(), self.deciding(), autocast(self.precision, self.device):
            return Decoder(self).detect(sounds)

    def _require_window(self, longest_s: float) -> None:
        if self.max_window_s is not None and longest_s > self.max_window_s:
            raise ModelError(
                f"a wave of {longest_s:.2f} s is longer than the {self.max_window_s:g} s that {self.name} "
                "hears: use govor transcribe (or evaluate --long-form), which cut at pauses"
            )

    def listen(self, sound: Sound, windows: str = "full") -> EncodedSound:
        """See `govor.models.listening.Listening`."""
        self._require_window(len(sound.wave) / self.sample_rate)
        return HeardByWhisper(self, sound, windows)

    def language_code(self, tag: str | None) -> str | None:
        """See `govor.models.listening.Listening`."""
        return self.prompt.language(tag)

    def published(self, language: str | None) -> PublishedRate | None:
        """See `govor.models.published.Measured`; None for models of English alone."""
        width = core_of(self.model).config.d_model
        return published_wer(width, self.prompt.language(language)) if self.prompt.multilingual else None

    def windows(self, waves: Sequence[Wave], kind: str = "full") -> torch.Tensor:
        """Log-mels ``[B, M, 2 * positions (or fewer)]``, on the device; windows see `DecodeOptions`."""
        import torch

        examples = [self.heard(wave) for wave in waves]
        frames = self.window_frames if kind == "full" else self._short_frames(examples)
        if kind == FITTED:
            frames = fitted_frames(max(map(len, waves)) / self.sample_rate, self.window_frames)
        return moved(torch.from_numpy(self._padded(examples, frames)), self.device)

    @property
    def processor(self) -> Any:
        """Whisper's."""
        from transformers import WhisperProcessor

        return WhisperProcessor(self.feature_extractor, self.tokenizer)

    def save(self, folder: Path) -> None:
        """With the generation settings that decoding here has."""
        self._set_generation(core_of(self.model).generation_config)
        super().save(folder)

    def _set_generation(self, generation: Any) -> None:
        """Whoever opens the saved model decodes in the language and task it was trained for."""
        language = self.prompt.first_known(self.settings.get("language"))
        if language:
            generation.language = language
            generation.task = self.manner.task
        if "timestamps" in self.settings:
            generation.return_timestamps = self.manner.timestamps
        generation.forced_decoder_ids = None

    @property
    def delimiter(self) -> str | None:
        """None: spaces are part of tokens."""
        return None

    def token_name(self, token: int) -> str:
        """The token as the tokenizer writes it, bytes as characters where they are one."""
        return self.tokenizer.decode([token]) or str(self.tokenizer.convert_ids_to_tokens(token))

    def describe(self) -> ModelFacts:
        """Facts for reports."""
        return {**super().describe(), "window_s": self.max_window_s}


def _places(example: Example) -> int:
    """Decoder places that an example takes."""
    return len(example.context) + len(example.labels)


def _drawn(examples: Sequence[Example]) -> float:
    """A number from 0 to 1 that hangs on the ids and draws of a batch alone."""
    return _share(*(f"{e.id}:{e.draw}" for e in examples))


def _share(*parts: str | int) -> float:
    """A number from 0 to 1 that hangs on `parts` alone."""
    names = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(names, digest_size=4).digest(), "big") / 2**32
