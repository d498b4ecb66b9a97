"""Whisper's special tokens, and the one place where a prompt is made of them.

Training, evaluation, preflight, exported models and serving all ask `Prompt.opening` for what stands before
the text, with a `Manner` that says how the model was trained unless something else is asked for. Ids are
looked up in the model's own tokenizer and generation settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

from govor.console import say
from govor.errors import LanguageError, ModelError
from govor.models.base import DecodeOptions, PromptFacts
from govor.models.saved import SavedSettings
from govor.shape import ShapeError, fitted
from govor.text import primary_language

TIMESTAMP_STEP_S = 0.02
TASKS = ("transcribe", "translate")
# BCP 47 tags whose token has another name.
ALIASES = {"nb": "no", "jv": "jw", "fil": "tl", "iw": "he", "cmn": "zh", "sh": "sr"}


@dataclass(frozen=True)
class Manner:
    """How a model is prompted, except for the language.

    Attributes:
        task: ``transcribe`` or ``translate``.
        timestamps: whether the begin and end of what is said stand around it.
    """

    task: str = "transcribe"
    timestamps: bool = False

    @classmethod
    def of(cls, settings: SavedSettings) -> Manner:
        """As the model was trained, by the settings that are saved with it."""
        return cls(settings.get("task") or "transcribe", bool(settings.get("timestamps")))

    def asked(self, options: DecodeOptions) -> Manner:
        """What `options` name instead; the rest stays."""
        task = options.task or self.task
        return Manner(task, self.timestamps if options.timestamps is None else options.timestamps)

    def plain(self) -> Manner:
        """The same without timestamps."""
        return replace(self, timestamps=False)


@lru_cache
def _say_cut(name: str, most: int) -> None:
    """Once for each model."""
    say(
        f"--prompt and --hotwords are longer than the {most} tokens that {name} can be told: "
        "only their end counts, and words of --hotwords come first"
    )


class TimedTokens(NamedTuple):
    """Text tokens between two times; `closed` where the model wrote the second one."""

    begin: float
    end: float
    tokens: list[int]
    closed: bool


@dataclass(frozen=True)
class Prompt:
    """What stands around the text.

    Attributes:
        start: ``<|startoftranscript|>``.
        end: ``<|endoftext|>``.
        no_timestamps: ``<|notimestamps|>``; timestamps follow it, ``<|0.00|>`` first.
        languages: token by language code; empty in English-only models.
        tasks: token by task; empty in English-only models.
        name: of the model, for messages.
        previous: ``<|startofprev|>``, in front of the text that came before; None where there is none.
    """

    start: int
    end: int
    no_timestamps: int
    languages: Mapping[str, int]
    tasks: Mapping[str, int]
    name: str = ""
    previous: int | None = None

    @classmethod
    def of(cls, generation: Any, tokenizer: Any, name: str) -> Prompt:
        """The prompt tokens of a model.

        Raises:
            ModelError: tokenizer and model do not belong together.
        """
        _require_readable(generation, name)
        tokens = _tokens_of(generation, "lang_to_id", len(tokenizer), name)
        languages = {token.strip("<|>"): number for token, number in tokens.items()}
        tasks = _tokens_of(generation, "task_to_id", len(tokenizer), name)
        if languages and not set(TASKS) <= tasks.keys():
            raise ModelError(f"{name}: task_to_id in generation_config.json lacks one: copy it again")
        start = _token(tokenizer, "<|startoftranscript|>", name)
        if generation.decoder_start_token_id != start:
            raise ModelError(
                f"{name}: decoding starts with token {generation.decoder_start_token_id}, the tokenizer's "
                f"start token is {start}: the tokenizer and the weights are not of one model"
            )
        end, plain = (_token(tokenizer, t, name) for t in ("<|endoftext|>", "<|notimestamps|>"))
        previous = tokenizer.convert_tokens_to_ids("<|startofprev|>")
        known = (
            tokenizer.convert_ids_to_tokens(previous) == "<|startofprev|>" if previous is not None else False
        )
        return cls(start, end, plain, languages, tasks, name, int(previous) if known else None)

    @property
    def multilingual(self) -> bool:
        """Whether the prompt names a language and a task."""
        return bool(self.languages)

    def language(self, tag: str | None) -> str | None:
        """The model's code for a BCP 47 tag, or None where it has none."""
        primary = primary_language(tag)
        code = ALIASES.get(primary, primary)
        return code if code in self.languages else None

    def check(self, tag: str | None) -> None:
        """Refuses a language that a multilingual model has no token for.

        Raises:
            LanguageError: it has none.
        """
        if tag and self.multilingual and self.language(tag) is None:
            raise LanguageError(
                f"the model does not know the language {tag!r}; it knows {', '.join(sorted(self.languages))}"
            )

    def first_known(self, *tags: str | None) -> str | None:
        """Code of the first tag that the model knows."""
        return next((code for tag in tags if (code := self.language(tag))), None)

    def opening(self, language: str | None, manner: Manner) -> list[int]:
        """The tokens before the text: start, language, task, and whether the text has no timestamps.

        Raises:
            ModelError: a multilingual model is given no language that it knows.
        """
        plain = [] if manner.timestamps else [self.no_timestamps]
        return [self.start, *self._language_and_task(language, manner.task), *plain]

    def describe(
        self, language: str | None, manner: Manner, settings: SavedSettings, suppressed: int
    ) -> PromptFacts:
        """The prompt as summaries name it; a language that is not given is the row's, else detected.

        Args:
            language: that is asked for.
            manner: task and times.
            settings: the model's; they say whether training fitted what is ruled out, or it was released so.
            suppressed: how many tokens are ruled out.
        """
        known = self.language(language) if self.multilingual else "en"
        fitted = settings.get("generation")
        released = f"fitted to its train text: {len(fitted['released_tokens'])} released" if fitted else ""
        return {
            "language": known or "each clip's own, otherwise detected",
            "task": manner.task,
            "timestamps": manner.timestamps,
            "previous_text": False,
            "suppressed_tokens": suppressed,
            "suppression": released or "as the model was released",
        }

    @property
    def no_speech(self) -> int:
        """The token whose probability after the start token tells that nobody speaks."""
        return self.no_timestamps - 1

    def context(self, tokens: Sequence[int], max_labels: int) -> list[int]:
        """Text from before, in its slot in front of the prompt: at most half of the decoder's places.

        Args:
            tokens: of the text; the end of it stays where it is too long.
            max_labels: places of the decoder.

        Raises:
            ModelError: the model has no such slot.
        """
        if not tokens:
            return []
        if self.previous is None:
            raise ModelError(f"{self.name} cannot use earlier text: leave out --prompt and --hotwords")
        most = max_labels // 2 - 1
        if len(tokens) > most:
            _say_cut(self.name, most)
        return [self.previous, *tokens[-most:]]

    def _language_and_task(self, language: str | None, task: str) -> list[int]:
        """Language and task tokens; none in English-only models.

        Raises:
            ModelError: a multilingual model is given no language that it knows.
        """
        if not self.multilingual:
            return []
        if language is None or language not in self.languages:
            raise ModelError(
                f"{self.name} is multilingual and needs a language that it has a token for: "
                f"set [model] language to one of {', '.join(sorted(self.languages))}"
            )
        return [self.languages[language], self.tasks[task]]

    def timestamp(self, seconds: float) -> int:
        """Token of a time, rounded to its 20 ms."""
        return self.no_timestamps + 1 + round(seconds / TIMESTAMP_STEP_S)

    def timed(self, text: Sequence[int], seconds: float) -> list[int]:
        """Text tokens between begin and end; the end lies behind the begin, and nothing said has none.

        Whisper's rules for timestamps (see `govor.models.whisper.rules`) write nothing else.
        """
        if not text:
            return [self.timestamp(0.0)]
        return [self.timestamp(0.0), *text, self.timestamp(max(seconds, TIMESTAMP_STEP_S))]

    def written(self, labels: Sequence[int]) -> list[int]:
        """The part of `labels` that decoding must write: what follows language, task and no-timestamps."""
        given = {*self.languages.values(), *self.tasks.values(), self.no_timestamps}
        first = next((i for i, token in enumerate(labels) if token not in given), len(labels))
        return [int(token) for token in labels[first:]]

    def seconds(self, token: int) -> float | None:
        """Time of a timestamp token, or None for others."""
        return (token - self.no_timestamps - 1) * TIMESTAMP_STEP_S if token > self.no_timestamps else None

    def spans(self, tokens: Sequence[int], seconds: float) -> list[TimedTokens]:
        """The stretches between times; none where there are no times.

        Args:
            tokens: decoded ones.
            seconds: length of the audio, where the last stretch ends that has no end of its own.
        """
        found: list[TimedTokens] = []
        begin: float | None = None
        text: list[int] = []
        for token in tokens:
            time = self.seconds(int(token))
            if time is None:
                text += self.plain([token])
                continue
            time = min(time, seconds)
            if text:
                found.append(TimedTokens(begin or 0.0, time, text, closed=True))
            begin, text = time, []
        if text and begin is not None:
            found.append(TimedTokens(begin, seconds, text, closed=False))
        return found

    def plain(self, tokens: Sequence[int]) -> list[int]:
        """Tokens of the text alone: below all special ones, which begin with the end of text."""
        return [int(t) for t in tokens if int(t) < self.end]


