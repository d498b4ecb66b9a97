"""What a live client is told, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from govor.records import Word
from govor.text.spacing import space_between
from govor.transcribe.transcript import TIME_DIGITS

Event = dict[str, Any]


def spaced(words: Sequence[Word], said: str) -> list[Word]:
    """Words as they go on behind `said`; each of them carries the space that stands before it."""
    if not words:
        return []
    first = words[0].text.lstrip()
    return [replace(words[0], text=space_between(said, first) + first), *words[1:]]


def partial(words: Sequence[Word]) -> Event:
    """What is heard behind the final text and may change; it takes the place of the one before."""
    return {"type": "partial", "text": "".join(word.text for word in words)}


def final(words: Sequence[Word], closed: bool) -> Event:
    """What is final from now on: it goes behind the final text. `closed`: an utterance ends with it."""
    times = [
        {"word": w.text.strip(), "start": round(w.start, TIME_DIGITS), "end": round(w.end, TIME_DIGITS)}
        for w in words
    ]
    return {"type": "final", "text": "".join(word.text for word in words), "closed": closed, "words": times}


def pace(step_s: float, behind_s: float) -> Event:
    """How often the server decodes now, and how much sound waits."""
    return {"type": "pace", "step_s": round(step_s, 1), "behind_s": round(behind_s, 1)}


def done(text: str, duration_s: float, reason: str) -> Event:
    """All is final: the whole text, and why it ends (``end``, ``idle``, ``too_long``, ``stopping``)."""
    return {"type": "done", "text": text, "duration": round(duration_s, TIME_DIGITS), "reason": reason}


def as_line(event: Event) -> str:
    """An event as it is sent."""
    return json.dumps(event, ensure_ascii=False)
