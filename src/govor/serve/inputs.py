"""What the page is told to open: uploads, and nothing else of this machine or of the network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from govor.serve.guards import App, Message, Receive, Scope, Send, answer, deny, error_body
from govor.serve.page_routes import FILE_ROUTE, Use, is_open_socket, use_of

LARGEST_CALL_BYTES = 4_000_000
"""Of a call of the page's functions; uploads have a route of their own."""
OWN_ROUTES = ("/v1/", "/health", "/metrics")
"""Of the API beside the page, which have guards of their own."""


class UploadsOnly:
    """Lets through the requests that the page itself makes, and of those only what names uploads.

    Gradio itself copies whatever a call names into the folder of uploads, from where anybody can fetch it.
    Its own check is left out in apps that are mounted, and never covered addresses. Its route for files
    fetches any public address that it is given, and some routes call functions past the queue.

    Args:
        app: what is inside.
        folder: where uploads lie.
    """

    def __init__(self, app: App, folder: str) -> None:
        self.app, self.folder = app, Path(folder).resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on if the page makes such requests, and all that it names was uploaded."""
        if scope["type"] == "websocket" and not is_open_socket(scope["path"]):
            await deny(send, 403, error_body("there is no such WebSocket", "not_found"))
            return
        if scope["type"] != "http" or scope["path"].startswith(OWN_ROUTES):
            await self.app(scope, receive, send)
            return
        use = use_of(scope["method"], scope["path"])
        if use is Use.CALL:
            await self._call(scope, receive, send)
        elif use is Use.CLOSED or (use is Use.FILE and not self._is_given_out(scope["path"])):
            await _refuse(send)
        else:
            await self.app(scope, receive, send)

    def _is_given_out(self, path: str) -> bool:
        named = FILE_ROUTE.fullmatch(path)
        return named is not None and self._is_uploaded(named["path"])

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
        except (RecursionError, ValueError):  # Gradio reads JSON as it is read here
            return False
        return all(self._names_upload(file) for file in _files(call))

    def _names_upload(self, file: dict[str, Any]) -> bool:
        """Whether a description of a file names an upload and no other place.

        The browser sends an address beside the path: the one under which this server gives the upload out.
        """
        path, address = file.get("path"), file.get("url")
        if not self._is_uploaded(path):
            return False
        return address is None or (path is not None and self._is_address_of(address, path))

    def _is_address_of(self, address: Any, path: str) -> bool:
        if not isinstance(address, str):
            return False
        try:
            named = FILE_ROUTE.search(unquote(urlsplit(address).path))
        except ValueError:
            return False
        return named is not None and named["path"] == path

    def _is_uploaded(self, path: Any) -> bool:
        if path is None:
            return True
        try:
            return isinstance(path, str) and Path(path).resolve().is_relative_to(self.folder)
        except (OSError, ValueError, RuntimeError):
            return False


async def _refuse(send: Send) -> None:
    await answer(send, 403, error_body("only uploads can be opened", "not_uploaded"))


def _files(call: Any) -> list[dict[str, Any]]:
    """Whatever describes a file by a path or an address, however deep."""
    found, waiting = [], [call]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found += [value] if "path" in value or "url" in value else []
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return found
