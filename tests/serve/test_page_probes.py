"""No path, address or playlist that the page is given reaches this machine's files or the network."""

import html
import json
import re
from pathlib import Path

import gradio
import httpx
import pytest
from route_walk import bait
from served import serving

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def page():
    with serving(page=True) as (address, _):
        yield address


def answers_to(address, audio):
    """All that the page's server says to a recording named like this."""
    ask = {"data": [audio, ["base"], "", None], "fn_index": 0, "session_hash": "probe"}
    joined = httpx.post(f"{address}/gradio_api/queue/join", json=ask, timeout=30)
    said = joined.text
    if joined.status_code == 200:
        url = f"{address}/gradio_api/queue/data?session_hash=probe"
        with httpx.stream("GET", url, timeout=30) as events:
            for line in events.iter_lines():
                said += line
                if any(end in line for end in ("process_completed", "close_stream", "unexpected_error")):
                    break
    return said


@pytest.mark.parametrize("kind", ["path", "link", "url", "both", "text", "playlist", "up", "deep"])
def test_recordings_that_are_not_uploads_are_refused(page, tmp_path, kind):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"a secret of this machine")
    with bait() as (address, came):
        meta = {"meta": {"_type": "gradio.FileData"}, "orig_name": "a.wav"}
        link = Path(gradio.utils.get_upload_folder(), f"{tmp_path.name}.wav")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(secret)
        audio = {
            "link": {"path": str(link), **meta},
            "up": {"path": f"{link.parent}/../..{secret}", **meta},
            "deep": [[{"a": {"path": str(secret), **meta}}]],
            "path": {"path": str(secret), **meta},
            "url": {"path": address, "url": address, **meta},
            "both": {"path": str(secret), "url": address, **meta},
            "text": str(secret),
            "playlist": {"path": f"concat:{secret}", **meta},
        }[kind]
        try:
            said = answers_to(page, audio)
        finally:
            link.unlink()
        assert "words in" not in said and "secret of this" not in said
        assert "govor-player" not in said, "the page was shown what it should not have opened"
    assert came == []


@pytest.mark.parametrize(
    "route",
    [
        "/gradio_api/run/upload",
        "/gradio_api/run/predict",
        "/gradio_api/run/pass_on/upload",
        "/gradio_api/api/upload",
        "/gradio_api/call/upload",
        "/gradio_api/call/v2/upload",
        "/gradio_api/queue/join",
        "/run/upload",
        "/upload",
    ],
)
@pytest.mark.parametrize("shape", ["path", "address", "both", "nested", "not json"])
def test_no_route_opens_what_a_body_names(page, tmp_path, route, shape):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"a secret of this machine")
    with bait() as (address, came):
        meta = {"meta": {"_type": "gradio.FileData"}, "orig_name": "a.wav"}
        audio = {
            "path": {"path": address, **meta},
            "address": {"url": address, **meta},
            "both": {"path": "", "url": f"{address}/gradio_api/file=", **meta},
            "nested": [[{"a": {"b": [{"path": str(secret), "url": address, **meta}]}}]],
            "not json": "{",
        }[shape]
        ask = {"data": [audio, ["base"], "", None], "fn_index": 0, "session_hash": "probe"}
        body = "{]" if shape == "not json" else json.dumps(ask)
        head = {"content-type": "application/json"}
        answer = httpx.post(f"{page}{route}", content=body, headers=head, timeout=30)
        assert answer.status_code == 403 and "not_uploaded" in answer.text
    assert came == []


def test_an_upload_is_opened(page, speech_wav):
    """The probes above would say nothing if the call itself were wrong."""
    (path,) = httpx.post(f"{page}/gradio_api/upload", files={"files": ("a.wav", speech_wav)}).json()
    said = answers_to(page, {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "a.wav"})
    assert "words in" in said and "govor-player" in said


def test_files_beside_the_pages_own_are_not_given_out(page, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret of this machine")
    with bait() as (address, came):
        public = "http://8.8.8.8/a.wav"
        for target in (
            secret,
            "/etc/passwd",
            f"%2E%2E/%2E%2E{secret}",
            address,
            public,
            "http%3A//8.8.8.8/a",
        ):
            for route in ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/gradio_api/proxy="):
                answer = httpx.get(f"{page}{route}{target}", timeout=30)
                assert answer.status_code == 403 and "not_uploaded" in answer.text, (route, target)
    assert came == []


@pytest.mark.parametrize(
    "name", ["a b.wav", "žaba?#%2F&<i>.wav", "..%2F..%2Fx.wav", "語" * 200 + ".wav", ".wav"]
)
def test_an_upload_of_any_name_is_opened_and_played(page, speech_wav, name):
    (path,) = httpx.post(f"{page}/gradio_api/upload", files={"files": (name, speech_wav)}).json()
    said = answers_to(page, {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": name})
    assert "words in" in said
    source = re.search(r'src=\\?"([^"\\]+)', said)[1]
    assert httpx.get(f"{page}{html.unescape(source)}").content == speech_wav


def test_nothing_of_gradios_reaches_for_the_network(page):
    assert httpx.post(f"{page}/gradio_api/run-history/connect", json={}).status_code == 403
    assert httpx.get(f"{page}/gradio_api/runs").status_code == 403


@pytest.mark.parametrize("keys", [(), ("k3y",)])
def test_calls_of_strangers_leave_no_traceback_in_the_log(capfd, keys):
    with serving(page=True, api_keys=keys) as (address, _):
        for body in (
            b"{",
            b"[]",
            b"{}",
            b'{"data": 7}',
            b'{"data": [null], "fn_index": 99}',
            b'{"fn_index": []}',
        ):
            for route in ("queue/join", "run/predict", "call/x", "cancel", "reset", "component_server"):
                httpx.post(
                    f"{address}/gradio_api/{route}",
                    content=body,
                    headers=JSON,
                )
        for route in ("info", "config", "queue/data", "file=", "openapi.json", "app_id", "upload_progress"):
            httpx.get(f"{address}/gradio_api/{route}?upload_id=x")
        httpx.post(f"{address}/login", content=b"\xff")
        httpx.post(f"{address}/gradio_api/upload", content=b"nothing")
    assert "Traceback" not in "".join(capfd.readouterr())


def test_uploads_are_closed_to_other_users_of_the_machine(page):
    assert Path(gradio.utils.get_upload_folder()).stat().st_mode & 0o077 == 0


def test_what_a_form_names_is_not_opened(page, tmp_path):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"RIFF")
    with bait() as (address, came):
        playlists = (
            f"#EXTM3U\n#EXTINF:1,\n{address}\n",
            f"#EXTM3U\nfile://{secret}\n",
            f"ffconcat version 1.0\nfile {secret}\n",
            address,
        )
        for content in playlists:
            for name in ("a.m3u8", "a.wav", str(secret), address):
                answer = httpx.post(
                    f"{page}/v1/audio/transcriptions", files={"file": (name, content.encode())}, timeout=60
                )
                assert 400 <= answer.status_code < 500
                assert json.loads(answer.text)["error"]["message"] and str(secret) not in answer.text
    assert came == []
