"""The tokens that Whisper's decoding rules out, and which of them a fine-tuned model needs after all.

Whisper's released settings suppress symbols that are not spoken (quotes, brackets, dashes between spaces,
notes of music): subtitles of noises begin with them. Texts of many languages hold some: Italian quotes, Welsh
``'n``, dashes of dialogue. A fine-tuned model suppresses no symbol that its train texts write; others stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from govor.models.whisper.prompt import Prompt
from govor.models.whisper.text import TextTokens, token_bytes

TEXTS_AT_ONCE = 1024
SPECIAL = b"<|"  # what the names of special tokens begin with


@dataclass(frozen=True)
class Suppression:
    """Tokens that decoding never writes.

    Attributes:
        always: nowhere.
        first: not behind the prompt, as the first token.
    """

    always: frozenset[int]
    first: frozenset[int]

    @classmethod
    def of(cls, generation: Any) -> Suppression:
        """Those of a model's generation settings."""
        return cls(
            frozenset(map(int, generation.suppress_tokens or ())),
            frozenset(map(int, generation.begin_suppress_tokens or ())),
        )

    def undecodable(self, labels: Sequence[int], prompt: Prompt) -> list[int]:
        """Tokens of `labels` that decoding with these settings cannot write, at the first place or any other.

        Args:
            labels: of one text, as training has them.
            prompt: of the model.
        """
        written = prompt.written(labels)
        return [token for place, token in enumerate(written) if not self._can(place, written, prompt)]

    def _can(self, place: int, written: Sequence[int], prompt: Prompt) -> bool:
        token = written[place]
        if token > prompt.no_timestamps:  # a time; with them, the first one stands before the text
            return written[0] > prompt.no_timestamps
        if token in self.always or (place == 0 and token in self.first):
            return False
        return token < prompt.end or (token == prompt.end and place == len(written) - 1)

    def released(self, tokenizer: Any, prompt: Prompt, texts: Iterable[str]) -> Suppression:
        """What of this the texts need.

        A symbol that occurs is needed in every form that is made of such symbols alone: texts that write
        ``(`` at the beginning of words may write it behind others too.

        Args:
            tokenizer: of the model.
            prompt: of the model.
            texts: normalised train texts, read once.
        """
        encode, left = TextTokens(tokenizer), self
        source = iter(texts)
        while part := list(islice(source, TEXTS_AT_ONCE)):
            suspects = filter(left.suspicion(tokenizer, prompt), part)
            left = left._without(encode.batch(list(suspects)), tokenizer, prompt)
        return Suppression(self.always - left.always, self.first - left.first)

    def _without(self, encoded: Sequence[Sequence[int]], tokenizer: Any, prompt: Prompt) -> Suppression:
        """What is left when texts with these tokens can be written."""
        needed = self.always.intersection(token for ids in encoded for token in ids)
        symbols = {c for token in needed for c in _symbols(tokenizer, token)}
        forms = {
            token
            for token in self.always
            if symbols and token < prompt.end and (own := _symbols(tokenizer, token)) and own <= symbols
        }
        begun = {ids[0] if ids else prompt.end for ids in encoded}
        return Suppression(self.always - needed - forms, self.first - begun)

    def suspicion(self, tokenizer: Any, prompt: Prompt) -> Callable[[str], bool]:
        """Whether a text can hold a suppressed token at all, told from its characters: most cannot."""
        parts = {token_bytes(tokenizer, t) for t in self.always if t < prompt.end} | {SPECIAL}
        whole = {part for part in parts if _decoded(part) is not None}
        characters = frozenset(c for part in whole for c in _decoded(part) or "") - {" "}
        holds = _pattern(parts)
        space = TextTokens(tokenizer).space
        begins = _pattern(token_bytes(tokenizer, t) for t in self.first if t < prompt.end and t != space)

        def suspect(text: str) -> bool:
            bare = text.strip().encode("utf-8", "surrogatepass")
            if not bare or begins.match(b" " + bare) or begins.match(bare):
                return True
            if not characters.isdisjoint(text):
                return holds.search(b" " + bare) is not None
            return any(part in b" " + bare for part in parts - whole)

        return suspect


def _pattern(parts: Iterable[bytes]) -> re.Pattern[bytes]:
    """Any of `parts`; nothing where there are none."""
    longest_first = sorted({re.escape(part) for part in parts if part}, key=len, reverse=True)
    return re.compile(b"|".join(longest_first) or b"(?!)")


def _decoded(part: bytes) -> str | None:
    """The text of a token's bytes; None where it begins or ends within a character."""
    try:
        return part.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _symbols(tokenizer: Any, token: int) -> frozenset[str]:
    """Characters of a token but spaces; none where it is a part of a character."""
    return frozenset(c for c in _decoded(token_bytes(tokenizer, token)) or "" if not c.isspace())
