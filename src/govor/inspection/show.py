"""An inspection on the terminal, as a summary, and as one page that needs no network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from govor import console, store
from govor.audio import MIME, encode
from govor.curate.shown import BEFORE_CHANGE, LONGEST, cut
from govor.inspection.pictures import features_png, spectrogram_png, wave_png
from govor.inspection.stages import Inspection, Tokens
from govor.pages import audio_data_uri, render
from govor.pages.embed import data_uri
from govor.records import Summary

SHOWN_TOKENS = 40
SHOWN_BLOCKS = 100
STEM_CHARACTERS = 60
"""Four bytes each at most, of the 255 that a file's name may have."""
TEXT_CHARACTERS = 3_000


def write_page(shown: Inspection, out: Path) -> Path:
    """Writes ``<id>.html`` into `out` and gives its path."""
    pictures = [wave_png(shown), spectrogram_png(shown), features_png(shown)]
    page = render(
        "inspection/inspect.html",
        shown=shown,
        subject=shown.subject,
        pictures=[data_uri(picture, "image/png") for picture in pictures if picture],
        clip=audio_data_uri(encode(shown.wave, shown.rate_hz), MIME["flac"]),
        frames=frames_words(shown.tokens) if shown.tokens else "",
        round_trip=round_trip_words(shown) if shown.tokens else "",
        shortened=shortened,
    )
    path = out / f"{file_stem(shown.subject.id)}.html"
    store.write_text(path, page)
    return path


def file_stem(name: str) -> str:
    """A file name's part for an id that no other id has: what cannot stand in one is told apart by a hash."""
    plain = re.sub(r"[^\w.-]+", "_", name)[:STEM_CHARACTERS].strip("._")
    return plain if plain == name else f"{plain or 'utterance'}-{store.fingerprint(name)[:8]}"


def shortened(text: str, longest: int = TEXT_CHARACTERS) -> str:
    """The beginning of a text, and how much more there is."""
    return cut(text, longest=longest)


def frames_words(tokens: Tokens) -> str:
    """Labels against frames, or against the decoder's limit, in words."""
    count = tokens.count
    if tokens.frames is None:
        return f"{count} labels; the decoder writes at most {tokens.limit}."
    verdict = "enough" if tokens.frames >= tokens.needed else "too few: CTC cannot align this text"
    return f"{tokens.frames} output frames for {count} labels, which need {tokens.needed}: {verdict}."


def round_trip_words(shown: Inspection) -> str:
    """Whether the text comes back from its tokens, in words."""
    if shown.tokens is None or shown.normal is None:
        return ""
    if shown.tokens.back == shown.normal:
        return "The tokens decode back to the same text."
    before, after = shown.normal, shown.tokens.back
    same = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    first = max(0, same - BEFORE_CHANGE) if max(len(before), len(after)) > LONGEST else 0
    ours, theirs = (cut(text, first) for text in (before, after))
    return f"The tokens do not decode back to the text: {ours!r} becomes {theirs!r}."


@dataclass(frozen=True)
class InspectionSummary(Summary):
    """What ``govor inspect`` prints; see `Inspection` and `Tokens`."""

    id: str
    header: Mapping[str, str]
    text: str | None
    normaliser: str
    steps: Sequence[Mapping[str, str]]
    normal: str | None
    features: Sequence[int] | None
    features_note: Sequence[str]
    tokens: Sequence[Mapping[str, str | int]] | None
    token_count: int | None
    round_trip: bool | None
    frames: int | None
    frames_needed: int | None
    hypothesis: str | None
    alignment: Sequence[Sequence[str]]
    out: str


def summary_of(shown: Inspection, page: Path) -> InspectionSummary:
    """What ``--json`` prints."""
    tokens = shown.tokens
    return InspectionSummary(
        id=shown.subject.id,
        header=dict(shown.header),
        text=shown.subject.text,
        normaliser=shown.normaliser,
        steps=[{"rule": rule, "before": before, "after": after} for rule, before, after in shown.steps],
        normal=shown.normal,
        features=shown.features.shape if shown.features is not None else None,
        features_note=shown.features_note,
        tokens=[{"id": row.id, "token": row.name} for row in tokens.rows] if tokens else None,
        token_count=tokens.count if tokens else None,
        round_trip=tokens.back == shown.normal if tokens else None,
        frames=tokens.frames if tokens else None,
        frames_needed=tokens.needed if tokens else None,
        hypothesis=shown.hypothesis.text if shown.hypothesis else None,
        alignment=shown.blocks,
        out=str(page),
    )


def lines(shown: Inspection, page: Path) -> list[str]:
    """What people see on the terminal."""
    text = [shown.subject.id, "", *console.table(list(shown.header)), "", *shown.features_note]
    text += ["", *_text_lines(shown)] if shown.subject.text is not None else []
    text += ["", *_token_lines(shown)] if shown.tokens else []
    text += ["", *_said_lines(shown)] if shown.hypothesis else []
    return [*text, "", f"pictures and sound: {page}"]


def _text_lines(shown: Inspection) -> list[str]:
    found = [f"text            {cut(shown.subject.text or '')}"]
    return found + [f"  {rule:13} {cut(after)}" for rule, _, after in shown.steps]


def _token_lines(shown: Inspection) -> list[str]:
    assert shown.tokens is not None
    rows, count = shown.tokens.rows, shown.tokens.count
    names = " ".join(f"{row.name}:{row.id}" for row in rows[:SHOWN_TOKENS])
    more = f" and {count - SHOWN_TOKENS:,} more" if count > SHOWN_TOKENS else ""
    return [f"tokens          {names}{more}", round_trip_words(shown), frames_words(shown.tokens)]


def _said_lines(shown: Inspection) -> list[str]:
    assert shown.hypothesis is not None
    found = [f"model says      {cut(shown.hypothesis.text)}"]
    marks = {"equal": "", "replace": "~", "delete": "-", "insert": "+"}
    changed = [block for block in shown.blocks if block[0] != "equal"]
    for tag, ours, theirs in changed[:SHOWN_BLOCKS]:
        found.append(f"  {marks[tag]} {cut(ours) or '(nothing)'} -> {cut(theirs) or '(nothing)'}")
    rest = len(changed) - SHOWN_BLOCKS
    return [*found, f"  and {rest:,} more differences"] if rest > 0 else found
