"""Every route that the installed Gradio mounts was decided about, and only the page's own are open."""

import gradio as gr
import pytest
from fastapi import FastAPI
from route_walk import answers, walk

from govor.serve.page_routes import Use, is_known, use_of
from govor.serve.server import create_app
from govor.serve.settings import ServeSettings
from stub_recogniser import StubRecogniser


def mounted_routes(keys):
    with gr.Blocks() as page:
        gr.Button().click(lambda: None, api_name="upload")
    enter = (lambda user, password: True) if keys else None
    app = gr.mount_gradio_app(FastAPI(openapi_url=None), page, path="/", auth=enter, ssr_mode=False)
    return set(walk(app.routes, ""))


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


@pytest.mark.slow
def test_no_route_answers_strangers():
    """Each of them really asked, at servers that listen."""
    found = answers()
    assert len(found) > 70
    assert [route for route, said in found.items() if said.leaked] == []
    assert {(said.host, said.origin) for said in found.values()} == {("403", "403")}
    for (method, path), said in found.items():
        if use_of(method, path) is Use.CLOSED and path.startswith(("/gradio_api", "/monitoring")):
            assert (said.own, said.address, said.file, said.keyless) == ("403",) * 4, path
    joined = found["POST", "/gradio_api/queue/join"]
    assert (joined.own, joined.address, joined.file, joined.keyless) == ("200", "403", "403", "401")
    for method, path in (("GET", "/v1/models"), ("GET", "/metrics"), ("WEBSOCKET", "/v1/audio/live")):
        assert found[method, path].keyless == "401"
