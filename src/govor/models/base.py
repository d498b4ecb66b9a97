"""What differs between model families, and nothing else.

Two protocols. A `Recogniser` turns waves into hypotheses: everything after training (evaluate, transcribe,
export, serve, preflight) knows only this one; exported models implement it without torch. A `Family` is a
recogniser that can also be trained; ``train`` and ``preflight`` know only this one. No module outside
``govor.models`` asks which family it has.

Shapes: B clips, T samples, F frames, D feature size, L labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Required, Self, TypedDict, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from govor.console import say
from govor.errors import LanguageError, UsageError
from govor.features import Example, Extractor, Features, Labels, Wave
from govor.packing import PADDED, Cost
from govor.records import Hypothesis, PlacedWord
from govor.text import Normaliser, primary_language
from govor.text.languages import iso_639

if TYPE_CHECKING:
    import torch

__all__ = [
    "FULL",
    "THINNED_S",
    "Batch",
    "DecodeOptions",
    "Described",
    "Detecting",
    "EncoderWindows",
    "Example",
    "Extracting",
    "Extractor",
    "Family",
    "Features",
    "Labels",
    "ModelFacts",
    "Multilingual",
    "OnDevice",
    "Placing",
    "PromptFacts",
    "Prompted",
    "Recogniser",
    "Searched",
    "Sound",
    "Spelling",
    "Tasked",
    "Timing",
    "Wave",
    "cost_of",
    "language_refusal",
    "own_language",
    "prompt_in_words",
    "prompt_of",
    "refuse_ngrams",
    "require_language",
    "say_untold",
    "sounds",
    "tasks_of",
    "told_language",
]


@dataclass(frozen=True)
class EncoderWindows:
    """What a fixed encoder window holds beside the clip while training; models without one take no notice.

    Attributes:
        kind: ``full``, ``thinned``, ``short`` or ``mixed``.
        full_share: of the batches in mixed windows that get the full one.
    """

    kind: str = "full"
    full_share: float = 0.25


FULL = EncoderWindows()


@dataclass(frozen=True)
class Batch:
    """Padded examples, on the CPU; a family may add what only its own loss reads.

    Attributes:
        inputs: tensors ``[B, ...]`` by the model's argument names.
        labels: ``[B, L]``.
        units: of each clip, that the loss sums.
        ids: of the clips.
        seconds: of the clips.
        impossible: ids whose labels no output frames can carry: their loss is left out, train counts them.
        window_s: seconds that the model computes for each clip; 0 where these are the longest clip's.
    """

    inputs: Mapping[str, torch.Tensor]
    labels: torch.Tensor
    units: Sequence[int]
    ids: Sequence[str]
    seconds: Sequence[float]
    impossible: Sequence[str] = ()
    window_s: float = 0.0

    def part(self, start: int, end: int) -> Self:
        """The clips from `start` to before `end`."""
        ids = self.ids[start:end]
        return replace(
            self,
            inputs={name: value[start:end] for name, value in self.inputs.items()},
            labels=self.labels[start:end],
            units=self.units[start:end],
            ids=ids,
            seconds=self.seconds[start:end],
            impossible=[name for name in self.impossible if name in ids],
        )


@dataclass(frozen=True)
class DecodeOptions:
    """How hypotheses are made; recorded beside every number they lead to.

    Attributes:
        task: ``transcribe`` or ``translate``; None: the one that the model was trained for.
        timestamps: Whisper: whether the prompt asks for begin and end; None: as the model was trained.
        words: also give times of words.
        beam_size: 1 is greedy.
        lm: path of an ARPA file for CTC beam search.
        lm_weight: weight of the language model.
        word_bonus: added per word in CTC beam search.
        windows: encoder windows: ``full`` as the model was trained, `FITTED` as long as each sound and some
            silence, for less, ``short`` to compare with.
        retries: decode again, more carefully, what repeats itself or is unlikely; by the sound alone.
        prompt: text that is told as what was said before; None: nothing.
        hotwords: words and names that are likely to be said.
        languages: name all languages with their probabilities, also where one is given.
        frames: CTC: also keep what every frame scored, so that words can be placed without hearing it again.
    """

    task: str | None = None
    timestamps: bool | None = None
    words: bool = False
    beam_size: int = 1
    lm: str | None = None
    lm_weight: float = 0.5
    word_bonus: float = 0.0
    windows: str = "full"
    retries: bool = False
    prompt: str | None = None
    hotwords: tuple[str, ...] = ()
    languages: bool = False
    frames: bool = False


EDGE_S = 0.5
"""A begin or end so near to a joint lies on its far or near side: models round, and there is some silence."""


@dataclass(frozen=True, eq=False)
class Sound:
    """A wave to recognise, and what is known of it; sounds of several languages make one batch.

    Attributes:
        wave: mono ``[T]``, float32, -1..1.
        language: BCP 47 tag, or None for the model's own or detected one.
        joints: seconds in it at which a pause was left out. Words are timed, asked or not, where the model's
            stretches do not tell on which side of a joint each word stands.
    """

    wave: Wave
    language: str | None = None
    joints: tuple[float, ...] = ()


def sounds(waves: Sequence[Wave], languages: Sequence[str | None] | str | None = None) -> list[Sound]:
    """Waves with a language each, or all with the same."""
    if languages is None or isinstance(languages, str):
        return [Sound(wave, languages) for wave in waves]
    return [Sound(wave, language) for wave, language in zip(waves, languages, strict=True)]


class ModelFacts(TypedDict, total=False):
    """What reports say of a model: those of a kind of model are there where it is of that kind.

    Attributes:
        family: in `govor.models.families`.
        backend: what computes: ``transformers``, or the engine of an export.
        architecture: class of transformers.
        parameters: how many.
        trainable_parameters: how many of them training changes.
        precision: of the arithmetic.
        weights: dtype in memory.
        device: where it runs.
        base: what it was fine-tuned from.
        sample_rate: in Hz.
        window_s: its fixed window, or None.
        vocabulary: tokens.
        frame_s: seconds between two frames of its output.
        normaliser: name with version.
        original: what an export was made from.
    """

    family: Required[str]
    backend: Required[str]
    architecture: str
    parameters: int | None
    trainable_parameters: int
    precision: str
    weights: str
    device: str
    base: str | None
    sample_rate: int
    window_s: float | None
    vocabulary: int
    frame_s: float
    normaliser: str
    original: str | None


class PromptFacts(TypedDict):
    """A prompt and what decoding rules out, as summaries name them.

    Attributes:
        language: BCP 47 tag, or in words where each clip has its own.
        task: ``transcribe`` or ``translate``.
        timestamps: whether the text comes with them.
        previous_text: whether the text before is told.
        suppressed_tokens: how many are never written.
        suppression: where that list is from.
    """

    language: str
    task: str
    timestamps: bool
    previous_text: bool
    suppressed_tokens: int
    suppression: str


@runtime_checkable
class Recogniser(Protocol):
    """Waves in, hypotheses out.

    Attributes:
        name: where it was loaded from.
        sample_rate: of the waves it takes, in Hz.
        max_window_s: its fixed window: the longest wave it takes, and what it computes for a shorter one too;
            None where a wave costs its own length and only memory limits it.
        normaliser: the one it was trained with.
    """

    name: str
    sample_rate: int
    max_window_s: float | None
    normaliser: Normaliser

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """One hypothesis per sound (at `sample_rate`), decoded as one batch; the same in any batch."""

    def describe(self) -> ModelFacts:
        """Facts for reports: family, parameters, precision, device, base model, decoding backend."""


FITTED = "fitted"
"""Encoder windows of a sound's own length, with some silence behind it."""
THINNED_S = 3.0
"""Seconds that thinned encoder windows compute beside the longest clip of a batch."""


