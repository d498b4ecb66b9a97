"""A page of govor's own on this machine: who may ask, answers, parts of sounds, faults as sentences.

The server checks the Host header, so that no web page can reach it under another name, and the Origin header,
so that it is asked by its own pages only (`govor.hosts`).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from govor.errors import GovorError, MachineError
from govor.hosts import OwnNames
from govor.interrupts import pressed

MOST_BODY_BYTES = 64_000_000
JSON, HTML, TEXT = "application/json", "text/html; charset=utf-8", "text/plain; charset=utf-8"
MIMES = {b"fLaC": "audio/flac", b"OggS": "audio/ogg", b"RIFF": "audio/wav"}


@dataclass(frozen=True)
class PageAnswer:
    """What a request gets.

    Attributes:
        status: of HTTP.
        kind: MIME type.
        content: bytes.
        name: of the file, where it is one to keep.
    """

    status: int
    kind: str
    content: bytes
    name: str = ""


def mime_of(content: bytes) -> str:
    """MIME type of encoded audio, by its first bytes."""
    return MIMES.get(content[:4], "audio/mpeg")


def audio_answer(content: bytes) -> PageAnswer:
    """Encoded audio."""
    return PageAnswer(200, mime_of(content), content)


class PageHandler(BaseHTTPRequestHandler):
    """Answers requests; a page's own handler has `get` and `post`.

    A `ValueError`, `KeyError` or `TypeError` of theirs is a request that says nothing (400), a `GovorError`
    is told as it is (404).
    """

    names = OwnNames()
    protocol_version = "HTTP/1.1"
    server_version = "govor"
    sys_version = ""
    disable_nagle_algorithm = True

    def get(self, path: str, query: Mapping[str, str]) -> PageAnswer:
        """What is at a path."""
        raise NotImplementedError

    def post(self, path: str, body: bytes) -> PageAnswer:
        """Takes what a page's script sends as JSON."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Called by the base class."""
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self._answer(lambda: self.get(address.path, query))

    def do_POST(self) -> None:
        """Called by the base class."""
        self._answer(self._posted)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not shown."""

    def fault(self, status: int, message: str) -> PageAnswer:
        """What is said where something is wrong."""
        return PageAnswer(status, TEXT, message.encode(errors="backslashreplace"))

    def _answer(self, work: Callable[[], PageAnswer]) -> None:
        try:
            refusal = self.names.refusal(self.headers.get("Host", ""), self.headers.get("Origin"))
            answer = self.fault(403, refusal) if refusal else work()
        except (ValueError, KeyError, TypeError) as error:
            answer = self.fault(400, str(error))
        except GovorError as error:
            answer = self.fault(404, str(error))
        if answer.status >= 400 and self.command == "POST":
            self.close_connection = True  # its body may not have been read
        self._send(answer)

    def _posted(self) -> PageAnswer:
        length = int(self.headers.get("Content-Length", "0"))
        if length > MOST_BODY_BYTES:
            return self.fault(413, "too large")
        body = self.rfile.read(length)
        if self.headers.get("Content-Type") != JSON:
            return self.fault(404, "only JSON is taken")
        return self.post(self.path, body)

    def _send(self, answer: PageAnswer) -> None:
        kind, status, start, stop = answer.kind, answer.status, 0, len(answer.content)
        wanted = self.headers.get("Range", "")
        if status == 200 and kind.startswith("audio/") and wanted.startswith("bytes="):
            status, start, stop = _range(wanted, stop)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(stop - start))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if answer.name:
            self.send_header("Content-Disposition", f'attachment; filename="{answer.name}"')
        if kind.startswith("audio/"):
            self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(answer.content)}")
        self.end_headers()
        self.wfile.write(answer.content[start:stop])


def _range(wanted: str, length: int) -> tuple[int, int, int]:
    first, _, last = wanted.removeprefix("bytes=").split(",")[0].partition("-")
    if not first.strip().isdigit():
        return 200, 0, length
    start = min(int(first), length)
    stop = min(int(last) + 1, length) if last.strip().isdigit() else length
    return (206, start, stop) if start < stop else (200, 0, length)


class PageServer(ThreadingHTTPServer):
    """Serves one page; a client that hangs up is ignored."""

    daemon_threads = True

    def service_actions(self) -> None:
        """Also where Ctrl-C is waited for while something is in hand (`govor.interrupts`)."""
        super().service_actions()
        if pressed():
            threading.Thread(target=self.shutdown, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks off is not shown; a defect of govor is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def listening(handler: type[PageHandler], port: int, host: str = "127.0.0.1") -> PageServer:
    """A server, not yet running.

    Args:
        handler: answers its requests.
        port: 0 takes a free one.
        host: address to listen on.

    Raises:
        MachineError: the port is taken, or the address is none of this machine.
    """
    try:
        return PageServer((host, port), handler)
    except OSError as error:
        raise MachineError(
            f"port {port} cannot be used ({error.strerror}): choose another with --port"
        ) from error
