"""Texts as people have them: plain text, word processors, web pages, subtitles whose times are wrong.

Every reader gives the lines of a text in order; nothing is judged here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from govor.align.html_text import html_lines
from govor.align.office import docx_lines, odt_lines
from govor.corpora.cues import read_cues
from govor.corpora.encodings import remedy
from govor.corpora.text_settings import reading_text, text_settings
from govor.corpora.timed_text import TimedTextError, decode
from govor.errors import CorpusError

_META_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MEANT = {
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "cp1252"),
    **dict.fromkeys(("utf-16", "utf-16le", "utf-16be", "unicode"), "utf-8"),
}
"""Names of encodings that browsers take for others. Source: the WHATWG's Encoding standard."""


@dataclass(frozen=True)
class Line:
    """A line or paragraph of a text.

    Attributes:
        text: as it stands there, white space at its ends left out; empty between paragraphs.
        number: where it stands, from 1: lines of a file, else paragraphs.
        speaker: who says it, where the file tells.
        turn: somebody begins to speak here.
    """

    text: str
    number: int
    speaker: str | None = None
    turn: bool = False


@dataclass(frozen=True)
class Document:
    """A text.

    Attributes:
        file: where it was read from.
        lines: in order.
        wrapped: whether a paragraph may go on over several lines.
    """

    file: Path
    lines: tuple[Line, ...]
    wrapped: bool = False


def read_document(file: Path, encoding: str | None = None) -> Document:
    """The lines of a text.

    Args:
        file: its suffix says what it is.
        encoding: of plain text, subtitles and web pages; None: UTF-8.

    Raises:
        CorpusError: it cannot be read, is of a kind that has no reader, or holds no letter.
    """
    suffix = file.suffix.lower()
    if suffix not in READERS:
        raise CorpusError(_unread(file, suffix))
    with reading_text(encoding, None) as settings:
        try:
            lines = tuple(READERS[suffix](file))
        except TimedTextError as error:
            raise CorpusError(
                f"{file}, line {error.line}: {error.problem}: correct it or save it again"
            ) from None
        except OSError as error:
            raise CorpusError(
                f"{file} cannot be read ({error.strerror or error}): check its name and rights"
            ) from None
        if foreign := [found for found in settings.undecoded.values() if found.lines]:
            raise CorpusError(f"{file} is not {encoding or 'UTF-8'}: {remedy(foreign[0])}")
    if not any(any(map(str.isalnum, line.text)) for line in lines):
        raise CorpusError(f"{file} holds no text: leave it out, or save it again as plain text")
    return Document(file, lines, suffix in WRAPPED)


def _unread(file: Path, suffix: str) -> str:
    if suffix == ".pdf":
        return f"{file} is a PDF, which keeps no order of its text: save it as text first (.txt or .docx)"
    if suffix in OTHER_TEXTS:
        return f"{file} is of a kind that is not read: save it as .docx, .odt or .txt first"
    return f"{file} is not a text that can be read: save it as one of {', '.join(READERS)}"


def _numbered(texts: Iterable[str]) -> list[Line]:
    return [Line(" ".join(text.split()), number) for number, text in enumerate(texts, 1)]


def _plain(file: Path) -> list[Line]:
    return _numbered(decode(file).split("\n"))


def _captions(file: Path) -> list[Line]:
    cues = read_cues(file, timed=False).cues
    return [
        Line(" ".join(cue.text.split()), cue.line or number, cue.speaker)
        for number, cue in enumerate(cues, 1)
    ]


def _page(file: Path) -> list[Line]:
    data = file.read_bytes()
    declared = _META_CHARSET.search(data[:4096])
    if declared is None or data.startswith(_MARKS) or text_settings().encoding:
        return _numbered(html_lines(decode(file)))
    name = declared[1].decode().lower()
    try:
        return _numbered(html_lines(data.decode(_MEANT.get(name, name))))
    except (LookupError, UnicodeError):
        return _numbered(html_lines(decode(file)))


def _docx(file: Path) -> list[Line]:
    return _numbered(docx_lines(file))


def _odt(file: Path) -> list[Line]:
    return _numbered(odt_lines(file))


READERS: dict[str, Callable[[Path], list[Line]]] = {
    ".txt": _plain,
    ".docx": _docx,
    ".odt": _odt,
    ".html": _page,
    ".htm": _page,
    ".xhtml": _page,
    ".srt": _captions,
    ".vtt": _captions,
}
OTHER_TEXTS = (".pdf", ".doc", ".rtf", ".epub", ".docm", ".fodt", ".wpd", ".pages")
"""Kinds that hold texts and have no reader."""
WRAPPED = (".txt", ".srt", ".vtt")
"""Where a sentence may go on in the next line."""