def cost_of(window_s: float | None, windows: str = "full") -> Cost:
    """What a model computes for a batch.

    Args:
        window_s: the model's fixed window; None where it computes what a batch is padded to.
        windows: encoder windows, as `DecodeOptions.windows` and `EncoderWindows.kind` have them; ``mixed``
            ones cost what their full ones do.
    """
    if window_s is None or windows == "short":
        return PADDED
    return Cost(beside_s=THINNED_S, most_s=window_s) if windows == "thinned" else Cost(least_s=window_s)


@runtime_checkable
class Multilingual(Protocol):
    """A recogniser whose languages are a list."""

    def check_language(self, tag: str | None) -> None:
        """Raises `LanguageError` for a language that it does not know; None is fine."""


@runtime_checkable
class Detecting(Protocol):
    """A recogniser that tells which language it hears."""

    def detect(self, sounds: Sequence[Sound]) -> list[tuple[tuple[str, float], ...]]:
        """All its languages with their probabilities, the likeliest first; none where it has only one."""

    def language_code(self, tag: str | None) -> str | None:
        """What `detect` calls the language of a BCP 47 tag; None for one that it does not know."""


@runtime_checkable
class Described(Protocol):
    """A recogniser with the settings that are saved beside its weights."""

    @property
    def settings(self) -> Mapping[str, object]:
        """As in ``govor.json``."""


def own_language(recogniser: Any) -> str | None:
    """The language that a model was trained for, where the settings saved with it say so."""
    language = recogniser.settings.get("language") if isinstance(recogniser, Described) else None
    return str(language) if language else None


