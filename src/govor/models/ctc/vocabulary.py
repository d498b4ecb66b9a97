"""The tokens of a CTC model: built from train text, or taken from the base model's tokenizer.

The blank is id 0 in a vocabulary built here. The space is written as the delimiter token; a text that holds
the delimiter itself would not come back from decoding and is refused when the vocabulary is built.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from govor.errors import ModelError
from govor.store import read_json, scratch_folder, write_json

BLANK = "<pad>"
UNKNOWN = "<unk>"
USUAL_DELIMITER = "|"
TOKENIZER_SETTINGS = "tokenizer_config.json"


@dataclass(frozen=True)
class Vocabulary:
    """Tokens of a CTC head in the order of its outputs.

    Attributes:
        tokens: V tokens; the index is the id.
        blank: id of the CTC blank.
        delimiter: id of the token that stands for the space, or None where spaces are part of tokens.
        unknown: id for what the vocabulary lacks, or None.
        upper: texts are upper-cased before encoding (the tokens know capitals only).
        tokenizer: the transformers tokenizer; encodes where tokens are longer than a character.
    """

    tokens: tuple[str, ...]
    blank: int
    delimiter: int | None
    unknown: int | None
    upper: bool
    tokenizer: Any

    @cached_property
    def ids(self) -> dict[str, int]:
        """Id of every token that a text can hold: no blank, no unknown, no markers such as ``<s>``."""
        special = set(self.special)
        return {token: index for index, token in enumerate(self.tokens) if index not in special}

    @cached_property
    def special(self) -> tuple[int, ...]:
        """Ids that stand for no text."""
        marked = (i for i, t in enumerate(self.tokens) if len(t) > 2 and t[0] == "<" and t[-1] == ">")
        return tuple({self.blank, *marked} | ({self.unknown} if self.unknown is not None else set()))

    @property
    def quiet(self) -> tuple[int, ...]:
        """Ids that a frame without a letter gets: the blank, and the space where it is a token."""
        return (self.blank,) if self.delimiter is None else (self.blank, self.delimiter)

    @property
    def by_character(self) -> bool:
        """Whether every token is one character and the space has its own."""
        return self.delimiter is not None

    def encode(self, text: str) -> list[int]:
        """Ids of a normalised text; what the vocabulary lacks becomes the unknown token, or is left out."""
        text = text.upper() if self.upper else text
        if not self.by_character:
            return [int(i) for i in self.tokenizer(text, add_special_tokens=False).input_ids]
        return [i for i in map(self._character_id, text) if i is not None]

    def _character_id(self, character: str) -> int | None:
        if character == " ":
            return self.delimiter
        found = self.ids.get(character, self.unknown)
        return self.unknown if found == self.delimiter else found

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids that are already collapsed; special ones are left out."""
        if not self.by_character:
            kept = [i for i in ids if i not in self.special]
            return str(self.tokenizer.decode(kept, group_tokens=False)).strip()
        special = set(self.special)
        letters = (" " if i == self.delimiter else self.tokens[i] for i in ids if i not in special)
        return "".join(letters).strip()

    def missing(self, text: str) -> set[str]:
        """Characters of a normalised text that the vocabulary cannot write."""
        text = text.upper() if self.upper else text
        if self.by_character:
            known = (
                set(self.ids) - {self.tokens[self.delimiter]} if self.delimiter is not None else set(self.ids)
            )
            return {c for c in text if c != " " and c not in known}
        return {c for c in set(text) if c != " " and self.unknown in self.encode(c)}


def build_vocabulary(texts: Iterable[str], delimiter: str = USUAL_DELIMITER) -> Vocabulary:
    """Blank, unknown, delimiter and the characters of normalised *train* texts by code point.

    Raises:
        ModelError: the texts are empty, or hold the delimiter.
    """
    characters: set[str] = set()
    for text in texts:
        characters.update(text)
    characters -= {" ", "\n", "\t"}
    if not characters:
        raise ModelError(
            "the train texts hold no character to build a vocabulary from: check the train split"
        )
    if len(delimiter) != 1:
        raise ModelError(f"the delimiter {delimiter!r} is not one character: set [model] delimiter to one")
    if delimiter in characters:
        raise ModelError(
            f"the train texts contain the delimiter {delimiter!r}, which means the space, so decoding "
            "would not give it back: set [model] delimiter to a character that no transcript has"
        )
    tokens = (BLANK, UNKNOWN, delimiter, *sorted(characters))
    return Vocabulary(tokens, 0, 2, 1, False, _tokenizer(tokens, delimiter))


