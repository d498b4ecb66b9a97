"""Which of Gradio's routes the page uses. Everything else that Gradio mounts stays closed.

A test walks every route of the installed Gradio and fails on one that stands in neither table, so that a new
release cannot open a way unseen.
"""

from __future__ import annotations

import re
from enum import Enum

API = "/gradio_api"


class Use(Enum):
    """What a request of the page may do."""

    READ = "read"  # an answer that depends on nothing but the page
    FILE = "file"  # a file that the path names
    UPLOAD = "upload"  # a form with a recording
    CALL = "call"  # a JSON body that names uploads
    FORM = "form"  # the log-in
    CLOSED = "closed"


READS = (
    "/",
    "/config/?",
    "/(static|assets|svelte)/.+",
    "/(favicon.ico|theme.css|manifest.json|robots.txt|logout)",
    r"/pwa_icon(/\d+)?",
    f"{API}/(info|user|app_id|login_check|token|theme.css|startup-events)/?",
    rf"{API}/heartbeat/[\w-]+",
    f"{API}/(queue/data|upload_progress)",
)
"""Of GET and HEAD."""
CLOSED = (
    "/gradio_api/(deep_link|queue/status)",
    "/monitoring(/.*)?",
    "/openapi.json",
    f"{API}/openapi.json",
    f"{API}/(proxy=|custom_component/|stream/|call/|run/|api/|component_server|reset|cancel).*",
    f"{API}/(runs|run-history|dev/reload|process_recording|profiling/|undo-vibe|vibe-).*",
)
"""Known and not used: they reach for the network, call functions past the queue, or show the app's inside."""
POSTS = {f"{API}/queue/join": Use.CALL, f"{API}/upload": Use.UPLOAD, "/login": Use.FORM, "/login/": Use.FORM}
SOCKETS = ("/v1/audio/live",)
"""All WebSockets: the API's own. Gradio's page needs none."""
FILE_ROUTE = re.compile(rf"{API}/file[=/](?P<path>.*)", re.DOTALL)


def use_of(method: str, path: str) -> Use:
    """What a request to the page may do; anything unknown is closed.

    Args:
        method: of HTTP, in capitals.
        path: decoded, without its query.
    """
    if method == "POST":
        return POSTS.get(path, Use.CLOSED)
    if method not in ("GET", "HEAD"):
        return Use.CLOSED
    if FILE_ROUTE.fullmatch(path):
        return Use.FILE
    return Use.READ if _any_of(READS, path) else Use.CLOSED


def is_open_socket(path: str) -> bool:
    """Whether a WebSocket may be opened under `path`."""
    return path in SOCKETS


def is_known(method: str, path: str) -> bool:
    """Whether somebody has decided about a route: it is open for a reason, or closed for one."""
    if method == "WEBSOCKET":
        return is_open_socket(path)
    return use_of(method, path) is not Use.CLOSED or _any_of(CLOSED, path)


def _any_of(patterns: tuple[str, ...], path: str) -> bool:
    return any(re.fullmatch(pattern, path, re.DOTALL) for pattern in patterns)
