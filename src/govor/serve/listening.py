"""Where the server listens, to how many at once, and how long it waits for a client to say what it wants."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from govor.errors import MachineError
from govor.serve.guards import Receive, Scope, Send, answer, error_body

REQUEST_S = 20.0
"""Time for the head of a request; uvicorn itself would hold the connection for ever."""
MOST_CONNECTIONS = 256
"""Open at once; further ones are answered 503, and from twice as many on they are hung up on."""
BUSY_S = 5
"""When those should come again."""


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """The address, taken before models are loaded, so that a port in use is told at once.

    It is uvicorn that listens on it; until then clients are refused instead of kept waiting.

    Raises:
        MachineError: the address is in use, or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits for 40 ms
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise MachineError(
            f"{host}:{port} cannot be listened on ({error.strerror or error}): choose another --port"
        ) from error
    with taken:
        yield taken


async def busy(_scope: Scope, _receive: Receive, send: Send) -> None:
    """What connections beyond `MOST_CONNECTIONS` are answered."""
    body = error_body("too many connections are open; try again later", "busy", "server_error")
    await answer(send, 503, body, [(b"retry-after", str(BUSY_S).encode()), (b"connection", b"close")])


class PromptProtocol(H11Protocol):
    """HTTP/1.1 with not too many clients, that send the head of a request within `REQUEST_S`."""

    _patience: asyncio.TimerHandle | None = None
    _is_handed_over = False

    def connection_made(self, transport: Any) -> None:
        """Begins to wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) > 2 * MOST_CONNECTIONS:
            transport.abort()
            return
        if len(self.connections) > MOST_CONNECTIONS:
            self.app = busy  # type: ignore[assignment]
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Begins to wait where the head of a request is not whole yet."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        super().connection_lost(exc)
        self._forget()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Hands the connection over: from then on the WebSocket's own times count."""
        super().handle_websocket_upgrade(event)
        self._is_handed_over = True

    def _watch(self) -> None:
        if self._is_handed_over or not self._is_asked():
            self._forget()
        elif self._patience is None:
            self._patience = self.loop.call_later(REQUEST_S, self._hang_up)

    def _is_asked(self) -> bool:
        """No request is being answered: the next one is awaited."""
        return self.cycle is None or self.cycle.response_complete

    def _forget(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _hang_up(self) -> None:
        self._patience = None
        if self._is_asked():
            self.transport.close()