@runtime_checkable
class OnDevice(Protocol):
    """A recogniser that computes on a device of its own."""

    @property
    def device(self) -> object:
        """Its text is ``cpu``, ``cuda:0`` …"""


@runtime_checkable
class Weighted(Protocol):
    """A recogniser whose weights are torch's."""

    @property
    def model(self) -> torch.nn.Module:
        """The module that holds them."""


@runtime_checkable
class Extracting(Protocol):
    """A recogniser that shows its features."""

    @property
    def extractor(self) -> Extractor:
        """Wave to features."""


@runtime_checkable
class Timing(Protocol):
    """A recogniser that may write begin and end of what it hears itself, and says when it heard nothing."""

    @property
    def writes_times(self) -> bool | None:
        """Whether it was trained to; None where what is saved with it does not say."""


def refuse_ngrams(recogniser: Recogniser, lm: str | None) -> None:
    """Refuses an n-gram model that the recogniser would ignore.

    Raises:
        UsageError: it writes token by token, without a search over frames.
    """
    if lm is None:
        return
    name = recogniser.name
    if isinstance(recogniser, Timing):
        raise UsageError(
            f"--lm {lm}: {name} writes its text token by token and takes no n-gram model: "
            "leave it out, or name words with --hotwords"
        )


@runtime_checkable
class Prompted(Protocol):
    """A recogniser that is told what to do by a prompt."""

    def describe_prompt(self, options: DecodeOptions, language: str | None) -> PromptFacts | None:
        """The prompt that `options` and a given language lead to, and what is ruled out, for summaries."""


def prompt_of(recogniser: Any, options: DecodeOptions, language: str | None = None) -> PromptFacts | None:
    """The prompt that `recogniser` decodes with; None where it has none."""
    return recogniser.describe_prompt(options, language) if isinstance(recogniser, Prompted) else None


@runtime_checkable
class Tasked(Protocol):
    """A recogniser that can do more than write what is said."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Of ``transcribe`` and ``translate``, those that it knows."""


def tasks_of(recogniser: Any) -> tuple[str, ...]:
    """What `recogniser` can be asked to do."""
    return recogniser.tasks if isinstance(recogniser, Tasked) else ("transcribe",)


def language_refusal(recogniser: Any, tag: str) -> str | None:
    """Why `recogniser` would write no differently for being told a language, or None where it is told one.

    A language that the model writes in any case is fine. One that it has no token for is `Multilingual`'s to
    refuse.
    """
    heard = [prompt_of(recogniser, DecodeOptions(), one) for one in ("en", "de")]
    told = [prompt["language"] for prompt in heard if prompt]
    if len(set(told)) > 1 or (not told and isinstance(recogniser, Multilingual)):
        return None
    own = told[0] if told else own_language(recogniser)
    if own is None:
        return "the model takes no language and does not say which one it writes: leave language out"
    if _short(own) == _short(tag):
        return None
    return f"the model always writes {own}: leave language out, or ask for {own}"


def require_language(recogniser: Recogniser, tag: str | None, *, aloud: bool = True) -> None:
    """Refuses a language that a model cannot be told; all that take one ask here before anything is decoded.

    Args:
        recogniser: that is to be told.
        tag: BCP 47; None: nobody chose one.
        aloud: say where nobody chose the one that is heard, and where a language changes nothing.

    Raises:
        LanguageError: it does not know the language, or always writes another.
    """
    if tag is None:
        if aloud:
            say_untold(recogniser)
        return
    if isinstance(recogniser, Multilingual):
        recogniser.check_language(tag)
    if (reason := language_refusal(recogniser, tag)) is None:
        return
    if own_language(recogniser):
        raise LanguageError(f"--language {tag}: {reason} ({recogniser.name})")
    if aloud:
        say(f"{recogniser.name} takes no language: --language {tag} is noted and changes nothing")


def told_language(recogniser: Recogniser, tag: str | None) -> str | None:
    """What a model is told of sound in a language: nothing, where it has to be of a related one.

    Args:
        recogniser: that hears it.
        tag: BCP 47; None: nobody chose one.
    """
    try:
        require_language(recogniser, tag)
    except LanguageError:
        own = own_language(recogniser)
        does = f"always writes {own}" if own else f"does not know {tag}"
        say(f"--language {tag} is that of the texts: {recogniser.name} {does}, and hears it in its own way")
        return None
    return tag


def say_untold(recogniser: Recogniser) -> None:
    """Says of one that has several languages, detects none and was trained here for none what it hears."""
    several = isinstance(recogniser, Multilingual) and not isinstance(recogniser, Detecting)
    if several and own_language(recogniser) is None:
        say(
            f"{recogniser.name} does not tell languages apart and hears all in that of its weights: "
            "name another with --language"
        )


