"""What the OpenAPI document says of requests and answers that the routes read and write themselves."""

from __future__ import annotations

from govor.serve import answers
from govor.serve.models import ALIAS

LANGUAGE = r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*"
"""A language tag, whole."""
LONGEST_PROMPT = 4_000
"""Characters; models look at less of it."""
STREAM = ("false", "true", "0", "1", "False", "True")
JSON, STREAMED = "application/json", "text/event-stream"
Responses = dict[int | str, dict[str, object]]
_TEXT = {"schema": {"type": "string"}}
_OBJECT = {"schema": {"type": "object"}}

TRANSLATION: dict[str, dict[str, object]] = {
    "file": {"type": "string", "format": "binary"},
    "model": {"type": "string", "default": ALIAS},
    "prompt": {"type": "string", "maxLength": LONGEST_PROMPT},
    "response_format": {"type": "string", "enum": list(answers.FORMATS), "default": "json"},
    "temperature": {"type": "number", "enum": [0], "default": 0},
}
"""Fields of a request for a translation into English."""
TRANSCRIPTION: dict[str, dict[str, object]] = {
    **TRANSLATION,
    "language": {"type": "string", "pattern": f"^({LANGUAGE})?$"},
    "timestamp_granularities[]": {
        "type": "array",
        "items": {"type": "string", "enum": list(answers.GRANULARITIES)},
    },
    "include[]": {"type": "array", "items": {"type": "string", "enum": list(answers.INCLUDED)}},
    "chunking_strategy": {"type": "string", "enum": ["auto"], "default": "auto"},
    "stream": {"type": "string", "enum": list(STREAM), "default": "false"},
}
"""Fields of a request for a transcript."""


def form(fields: dict[str, dict[str, object]]) -> dict[str, object]:
    """The form that a request is; what is not a field of it is refused."""
    schema = {"type": "object", "required": ["file"], "properties": fields, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _refusal(what: str) -> dict[str, object]:
    return {"description": what, "content": {JSON: _OBJECT}}


NO_MODEL: Responses = {404: _refusal("There is no such model.")}
METRICS: Responses = {
    200: {"description": "Counts, as Prometheus reads them.", "content": {"text/plain": _TEXT}}
}
ANSWERS: Responses = {
    200: {
        "description": "The transcript, in the form that was asked for.",
        "content": {JSON: _OBJECT, **dict.fromkeys((*answers.MEDIA_TYPES.values(), STREAMED), _TEXT)},
    },
    400: _refusal("The form, a field or the recording cannot be read, or the model cannot do it."),
    **NO_MODEL,
    408: _refusal("It took too long."),
    413: _refusal("The recording is too large or too long."),
    429: _refusal("The queue is full: ask again after the time in Retry-After."),
    503: _refusal("The server is stopping: ask again later."),
}
"""Statuses and forms of what answers a request for a transcript."""
