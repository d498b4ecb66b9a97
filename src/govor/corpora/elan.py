"""ELAN annotation files (EAF): tiers with times, read without any entity being expanded.

Tiers that only refer to another tier (``REF_ANNOTATION``) have no times of their own and take those of the
annotation they refer to; several that follow each other on one annotation share its time evenly, and so do
time slots without a value between two that have one, as ELAN shows them. Source: the EAF 3.0 format
description of the Max Planck Institute.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from govor.corpora.names import path_of_url
from govor.corpora.text_settings import text_settings
from govor.corpora.timed_text import MAX_FILE_BYTES, Tier, TimedText, TimedTextError, note_undecoded

_UNITS_S = {"milliseconds": 0.001, "PAL-frames": 1 / 25, "NTSC-frames": 1001 / 30_000}
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)


@dataclass(frozen=True)
class Media:
    """A recording that an EAF file was made from.

    Attributes:
        places: where it is said to lie: relative to the EAF file, or absolute.
        origin_s: what its clock shows where the annotation's begins.
    """

    places: tuple[str, ...]
    origin_s: float = 0.0

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(self.places[0]).name


@dataclass(frozen=True)
class Annotations:
    """What an EAF file holds.

    Attributes:
        tiers: with times in seconds of the annotation's clock.
        parents: name of the tier that a tier depends on, by name.
        media: the recordings that it was made from.
        untimed: annotations that have no time at all, by tier.
        interpolated: annotations whose time lies between others', by tier.
    """

    tiers: list[Tier]
    parents: dict[str, str]
    media: list[Media]
    untimed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    interpolated: Mapping[str, int] = field(default_factory=dict)


def read_elan(file: Path) -> Annotations:
    """Reads an EAF file.

    Raises:
        TimedTextError: it is not XML, declares entities, or is not an EAF; the message names the line.
    """
    root = _root(file)
    if root.tag != "ANNOTATION_DOCUMENT":
        raise TimedTextError(1, f"it is a {root.tag}, not an ELAN ANNOTATION_DOCUMENT")
    elements = list(root.iter("TIER"))
    spans = _Spans(root, elements)
    tiers = [_tier(element, spans) for element in elements]
    parents = {t.get("TIER_ID", ""): parent for t in elements if (parent := t.get("PARENT_REF"))}
    names = [tier.name for tier in tiers]
    untimed = {n: spans.missing(e) for n, e in zip(names, elements, strict=True)}
    between = {n: spans.between(e) for n, e in zip(names, elements, strict=True)}
    return Annotations(tiers, parents, _media(root), untimed, between)


def media_of(file: Path) -> list[Media]:
    """The recordings that an EAF file names; none where it is not an EAF."""
    try:
        return _media(_root(file))
    except TimedTextError:
        return []


def _root(file: Path) -> ET.Element:
    if file.stat().st_size > MAX_FILE_BYTES:
        raise TimedTextError(1, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    data, encoding = file.read_bytes(), text_settings().encoding
    try:
        _refuse_declarations(data, encoding)
        return ET.fromstring(data, ET.XMLParser(encoding=encoding))
    except TimedTextError:
        note_undecoded(file, data, encoding or "utf-8") if _claims_utf8(data) else None
        raise
    except (ET.ParseError, LookupError, ValueError) as error:
        raise TimedTextError(1, f"it cannot be read as XML ({error})") from None


def _claims_utf8(data: bytes) -> bool:
    declared = re.search(rb"<\?xml[^>]*encoding=[\"']([\w-]+)", data[:200])
    return declared is None or declared.group(1).lower() == b"utf-8"


def _refuse_declarations(data: bytes, encoding: str | None) -> None:
    """Refuses documents with a DOCTYPE: no annotation file needs one, and entities come with it."""
    parser = expat.ParserCreate(encoding)

    def refuse(*_: object) -> None:
        raise TimedTextError(parser.CurrentLineNumber, "it declares a DOCTYPE, which no EAF needs")

    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise TimedTextError(error.lineno, f"it is not XML ({expat.ErrorString(error.code)})") from None


class _Spans:
    """Start and end by annotation, references followed."""

    def __init__(self, root: ET.Element, tiers: list[ET.Element]) -> None:
        header = root.find("HEADER")
        unit_s = _UNITS_S.get((header.get("TIME_UNITS") if header is not None else None) or "milliseconds")
        if unit_s is None:
            raise TimedTextError(1, "its time units are not milliseconds, PAL-frames or NTSC-frames")
        listed = list(root.iter("TIME_SLOT"))
        self._order = {slot.get("TIME_SLOT_ID", ""): place for place, slot in enumerate(listed)}
        self._slots = {
            slot.get("TIME_SLOT_ID", ""): round(int(value) * unit_s, 6)
            for slot in listed
            if _NUMBER.fullmatch(value := slot.get("TIME_VALUE", ""))
        }
        self._spans: dict[str, tuple[float, float]] = {}
        self._between: set[str] = set()
        for tier in tiers:
            self._take_timed(tier)
        waiting = list(tiers)
        while waiting:
            left = [tier for tier in waiting if not self._take_referring(tier)]
            waiting = left if len(left) < len(waiting) else []

    def _take_timed(self, tier: ET.Element) -> None:
        items = [(_id(i), _ends(i)) for i in tier.iter("ALIGNABLE_ANNOTATION")]
        slots = self._with_even_steps({slot for _, ends in items for slot in ends})
        for name, (first, last) in items:
            if first in slots and last in slots:
                self._spans[name] = (slots[first], slots[last])
                if not {first, last} <= self._slots.keys():
                    self._between.add(name)

    def _with_even_steps(self, slots: set[str]) -> dict[str, float]:
        """The times of a tier's slots; those without one stand evenly between their neighbours."""
        ordered = sorted((s for s in slots if s in self._order), key=self._order.__getitem__)
        known = [place for place, slot in enumerate(ordered) if slot in self._slots]
        times = {ordered[place]: self._slots[ordered[place]] for place in known}
        for before, after in pairwise(known):
            begin, end = times[ordered[before]], times[ordered[after]]
            for place in range(before + 1, after):
                times[ordered[place]] = begin + (end - begin) * (place - before) / (after - before)
        return times

    def _take_referring(self, tier: ET.Element) -> bool:
        """Gives the annotations of a referring tier their times; False while the tier above has none."""
        groups: dict[str, list[ET.Element]] = {}
        for item in tier.iter("REF_ANNOTATION"):
            groups.setdefault(item.get("ANNOTATION_REF", ""), []).append(item)
        for above, items in groups.items():
            if above in self._spans:
                self._share(self._spans[above], items, above)
        return all(_id(i) in self._spans for items in groups.values() for i in items)

    def _share(self, span: tuple[float, float], items: list[ET.Element], above: str) -> None:
        follow = any(item.get("PREVIOUS_ANNOTATION") for item in items)
        count = len(items) if follow else 1
        step = (span[1] - span[0]) / count
        for place, item in enumerate(items):
            begin = span[0] + step * (place if follow else 0)
            self._spans[_id(item)] = (begin, begin + step)
            if follow or above in self._between:
                self._between.add(_id(item))

    def of(self, item: ET.Element) -> tuple[float, float] | None:
        """Start and end of an annotation."""
        return self._spans.get(_id(item))

    def missing(self, tier: ET.Element) -> list[str]:
        """Annotations of a tier that have no time."""
        return [_id(item) for item in _annotations(tier) if _id(item) not in self._spans]

    def between(self, tier: ET.Element) -> int:
        """How many annotations of a tier have a time that lies between others'."""
        return sum(_id(item) in self._between for item in _annotations(tier))