def _tokenizer(tokens: Sequence[str], delimiter: str) -> Any:
    from transformers import Wav2Vec2CTCTokenizer

    with scratch_folder() as folder:
        path = folder / "vocab.json"
        path.write_text(json.dumps({token: i for i, token in enumerate(tokens)}), encoding="utf-8")
        return Wav2Vec2CTCTokenizer(
            str(path),
            bos_token=None,
            eos_token=None,
            unk_token=UNKNOWN,
            pad_token=BLANK,
            word_delimiter_token=delimiter,
        )


def keep_delimiter(folder: Path) -> None:
    """Writes a saved tokenizer's delimiter in the one form that transformers 5 remembers when it opens it.

    It drops settings whose name ends in ``_token`` where they are plain strings, and takes ``|`` instead.
    """
    settings = read_json(folder / TOKENIZER_SETTINGS)
    delimiter = settings.get("word_delimiter_token")
    if _is_forgotten(delimiter):
        settings["word_delimiter_token"] = _remembered(delimiter)
        write_json(folder / TOKENIZER_SETTINGS, settings)


def _is_forgotten(delimiter: Any) -> bool:
    return isinstance(delimiter, str) and delimiter != USUAL_DELIMITER


def _remembered(delimiter: str) -> dict[str, object]:
    plain = dict.fromkeys(("lstrip", "rstrip", "normalized", "single_word"), False)
    return {"__type": "AddedToken", "content": delimiter, "special": True, **plain}


def open_tokenizer(place: Path | str, revision: str | None = None) -> Any:
    """The tokenizer of a CTC model, with the delimiter that its settings name (see `keep_delimiter`)."""
    from transformers import AutoTokenizer
    from transformers.models.auto.tokenization_auto import get_tokenizer_config

    named = get_tokenizer_config(place, revision=revision).get("word_delimiter_token")
    kept = {"word_delimiter_token": _remembered(named)} if _is_forgotten(named) else {}
    return AutoTokenizer.from_pretrained(place, revision=revision, **kept)


def vocabulary_of(tokenizer: Any, outputs: int, blank: int) -> Vocabulary:
    """The vocabulary of a base model.

    Args:
        tokenizer: its transformers tokenizer.
        outputs: size V of its CTC head.
        blank: id of its blank, as its configuration says.

    Raises:
        ModelError: the tokenizer has more tokens than the head has outputs.
    """
    table = {i: t for t, i in tokenizer.get_vocab().items()}
    if odd := next((t for i, t in table.items() if not isinstance(i, int)), None):
        raise ModelError(
            f"the tokenizer's vocabulary is damaged (the number of {odd!r} is not a number): copy it again"
        )
    delimiter = getattr(tokenizer, "word_delimiter_token", None)
    beyond = sorted(t for i, t in table.items() if i >= outputs and not (t[:1] == "<" and t[-1:] == ">"))
    if delimiter in beyond:
        raise ModelError(
            f"the tokenizer's word delimiter {delimiter!r} is not in the vocabulary of the head, every word "
            "boundary would become unknown: make word_delimiter_token in tokenizer_config.json the token for "
            "the space that the vocabulary has, or set [model] vocabulary = 'build'"
        )
    if beyond:
        raise ModelError(
            f"the tokenizer has tokens that the head of {outputs} outputs lacks ({', '.join(beyond[:5])}): "
            "the tokenizer and the weights are not of one model"
        )
    tokens = tuple(table.get(i, f"<unused-{i}>") for i in range(outputs))
    delimiter_id = tokens.index(delimiter) if delimiter in tokens else None
    unknown = tokenizer.unk_token_id if tokenizer.unk_token in tokens else None
    letters = "".join(t for t in tokens if len(t) == 1)
    upper = letters.upper() == letters and letters.lower() != letters
    return Vocabulary(tokens, blank, delimiter_id, unknown, upper, tokenizer)
