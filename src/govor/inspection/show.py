"""An inspection on the terminal, as a summary, and as one page that needs no network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from govor import console, store
from govor.audio import MIME, encode
from govor.inspection.pictures import features_png, spectrogram_png, wave_png
from govor.inspection.stages import Inspection, Tokens
from govor.pages import audio_data_uri, render
from govor.pages.embed import data_uri

SHOWN_TOKENS = 40


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
    )
    path = out / f"{re.sub(r'[^A-Za-z0-9._-]+', '_', shown.subject.id)[:120] or 'utterance'}.html"
    store.write_text(path, page)
    return path


def frames_words(tokens: Tokens) -> str:
    """Labels against frames, or against the decoder's limit, in words."""
    count = len(tokens.rows)
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
    return f"The tokens do not decode back to the text: {shown.normal!r} becomes {shown.tokens.back!r}."


def summary_of(shown: Inspection, page: Path) -> dict[str, Any]:
    """What ``--json`` prints."""
    tokens = shown.tokens
    return {
        "id": shown.subject.id,
        "header": dict(shown.header),
        "text": shown.subject.text,
        "normaliser": shown.normaliser,
        "steps": [{"rule": rule, "before": before, "after": after} for rule, before, after in shown.steps],
        "normal": shown.normal,
        "features": list(shown.features.shape) if shown.features is not None else None,
        "features_note": list(shown.features_note),
        "tokens": [{"id": row.id, "token": row.name} for row in tokens.rows] if tokens else None,
        "round_trip": tokens.back == shown.normal if tokens else None,
        "frames": tokens.frames if tokens else None,
        "frames_needed": tokens.needed if tokens else None,
        "hypothesis": shown.hypothesis.text if shown.hypothesis else None,
        "alignment": [list(block) for block in shown.blocks],
        "out": str(page),
    }


def lines(shown: Inspection, page: Path) -> list[str]:
    """What people see on the terminal."""
    text = [shown.subject.id, "", *console.table(list(shown.header)), "", *shown.features_note]
    text += ["", *_text_lines(shown)] if shown.subject.text is not None else []
    text += ["", *_token_lines(shown)] if shown.tokens else []
    text += ["", *_said_lines(shown)] if shown.hypothesis else []
    return [*text, "", f"pictures and sound: {page}"]


def _text_lines(shown: Inspection) -> list[str]:
    found = [f"text            {shown.subject.text}"]
    found += [f"  {rule:13} {after}" for rule, _, after in shown.steps]
    return found or [f"text            {shown.normal}"]


def _token_lines(shown: Inspection) -> list[str]:
    assert shown.tokens is not None
    rows = shown.tokens.rows
    names = " ".join(f"{row.name}:{row.id}" for row in rows[:SHOWN_TOKENS])
    more = f" and {len(rows) - SHOWN_TOKENS} more" if len(rows) > SHOWN_TOKENS else ""
    return [f"tokens          {names}{more}", round_trip_words(shown), frames_words(shown.tokens)]


def _said_lines(shown: Inspection) -> list[str]:
    assert shown.hypothesis is not None
    found = [f"model says      {shown.hypothesis.text}"]
    marks = {"equal": "", "replace": "~", "delete": "-", "insert": "+"}
    for tag, ours, theirs in shown.blocks:
        if tag != "equal":
            found.append(f"  {marks[tag]} {ours or '(nothing)'} -> {theirs or '(nothing)'}")
    return found
