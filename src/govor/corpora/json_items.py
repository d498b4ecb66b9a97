"""JSON files that hold an array of objects: read item by item, each with its line, never all at once.

The array may be the whole file, or stand under a name in an object; what else the object has is its head.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from govor.corpora.lines import MAX_LINE_BYTES, open_bytes
from govor.corpora.timed_text import TimedTextError

_BLOCK_BYTES = 1 << 20
_SPACE = " \t\n\r"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Item:
    """One item of an array: the name it stands under (``""`` for the whole file), its line, its value."""

    name: str
    line: int
    value: Any


class JsonItems:
    """The items of the arrays called `names`, in order; iterate once.

    Attributes:
        head: the other members of the object, as far as they have been read.
    """

    def __init__(self, file: Path, names: Collection[str] = ()) -> None:
        self._file, self._names = file, names
        self.head: dict[str, object] = {}

    def __iter__(self) -> Iterator[Item]:
        """Reads the file.

        Raises:
            TimedTextError: it is not such JSON; the message names the line. Items before it were yielded.
        """
        with open_bytes(self._file) as source:
            text = _Text(source)
            first = text.peek()
            if first == "[":
                yield from _items(text, "")
            elif first == "{":
                yield from self._members(text)
            else:
                raise TimedTextError(text.line, "it is not a JSON object or array")
            if text.peek():
                raise TimedTextError(text.line, "something follows the end of the JSON")

    def _members(self, text: _Text) -> Iterator[Item]:
        text.take("{")
        while text.peek() != "}":
            name = text.value()
            if not isinstance(name, str):
                raise TimedTextError(text.line, f"a name is expected, not {str(name)[:40]}")
            text.take(":")
            if name in self._names and text.peek() == "[":
                yield from _items(text, name)
            else:
                self.head[name] = text.value()
            if text.peek() != "}":
                text.take(",")
        text.take("}")


def _items(text: _Text, name: str) -> Iterator[Item]:
    text.take("[")
    while text.peek() != "]":
        line = text.line
        yield Item(name, line, text.value())
        if text.peek() != "]":
            text.take(",")
    text.take("]")


class _Text:
    """The file's text as far as it is needed, and where we are in it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._decoder = source, codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._ended = "", 0, False
        self.line = 1

    def peek(self) -> str:
        """The next character that is not a space, or ``""`` at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self.line += self._text[self._at] == "\n"
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, mark: str) -> None:
        """Passes over `mark`, which must come next."""
        found = self.peek()
        if found != mark:
            raise TimedTextError(self.line, f"{mark} is expected, not {found or 'the end of the file'}")
        self._at += 1

    def value(self) -> Any:
        """The next JSON value."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except ValueError as error:
                if self._more():
                    continue
                raise TimedTextError(self._line_of(error), f"not JSON ({error})") from None
            except RecursionError:
                raise TimedTextError(self.line, "nested too deeply") from None
            if end < len(self._text) or not self._more():
                self.line += self._text.count("\n", self._at, end)
                self._at = end
                return value

    def _line_of(self, error: ValueError) -> int:
        position = error.pos if isinstance(error, json.JSONDecodeError) else self._at
        return self.line + self._text.count("\n", self._at, position)

    def _more(self) -> bool:
        """Reads on, twice as much for a value that is long already; False at the end of the file."""
        left = self._text[self._at :]
        if self._ended or len(left) > MAX_LINE_BYTES:
            return False
        data = self._source.read(max(_BLOCK_BYTES, len(left)))
        self._ended = not data
        try:
            more = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            raise TimedTextError(
                self.line, f"it is not UTF-8 (byte 0x{error.object[error.start]:02x})"
            ) from None
        self._text, self._at = left + more, 0
        return bool(more) or not self._ended