class _Generation(TypedDict, total=False):
    """What is read of ``generation_config.json`` besides tables of tokens."""

    suppress_tokens: list[int] | None
    begin_suppress_tokens: list[int] | None
    alignment_heads: list[tuple[int, int]] | None
    max_initial_timestamp_index: int | None


def _require_readable(generation: Any, name: str) -> None:
    """Files of other people may hold any JSON: it is checked before it is used."""
    try:
        fitted(
            {field: getattr(generation, field, None) for field in _Generation.__annotations__}, _Generation
        )
    except ShapeError as error:
        raise ModelError(f"{name}: generation_config.json is damaged ({error}): copy it again") from error


def _tokens_of(generation: Any, field: str, count: int, name: str) -> dict[str, int]:
    """A table of tokens in ``generation_config.json``; empty where there is none."""
    found = getattr(generation, field, None) or {}
    if not isinstance(found, Mapping) or not all(type(n) is int and 0 <= n < count for n in found.values()):
        raise ModelError(
            f"{name}: {field} in generation_config.json must name tokens below {count:,}: copy it again"
        )
    return dict(found)


def _token(tokenizer: Any, text: str, name: str) -> int:
    found = tokenizer.convert_tokens_to_ids(text)
    if found is None or tokenizer.convert_ids_to_tokens(found) != text:
        raise ModelError(f"{name}: its tokenizer has no {text}, so it is not Whisper's")
    return int(found)
