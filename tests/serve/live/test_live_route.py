"""The WebSocket as a client sees it: who may speak, how many, how long, and what they are told."""

import contextlib
import dataclasses
import json
import re
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile as sf
import websocket
from served import LIMITS, serving

from stub_recogniser import StubRecogniser

PAGE = Path(__file__).parents[3] / "docs" / "serve.md"


@contextlib.contextmanager
def connected(address, query="", **options):
    url = address.replace("http", "ws", 1) + "/v1/audio/live" + query
    socket = websocket.create_connection(url, timeout=60, **options)
    try:
        yield socket
    finally:
        socket.close()


def events(socket):
    """All that comes until the server closes."""
    while True:
        kind, content = socket.recv_data()
        if kind == websocket.ABNF.OPCODE_CLOSE:
            yield {"type": "closed", "code": int.from_bytes(content[:2], "big")}
            return
        yield json.loads(content)


def speak(socket, pcm, block=3_200):
    for at in range(0, len(pcm), block):
        socket.send_binary(pcm[at : at + block])
    socket.send(json.dumps({"type": "end"}))
    return list(events(socket))


def refused(address, query="", **options):
    with pytest.raises(websocket.WebSocketBadStatusException) as error, connected(address, query, **options):
        pass
    return error.value.status_code, json.loads(error.value.resp_body or b"{}").get("error", {})


def until(condition):
    end_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def test_final_text_comes_piece_by_piece_and_is_the_whole_in_the_end(server, pcm):
    address, app = server
    with connected(address, "?model=base") as socket:
        told = speak(socket, pcm)
    assert told[0] == {"type": "ready", "model": "base", "language": None}
    assert told[-1] == {"type": "closed", "code": 1000}
    done = told[-2]
    finals = [event["text"] for event in told if event["type"] == "final"]
    assert "".join(finals) == done["text"] and set(done["text"].split()) == {"dan"}
    assert done["duration"] == pytest.approx(len(pcm) / 32_000, abs=0.01) and done["reason"] == "end"
    until(lambda: not app.state.rooms._open)


def test_another_rate_is_made_right(server, pcm):
    slow = np.frombuffer(pcm, "<i2")[::2].astype("<i2").tobytes()
    with connected(server[0], "?sample_rate=8000") as socket:
        done = speak(socket, slow)[-2]
    assert done["duration"] == pytest.approx(len(pcm) / 32_000, abs=0.2) and done["text"]


@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("?model=nothing", 404, "model"),
        ("?language=../x", 400, "language"),
        ("?language=hr", 400, "language"),
        ("?sample_rate=7", 400, "sample_rate"),
        ("?sample_rate=016000999", 400, "sample_rate"),
        ("?sample_rate=" + "9" * 5_000, 400, "sample_rate"),
        ("?temperature=0", 400, "temperature"),
    ],
)
def test_what_cannot_be_honoured_is_refused_before_anything_is_said(server, query, status, param):
    found, error = refused(server[0], query)
    assert (found, error["param"]) == (status, param)


def test_no_more_than_the_limit_speak_at_once(pcm):
    limits = dataclasses.replace(LIMITS, live=2)
    with serving(limits=limits) as (address, app):
        with connected(address), connected(address):
            until(lambda: len(app.state.rooms._open) == 2)
            status, error = refused(address)
            assert status == 429 and "2 people" in error["message"]
            assert "govor_live 2.0" in httpx.get(f"{address}/metrics").text
        until(lambda: not app.state.rooms._open)
        with connected(address) as socket:
            assert speak(socket, pcm)[-2]["type"] == "done"


def test_nobody_speaks_for_ever(pcm, silence):
    limits = dataclasses.replace(LIMITS, max_s=5)
    with serving(limits=limits) as (address, _), connected(address) as socket:
        for _ in range(6):
            socket.send_binary(silence)
        told = list(events(socket))
    assert told[-2]["reason"] == "too_long" and told[-1]["type"] == "closed"
    limits = dataclasses.replace(LIMITS, live_idle_s=0.3)
    with serving(limits=limits) as (address, _), connected(address) as socket:
        socket.send_binary(pcm)
        told = list(events(socket))
    assert told[-2]["reason"] == "idle" and told[-2]["text"]


