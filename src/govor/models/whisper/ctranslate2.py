"""Whisper in CTranslate2: the engine of faster-whisper, without torch.

Decodes as the transformers model does here: full window, the same prompt from the same place, the same
suppressed tokens and rules for timestamps (the engine's own), the same limit on length.

Shapes: B clips, M mels, F frames, N tokens.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.errors import ModelError, UsageError
from govor.extras import required
from govor.features import Extractor, Wave
from govor.models.base import DecodeOptions, ModelFacts, PromptFacts, Recogniser, Sound
from govor.models.exported import common_settings, extractor_from
from govor.models.saved import normaliser_of, read_settings, write_settings
from govor.models.weights import core_of
from govor.models.whisper.decoding import hypothesis_of, most_new_tokens
from govor.models.whisper.faster_whisper import FasterWhisper
from govor.models.whisper.model import WhisperFamily
from govor.models.whisper.prompt import TIMESTAMP_STEP_S, Manner, Prompt
from govor.models.whisper.words import token_words
from govor.records import Hypothesis

QUANTIZATIONS = ("float32", "float16", "int8", "int8_float16", "int8_float32", "int8_bfloat16", "bfloat16")
COPIED = ("tokenizer.json", "preprocessor_config.json", "tokenizer_config.json", "generation_config.json")
COMPUTE_TYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


READERS = {"faster_whisper": FasterWhisper}


def convert(original: WhisperFamily, out: Path, quantization: str | None) -> None:
    """Writes a CTranslate2 folder that faster-whisper and `open_model` read.

    Raises:
        UsageError: unknown quantization.
        MissingExtraError: ctranslate2 is not installed.
    """
    if quantization and quantization not in QUANTIZATIONS:
        raise UsageError(f"--quantization {quantization}: it must be one of {', '.join(QUANTIZATIONS)}")
    with required():
        from ctranslate2.converters import TransformersConverter

    with tempfile.TemporaryDirectory() as folder:
        original.save(Path(folder))
        copied = [name for name in COPIED if (Path(folder) / name).exists()]
        converter = TransformersConverter(folder, copy_files=copied)
        converter.convert(str(out), quantization=quantization, force=True)
    write_settings(out, _settings(original, quantization))


def _settings(original: WhisperFamily, quantization: str | None) -> dict[str, object]:
    prompt = original.prompt
    core = core_of(original.model)
    generation = core.generation_config
    return {
        **common_settings(original, "ctranslate2", quantization),
        "window_frames": original.window_frames,
        "max_window_s": original.max_window_s,
        "max_labels": original.max_labels,
        "vocabulary_size": core.config.vocab_size,
        "suppress_tokens": list(generation.suppress_tokens or []),
        "begin_suppress_tokens": list(generation.begin_suppress_tokens or []),
        "prompt": {
            "start": prompt.start,
            "end": prompt.end,
            "no_timestamps": prompt.no_timestamps,
            "languages": dict(prompt.languages),
            "tasks": dict(prompt.tasks),
            "previous": prompt.previous,
        },
    }


def open_folder(folder: Path, device: str = "auto", precision: str = "auto") -> Recogniser:
    """Opens a converted folder.

    Raises:
        MissingExtraError: ctranslate2 is not installed.
        ModelError: the folder is incomplete.
    """
    return CTranslate2Whisper(folder, device, precision)


class CTranslate2Whisper:
    """A converted Whisper model; see `govor.models.base.Recogniser`."""

    def __init__(self, folder: Path, device: str = "auto", precision: str = "auto") -> None:
        with required():
            import ctranslate2

        settings = read_settings(folder)
        self.name, self.settings = str(folder), settings
        self.normaliser = normaliser_of(settings)
        self.extractor: Extractor = extractor_from(settings["extractor"])
        self.sample_rate = self.extractor.sample_rate
        self.max_window_s: float | None = settings["max_window_s"]
        self.prompt = Prompt(**settings["prompt"], name=self.name)
        where, _, index = device.partition(":")
        try:
            self.engine = ctranslate2.models.Whisper(
                str(folder),
                device=where,
                device_index=int(index or 0),
                compute_type=COMPUTE_TYPES.get(precision, "default"),
                intra_threads=_threads(),
            )
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{folder} cannot be opened by ctranslate2: {error}") from error
        self.device = str(self.engine.device)
        self._views = ctranslate2.StorageView

    @cached_property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(Path(self.name) / "tokenizer.json"))

    def _suppressed(self, manner: Manner) -> list[int]:
        """The model's own list, and every special token but the end and, where they are asked for, times."""
        behind = self.prompt.no_timestamps + 1 if manner.timestamps else self.settings["vocabulary_size"]
        own = (token for token in self.settings["suppress_tokens"] if token <= self.prompt.end)
        return sorted({*own, *range(self.prompt.end + 1, behind)})

    @property
    def manner(self) -> Manner:
        """How it is prompted unless something else is asked for: as it was trained."""
        return Manner.of(self.settings)

    def describe_prompt(self, options: DecodeOptions, language: str | None) -> PromptFacts:
        """See `govor.models.base.Prompted`."""
        language = language or self.settings.get("language")
        manner, suppressed = self.manner.asked(options), len(self.settings["suppress_tokens"])
        return self.prompt.describe(language, manner, self.settings, suppressed)

    def decode_text(self, tokens: Sequence[int]) -> str:
        """Text of token ids."""
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True)).strip()

    @property
    def tasks(self) -> tuple[str, ...]:
        """See `govor.models.base.Tasked`."""
        return tuple(self.prompt.tasks) or ("transcribe",)

    def check_language(self, tag: str | None) -> None:
        """See `govor.models.base.Multilingual`."""
        self.prompt.check(tag)

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """Decodes over the full window; languages not given are the model's own, else detected.

        Raises:
            ModelError: a wave is longer than the window.
        """
        if not sounds:
            return []
        waves = [sound.wave for sound in sounds]
        longest_s = max(map(len, waves)) / self.sample_rate
        if self.max_window_s is not None and longest_s > self.max_window_s:
            raise ModelError(f"a wave of {longest_s:.2f} s is longer than the {self.max_window_s:g} s window")
        encoded = self._encoded(waves)
        codes = self._languages(encoded, [sound.language for sound in sounds])
        manner = self.manner.asked(options)
        prompts = [self.prompt.opening(code, manner) for code in codes]
        found = self._generate(encoded, prompts, options, longest_s)
        hypotheses = [
            self._hypothesis(result, code, len(wave) / self.sample_rate, len(prompts[0]))
            for result, code, wave in zip(found, codes, waves, strict=True)
        ]
        if not options.words:
            return hypotheses
        plain = [self.prompt.opening(code, manner.plain()) for code in codes]
        return self._with_words(hypotheses, encoded, plain, waves)

    def _encoded(self, waves: Sequence[Wave]) -> Any:
        """Encoder states ``[B, P, H]``; on a CPU window by window: as fast, with an eighth of the memory."""
        if self.engine.device != "cpu" or len(waves) == 1:
            return self.engine.encode(self._views.from_array(self._windows(waves)))
        states = [np.array(self.engine.encode(self._views.from_array(self._windows([w])))) for w in waves]
        return self._views.from_array(np.concatenate(states))

    def _windows(self, waves: Sequence[Wave]) -> NDArray[np.float32]:
        """Log-mels of full windows ``[B, M, F]``."""
        frames = self.settings["window_frames"]
        pieces = [self.extractor(wave) for wave in waves]
        values = np.empty((len(waves), pieces[0].shape[1], frames), np.float32)
        for row, features in enumerate(pieces):
            kept = features[:frames]
            values[row, :, : len(kept)] = kept.T
            values[row, :, len(kept) :] = self.extractor.padding(features)
        return values

    def _languages(self, encoded: Any, languages: Sequence[str | None]) -> list[str | None]:
        if not self.prompt.multilingual:
            return [None] * len(languages)
        own = self.settings.get("language")
        codes = [self.prompt.first_known(tag, own) for tag in languages]
        if None in codes and self.engine.is_multilingual:
            detected = [ranked[0][0].strip("<|>") for ranked in self.engine.detect_language(encoded)]
            codes = [code or found for code, found in zip(codes, detected, strict=True)]
        return codes

    def _generate(
        self, encoded: Any, prompts: Sequence[list[int]], options: DecodeOptions, longest_s: float
    ) -> list[Any]:
        new_tokens = most_new_tokens(self.settings["max_labels"], len(prompts[0]), longest_s)
        generated: list[Any] = self.engine.generate(
            encoded,
            prompts,
            beam_size=options.beam_size,
            max_length=max(2 * new_tokens, len(prompts[0]) + new_tokens),  # the engine halves it
            suppress_blank=bool(self.settings["begin_suppress_tokens"]),
            suppress_tokens=self._suppressed(self.manner.asked(options)),
            return_scores=True,
        )
        return generated

    def _hypothesis(self, result: Any, code: str | None, seconds: float, prompt_length: int) -> Hypothesis:
        """Of what is decoded in any batch: a longer wave beside this one lets it write no more."""
        sure = math.exp(min(0.0, result.scores[0]))
        most = most_new_tokens(self.settings["max_labels"], prompt_length, seconds)
        return hypothesis_of(self, result.sequences_ids[0][:most], sure, code, seconds)

    def _with_words(
        self,
        hypotheses: Sequence[Hypothesis],
        encoded: Any,
        prompts: Sequence[list[int]],
        waves: Sequence[Wave],
    ) -> list[Hypothesis]:
        frames = [self.extractor.frames(len(wave)) for wave in waves]
        by_prompt: dict[tuple[int, ...], list[int]] = {}
        for row, (prompt, hypothesis) in enumerate(zip(prompts, hypotheses, strict=True)):
            if hypothesis.tokens:
                by_prompt.setdefault(tuple(prompt[:-1]), []).append(row)
        timed = list(hypotheses)
        states = np.array(encoded.to_device(_cpu())) if len(by_prompt) > 1 else None
        for opening, rows in by_prompt.items():
            part = encoded
            if states is not None or len(rows) < len(hypotheses):
                everything = np.array(encoded.to_device(_cpu())) if states is None else states
                part = self._views.from_array(np.ascontiguousarray(everything[rows]))
            tokens = [list(hypotheses[row].tokens) for row in rows]
            aligned = self.engine.align(part, list(opening), tokens, [frames[row] for row in rows])
            for row, result in zip(rows, aligned, strict=True):
                timed[row] = self._timed(hypotheses[row], result, len(waves[row]) / self.sample_rate)
        return timed

    def _timed(self, hypothesis: Hypothesis, result: Any, seconds: float) -> Hypothesis:
        path = np.array(result.alignments)
        entered = np.concatenate([[True], np.diff(path[:, 0]) > 0])
        starts = np.minimum(path[entered, 1] * TIMESTAMP_STEP_S, seconds)
        missing = len(hypothesis.tokens) + 1 - len(starts)
        starts = np.concatenate([starts, np.full(max(0, missing), seconds)])
        words = token_words(self.tokenizer, hypothesis.tokens, starts)
        return replace(hypothesis, words=words)

    def describe(self) -> ModelFacts:
        """Facts for reports."""
        return {
            "family": "whisper",
            "architecture": "WhisperForConditionalGeneration",
            "parameters": self.settings.get("parameters"),
            "precision": self.engine.compute_type,
            "device": self.engine.device,
            "base": self.settings.get("base"),
            "backend": "ctranslate2",
            "sample_rate": self.sample_rate,
            "window_s": self.max_window_s,
            "normaliser": self.normaliser.name,
            "original": self.settings.get("original"),
        }


def _cpu() -> Any:
    import ctranslate2

    return ctranslate2.Device.cpu


def _threads() -> int:
    """Threads for one decoding: what the environment says, else one a core."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) > 0 else os.cpu_count() or 1
