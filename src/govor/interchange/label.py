"""A label: what an annotation tool shows of an utterance, in whole milliseconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

SHORTEST_MS = 1
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Label:
    """A text and when it is spoken.

    Attributes:
        id: of the utterance.
        start_ms: milliseconds from the beginning of the recording.
        end_ms: later than the start.
        text: what is said.
        speaker: who says it, or None.
        words: its words, in order; empty where their times are not known.
    """

    id: str
    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None
    words: tuple[Label, ...] = ()

    @classmethod
    def of(cls, id: str, start_s: float, end_s: float, text: str, speaker: str | None = None) -> Label:
        """A label from times in seconds; it is at least `SHORTEST_MS` long."""
        start_ms = round(start_s * 1000)
        return cls(id, start_ms, max(start_ms + SHORTEST_MS, round(end_s * 1000)), text, speaker)


@dataclass(frozen=True, slots=True)
class LabelledRecording:
    """One recording and its labels.

    Attributes:
        recording: its name in the corpus.
        audio: absolute path or URI.
        length_ms: its length, as far as it is known: no label ends later.
        labels: in order of time.
        language: BCP 47 tag, where all utterances have the same.
    """

    recording: str
    audio: str
    length_ms: int
    labels: tuple[Label, ...]
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """Labels of one speaker that do not overlap.

    Attributes:
        speaker: who speaks, or None.
        number: 1, and more where one speaker's utterances overlap.
        labels: in order of time.
    """

    speaker: str | None
    number: int
    labels: tuple[Label, ...]


def layers(labels: Iterable[Label], held: Callable[[str], str] = str) -> list[Layer]:
    """Labels by speaker, in the order in which the speakers begin; overlapping ones on layers of their own.

    Two labels that touch may overlap by the millisecond that the shorter one was given: the later one then
    begins a millisecond later. No other time is changed.

    Args:
        labels: of one recording.
        held: a name as the format keeps it: speakers who are called the same there share their layers.
    """
    by_speaker: dict[str | None, list[list[Label]]] = {}
    for label in sorted(labels, key=lambda one: (one.start_ms, one.end_ms)):
        _put(by_speaker.setdefault(held(label.speaker or "") or None, []), label)
    return [
        Layer(speaker, number, tuple(row))
        for speaker, rows in by_speaker.items()
        for number, row in enumerate(rows, 1)
    ]


def _put(rows: list[list[Label]], label: Label) -> None:
    for row in rows:
        if label.start_ms >= row[-1].end_ms:
            row.append(label)
            return
        if label.start_ms + SHORTEST_MS >= row[-1].end_ms and _is_shortest(row[-1]):
            row.append(_from(label, row[-1].end_ms))
            return
    rows.append([label])


def apart(labels: Iterable[tuple[Label, float, float]]) -> Iterator[Label]:
    """Labels of one recording, in order; those that do not overlap in truth do not as labels either.

    The millisecond that a very short one was given may reach into the next, which then begins a millisecond
    later.

    Args:
        labels: each with its true start and end in seconds, by their starts.
    """
    before: Label | None = None
    before_end_s = 0.0
    for label, start_s, end_s in labels:
        if before and start_s >= before_end_s and 0 < before.end_ms - label.start_ms <= SHORTEST_MS:
            label = _from(label, before.end_ms)
        if before is None or label.end_ms >= before.end_ms:
            before, before_end_s = label, end_s
        yield label


def _is_shortest(label: Label) -> bool:
    return label.end_ms - label.start_ms == SHORTEST_MS


def _from(label: Label, start_ms: int) -> Label:
    return replace(label, start_ms=start_ms, end_ms=max(label.end_ms, start_ms + SHORTEST_MS))


def words_within(label: Label, words: Sequence[tuple[str, float, float]]) -> tuple[Label, ...]:
    """Words with times (seconds of the recording) as labels inside `label`, none over another.

    Where they have no room, because there are more of them than milliseconds, there are none.
    """
    made: list[Label] = []
    begin_ms = label.start_ms
    for place, (text, start_s, end_s) in enumerate(words):
        latest_ms = label.end_ms - SHORTEST_MS * (len(words) - place)
        start_ms = max(begin_ms, min(round(start_s * 1000), latest_ms))
        end_ms = min(max(start_ms + SHORTEST_MS, round(end_s * 1000)), latest_ms + SHORTEST_MS)
        if start_ms > latest_ms:
            return ()
        made.append(Label("", start_ms, end_ms, text))
        begin_ms = end_ms
    return tuple(made)


def without_control(text: str) -> str:
    """A text without characters that XML and most editors refuse; line ends are kept."""
    return _CONTROL.sub("", text)


def on_one_line(text: str) -> str:
    """A text with single spaces for all white space."""
    return " ".join(without_control(text).split())