@pytest.mark.parametrize("message", ["hello", '{"type": "start"}', "[" * 10_000, b"odd"])
def test_messages_that_mean_nothing_end_the_talk_with_a_sentence(server, message):
    with connected(server[0]) as socket:
        (socket.send if isinstance(message, str) else socket.send_binary)(message)
        told = list(events(socket))
    assert told[-2]["type"] == "error" and told[-2]["error"]["code"] == "invalid_message"
    assert told[-1] == {"type": "closed", "code": 1003}


def test_what_fails_is_an_event_without_what_only_the_log_may_say(pcm):
    class Breaking(StubRecogniser):
        def recognise(self, sounds, options):
            raise RuntimeError("a secret path")

    with serving({"base": Breaking()}) as (address, _), connected(address) as socket:
        told = speak(socket, pcm)
    assert told[-2]["error"]["code"] == "internal_error" and "secret" not in json.dumps(told)


def test_who_leaves_is_not_decoded_for(pcm):
    gate = threading.Event()
    stub = StubRecogniser(gate=gate)
    with serving({"base": stub}) as (address, app):
        with connected(address) as socket:
            socket.send_binary(pcm)
            assert stub.entered.wait(60)
        until(lambda: not app.state.rooms._open)
        assert not gate.is_set()
        gate.set()


def test_keys_names_and_origins_are_asked_for_as_on_other_routes(pcm):
    with serving(page=True, api_keys=("k3y",)) as (address, app):
        assert refused(address)[0] == 401
        assert refused(address, header=["Authorization: Bearer wrong"])[0] == 401
        assert refused(address, "?ticket=guess")[0] == 401
        with connected(address, header=["Authorization: Bearer k3y"]) as socket:
            assert speak(socket, pcm)[-2]["text"]
        ticket = app.state.tickets.issue()
        with connected(address, f"?ticket={ticket}") as socket:
            assert next(events(socket))["type"] == "ready"
        assert refused(address, f"?ticket={ticket}")[0] == 401, "a ticket opens once"
    with serving() as (address, _):
        assert refused(address, host="evil.example")[0] == 403
        assert refused(address, origin="http://evil.example")[0] == 403


def test_no_other_websocket_is_open_beside_the_page():
    with serving(page=True) as (address, _):
        for path in ("/queue/join", "/gradio_api/stream/x", "/v1/audio/live/x", "/"):
            with pytest.raises(websocket.WebSocketBadStatusException) as error:
                websocket.create_connection(address.replace("http", "ws", 1) + path, timeout=60)
            assert error.value.status_code == 403


def test_a_talk_outlives_the_time_for_the_head_of_a_request(pcm, monkeypatch):
    monkeypatch.setattr("govor.serve.listening.REQUEST_S", 0.3)
    with serving() as (address, _), connected(address) as socket:
        time.sleep(1.0)
        assert speak(socket, pcm)[-2]["type"] == "done"


def test_without_a_websocket_the_route_says_what_it_takes(server):
    answer = httpx.get(f"{server[0]}/v1/audio/live")
    assert answer.status_code == 426 and "WebSocket" in answer.json()["error"]["message"]


def test_the_client_of_the_page_works_as_it_stands_there(server, pcm, tmp_path, monkeypatch, capsys):
    page = PAGE.read_text(encoding="utf-8")
    (code,) = [c for c in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "/v1/audio/live" in c]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    sf.write(tmp_path / "speech.wav", np.frombuffer(pcm, "<i2"), 16_000)
    monkeypatch.chdir(tmp_path)
    exec(
        code.replace("ws://127.0.0.1:7860", server[0].replace("http", "ws", 1)).replace("0.1)", "0.001)"), {}
    )
    assert set(capsys.readouterr().out.split()) == {"dan"}
