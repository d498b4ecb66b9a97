"""XML of annotation programs: parsed once, no entity ever expanded, every element with its line."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from xml.parsers import expat

from govor.corpora.timed_text import MAX_FILE_BYTES, TimedTextError

LINE = "_line"
"""Attribute that holds the line of an element."""


def read_xml(file: Path, root: str) -> ET.Element:
    """The root element of a file.

    Args:
        file: the file.
        root: the name that its root must have.

    Raises:
        TimedTextError: it is too large, no XML, declares entities, or has another root.
    """
    if file.stat().st_size > MAX_FILE_BYTES:
        raise TimedTextError(1, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    element = parsed_xml(file.read_bytes())
    if element.tag != root:
        raise TimedTextError(line_of(element), f"it is a {element.tag}, not a {root}")
    return element


def line_of(element: ET.Element) -> int:
    """The line that an element begins on."""
    return int(element.get(LINE, "1"))


def parsed_xml(data: bytes) -> ET.Element:
    """The root element of a document.

    Raises:
        TimedTextError: it is not XML, or declares entities.
    """
    parser, builder = expat.ParserCreate(), ET.TreeBuilder()

    def start(tag: str, attributes: dict[str, str]) -> None:
        builder.start(tag, {**attributes, LINE: str(parser.CurrentLineNumber)})

    def declares_entity(*_: object) -> None:
        raise TimedTextError(parser.CurrentLineNumber, "it declares an entity, which no annotation needs")

    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = declares_entity
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(data, True)
    except TimedTextError:
        raise
    except expat.ExpatError as error:
        problem = f"it is not XML ({expat.ErrorString(error.code)})"
        raise TimedTextError(error.lineno, problem) from None
    except (LookupError, ValueError) as error:
        raise TimedTextError(1, f"its encoding is not known ({error})") from None
    return builder.close()
