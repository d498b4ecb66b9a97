"""What the page is told to open: uploads, and nothing else of this machine or of the network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from govor.serve.guards import App, Message, Receive, Scope, Send, answer, error_body

LARGEST_CALL_BYTES = 4_000_000
"""Of a call of the page's functions; uploads have a route of their own."""
FILE_ROUTE = re.compile(r"/file[=/](?P<path>.*)", re.DOTALL)
FETCHING_ROUTES = re.compile(r"/(proxy=|run-history/|runs(/|$))")
"""Gradio's own, which would reach for the network; the page has no use for them."""


class UploadsOnly:
    """Refuses calls of the page that name a path outside the folder of its uploads, or an address.

    Gradio itself copies whatever a call names into that folder, from where anybody can fetch it; its own
    check is left out in apps that are mounted, and never covered addresses. Its route for files fetches any
    public address that it is given.

    Args:
        app: what is inside.
        folder: where uploads lie.
    """

    def __init__(self, app: App, folder: str) -> None:
        self.app, self.folder = app, Path(folder).resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on if all that it names was uploaded."""
        if scope["type"] != "http" or scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
        elif not self._is_open(scope["path"]):
            await _refuse(send)
        elif scope["method"] != "POST" or scope["path"].rstrip("/").endswith("/upload"):
            await self.app(scope, receive, send)
        else:
            await self._call(scope, receive, send)

    def _is_open(self, route: str) -> bool:
        named = FILE_ROUTE.search(route)
        return self._is_uploaded(named["path"]) if named else not FETCHING_ROUTES.search(route)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []
        body = b""
        while not messages or messages[-1].get("more_body", False):
            messages.append(await receive())
            body += messages[-1].get("body", b"")
            if len(body) > LARGEST_CALL_BYTES:
                await answer(send, 413, error_body("the call is too large", "too_large"))
                return
        if not self._is_harmless(body):
            await _refuse(send)
            return

        async def again() -> Message:
            return messages.pop(0) if messages else await receive()

        await self.app(scope, again, send)

    def _is_harmless(self, body: bytes) -> bool:
        try:
            call = json.loads(body)
        except RecursionError:
            return False
        except ValueError:  # a form, such as the log-in's; JSON is read by Gradio as it is here
            return True
        return all(self._is_uploaded(path) for path in _paths(call))

    def _is_uploaded(self, path: Any) -> bool:
        if path is None:
            return True
        try:
            return isinstance(path, str) and Path(path).resolve().is_relative_to(self.folder)
        except (OSError, ValueError, RuntimeError):
            return False


async def _refuse(send: Send) -> None:
    await answer(send, 403, error_body("only uploads can be opened", "not_uploaded"))


def _paths(call: Any) -> list[Any]:
    """Whatever stands under ``path``, however deep."""
    found, waiting = [], [call]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found += [value["path"]] if "path" in value else []
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return found
