"""Praat TextGrids in the long form: interval tiers that cover the recording without a gap.

Source: Praat manual, "TextGrid file formats".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from govor.interchange.elan import held_speaker, held_text, tier_name, told_text
from govor.interchange.label import Label, LabelledRecording, layers
from govor.interchange.session_format import SessionFormat


def render(session: LabelledRecording, audio: str | None) -> str:
    """A TextGrid; `audio` is not named in it: Praat opens the recording of the same name."""
    tiers = list(_tiers(session))
    end_ms = max([session.length_ms, *(label.end_ms for _, labels in tiers for label in labels)])
    head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {_s(end_ms)}"]
    lines = [*head, "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, labels) in enumerate(tiers, 1):
        lines += _tier(number, name, labels, end_ms)
    return "\n".join(lines) + "\n"


def _tiers(session: LabelledRecording) -> Iterator[tuple[str, tuple[Label, ...]]]:
    for layer in layers(session.labels, held_speaker):
        yield tier_name(layer), layer.labels
        words = tuple(word for label in layer.labels for word in label.words)
        if words:
            yield tier_name(layer, "words"), words


def _tier(number: int, name: str, labels: Sequence[Label], end_ms: int) -> list[str]:
    spans = list(_covering(labels, end_ms))
    head = [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{_quoted(name)}"']
    lines = [
        *head,
        "        xmin = 0",
        f"        xmax = {_s(end_ms)}",
        f"        intervals: size = {len(spans)}",
    ]
    for place, (start_ms, stop_ms, text) in enumerate(spans, 1):
        lines += [
            f"        intervals [{place}]:",
            f"            xmin = {_s(start_ms)}",
            f"            xmax = {_s(stop_ms)}",
            f'            text = "{_quoted(text)}"',
        ]
    return lines


def _covering(labels: Sequence[Label], end_ms: int) -> Iterator[tuple[int, int, str]]:
    """Start, end and text of the labels and of the stretches between them."""
    at_ms = 0
    for label in labels:
        if label.start_ms > at_ms:
            yield at_ms, label.start_ms, ""
        yield label.start_ms, label.end_ms, held_text(label.text)
        at_ms = label.end_ms
    if at_ms < end_ms or not labels:
        yield at_ms, end_ms, ""


def _quoted(text: str) -> str:
    return text.replace('"', '""')


def _s(time_ms: int) -> str:
    return f"{time_ms / 1000:.3f}".rstrip("0").rstrip(".")


FORMAT = SessionFormat(
    "textgrid", ".TextGrid", frozenset({"speaker", "words"}), told_text, held_speaker, render, covers=True
)
