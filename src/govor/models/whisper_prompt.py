"""Whisper's special tokens, looked up in the model's own tokenizer and generation settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from govor.errors import LanguageError, ModelError

TIMESTAMP_STEP_S = 0.02
# BCP 47 tags whose token has another name.
ALIASES = {"nb": "no", "jv": "jw", "fil": "tl", "iw": "he", "cmn": "zh", "sh": "sr"}


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
    """

    start: int
    end: int
    no_timestamps: int
    languages: Mapping[str, int]
    tasks: Mapping[str, int]
    name: str = ""

    @classmethod
    def of(cls, generation: Any, tokenizer: Any, name: str) -> Prompt:
        """The prompt tokens of a model.

        Raises:
            ModelError: tokenizer and model do not belong together.
        """
        languages = {t.strip("<|>"): i for t, i in (getattr(generation, "lang_to_id", None) or {}).items()}
        tasks = dict(getattr(generation, "task_to_id", None) or {})
        start = _token(tokenizer, "<|startoftranscript|>", name)
        if generation.decoder_start_token_id != start:
            raise ModelError(
                f"{name}: decoding starts with token {generation.decoder_start_token_id}, the tokenizer's "
                f"start token is {start}: the tokenizer and the weights are not of one model"
            )
        end, plain = (_token(tokenizer, t, name) for t in ("<|endoftext|>", "<|notimestamps|>"))
        return cls(start, end, plain, languages, tasks, name)

    @property
    def multilingual(self) -> bool:
        """Whether the prompt names a language and a task."""
        return bool(self.languages)

    def language(self, tag: str | None) -> str | None:
        """The model's code for a BCP 47 tag, or None where it has none."""
        primary = (tag or "").replace("_", "-").split("-")[0].lower()
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

    def after_start(self, language: str | None, task: str) -> list[int]:
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

    def seconds(self, token: int) -> float | None:
        """Time of a timestamp token, or None for others."""
        return (token - self.no_timestamps - 1) * TIMESTAMP_STEP_S if token > self.no_timestamps else None

    def plain(self, tokens: Sequence[int]) -> list[int]:
        """Tokens of the text alone: below all special ones, which begin with the end of text."""
        return [int(t) for t in tokens if int(t) < self.end]


def _token(tokenizer: Any, text: str, name: str) -> int:
    found = tokenizer.convert_tokens_to_ids(text)
    if found is None or tokenizer.convert_ids_to_tokens(found) != text:
        raise ModelError(f"{name}: its tokenizer has no {text}, so it is not Whisper's")
    return int(found)
