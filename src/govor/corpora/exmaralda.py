"""EXMARaLDA basic transcriptions (``.exb``): tiers of events on one time line.

Only transcription tiers (type ``t``) are speech. Events that follow on each other without a gap are one
utterance up to the mark that ends it, since the program cuts events where people talk at once, within words
too. Points of the time line without a time are placed evenly between their neighbours, as EXMARaLDA does;
nothing can be told of those at the ends. Source: the document type "basic-transcription" of EXMARaLDA 1.10.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath

from govor.corpora.beside import TranscriptFile, first_files, read_beside, transcript_files
from govor.corpora.lines import rejected_line
from govor.corpora.numbers import number
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.safe_xml import line_of, read_xml
from govor.corpora.tiers import LONGEST_S
from govor.records import Rejection

NAME = "exmaralda"
NEEDS = "EXMARaLDA's .exb files beside the recordings that they name"
SETTINGS: tuple[str, ...] = ("text",)
ENDS = (".", "?", "!", "…", "˙")
"""HIAT's marks at the end of an utterance."""


def recognise(path: Path) -> str | None:
    """Looks for a basic transcription."""
    for file in first_files(path, (".exb",)):
        if b"<basic-transcription" in file.read_bytes()[:4096]:
            return f"{file.name} is a basic transcription of EXMARaLDA"
    return None


def read(source: Source) -> Reading:
    """Opens all basic transcriptions below a folder; ``--text CATEGORY`` takes the tiers of that one."""
    tiers: dict[tuple[str, str, bool], int] = {}
    files = transcript_files(source.path, (".exb",))
    return read_beside(
        source, files, lambda f: _parse(f, source.config.text, tiers), NEEDS, told=lambda: _tier_notes(tiers)
    )


def _tier_notes(tiers: dict[tuple[str, str, bool], int]) -> list[str]:
    """Which tiers were taken and which left."""
    taken = [f"{name} ({count:,} events)" for (name, _, there), count in tiers.items() if there]
    left = [f"{name} (type {kind})" for (name, kind, there), _ in tiers.items() if not there]
    rest = f"; left: {', '.join(left)}; --text CATEGORY takes another" if left else ""
    return [f"tiers taken: {', '.join(taken) or 'none'}{rest}"] if tiers else []


def _parse(file: Path, wanted: str | None, seen: dict[tuple[str, str, bool], int]) -> TranscriptFile:
    root = read_xml(file, "basic-transcription")
    times = _times(root)
    names = {s.get("id", ""): s for s in root.iter("speaker")}
    tiers = []
    for tier in root.iter("tier"):
        category, kind = tier.get("category", ""), tier.get("type", "")
        taken = category == wanted if wanted else kind == "t"
        tiers += [tier] if taken else []
        key = (category, kind, taken)
        seen[key] = seen.get(key, 0) + len(tier.findall("event"))
    rows = [row for tier in tiers for row in _tier(file, tier, times, names.get(tier.get("speaker", "")))]
    media = [PurePosixPath(m.get("url", "").replace("\\", "/")).name for m in root.iter("referenced-file")]
    return TranscriptFile(rows, [name for name in media if name])


def _times(root: ET.Element) -> dict[str, float]:
    """Seconds by point of the time line."""
    points = [(tli.get("id", ""), _seconds(tli.get("time"))) for tli in root.iter("tli")]
    known = [(index, time) for index, (_, time) in enumerate(points) if time is not None]
    times = {points[index][0]: time for index, time in known}
    for (first, start), (last, end) in pairwise(known):
        for index in range(first + 1, last):
            times[points[index][0]] = start + (end - start) * (index - first) / (last - first)
    return times


def _seconds(time: str | None) -> float | None:
    return number(time)


def _tier(
    file: Path, tier: ET.Element, times: dict[str, float], speaker: ET.Element | None
) -> Iterator[Row | Rejection]:
    name = speaker.findtext("abbreviation") if speaker is not None else None
    sex = speaker.find("sex") if speaker is not None else None
    who: Row = {
        "speaker": name or tier.get("speaker"),
        "gender": sex.get("value") if sex is not None else None,
    }
    timed = []
    for event in tier.iter("event"):
        if {event.get("start"), event.get("end")} <= times.keys():
            timed.append(event)
        elif (event.text or "").strip():
            detail = f"no time is known for {event.get('start')} or {event.get('end')}"
            yield rejected_line(file, line_of(event), "bad_times", detail)
    for events in _utterances(timed, times):
        start, end = times[events[0].get("start", "")], times[events[-1].get("end", "")]
        text = " ".join("".join(event.text or "" for event in events).split())
        if text:
            yield who | {"start": start, "end": end, "text": text, "_line": line_of(events[0])}


def _utterances(events: Sequence[ET.Element], times: dict[str, float]) -> Iterator[list[ET.Element]]:
    group: list[ET.Element] = []
    for event in sorted(events, key=lambda event: times[event.get("start", "")]):
        if group:
            ended = (group[-1].text or "").rstrip().endswith(ENDS)
            apart = group[-1].get("end") != event.get("start")
            long = times[event.get("end", "")] - times[group[0].get("start", "")] > LONGEST_S
            if ended or apart or long:
                yield group
                group = []
        group.append(event)
    if group:
        yield group
