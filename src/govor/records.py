"""The nouns that travel between stages, frozen and checked when made.

recording -> utterance -> clip -> example -> batch -> hypothesis -> score: one noun per stage.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from govor.errors import CorpusError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Summary(Mapping[str, Any]):
    """What an entry returns: a frozen dataclass whose fields are the keys that ``--json`` prints.

    In Python a field is an attribute; as a mapping it is what JSON shows of it.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __getitem__(self, key: str) -> Any:
        if key not in self.__dataclass_fields__:
            raise KeyError(key)
        return as_json(getattr(self, key))

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dataclass_fields__)

    def __len__(self) -> int:
        return len(self.__dataclass_fields__)


def as_json(value: Any) -> Any:
    """A value as JSON shows it: dataclasses (by their own ``as_dict``, where they have one) as objects."""
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, Mapping):
        return {name: as_json(one) for name, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, (list, tuple)):
        return [as_json(one) for one in value]
    return value


def plain(value: Any) -> Any:
    """The JSON form of what ``json`` does not know: its ``default``."""
    if isinstance(value, Mapping) or (is_dataclass(value) and not isinstance(value, type)):
        return as_json(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def finite(value: Any) -> Any:
    """`value` as JSON can hold it: numbers that are not finite become None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class Utterance:
    """A span of a recording and its transcript.

    Attributes:
        id: unique in the corpus.
        recording: name of the recording it is part of.
        audio: path relative to the audio root, absolute path, or URI.
        text: the source's text, never normalised.
        channel: channel number, or None to mix all to mono.
        start: seconds into the recording, or None for its beginning.
        end: seconds into the recording, or None for its end.
        language: BCP 47 tag.
        speaker: who speaks, as the source names them.
        split: ``train``, ``dev``, ``test`` or None.
        duration: seconds, or None while unknown.
        extra: further columns of the source under their own names.
    """

    id: str
    recording: str
    audio: str
    text: str
    channel: int | None = None
    start: float | None = None
    end: float | None = None
    language: str | None = None
    speaker: str | None = None
    split: str | None = None
    duration: float | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.id:
            raise CorpusError(f"an utterance of {self.recording or self.audio!r} has no id")
        for name, value in (("start", self.start), ("end", self.end)):
            if value is not None and not math.isfinite(value):
                raise CorpusError(f"utterance {self.id}: {name} is {value}, not a number of seconds")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why something that was read is not kept.

    Attributes:
        id: of the utterance, or of the source's row where it has none.
        stage: the stage that set it aside (``import``, ``select``, ``prepare`` …).
        reason: stable snake_case code.
        detail: for people: file, line, value, limit.
    """

    id: str
    stage: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word.

    Attributes:
        text: the word.
        start: seconds from the beginning of what was recognised.
        end: seconds.
        confidence: 0 to 1, or None where the model gives none.
    """

    text: str
    start: float
    end: float
    confidence: float | None = None

    def shifted(self, offset_s: float) -> Word:
        """The same word `offset_s` seconds later."""
        return Word(self.text, self.start + offset_s, self.end + offset_s, self.confidence)


MOST_COMPRESSION, LEAST_LOGPROB, MOST_NO_SPEECH = 2.4, -1.0, 0.6
"""OpenAI's: beyond them, a text of Whisper is worth another attempt, or taken for noise."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured while a stretch was decoded, under the names of OpenAI's Whisper.

    Attributes:
        avg_logprob: mean ln p of the tokens and the end.
        compression_ratio: bytes of the text over those that zlib makes of it; above 2.4 it repeats itself.
        no_speech_prob: of the model's token for nothing said, None where it has none.
        temperature: of sampling; 0 where nothing is sampled.
    """

    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float | None = None
    temperature: float = 0.0

    @property
    def is_doubtful(self) -> bool:
        """The text repeats itself, or is not likely."""
        return self.compression_ratio > MOST_COMPRESSION or self.avg_logprob < LEAST_LOGPROB


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text with the begin and end that the model itself wrote.

    Attributes:
        text: of the stretch.
        start: seconds from the beginning of what was recognised.
        end: seconds.
        words: its words with their times, empty unless asked for.
        closed: whether the model wrote the end; it is that of the audio otherwise.
        measures: of the window it was decoded in.
    """

    text: str
    start: float
    end: float
    words: tuple[Word, ...] = ()
    closed: bool = True
    measures: Measures | None = None

    def shifted(self, offset_s: float) -> Span:
        """The same stretch `offset_s` seconds later."""
        words = tuple(word.shifted(offset_s) for word in self.words)
        return replace(self, start=self.start + offset_s, end=self.end + offset_s, words=words)


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """Where a known word is in a sound.

    Attributes:
        start: seconds.
        end: seconds.
        log_probability: mean of ln p over the frames of its letters.
    """

    start: float
    end: float
    log_probability: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a model says about one clip or window.

    Attributes:
        text: the words, as the model writes them.
        words: times of words, empty unless asked for.
        confidence: geometric mean probability of the decoded tokens (0 to 1), or None.
        language: detected or given language.
        tokens: token ids, special ones left out.
        spans: stretches of the text with begin and end, where the model writes them itself.
        measures: None where the model gives none.
        languages: detected ones with their probabilities, the likeliest first; empty where none is looked at
        broken: it repeats itself or does not end; what is left of it stands before the first repetition.
        frames: ln p of every token in every frame ``[F, V]``, float16, where they are asked for and few.
    """

    text: str
    words: tuple[Word, ...] = ()
    confidence: float | None = None
    language: str | None = None
    tokens: tuple[int, ...] = ()
    spans: tuple[Span, ...] = ()
    measures: Measures | None = None
    languages: tuple[tuple[str, float], ...] = ()
    broken: bool = False
    frames: NDArray[np.float16] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EditCounts:
    """Edits between a reference and a hypothesis; add them up first, divide last.

    Attributes:
        hits: units (words or characters) that agree.
        substitutions: units exchanged.
        deletions: units of the reference that are missing.
        insertions: units the reference does not have.
    """

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    def __add__(self, other: EditCounts) -> EditCounts:
        return EditCounts(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference_length(self) -> int:
        """Units in the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float:
        """Errors per reference unit; with an empty reference 0.0 without insertions, else infinity."""
        if self.reference_length:
            return self.errors / self.reference_length
        return math.inf if self.insertions else 0.0


class Rate(TypedDict):
    """An `Interval` in JSON: None for what is not a number."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95% interval, in the unit of the value.

    Attributes:
        value: infinite for errors over no reference unit.
        low: NaN, like `high`, where there is no interval.
        high: never infinite: an interval without an end is none.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.is_known:
            object.__setattr__(self, "low", math.nan)
            object.__setattr__(self, "high", math.nan)

    @property
    def is_known(self) -> bool:
        """Whether both ends are numbers."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def as_dict(self) -> Rate:
        """The form in which ``--json`` and files show an interval."""
        value, low, high = (
            number if math.isfinite(number) else None for number in (self.value, self.low, self.high)
        )
        return {"value": value, "low": low, "high": high}

    def __str__(self) -> str:
        ends = f"[{self.low:.4f}, {self.high:.4f}]" if self.is_known else "(no interval)"
        return f"{self.value:.4f} {ends}"


class Easing(TypedDict):
    """What limits of a model's figures took once, as ``corpus.json`` and ``dataset.json`` hold it.

    Attributes:
        taken: utterances of dev and test, or of those that they were drawn from.
        of: how many there were.
        models: whose figures decided, where that is known.
        fingerprints: of the same models.
    """

    taken: int
    of: int
    models: list[str]
    fingerprints: list[str]
