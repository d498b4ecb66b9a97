"""What differs between model families, and nothing else.

Two protocols. A `Recogniser` turns waves into hypotheses: everything after training (evaluate, transcribe,
export, serve, preflight) knows only this one; exported models implement it without torch. A `Family` is a
recogniser that can also be trained; ``train`` and ``preflight`` know only this one. No module outside
``govor.models`` asks which family it has.

Shapes: B clips, T samples, F frames, D feature size, L labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from govor.features import Example, Extractor, Features, Wave
from govor.records import Hypothesis
from govor.text import Normaliser

if TYPE_CHECKING:
    import torch

__all__ = [
    "Batch",
    "DecodeOptions",
    "Example",
    "Extractor",
    "Family",
    "Features",
    "Multilingual",
    "Recogniser",
    "Wave",
]

Batch = dict[str, Any]


@dataclass(frozen=True)
class DecodeOptions:
    """How hypotheses are made; recorded beside every number they lead to.

    Attributes:
        language: language given to a multilingual model, or None for its own or detected one.
        task: ``transcribe`` or ``translate``.
        words: also give times of words.
        beam_size: 1 is greedy.
        lm: path of an ARPA file for CTC beam search.
        lm_weight: weight of the language model.
        word_bonus: added per word in CTC beam search.
        windows: encoder windows: ``full`` as the model is used, ``short`` to compare with.
    """

    language: str | None = None
    task: str = "transcribe"
    words: bool = False
    beam_size: int = 1
    lm: str | None = None
    lm_weight: float = 0.5
    word_bonus: float = 0.0
    windows: str = "full"


@runtime_checkable
class Recogniser(Protocol):
    """Waves in, hypotheses out.

    Attributes:
        name: where it was loaded from.
        sample_rate: of the waves it takes, in Hz.
        max_window_s: longest wave it takes, or None where only memory limits it.
        normaliser: the one it was trained with.
    """

    name: str
    sample_rate: int
    max_window_s: float | None
    normaliser: Normaliser

    def recognise(
        self, waves: Sequence[Wave], options: DecodeOptions, languages: Sequence[str | None] | None = None
    ) -> list[Hypothesis]:
        """One hypothesis per mono wave ``[T]`` (float32, -1..1, at `sample_rate`), decoded as one batch."""

    def describe(self) -> dict[str, Any]:
        """Facts for reports: family, parameters, precision, device, base model, decoding backend."""


@runtime_checkable
class Multilingual(Protocol):
    """A recogniser whose languages are a list."""

    def check_language(self, tag: str | None) -> None:
        """Raises `LanguageError` for a language that it does not know; None is fine."""


class Family(Recogniser, Protocol):
    """A recogniser that can be trained.

    Attributes:
        model: the transformers model (with adapters, if any); its parameters are what is trained.
        extractor: wave to features; plain data for loader workers.
        max_labels: most label tokens that the model takes, or None.
        train_windows: encoder windows where these are fixed: ``full``, ``thinned``, ``short`` or ``mixed``.
        full_share: of the batches in mixed windows that get the full one.
        frame_multiple: log-mel frames of padded batches are a multiple of it.
    """

    model: torch.nn.Module
    extractor: Extractor
    max_labels: int | None
    train_windows: str
    full_share: float
    frame_multiple: int

    def encode_text(self, text: str, language: str | None = None, seconds: float | None = None) -> list[int]:
        """Label ids of *normalised* text, with the special tokens that the loss needs.

        Args:
            text: normalised.
            language: BCP 47 tag of the utterance.
            seconds: its length, which labels with timestamps need.
        """

    def decode_text(self, tokens: Sequence[int]) -> str:
        """Text of label ids; inverse of `encode_text` on text that the vocabulary covers."""

    def missing_characters(self, text: str) -> set[str]:
        """Characters of normalised text that the vocabulary cannot write."""

    def label_frames(self, seconds: float) -> int | None:
        """Output frames that a clip of so many seconds has (CTC), or None (attention models)."""

    def frames_needed(self, labels: Sequence[int]) -> int:
        """Fewest output frames that can carry labels: labels plus immediate repeats (CTC), else 0."""

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pads examples to a batch of CPU tensors; the only place that pads.

        Keys: ``inputs`` (tensors by the model's argument names), ``labels`` (B, L), ``ids``, ``seconds``,
        ``impossible`` (ids whose labels no output frames can carry; their loss is left out and train counts
        them). Every value can be cut along B: a batch that does not fit into memory is run in pieces.
        """

    def loss(self, batch: Batch) -> tuple[torch.Tensor, int]:
        """Loss summed over a batch or a piece of one, and its units (utterances for CTC, else tokens)."""

    def save(self, folder: Path) -> None:
        """Writes everything that `open_model` and transformers need to load it again."""

    def as_dict(self) -> Mapping[str, Any]:
        """Settings that ``govor.json`` beside the weights keeps: family, normaliser, decoding defaults."""