def _annotations(tier: ET.Element) -> Iterator[ET.Element]:
    yield from tier.iter("ALIGNABLE_ANNOTATION")
    yield from tier.iter("REF_ANNOTATION")


def _id(item: ET.Element) -> str:
    return item.get("ANNOTATION_ID", "")


def _ends(item: ET.Element) -> tuple[str, str]:
    return item.get("TIME_SLOT_REF1", ""), item.get("TIME_SLOT_REF2", "")


def _tier(element: ET.Element, spans: _Spans) -> Tier:
    timed = [(item, span) for item in _annotations(element) if (span := spans.of(item)) is not None]
    cues = tuple(TimedText(*span, item.findtext("ANNOTATION_VALUE") or "") for item, span in timed)
    return Tier(element.get("TIER_ID", ""), cues, element.get("PARTICIPANT") or None)


def _media(root: ET.Element) -> list[Media]:
    made = []
    for descriptor in root.iter("MEDIA_DESCRIPTOR"):
        urls = (descriptor.get("RELATIVE_MEDIA_URL"), descriptor.get("MEDIA_URL"))
        places = tuple(place for url in urls if url and PurePosixPath(place := path_of_url(url)).name)
        origin = descriptor.get("TIME_ORIGIN", "")
        if places:
            made.append(Media(places, int(origin) / 1000 if _NUMBER.fullmatch(origin) else 0.0))
    return made
