"""Whisper in CTranslate2: the engine of faster-whisper, without torch.

Decodes as the transformers model does here: the same windows, the same prompt from the same place, the same
suppressed tokens and rules for timestamps (the engine's own), the same limit on length.

Shapes: B clips, M mels, F frames, N tokens.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping, Sequence
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
from govor.models.saved import SavedSettings, normaliser_of, read_settings, write_settings
from govor.models.weights import core_of
from govor.models.whisper.decoding import (
    MOST_TOKENS,
    hypothesis_of,
    most_new_tokens,
    named,
    text_counts,
    told,
)
from govor.models.whisper.faster_whisper import FasterWhisper
from govor.models.whisper.fitted import by_window
from govor.models.whisper.model import WhisperFamily
from govor.models.whisper.plain_folder import FILES, is_plain, plain_settings
from govor.models.whisper.prompt import TIMESTAMP_STEP_S, Manner, Prompt
from govor.models.whisper.search import AttemptResult, Search, settled
from govor.models.whisper.words import timed_rows, with_words
from govor.records import Hypothesis
from govor.store import scratch_folder

QUANTIZATIONS = ("float32", "float16", "int8", "int8_float16", "int8_float32", "int8_bfloat16", "bfloat16")
COPIED = ("tokenizer.json", "preprocessor_config.json", "tokenizer_config.json", "generation_config.json")
HYPOTHESES_ON_CPU = 10
"""Texts written at once, all beams counted: more take memory and, of Whisper-base, no less time."""
COMPUTE_TYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


READERS = {"faster_whisper": FasterWhisper}
FOREIGN_FILES = FILES


def claims(folder: Path) -> bool:
    """See `govor.models.families.ExportFormat`."""
    return is_plain(folder)


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

    with scratch_folder() as folder:
        original.save(folder)
        copied = [name for name in COPIED if (folder / name).exists()]
        converter = TransformersConverter(str(folder), copy_files=copied)
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
    """Opens a converted folder, also one that others converted.

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

        ctranslate2.set_log_level(logging.ERROR)  # that float16 is computed in float32 stands in `describe`
        self.name = str(folder)
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
        settings: SavedSettings = read_settings(folder) or plain_settings(folder, self.engine)
        self.settings = settings
        self.normaliser = normaliser_of(settings)
        self.extractor: Extractor = extractor_from(settings["extractor"])
        self.sample_rate = self.extractor.sample_rate
        self.max_window_s: float | None = settings["max_window_s"]
        self.prompt = Prompt(**settings["prompt"], name=self.name)
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
        """Decodes over the windows asked for; languages not given are the model's own, else detected.

        Raises:
            ModelError: a wave is longer than the window.
        """
        if not sounds:
            return []
        longest_s = max(len(sound.wave) for sound in sounds) / self.sample_rate
        if self.max_window_s is not None and longest_s > self.max_window_s:
            raise ModelError(f"a wave of {longest_s:.2f} s is longer than the {self.max_window_s:g} s window")
        return by_window(
            sounds,
            self.sample_rate,
            self.settings["window_frames"],
            options,
            lambda part, frames: self._decoded(part, frames, options),
        )

    def _decoded(self, sounds: Sequence[Sound], frames: int, options: DecodeOptions) -> list[Hypothesis]:
        """Hypotheses of sounds that are heard in windows of so many frames."""
        waves = [sound.wave for sound in sounds]
        states = _States(self._encoded(waves, frames), len(waves), self._views)
        codes, languages = self._languages(states, [sound.language for sound in sounds], options)
        manner = self.manner.asked(options)
        context = self.prompt.context(told(self, options), self.settings["max_labels"] or MOST_TOKENS)
        prompts = [[*context, *self.prompt.opening(code, manner)] for code in codes]
        seconds = [len(wave) / self.sample_rate for wave in waves]
        found = settled(
            lambda rows, search: self._attempt(states, rows, prompts, seconds, search, options),
            len(seconds),
            options,
        )
        hypotheses = [
            hypothesis_of(self, one, code, length, shares)
            for one, code, length, shares in zip(found, codes, seconds, languages, strict=True)
        ]
        rows = timed_rows(hypotheses, sounds, options)
        plain = [self.prompt.opening(code, manner.plain()) for code in codes]
        return self._with_words(hypotheses, rows, found, states, plain, waves)

    def detect(self, sounds: Sequence[Sound]) -> list[tuple[tuple[str, float], ...]]:
        """See `govor.models.base.Detecting`."""
        if not (self.prompt.multilingual and self.engine.is_multilingual):
            return [()] * len(sounds)
        full = self.settings["window_frames"]
        detected = self.engine.detect_language(self._encoded([sound.wave for sound in sounds], full))
        return [tuple((token.strip("<|>"), share) for token, share in ranked) for ranked in detected]

    def language_code(self, tag: str | None) -> str | None:
        """See `govor.models.base.Detecting`."""
        return self.prompt.language(tag)

    def _encoded(self, waves: Sequence[Wave], frames: int) -> Any:
        """Encoder states ``[B, P, H]``; on a CPU window by window: as fast, with an eighth of the memory."""
        if self.engine.device != "cpu" or len(waves) == 1:
            return self.engine.encode(self._views.from_array(self._windows(waves, frames)))
        states = [
            np.array(self.engine.encode(self._views.from_array(self._windows([w], frames)))) for w in waves
        ]
        return self._views.from_array(np.concatenate(states))

    def encode_plain(self, text: str) -> list[int]:
        """Tokens of a text that is told, as it is written; see `govor.models.whisper.text.TextTokens`."""
        bare, said = (
            self.tokenizer.encode(one, add_special_tokens=False).ids for one in (" ", " " + text.strip())
        )
        return list(said[1:] if len(bare) == 1 and said[:1] == bare else said)

    @property
    def writes_times(self) -> bool | None:
        """See `govor.models.base.Timing`."""
        return self.settings.get("timestamps")

    def _windows(self, waves: Sequence[Wave], frames: int) -> NDArray[np.float32]:
        """Log-mels of windows of so many frames ``[B, M, F]``."""
        pieces = [self.extractor(wave) for wave in waves]
        values = np.empty((len(waves), pieces[0].shape[1], frames), np.float32)
        for row, features in enumerate(pieces):
            kept = features[:frames]
            values[row, :, : len(kept)] = kept.T
            values[row, :, len(kept) :] = self.extractor.padding(features)
        return values

    def _languages(
        self, states: _States, languages: Sequence[str | None], options: DecodeOptions
    ) -> tuple[list[str | None], list[tuple[tuple[str, float], ...]]]:
        """The language of each window, and what was detected where none was known, or it is asked for."""
        found: list[tuple[tuple[str, float], ...]] = [()] * len(languages)
        if not self.prompt.multilingual:
            return [None] * len(languages), found
        own = self.settings.get("language")
        codes = [self.prompt.first_known(tag, own) for tag in languages]
        open_rows = [row for row, code in enumerate(codes) if code is None or options.languages]
        if not open_rows or not self.engine.is_multilingual:
            return codes, found
        detected = self.engine.detect_language(states.of(open_rows))
        for row, ranked in zip(open_rows, detected, strict=True):
            shares = [(token.strip("<|>"), share) for token, share in ranked]
            found[row] = named(shares, options)
            codes[row] = codes[row] or shares[0][0]
        return codes, found

    def _attempt(
        self,
        states: _States,
        rows: Sequence[int],
        prompts: Sequence[list[int]],
        seconds: Sequence[float],
        search: Search,
        options: DecodeOptions,
    ) -> list[AttemptResult]:
        """What one search finds in some of the windows; on a CPU in parts, which is no slower."""
        limits = {
            row: most_new_tokens(self.settings["max_labels"], len(prompts[row]), seconds[row]) for row in rows
        }
        most = HYPOTHESES_ON_CPU // search.beams if self.engine.device == "cpu" else len(rows)
        found: dict[int, AttemptResult] = {}
        for part in _parts(limits, search, max(1, most)):
            own = [prompts[row] for row in part]
            results = self._search(states.of(part), own, max(limits[row] for row in part), search, options)
            found |= {
                row: self._attempt_result(result, limits[row])
                for row, result in zip(part, results, strict=True)
            }
        return [found[row] for row in rows]

    def _search(
        self,
        encoded: Any,
        prompts: list[list[int]],
        new_tokens: int,
        search: Search,
        options: DecodeOptions,
    ) -> Any:
        """The engine's results for these windows."""
        return self.engine.generate(
            encoded,
            prompts,
            beam_size=search.beams,
            no_repeat_ngram_size=search.unrepeated,
            max_length=max(2 * new_tokens, len(prompts[0]) + new_tokens),  # the engine halves it
            suppress_blank=bool(self.settings["begin_suppress_tokens"]),
            suppress_tokens=self._suppressed(self.manner.asked(options)),
            return_scores=True,
            return_no_speech_prob=True,
        )

    def _attempt_result(self, result: Any, most: int) -> AttemptResult:
        """Of what is decoded in any batch: a longer wave beside this one lets it write no more."""
        tokens = result.sequences_ids[0]
        kept = tokens[:most]
        text = self.prompt.plain(kept)
        ended = len(tokens) < most
        score = min(0.0, float(result.scores[0]))  # sum of ln p, the end's too, over the tokens without it
        return AttemptResult.of(
            kept,
            text,
            self.decode_text(text),
            ended=ended,
            confidence=math.exp(score),
            logprob=score * len(tokens) / (len(tokens) + ended),
            no_speech=float(result.no_speech_prob),
        )

    def _with_words(
        self,
        hypotheses: Sequence[Hypothesis],
        rows: Sequence[int],
        found: Sequence[AttemptResult],
        states: _States,
        prompts: Sequence[list[int]],
        waves: Sequence[Wave],
    ) -> list[Hypothesis]:
        by_prompt: dict[tuple[int, ...], list[int]] = {}
        for row in rows:
            if hypotheses[row].tokens:
                by_prompt.setdefault(tuple(prompts[row][:-1]), []).append(row)
        timed = list(hypotheses)
        for opening, same in by_prompt.items():
            tokens = [list(hypotheses[row].tokens) for row in same]
            frames = [self.extractor.frames(len(waves[row])) for row in same]
            aligned = self.engine.align(states.of(same), list(opening), tokens, frames)
            for row, result in zip(same, aligned, strict=True):
                length = len(waves[row]) / self.sample_rate
                counts = text_counts(self, found[row], length)
                timed[row] = self._timed(hypotheses[row], result, length, counts)
        return timed

    def _timed(
        self, hypothesis: Hypothesis, result: Any, seconds: float, counts: Sequence[int]
    ) -> Hypothesis:
        path = np.array(result.alignments)
        entered = np.concatenate([[True], np.diff(path[:, 0]) > 0])
        starts = np.minimum(path[entered, 1] * TIMESTAMP_STEP_S, seconds)
        missing = len(hypothesis.tokens) + 1 - len(starts)
        starts = np.concatenate([starts, np.full(max(0, missing), seconds)])
        sure = list(map(float, result.text_token_probs))
        return with_words(hypothesis, self.tokenizer, starts, sure, counts)

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


