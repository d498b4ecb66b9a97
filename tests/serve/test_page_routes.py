"""Every route that the installed Gradio mounts was decided about, and only the page's own are open."""

import gradio as gr
import pytest
from fastapi import FastAPI
from starlette.routing import WebSocketRoute

from govor.serve.page_routes import Use, is_known, use_of
from govor.serve.server import create_app
from govor.serve.settings import ServeSettings
from stub_recogniser import StubRecogniser

FILLED = {"path": "x/y.js", "path_or_url": "x", "url_path": "x", "name": "x"}


def mounted_routes(keys):
    with gr.Blocks() as page:
        gr.Button().click(lambda: None, api_name="upload")
    enter = (lambda user, password: True) if keys else None
    app = gr.mount_gradio_app(FastAPI(openapi_url=None), page, path="/", auth=enter, ssr_mode=False)
    return set(walk(app.routes, ""))


def walk(routes, prefix):
    """(method, path with its parameters filled in) of all routes, mounts and included routers."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if getattr(route, "methods", None):
            path = prefix + route.path_format
            for name in route.param_convertors:
                path = path.replace("{" + name + "}", FILLED.get(name, "7"))
            yield from ((method, path) for method in route.methods)
        elif isinstance(route, WebSocketRoute):
            yield "WEBSOCKET", prefix + route.path_format
        elif hasattr(inner, "routes"):
            yield from walk(inner.routes, prefix + getattr(route, "path", ""))
        else:
            raise AssertionError(f"what is {route!r}?")


@pytest.mark.parametrize("keys", [False, True])
def test_somebody_has_decided_about_every_route_of_gradio(keys):
    routes = mounted_routes(keys)
    assert len(routes) > 50 and ("POST", "/gradio_api/queue/join") in routes
    assert [route for route in sorted(routes) if not is_known(*route)] == []


def test_gradio_mounts_no_websocket_and_only_the_live_one_is_open():
    sockets = {path for method, path in mounted_routes(False) if method == "WEBSOCKET"}
    assert sockets == set()
    app = create_app(["base=/nowhere/base"], ServeSettings(page=True), lambda spec: StubRecogniser())
    sockets = {path for method, path in walk(app.routes, "") if method == "WEBSOCKET"}
    assert sockets == {"/v1/audio/live"} and all(is_known("WEBSOCKET", path) for path in sockets)
    assert not is_known("WEBSOCKET", "/gradio_api/queue/join")


def test_what_is_open_is_what_the_page_uses():
    writing = {path for method, path in mounted_routes(True) if method not in ("GET", "HEAD")}
    opened = {path for path in writing if use_of("POST", path) is not Use.CLOSED}
    assert opened == {"/gradio_api/queue/join", "/gradio_api/upload", "/login", "/login/"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/run/upload"),
        ("POST", "/gradio_api/run/predict"),
        ("POST", "/gradio_api/call/upload"),
        ("POST", "/gradio_api/api/upload/"),
        ("POST", "//gradio_api/upload"),
        ("POST", "/gradio_api/upload/"),
        ("POST", "/x/upload"),
        ("PUT", "/gradio_api/upload"),
        ("POST", "/gradio_api/cancel"),
        ("POST", "/gradio_api/a_route_of_a_later_release"),
        ("GET", "/gradio_api/a_route_of_a_later_release"),
        ("GET", "/gradio_api/openapi.json"),
        ("GET", "/openapi.json"),
        ("OPTIONS", "/gradio_api/queue/join"),
    ],
)
def test_everything_else_is_closed(method, path):
    assert use_of(method, path) is Use.CLOSED
