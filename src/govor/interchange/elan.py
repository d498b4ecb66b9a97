"""ELAN annotation files: a tier a speaker, its words on a tier below it.

Every annotation has time slots of its own, as ELAN wants them. Source: the EAF 3.0 format description of the
Max Planck Institute for Psycholinguistics.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from govor.corpora.tiers import is_speech
from govor.interchange.label import Label, LabelledRecording, Layer, layers, without_control
from govor.interchange.session_format import SessionFormat

UTTERANCES, WORDS = "utterance", "word"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def held_text(text: str) -> str:
    """The text as this format keeps it."""
    return without_control(text).strip()


def told_text(text: str) -> str:
    """The text as it comes back: what is a sign of silence on a tier does not."""
    return held_text(text) if is_speech(text) else ""


def held_speaker(speaker: str) -> str:
    """The name as this format keeps it: attributes hold no line ends."""
    return " ".join(without_control(speaker).split())


def render(session: LabelledRecording, audio: str | None) -> str:
    """An EAF file.

    Args:
        session: the recording and its labels.
        audio: name of the recording beside the file, or None where only `session.audio` names it.
    """
    root = ET.Element("ANNOTATION_DOCUMENT", _document_attributes())
    _header(root, session, audio)
    order = ET.SubElement(root, "TIME_ORDER")
    slots = _Slots(order)
    for layer in layers(session.labels, held_speaker):
        _tiers(root, layer, slots)
    slots.write()
    _types(root)
    ET.indent(root, "    ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def tier_name(layer: Layer, kind: str = "tx") -> str:
    """``tx@Ana``; ``tx2@Ana`` where Ana's utterances overlap."""
    number = "" if layer.number == 1 else str(layer.number)
    return f"{kind}{number}@{held_speaker(layer.speaker)}" if layer.speaker else f"{kind}{number}"


def _document_attributes() -> dict[str, str]:
    return {
        "AUTHOR": "",
        "DATE": "1970-01-01T00:00:00+00:00",
        "FORMAT": "3.0",
        "VERSION": "3.0",
        f"{{{_XSI}}}noNamespaceSchemaLocation": _SCHEMA,
    }


def _header(root: ET.Element, session: LabelledRecording, audio: str | None) -> None:
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    media = {"MEDIA_URL": _address(session.audio), "MIME_TYPE": _mime(session.audio)}
    if audio is not None:
        media["RELATIVE_MEDIA_URL"] = f"./{audio}"
    ET.SubElement(header, "MEDIA_DESCRIPTOR", media)


def _address(audio: str) -> str:
    return audio if "://" in audio else Path(audio).absolute().as_uri()


def _mime(audio: str) -> str:
    kinds = {".wav": "audio/x-wav", ".mp3": "audio/mpeg", ".mp4": "video/mp4", ".m4a": "audio/mp4"}
    return kinds.get(Path(audio).suffix.lower(), "unknown")


class _Slots:
    """Time slots, numbered as they are asked for and written in order of time."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element
        self._times: list[tuple[int, str]] = []
        self.annotations = 0

    def pair(self, label: Label) -> dict[str, str]:
        """Attributes that name the two slots of a label."""
        names = [self._slot(time_ms) for time_ms in (label.start_ms, label.end_ms)]
        return {"TIME_SLOT_REF1": names[0], "TIME_SLOT_REF2": names[1]}

    def _slot(self, time_ms: int) -> str:
        name = f"ts{len(self._times) + 1}"
        self._times.append((time_ms, name))
        return name

    def write(self) -> None:
        """Writes all slots."""
        for time_ms, name in sorted(self._times, key=lambda slot: slot[0]):
            ET.SubElement(self._element, "TIME_SLOT", {"TIME_SLOT_ID": name, "TIME_VALUE": str(time_ms)})


def _tiers(root: ET.Element, layer: Layer, slots: _Slots) -> None:
    name = tier_name(layer)
    whose = {"PARTICIPANT": held_speaker(layer.speaker)} if layer.speaker else {}
    tier = ET.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": UTTERANCES, "TIER_ID": name, **whose})
    _annotations(tier, layer.labels, slots)
    words = tuple(_words(layer))
    if words:
        attributes = {"LINGUISTIC_TYPE_REF": WORDS, "PARENT_REF": name, "TIER_ID": tier_name(layer, "words")}
        _annotations(ET.SubElement(root, "TIER", {**attributes, **whose}), words, slots)


def _words(layer: Layer) -> Iterator[Label]:
    for label in layer.labels:
        yield from label.words


def _annotations(tier: ET.Element, labels: tuple[Label, ...], slots: _Slots) -> None:
    for label in labels:
        slots.annotations += 1
        frame = ET.SubElement(tier, "ANNOTATION")
        attributes = {"ANNOTATION_ID": f"a{slots.annotations}", **slots.pair(label)}
        item = ET.SubElement(frame, "ALIGNABLE_ANNOTATION", attributes)
        ET.SubElement(item, "ANNOTATION_VALUE").text = held_text(label.text)


def _types(root: ET.Element) -> None:
    common = {"GRAPHIC_REFERENCES": "false", "TIME_ALIGNABLE": "true"}
    ET.SubElement(root, "LINGUISTIC_TYPE", {"LINGUISTIC_TYPE_ID": UTTERANCES, **common})
    words = {"CONSTRAINTS": "Included_In", "LINGUISTIC_TYPE_ID": WORDS}
    ET.SubElement(root, "LINGUISTIC_TYPE", {**words, **common})
    about = "Time alignable annotations within the parent annotation's time interval, gaps are allowed"
    ET.SubElement(root, "CONSTRAINT", {"DESCRIPTION": about, "STEREOTYPE": "Included_In"})


FORMAT = SessionFormat("eaf", ".eaf", frozenset({"speaker", "words"}), told_text, held_speaker, render)
