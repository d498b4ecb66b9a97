"""Paragraphs of word processors' files: DOCX (ISO/IEC 29500) and ODT (ISO/IEC 26300), both zipped XML."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from govor.corpora.safe_xml import parsed_xml
from govor.corpora.spreadsheet import ZIP_FAULTS
from govor.corpora.timed_text import MAX_FILE_BYTES, TimedTextError

_DOCX_LEFT_OUT = ("del", "delText", "moveFrom", "instrText", "footnoteReference", "Fallback", "rt")
"""What was deleted or moved, fields' commands, what is there a second time, how characters are read."""
_ODT_INDEXES = ("table-of-content", "alphabetical-index", "illustration-index", "table-index", "bibliography")
_ODT_LEFT_OUT = (
    *("annotation", "note", "tracked-changes", "sequence-decls", "ruby-text", "svg:title", "svg:desc"),
    *_ODT_INDEXES,
)
_OFFICE_PART = re.compile(
    rb"""<Relationship\b(?=[^>]*officeDocument["'])[^>]*\bTarget\s*=\s*["']/?([^"']+)"""
)
_BREAKS = ("br", "cr", "line-break")
_SPACES = ("tab", "ptab", "s", "noBreakHyphen")
DOCX_TEXT = "word/document.xml"


def docx_lines(file: Path) -> list[str]:
    """The paragraphs of a DOCX, those of tables and boxes too.

    Raises:
        TimedTextError: it is not a DOCX, or too large.
    """
    return _lines(_part(file, _main_part(file)), ("p",), _DOCX_LEFT_OUT, texts=("t",))


def odt_lines(file: Path) -> list[str]:
    """The paragraphs and headings of an ODT.

    Raises:
        TimedTextError: it is not an ODT, or too large.
    """
    return _lines(_part(file, "content.xml"), ("p", "h"), _ODT_LEFT_OUT, texts=())


def _main_part(file: Path) -> str:
    """The part that holds a DOCX's text; some programs give it another name than the usual one."""
    try:
        found = _OFFICE_PART.search(_bytes(file, "_rels/.rels"))
        return found[1].decode() if found else DOCX_TEXT
    except (TimedTextError, UnicodeDecodeError):
        return DOCX_TEXT


def _part(file: Path, name: str) -> Element:
    return parsed_xml(_bytes(file, name))


def _bytes(file: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(file) as opened:
            info = opened.getinfo(name)
            if info.file_size > MAX_FILE_BYTES:
                raise TimedTextError(1, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
            with opened.open(info) as part:
                data = part.read(MAX_FILE_BYTES + 1)
    except TimedTextError:
        raise
    except ZIP_FAULTS:
        raise TimedTextError(1, f"it is not a complete {file.suffix} file") from None
    if len(data) > MAX_FILE_BYTES:
        raise TimedTextError(1, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    return data


def _name(element: Element) -> str:
    """Without the prefix of its namespace."""
    return element.tag.rpartition(":")[2]


def _is_left_out(element: Element, names: tuple[str, ...]) -> bool:
    return _name(element) in names or element.tag in names


def _lines(
    root: Element, paragraphs: tuple[str, ...], left_out: tuple[str, ...], texts: tuple[str, ...]
) -> list[str]:
    """The text of every paragraph, a line each; where `texts` is empty all character data is text.

    Paragraphs of a box that stands in another one come behind it.
    """
    found: list[str] = []
    for element in _in_order(root, paragraphs, left_out):
        found += "".join(_pieces(element, (*left_out, *paragraphs), texts)).split("\n")
    return found


def _in_order(root: Element, names: tuple[str, ...], left_out: tuple[str, ...]) -> Iterator[Element]:
    """Elements of these names, in order."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if _is_left_out(element, left_out):
            continue
        if _name(element) in names:
            yield element
        waiting += reversed(list(element))


def _pieces(root: Element, left_out: tuple[str, ...], texts: tuple[str, ...]) -> Iterator[str]:
    """Character data of a paragraph, breaks as line feeds; without recursion, however deep it is."""
    waiting: list[Element | str] = [root]
    while waiting:
        element = waiting.pop()
        if isinstance(element, str):
            yield element.replace("\n", " ")
            continue
        name = _name(element)
        if element is not root and _is_left_out(element, left_out):
            continue
        if name in _BREAKS:
            yield "\n"
        elif name in _SPACES:
            yield "-" if name == "noBreakHyphen" else " "
        inner: list[Element | str] = [element.text] if element.text and (not texts or name in texts) else []
        for child in element:
            inner.append(child)
            if child.tail and not texts:
                inner.append(child.tail)
        waiting += reversed(inner)
