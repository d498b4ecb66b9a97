"""Every route that a server mounts, Gradio's and govor's own, and what it answers to strangers.

``python tests/serve/route_walk.py`` prints the table of ``bench/RESULTS.md``; `test_page_routes` asserts it.
"""

from __future__ import annotations

import socket
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
from served import serving
from starlette.routing import WebSocketRoute

FOREIGN = "rebound.example"
SECRET = "a secret of this machine"
KEY = "k3y"
FILLED = {"path": "x/y.js", "path_or_url": "x", "url_path": "x", "name": "x"}
UPGRADE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}
WAIT_S = 10.0


class Answers(NamedTuple):
    """What a route says: statuses, and whether something got out.

    Attributes:
        own: to a request of the page itself, with nothing in it.
        address: to a description of a file, or a path, that is an address.
        file: to one that is a file of this machine.
        host: to a request under another name.
        origin: to one that another page makes.
        keyless: of a server with keys, to a request without one.
        leaked: whether an address was visited or the file's content was told.
    """

    own: str
    address: str
    file: str
    host: str
    origin: str
    keyless: str
    leaked: bool


def walk(routes: Any, prefix: str, filled: dict[str, str] = FILLED) -> Iterator[tuple[str, str]]:
    """(method, path with its parameters filled in) of all routes, mounts and included routers."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if getattr(route, "methods", None):
            path = prefix + route.path_format
            for name in route.param_convertors:
                path = path.replace("{" + name + "}", filled.get(name, "7"))
            yield from ((method, path) for method in route.methods)
        elif isinstance(route, WebSocketRoute):
            yield "WEBSOCKET", prefix + route.path_format
        elif hasattr(inner, "routes"):
            yield from walk(inner.routes, prefix + getattr(route, "path", ""), filled)
        else:
            raise AssertionError(f"what is {route!r}?")


@contextmanager
def bait() -> Iterator[tuple[str, list[bytes]]]:
    """An address that remembers who came."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                came.append(connection.recv(200))
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/a.wav", came
        finally:
            ended.set()
            thread.join()


def answers() -> dict[tuple[str, str], Answers]:
    """Of every route, by method and path as it is mounted."""
    with (
        tempfile.TemporaryDirectory() as folder,
        bait() as (address, came),
        serving(page=True) as (server, app),
        serving(page=True, api_keys=(KEY,)) as (closed, _),
        httpx.Client(timeout=WAIT_S) as client,
    ):
        secret = Path(folder, "secret.wav")
        secret.write_text(SECRET)
        asked = _Asked(client, server, came)
        found = {}
        shown = walk(app.routes, "", {name: "{" + name + "}" for name in FILLED} | {"hash": "7"})
        for route, (method, path) in zip(shown, walk(app.routes, ""), strict=True):
            if method in ("HEAD", "OPTIONS"):
                continue
            found[route] = asked.all(method, path, (address, str(secret)), closed)
        return found


class _Asked:
    """Asks a server, and knows whether anything got out."""

    def __init__(self, client: httpx.Client, server: str, came: list[bytes]) -> None:
        self.client, self.server, self.came = client, server, came
        self.told = ""

    def all(self, method: str, path: str, hostile: tuple[str, str], closed: str) -> Answers:
        """In every way."""
        self.came.clear()
        self.told = ""
        named = [self._named(method, path, place) for place in hostile]
        statuses = (
            self._status(method, self.server + path, **_call(method, None)),
            *named,
            self._status(method, self.server + path, {"host": FOREIGN}),
            self._status(method, self.server + path, {"origin": f"http://{FOREIGN}"}),
            self._status(method, closed + path, **_call(method, None)),
        )
        return Answers(*statuses, leaked=bool(self.came) or SECRET in self.told)

    def _named(self, method: str, path: str, place: str) -> str:
        """With an address or a file in the path where it has room for one, else in its body or query."""
        filled = path
        for name in FILLED.values():
            if path.endswith((f"/{name}", f"={name}")):
                filled = path.removesuffix(name) + quote(place)
        file = {"path": place, "url": place, "meta": {"_type": "gradio.FileData"}, "orig_name": "a.wav"}
        query = f"?url={quote(place)}&file={quote(place)}" if method == "GET" else ""
        return self._status(method, self.server + filled + query, **_call(method, file))

    def _status(self, method: str, url: str, headers: Any = None, **more: Any) -> str:
        sent = {**(UPGRADE if method == "WEBSOCKET" else {}), **(headers or {})}
        verb = "GET" if method == "WEBSOCKET" else method
        try:
            with self.client.stream(verb, url, headers=sent, **more) as answer:
                length = answer.headers.get("content-length")
                if length is not None:
                    self.told += answer.read().decode("utf-8", "replace")
                return str(answer.status_code)
        except httpx.TimeoutException:
            return "no answer"


def _call(method: str, file: Any) -> dict[str, Any]:
    """A call of the page's first function with a description of a file, or without one."""
    call = {"data": [file, ["base"], "", None], "fn_index": 0, "session_hash": "walk"}
    return {"json": call} if method == "POST" else {}


def lines() -> list[str]:
    """The table: routes that answer alike in one row."""
    alike = defaultdict(list)
    for (method, path), answer in answers().items():
        alike[answer].append(f"{method} {path}".replace("/gradio_api", "…"))
    head = [
        "own request",
        "names an address",
        "names a file",
        "foreign Host",
        "foreign Origin",
        "without key",
    ]
    rows = [f"| routes | {' | '.join(head)} | got out |", "|---|" + "---|" * 7]
    for answer, routes in sorted(alike.items()):
        cells = " | ".join(map(str, answer[:-1]))
        named = ", ".join(f"`{route}`" for route in sorted(routes))
        rows.append(f"| {len(routes)}: {named} | {cells} | {'yes' if answer.leaked else 'nothing'} |")
    return rows


if __name__ == "__main__":
    print("\n".join(lines()))