def _short(tag: str) -> str:
    """The language of a tag, by its two letters where it has them: ``hr`` of ``hrv`` and ``hr-HR``."""
    primary = primary_language(tag)
    return iso_639(primary) or primary


def prompt_in_words(prompt: PromptFacts) -> str:
    """A prompt that `prompt_of` gave, in a line for people."""
    times = "with timestamps" if prompt["timestamps"] else "without timestamps"
    return (
        f"language {prompt['language']}, {prompt['task']}, {times}; "
        f"{prompt['suppressed_tokens']} tokens suppressed ({prompt['suppression']})"
    )


@runtime_checkable
class Searched(Protocol):
    """A recogniser whose texts a beam search finds in the probabilities of frames."""

    def log_probs(self, waves: Sequence[Wave]) -> list[NDArray[np.float32]]:
        """Log-probabilities ``[F, V]`` of each wave."""

    def searched_texts(self, log_probs: Sequence[NDArray[np.float32]], options: DecodeOptions) -> list[str]:
        """The best text for each ``[F, V]``."""


LetterWriting = Mapping[str, float]
"""What a model may write for a letter, each with its probability; an empty text for nothing."""
AskedWord = str | Sequence[LetterWriting]
"""A *normalised* word that is looked for: its letters, or what may be written for each of them."""


@runtime_checkable
class Placing(Protocol):
    """A recogniser that finds known words in a sound which may hold more.

    Attributes:
        frame_s: seconds of a frame.
    """

    @property
    def frame_s(self) -> float:
        """See the attributes."""

    def place(self, wave: Wave, words: Sequence[AskedWord]) -> list[PlacedWord | None]:
        """Where each word is in a wave ``[T]``; None for a word that it cannot spell."""

    def place_in(
        self, parts: Sequence[tuple[NDArray[np.floating[Any]], Sequence[AskedWord]]], strange: bool = False
    ) -> list[list[PlacedWord | None]]:
        """The same of several parts: frames ``[F, V]`` that a hypothesis has kept, each with its words.

        Args:
            parts: of one recording or several.
            strange: the model does not know the language of the words.
        """


@runtime_checkable
class Spelling(Protocol):
    """A recogniser whose tokens have names."""

    def token_name(self, token: int) -> str:
        """A token as the vocabulary writes it."""


class Family(Recogniser, Protocol):
    """A recogniser that can be trained.

    Attributes:
        model: the transformers model (with adapters, if any); its parameters are what is trained.
        extractor: wave to features; plain data for loader workers.
        max_labels: most label tokens that the model takes, or None.
        previous_share: of the examples that are shown the text of the utterance before.
        delimiter: character that stands for the space in its vocabulary, or None.
    """

    model: torch.nn.Module
    extractor: Extractor
    max_labels: int | None

    @property
    def previous_share(self) -> float:
        """See the attributes."""

    @property
    def delimiter(self) -> str | None:
        """See the attributes."""

    def encode_text(self, text: str, language: str | None = None, seconds: float | None = None) -> list[int]:
        """Label ids of *normalised* text, with the special tokens that the loss needs.

        Args:
            text: normalised.
            language: BCP 47 tag of the utterance.
            seconds: its length, which labels with timestamps need.
        """

    def label(
        self,
        text: str,
        language: str | None = None,
        seconds: float | None = None,
        *,
        draw: int | None = None,
        previous: str | None = None,
    ) -> Labels:
        """The labels of one training example.

        Args:
            text: normalised.
            language: BCP 47 tag of the utterance.
            seconds: its length.
            draw: stands for (seed, epoch, id) and decides which of the prompts that training mixes this
                example gets; None: the one that is decoded with.
            previous: normalised text of the utterance before, if there is one.
        """

    def decode_text(self, tokens: Sequence[int]) -> str:
        """Text of label ids; inverse of `encode_text` on text that the vocabulary covers."""

    def label_frames(self, seconds: float) -> int | None:
        """Output frames that a clip of so many seconds has (CTC), or None (attention models)."""

    def frames_needed(self, labels: Sequence[int]) -> int:
        """Fewest output frames that can carry labels: labels plus immediate repeats (CTC), else 0."""

    def collate(self, examples: Sequence[Example], windows: EncoderWindows = FULL) -> Batch:
        """Pads examples to a batch; the only place that pads."""

    def token_name(self, token: int) -> str:
        """A token as the vocabulary writes it."""

    def loss(self, batch: Batch) -> tuple[torch.Tensor, int]:
        """Loss summed over a batch or a piece of one, and its units (utterances for CTC, else tokens)."""

    def save(self, folder: Path) -> None:
        """Writes everything that `open_model` and transformers need to load it again."""

    def as_dict(self) -> Mapping[str, object]:
        """Settings that ``govor.json`` beside the weights keeps: family, normaliser, decoding defaults."""
