"""Paragraphs of word processors' files: DOCX (ISO/IEC 29500) and ODT (ISO/IEC 26300), both zipped XML."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from govor.corpora.safe_xml import parsed_xml
from govor.corpora.spreadsheet import ZIP_FAULTS
from govor.corpora.timed_text import MAX_FILE_BYTES, TimedTextError

_DOCX_LEFT_OUT = ("del", "delText", "instrText", "footnoteReference", "txbxContent", "Fallback")
"""What was deleted, fields' commands, and boxes whose text comes a second time."""
_ODT_LEFT_OUT = ("annotation", "note", "tracked-changes", "table-of-content", "sequence-decls")
_BREAKS = ("br", "cr", "line-break")
_SPACES = ("tab", "s", "noBreakHyphen")


def docx_lines(file: Path) -> list[str]:
    """The paragraphs of a DOCX, those of tables too.

    Raises:
        TimedTextError: it is not a DOCX, or too large.
    """
    return _lines(_part(file, "word/document.xml"), ("p",), _DOCX_LEFT_OUT, texts=("t",))


def odt_lines(file: Path) -> list[str]:
    """The paragraphs and headings of an ODT.

    Raises:
        TimedTextError: it is not an ODT, or too large.
    """
    return _lines(_part(file, "content.xml"), ("p", "h"), _ODT_LEFT_OUT, texts=())


def _part(file: Path, name: str) -> Element:
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
    return parsed_xml(data)


def _name(element: Element) -> str:
    """Without the prefix of its namespace."""
    return element.tag.rpartition(":")[2]


def _lines(
    root: Element, paragraphs: tuple[str, ...], left_out: tuple[str, ...], texts: tuple[str, ...]
) -> list[str]:
    """The text of every paragraph, a line each; where `texts` is empty all character data is text."""
    found: list[str] = []
    for element in _outermost(root, paragraphs, left_out):
        found += "".join(_pieces(element, left_out, texts)).split("\n")
    return found


def _outermost(root: Element, names: tuple[str, ...], left_out: tuple[str, ...]) -> Iterator[Element]:
    """Elements of these names that lie in none of them, in order."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if _name(element) in left_out:
            continue
        if _name(element) in names:
            yield element
        else:
            waiting += reversed(list(element))


def _pieces(root: Element, left_out: tuple[str, ...], texts: tuple[str, ...]) -> Iterator[str]:
    """Character data of a paragraph, breaks as line feeds; without recursion, however deep it is."""
    waiting: list[Element | str] = [root]
    while waiting:
        element = waiting.pop()
        if isinstance(element, str):
            yield element
            continue
        name = _name(element)
        if name in left_out and element is not root:
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
