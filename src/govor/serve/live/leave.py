"""What the page's script is told when a visitor wants to speak: how to connect, or why not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from govor.errors import GovorError
from govor.serve.asked import require_model_can
from govor.serve.live.rooms import Rooms
from govor.serve.live.tickets import Tickets
from govor.serve.models import ServedModel
from govor.serve.refusals import RequestError

Admit = Callable[[Sequence[str], str], str]
"""Chosen models and language of a visitor to JSON: parameters of the WebSocket, or ``error``."""


def leave_to_speak(
    models: Mapping[str, ServedModel], rooms: Rooms, tickets: Tickets, chosen: Sequence[str], language: str
) -> str:
    """The parameters of one connection: the first chosen model, the language, and a ticket for the door."""
    known = [name for name in chosen if name in models]
    if not known:
        return json.dumps({"error": "Choose a model."})
    try:
        if (refusal := rooms.refusal()) is not None:
            raise refusal
        require_model_can(models[known[0]], "transcribe", language.strip() or None, None)
    except (RequestError, GovorError) as error:
        return json.dumps({"error": str(error)}, ensure_ascii=False)
    asked = {"model": known[0], "language": language.strip(), "ticket": tickets.issue()}
    return json.dumps(asked, ensure_ascii=False)
