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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from govor.errors import ModelError
from govor.features import Example, Extractor, Features, Labels, Wave, WaveSpec
from govor.models.adapters import save_adapter
from govor.models.base import Batch, DecodeOptions, Sound
from govor.models.ctc.frames import Run, collapse, confidence, repeats, words_of
from govor.models.ctc.fusion import beam_runs, is_searched
from govor.models.ctc.vocabulary import Vocabulary, keep_delimiter
from govor.models.device import autocast, moved
from govor.models.extractors import extractor_of
from govor.models.products import fast_products
from govor.models.quiet import quiet
from govor.models.saved import write_settings
from govor.models.weights import common_facts, core_of, saved_state
from govor.records import Hypothesis
from govor.text import Normaliser

if TYPE_CHECKING:
    import torch

    from govor.findings import Finding
    from govor.models.own_checks import Seen

FEWEST_FRAMES = 16  # inputs are padded to at least this, so that no convolution runs out of input
FEWEST_SAMPLES = 1_600
PROBE_S = 100.0  # length from which the duration of an output frame is worked out


class CtcFamily:
    """A CTC model with its vocabulary and features; see `govor.models.base.Family`."""

    max_labels: int | None = None
    max_window_s: float | None = None
    train_windows = "full"
    frame_multiple = 1
    full_share = 1.0
    previous_share = 0.0

    def __init__(
        self,
        model: Any,
        *,
        vocabulary: Vocabulary,
        feature_extractor: Any,
        normaliser: Normaliser,
        name: str,
        settings: dict[str, Any],
        device: torch.device,
        precision: str,
    ) -> None:
        self.model: torch.nn.Module = model
        self.vocabulary = vocabulary
        self.feature_extractor = feature_extractor
        self.extractor: Extractor = extractor_of(feature_extractor)
        self.normaliser = normaliser
        self.name = name
        self.settings = settings
        self.device = device
        self.precision = precision
        self.sample_rate = self.extractor.sample_rate
        self._require_one_head()

    def _require_one_head(self) -> None:
        outputs = core_of(self.model).config.vocab_size
        if outputs != len(self.vocabulary.tokens):
            raise ModelError(
                f"{self.name}: the head has {outputs} outputs, "
                f"the vocabulary {len(self.vocabulary.tokens)} tokens"
            )

    @property
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

    def missing_characters(self, text: str) -> set[str]:
        """Characters of normalised text that the vocabulary cannot write."""
        return self.vocabulary.missing(text)

    def features(self, wave: Wave) -> Features:
        """Features of one wave."""
        return self.extractor(wave)

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pads examples; see `govor.models.base.Family.collate`. ``frames`` (B) are the output frames."""
        import torch

        samples = [round(e.seconds * self.sample_rate) for e in examples]
        frames = [self.output_frames(count) for count in samples]
        fits = [f >= self.frames_needed(e.labels) and f > 0 for e, f in zip(examples, frames, strict=True)]
        longest = max((len(e.labels) for e in examples), default=0)
        labels = np.zeros((len(examples), longest), np.int64)
        for row, example in enumerate(examples):
            labels[row, : len(example.labels)] = example.labels
        inputs = self._padded(examples)
        return {
            "inputs": inputs,
            "window_s": _window_s(inputs, examples),
            "labels": torch.from_numpy(labels),
            "label_lengths": torch.tensor([len(e.labels) for e in examples]),
            "frames": torch.tensor(frames),
            "ids": [e.id for e in examples],
            "seconds": [e.seconds for e in examples],
            "fits": torch.tensor(fits),
            "units": [int(fit) for fit in fits],
            "impossible": [e.id for e, fit in zip(examples, fits, strict=True) if not fit],
            "draw": examples[0].draw if examples else 0,
        }

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

    def loss(self, batch: Batch) -> tuple[torch.Tensor, int]:
        """Sum over utterances of negative log-likelihood per label, and how many utterances count."""
        import torch
        from torch.nn import functional

        with seeded_numpy(batch["draw"]):
            logits = self._logits(batch)
        log_probs = functional.log_softmax(logits.float(), dim=-1).transpose(0, 1)
        each = functional.ctc_loss(
            log_probs,
            moved(batch["labels"], self.device),
            batch["frames"],  # lengths stay on the processor: torch reads them there and would wait for a GPU
            batch["label_lengths"],
            blank=self.vocabulary.blank,
            reduction="none",
            zero_infinity=bool(batch["impossible"]),
        )
        counted = moved(batch["fits"], self.device)
        lengths = moved(batch["label_lengths"].clamp(min=1), self.device)
        each = torch.where(counted, each / lengths, torch.zeros_like(each))
        return each.sum(), sum(batch["units"])

    def _logits(self, batch: Batch) -> torch.Tensor:
        """``[B, F, V]`` in the chosen arithmetic."""
        inputs = {key: moved(value, self.device) for key, value in batch["inputs"].items()}
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
        found = [beam_runs(scores, self.vocabulary, options) for scores in self._scores(waves)]
        return [self._heard(runs, options) for runs in found]

    def _greedy(self, waves: Sequence[Wave], options: DecodeOptions) -> list[Hypothesis]:
        batch = self._decoding_batch(waves)
        best, peaks = self._best(batch)
        frames = batch["frames"].tolist()
        return [self._hypothesis(best[i, :f], peaks[i, :f], options) for i, f in enumerate(frames)]

    def log_probs(self, waves: Sequence[Wave]) -> list[NDArray[np.float32]]:
        """Log-probabilities ``[F, V]`` of each wave, for beam search and alignment."""
        return [scores for part in self._parts(waves) for scores in self._scores(part)]

    def _scores(self, waves: Sequence[Wave]) -> list[NDArray[np.float32]]:
        import torch

        batch = self._decoding_batch(waves)
        with self._deciding():
            scores = torch.log_softmax(self._logits(batch).float(), dim=-1).cpu().numpy()
        return [scores[i, :f] for i, f in enumerate(batch["frames"].tolist())]

    def _decoding_batch(self, waves: Sequence[Wave]) -> Batch:
        return self.collate([self._example(wave) for wave in waves])

    def _example(self, wave: Wave) -> Example:
        features = self.extractor(wave)
        return Example(
            "", features, (), len(wave) / self.sample_rate, padding=self.extractor.padding(features)
        )

    def _best(self, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Best token ids and their probabilities, ``[B, F]`` each."""
        import torch

        with self._deciding():
            peaks, best = torch.softmax(self._logits(batch).float(), dim=-1).max(dim=-1)
        return best.cpu().numpy(), peaks.cpu().numpy()

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        """No dropout, no gradients; the model's mode is as before afterwards."""
        import torch

        training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode(), fast_products(self.device):
                yield
        finally:
            self.model.train(training)

    def _hypothesis(
        self, best: NDArray[np.int64], peaks: NDArray[np.float32], options: DecodeOptions
    ) -> Hypothesis:
        return self._heard(collapse(best, peaks, self.vocabulary.special), options)

    def _heard(self, runs: Sequence[Run], options: DecodeOptions) -> Hypothesis:
        tokens = tuple(run.token for run in runs)
        return Hypothesis(
            self.vocabulary.decode(tokens),
            words_of(runs, self.vocabulary, self.frame_s) if options.words else (),
            confidence(runs),
            self.settings.get("language"),
            tokens,
        )

    def save(self, folder: Path) -> None:
        """Weights (safetensors), configuration, processor and ``govor.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        model = core_of(self.model)
        with quiet():
            model.save_pretrained(folder, state_dict=saved_state(self.model))
        self._processor().save_pretrained(folder)
        keep_delimiter(folder)
        self.feature_extractor.save_pretrained(folder)
        save_adapter(self.model, folder)
        write_settings(folder, self.as_dict())

    def _processor(self) -> Any:
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

    def own_checks(self, seen: Seen) -> Iterator[Finding]:
        """Preflight checks of CTC models alone."""
        from govor.models.ctc.checks import own_checks

        return own_checks(self, seen)

    def as_dict(self) -> dict[str, Any]:
        """What ``govor.json`` keeps."""
        return {**self.settings, "family": "ctc", "normaliser": self.normaliser.as_dict()}

    def describe(self) -> dict[str, Any]:
        """Facts for reports."""
        return {
            "family": "ctc",
            **common_facts(self),
            "vocabulary": len(self.vocabulary.tokens),
            "frame_s": self.frame_s,
        }


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
