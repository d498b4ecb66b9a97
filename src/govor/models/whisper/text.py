"""Text to Whisper's text tokens and nothing else: no prompt, no times, no end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any


class TextTokens:
    """Encodes text as Whisper writes it: with a space in front, unless that would be a token of its own.

    The tokens of words hold the space before them. Where the first character does not merge with it (Chinese,
    Thai, Telugu, a Kazakh ``қ``), the space would be the first token, which Whisper's decoding never begins
    with; there it is left out, and the rest is the same tokens.

    Args:
        tokenizer: the model's own.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        alone = tokenizer(" ", add_special_tokens=False).input_ids
        self.space: int | None = int(alone[0]) if len(alone) == 1 else None

    def __call__(self, text: str) -> list[int]:
        """Token ids of one text."""
        return self.batch([text])[0]

    def batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of every text."""
        if not texts:
            return []
        stripped = [text.strip() for text in texts]
        found = self._tokenizer([" " + text for text in stripped], add_special_tokens=False).input_ids
        return [self._begun(ids) if text else [] for text, ids in zip(stripped, found, strict=True)]

    def _begun(self, ids: Sequence[int]) -> list[int]:
        first = 1 if ids and ids[0] == self.space else 0
        return [int(token) for token in ids[first:]]


def token_bytes(tokenizer: Any, token: int) -> bytes:
    """The bytes that a text token stands for, which may be a part of a character."""
    back = _bytes_of_letters()
    return bytes(back[letter] for letter in tokenizer.convert_ids_to_tokens(token) if letter in back)


@lru_cache(maxsize=1)
def _bytes_of_letters() -> dict[str, int]:
    """Byte-level vocabularies write every byte as a printable letter (GPT-2's table)."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    return {letter: byte for byte, letter in bytes_to_unicode().items()}
