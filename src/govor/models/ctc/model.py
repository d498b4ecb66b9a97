"""CTC models: wav2vec2, XLS-R, MMS, HuBERT, W2V-BERT 2.0, Parakeet, and what else `AutoModelForCTC` opens.

The loss is computed here rather than in the model, because the models' own disagree (mean, sum, with and
without silently zeroed infinities, blank at different ids): each utterance counts its negative
log-likelihood divided by its number of labels, as ``ctc_loss(reduction="mean")`` does, and utterances whose
labels do not fit into their frames are left out and named in the batch.

Shapes: B clips, T samples, F frames, V tokens, L labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from govor.errors import ModelError
from govor.features import Example, Labels, Wave, WaveSpec
from govor.models.base import FULL, AskedWord, Batch, DecodeOptions, EncoderWindows, ModelFacts, Sound
from govor.models.ctc.alignment import Part, place_parts, place_words
from govor.models.ctc.frames import Run, collapse, hypothesis_of, kept, repeats
from govor.models.ctc.fusion import beam_runs, is_searched, texts_of
from govor.models.ctc.listening import HeardByCtc
from govor.models.ctc.vocabulary import Vocabulary, keep_delimiter
from govor.models.device import autocast, moved
from govor.models.listening import EncodedSound
from govor.models.spec import Spec
from govor.models.trainable import Trainable
from govor.models.weights import core_of
from govor.records import Hypothesis, PlacedWord

if TYPE_CHECKING:
    import torch

FEWEST_FRAMES = 16  # inputs are padded to at least this, so that no convolution runs out of input
FEWEST_SAMPLES = 1_600
PROBE_S = 100.0  # length from which the duration of an output frame is worked out


@dataclass(frozen=True)
class CtcBatch(Batch):
    """What the loss reads beside the batch of every family.

    Attributes:
        label_lengths: ``[B]``.
        frames: output frames ``[B]``.
        draw: that the model's own masks hang on.
    """

    label_lengths: torch.Tensor = field(kw_only=True)
    frames: torch.Tensor = field(kw_only=True)
    draw: int = 0

    def part(self, start: int, end: int) -> Self:
        """The clips from `start` to before `end`."""
        cut = super().part(start, end)
        return replace(
            cut, label_lengths=self.label_lengths[start:end], frames=self.frames[start:end], draw=self.draw
        )


class CtcFamily(Trainable):
    """A CTC model with its vocabulary and features; see `govor.models.base.Family`."""

    family_name = "ctc"
    previous_share = 0.0

    def __init__(self, model: Any, spec: Spec, feature_extractor: Any, vocabulary: Vocabulary) -> None:
        super().__init__(model, spec, feature_extractor)
        self.vocabulary = vocabulary
        self._require_one_head()

    def _require_one_head(self) -> None:
        outputs = core_of(self.model).config.vocab_size
        if outputs != len(self.vocabulary.tokens):
            raise ModelError(
                f"{self.name}: the head has {outputs} outputs, "
                f"the vocabulary {len(self.vocabulary.tokens)} tokens"
            )

    @property
    def written_language(self) -> str | None:
        """The language that it writes unless it is told another; None where nothing says so."""
        return self.settings.get("language")

    @cached_property
    def frame_s(self) -> float:
        """Seconds from one output frame to the next."""
        return round(PROBE_S / self.output_frames(round(PROBE_S * self.sample_rate)), 3)

    def output_frames(self, samples: int) -> int:
        """Output frames of so many samples."""
        import torch

        length = torch.tensor([self.extractor.frames(samples)])
        model = core_of(self.model)
        if hasattr(model, "_get_feat_extract_output_lengths"):
            return max(int(model._get_feat_extract_output_lengths(length)), 0)
        return max(int(model._get_subsampling_output_length(length)), 0)

    def label_frames(self, seconds: float) -> int | None:
        """Output frames of a clip of so many seconds."""
        return self.output_frames(round(seconds * self.sample_rate))

    def frames_needed(self, labels: Sequence[int]) -> int:
        """Labels plus a blank between equal neighbours."""
        return len(labels) + repeats(labels)

    def encode_text(self, text: str, language: str | None = None, seconds: float | None = None) -> list[int]:
        """Label ids of normalised text."""
        return self.vocabulary.encode(text)

    def label(
        self,
        text: str,
        language: str | None = None,
        seconds: float | None = None,
        *,
        draw: int | None = None,
        previous: str | None = None,
    ) -> Labels:
        """The same labels for every draw; there is no prompt."""
        return Labels(tuple(self.encode_text(text, language, seconds)))

    def decode_text(self, tokens: Sequence[int]) -> str:
        """Text of label ids."""
        return self.vocabulary.decode(tokens)

    def collate(self, examples: Sequence[Example], windows: EncoderWindows = FULL) -> CtcBatch:
        """Pads examples; see `govor.models.base.Family.collate`."""
        import torch

        frames = [self.output_frames(round(e.seconds * self.sample_rate)) for e in examples]
        fits = [f >= self.frames_needed(e.labels) and f > 0 for e, f in zip(examples, frames, strict=True)]
        labels = np.zeros((len(examples), max((len(e.labels) for e in examples), default=0)), np.int64)
        for row, example in enumerate(examples):
            labels[row, : len(example.labels)] = example.labels
        inputs = self._padded(examples)
        return CtcBatch(
            inputs,
            torch.from_numpy(labels),
            [int(fit) for fit in fits],
            [e.id for e in examples],
            [e.seconds for e in examples],
            [e.id for e, fit in zip(examples, fits, strict=True) if not fit],
            _window_s(inputs, examples),
            label_lengths=torch.tensor([len(e.labels) for e in examples]),
            frames=torch.tensor(frames),
            draw=examples[0].draw if examples else 0,
        )

    def _padded(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        import torch

        waves = isinstance(self.extractor, WaveSpec)
        longest = max(*(len(e.features) for e in examples), FEWEST_SAMPLES if waves else FEWEST_FRAMES)
        longest += 0 if waves else -longest % self.frame_multiple
        shape = (len(examples), longest, *examples[0].features.shape[1:])
        values = np.zeros(shape, np.float32)
        mask = np.zeros(shape[:2], np.int64)
        for row, example in enumerate(examples):
            values[row, : len(example.features)] = example.features
            values[row, len(example.features) :] = example.padding
            mask[row, : max(len(example.features), 1)] = 1
        inputs = {"input_values" if waves else "input_features": torch.from_numpy(values)}
        if getattr(core_of(self.model).config, "feat_extract_norm", "layer") != "group":
            inputs["attention_mask"] = torch.from_numpy(mask)
        return inputs

    def loss(self, batch: CtcBatch) -> tuple[torch.Tensor, int]:
        """Sum over utterances of negative log-likelihood per label, and how many utterances count."""
        import torch
        from torch.nn import functional

        with seeded_numpy(batch.draw):
            logits = self._logits(batch)
        log_probs = functional.log_softmax(logits.float(), dim=-1).transpose(0, 1)
        each = functional.ctc_loss(
            log_probs,
            moved(batch.labels, self.device),
            batch.frames,  # lengths stay on the processor: torch reads them there and would wait for a GPU
            batch.label_lengths,
            blank=self.vocabulary.blank,
            reduction="none",
            zero_infinity=bool(batch.impossible),
        )
        counted = moved(torch.tensor(batch.units, dtype=torch.bool), self.device)
        lengths = moved(batch.label_lengths.clamp(min=1), self.device)
        each = torch.where(counted, each / lengths, torch.zeros_like(each))
        return each.sum(), sum(batch.units)

    def _logits(self, batch: CtcBatch) -> torch.Tensor:
        """``[B, F, V]`` in the chosen arithmetic."""
        inputs = {key: moved(value, self.device) for key, value in batch.inputs.items()}
        with autocast(self.precision, self.device):
            logits: torch.Tensor = self.model(**inputs).logits
        return logits

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """The best token of each frame, taken on the device; or beam search where `options` ask for it."""
        heard = self._searched if is_searched(options) else self._greedy
        return [
            hypothesis
            for part in self._parts([s.wave for s in sounds])
            for hypothesis in heard(part, options)
        ]

    def _parts(self, waves: Sequence[Wave]) -> Iterator[Sequence[Wave]]:
        """What goes through the model together.

        A convolution over samples makes 3 MB a second: on a CPU a batch of waves only leaves its cache.
        """
        alone = self.device.type == "cpu" and isinstance(self.extractor, WaveSpec)
        size = 1 if alone else max(len(waves), 1)
        return (waves[first : first + size] for first in range(0, len(waves), size))

    def _searched(self, waves: Sequence[Wave], options: DecodeOptions) -> list[Hypothesis]:
        found = [(scores, beam_runs(scores, self.vocabulary, options)) for scores in self._scores(waves)]
        return [self._keeping(self._hypothesis_of(runs, options), scores, options) for scores, runs in found]

    def _greedy(self, waves: Sequence[Wave], options: DecodeOptions) -> list[Hypothesis]:
        if options.frames:
            return [self._with_frames(scores, options) for scores in self._scores(waves)]
        batch = self._decoding_batch(waves)
        best, peaks = self._best(batch)
        frames = batch.frames.tolist()
        return [self._hypothesis(best[i, :f], peaks[i, :f], options) for i, f in enumerate(frames)]

    def _with_frames(self, scores: NDArray[np.float32], options: DecodeOptions) -> Hypothesis:
        best = scores.argmax(axis=-1)
        peaks = np.exp(scores[np.arange(len(best)), best])
        return self._keeping(self._hypothesis(best, peaks, options), scores, options)

    @staticmethod
    def _keeping(said: Hypothesis, scores: NDArray[np.float32], options: DecodeOptions) -> Hypothesis:
        return replace(said, frames=kept(scores)) if options.frames else said

    def log_probs(self, waves: Sequence[Wave]) -> list[NDArray[np.float32]]:
        """Log-probabilities ``[F, V]`` of each wave, for beam search and alignment."""
        return [scores for part in self._parts(waves) for scores in self._scores(part)]

    def searched_texts(self, log_probs: Sequence[NDArray[np.float32]], options: DecodeOptions) -> list[str]:
        """See `govor.models.base.Searched`."""
        return texts_of(log_probs, self.vocabulary, options)

    def listen(self, sound: Sound, windows: str = "full") -> EncodedSound:
        """See `govor.models.listening.Listening`."""
        return HeardByCtc(self.vocabulary, self._scores([sound.wave])[0])

    def language_code(self, tag: str | None) -> str | None:
        """None: it tells no languages apart."""
        return None

    def place(self, wave: Wave, words: Sequence[AskedWord]) -> list[PlacedWord | None]:
        """See `govor.models.base.Placing`."""
        return place_words(self.log_probs([wave])[0], words, self.vocabulary, self.frame_s)

    def place_in(self, parts: Sequence[Part], strange: bool = False) -> list[list[PlacedWord | None]]:
        """See `govor.models.base.Placing`."""
        return place_parts(parts, self.vocabulary, self.frame_s, strange)

    def _scores(self, waves: Sequence[Wave]) -> list[NDArray[np.float32]]:
        import torch

        batch = self._decoding_batch(waves)
        with self.deciding():
            scores = torch.log_softmax(self._logits(batch).float(), dim=-1).cpu().numpy()
        return [scores[i, :f] for i, f in enumerate(batch.frames.tolist())]

    def _decoding_batch(self, waves: Sequence[Wave]) -> CtcBatch:
        return self.collate([self.heard(wave) for wave in waves])

    def _best(self, batch: CtcBatch) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Best token ids and their probabilities, ``[B, F]`` each."""
        import torch

        with self.deciding():
            peaks, best = torch.softmax(self._logits(batch).float(), dim=-1).max(dim=-1)
        return best.cpu().numpy(), peaks.cpu().numpy()

    def _hypothesis(
        self, best: NDArray[np.int64], peaks: NDArray[np.float32], options: DecodeOptions
    ) -> Hypothesis:
        return self._hypothesis_of(collapse(best, peaks, self.vocabulary.special), options)

    def _hypothesis_of(self, runs: Sequence[Run], options: DecodeOptions) -> Hypothesis:
        language = self.settings.get("language")
        return hypothesis_of(runs, self.vocabulary, self.frame_s, language, words=options.words)

    def save(self, folder: Path) -> None:
        """With a delimiter that transformers remembers."""
        super().save(folder)
        keep_delimiter(folder)

    @property
    def processor(self) -> Any:
        """The one that the architecture is used with."""
        import transformers
        from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

        model_type = core_of(self.model).config.model_type
        kind = getattr(transformers, PROCESSOR_MAPPING_NAMES.get(model_type, "Wav2Vec2Processor"))
        return kind(self.feature_extractor, self.vocabulary.tokenizer)

    @property
    def delimiter(self) -> str | None:
        """Character that stands for the space in the vocabulary, or None."""
        place = self.vocabulary.delimiter
        return None if place is None else self.vocabulary.tokens[place]

    def token_name(self, token: int) -> str:
        """The token as the vocabulary writes it."""
        return self.vocabulary.tokens[token]

    def describe(self) -> ModelFacts:
        """Facts for reports."""
        return {**super().describe(), "vocabulary": len(self.vocabulary.tokens), "frame_s": self.frame_s}


def _window_s(inputs: dict[str, torch.Tensor], examples: Sequence[Example]) -> float:
    """Seconds that a row of padded log-mels stands for; 0 for waves and for empty batches."""
    longest = max(examples, key=lambda e: len(e.features), default=None)
    if longest is None or "input_features" not in inputs:
        return 0.0
    return inputs["input_features"].shape[1] / max(len(longest.features), 1) * longest.seconds


@contextmanager
def seeded_numpy(seed: int) -> Iterator[None]:
    """numpy's global stream seeded, then as before: some models draw their SpecAugment masks from it."""
    state = np.random.get_state()
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        np.random.set_state(state)
