"""ELAN annotation files (EAF): tiers with times, read without any entity being expanded.

Tiers that only refer to another tier (``REF_ANNOTATION``) have no times of their own and take those of the
annotation they refer to. Source: the EAF 3.0 format description of the Max Planck Institute.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from govor.corpora.timed_text import MAX_FILE_BYTES, Cue, Tier, TimedTextError

_MS_PER_S = 1000


@dataclass(frozen=True)
class Annotations:
    """What an EAF file holds.

    Attributes:
        tiers: with times in seconds.
        parents: name of the tier that a tier depends on, by name.
        media: file names of the recordings that it was made from.
    """

    tiers: list[Tier]
    parents: dict[str, str]
    media: list[str]


def read_elan(file: Path) -> Annotations:
    """Reads an EAF file.

    Raises:
        TimedTextError: it is not XML, declares entities, or is no EAF; the message names the line.
    """
    if file.stat().st_size > MAX_FILE_BYTES:
        raise TimedTextError(1, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    data = file.read_bytes()
    _refuse_declarations(data)
    root = ET.fromstring(data)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise TimedTextError(1, f"it is a {root.tag}, not an ELAN ANNOTATION_DOCUMENT")
    slots = {
        slot.get("TIME_SLOT_ID"): int(value) / _MS_PER_S
        for slot in root.iter("TIME_SLOT")
        if (value := slot.get("TIME_VALUE", "")).isdigit()
    }
    spans = _spans(root, slots)
    tiers = [_tier(element, spans) for element in root.iter("TIER")]
    parents = {
        t.get("TIER_ID", ""): t.get("PARENT_REF", "") for t in root.iter("TIER") if t.get("PARENT_REF")
    }
    return Annotations(tiers, parents, _media(root))


def _refuse_declarations(data: bytes) -> None:
    """Refuses documents with a DOCTYPE: no annotation file needs one, and entities come with it."""
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise TimedTextError(parser.CurrentLineNumber, "it declares a DOCTYPE, which no EAF needs")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise TimedTextError(error.lineno, f"it is not XML ({expat.ErrorString(error.code)})") from None


def _spans(root: ET.Element, slots: dict[str | None, float]) -> dict[str, tuple[float, float]]:
    """Start and end by annotation, references followed."""
    spans: dict[str, tuple[float, float]] = {}
    for item in root.iter("ALIGNABLE_ANNOTATION"):
        start, end = slots.get(item.get("TIME_SLOT_REF1")), slots.get(item.get("TIME_SLOT_REF2"))
        if start is not None and end is not None:
            spans[item.get("ANNOTATION_ID", "")] = (start, end)
    refers = {a.get("ANNOTATION_ID", ""): a.get("ANNOTATION_REF", "") for a in root.iter("REF_ANNOTATION")}
    for name in refers:
        seen, there = {name}, refers[name]
        while there not in spans and there in refers and there not in seen:
            seen.add(there)
            there = refers[there]
        if there in spans:
            spans[name] = spans[there]
    return spans


def _tier(element: ET.Element, spans: dict[str, tuple[float, float]]) -> Tier:
    cues = []
    for item in [*element.iter("ALIGNABLE_ANNOTATION"), *element.iter("REF_ANNOTATION")]:
        span = spans.get(item.get("ANNOTATION_ID", ""))
        if span is not None:
            cues.append(Cue(*span, item.findtext("ANNOTATION_VALUE") or ""))
    return Tier(element.get("TIER_ID", ""), tuple(cues), element.get("PARTICIPANT") or None)


def _media(root: ET.Element) -> list[str]:
    urls = [m.get("RELATIVE_MEDIA_URL") or m.get("MEDIA_URL") or "" for m in root.iter("MEDIA_DESCRIPTOR")]
    return [PurePosixPath(url.replace("\\", "/")).name for url in urls if url]