def _parts(limits: Mapping[int, int], search: Search, most: int) -> list[list[int]]:
    """Windows that are searched together: beams that do not end are chosen at their common limit."""
    groups: dict[int, list[int]] = {}
    for row, limit in limits.items():
        groups.setdefault(limit if search.beams > 1 else 0, []).append(row)
    return [rows[at : at + most] for rows in groups.values() for at in range(0, len(rows), most)]


class _States:
    """Encoder states of a batch, of which some rows may be wanted again.

    Args:
        encoded: of all windows ``[B, P, H]``.
        rows: how many.
        views: makes what the engine takes of an array.
    """

    def __init__(self, encoded: Any, rows: int, views: Any) -> None:
        self._encoded, self._rows, self._views = encoded, rows, views
        self._array: NDArray[np.float32] | None = None

    def of(self, rows: Sequence[int]) -> Any:
        """The states of these rows."""
        if list(rows) == list(range(self._rows)):
            return self._encoded
        if self._array is None:
            self._array = np.array(self._encoded.to_device(_cpu()))
        return self._views.from_array(np.ascontiguousarray(self._array[list(rows)]))


def _cpu() -> Any:
    import ctranslate2

    return ctranslate2.Device.cpu


def _threads() -> int:
    """Threads for one decoding: what the environment says, else one a core."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) > 0 else os.cpu_count() or 1
