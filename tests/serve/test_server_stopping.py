"""A real process that is told to stop: what runs is answered, what waits is refused, nothing hangs."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import soundfile as sf
import websocket

from govor.errors import MachineError
from govor.serve.listening import listen

PROGRAM = """
import sys, time
from pathlib import Path
from stub_recogniser import StubRecogniser
import govor.serve.server as server
from govor.serve.limits import ServeLimits
from govor.serve.settings import ServeSettings
class Slow(StubRecogniser):
    def recognise(self, sounds, options):
        while not Path(sys.argv[1]).exists():
            time.sleep(0.02)
        return super().recognise(sounds, options)
server.GRACE_S = float(sys.argv[2])
server._opener = lambda device: lambda spec: Slow()
settings = ServeSettings(port=0, limits=ServeLimits(concurrent=int(sys.argv[4])), page=sys.argv[3] == "page")
server.serve(["base=/nowhere"], settings)
"""


@contextmanager
def process(gate, grace_s=30.0, page="", concurrent=1):
    """A server whose recogniser waits for the file `gate`; yields the process and its address."""
    tests = Path(__file__).parent
    paths = os.pathsep.join([str(tests), str(tests.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", PROGRAM, str(gate), str(grace_s), page, str(concurrent)]
    environment = {**os.environ, "PYTHONPATH": paths}
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        shown = next(line for line in running.stderr if line.startswith("health"))
        address = shown.split()[1].removesuffix("/health")
        until(lambda: is_up(address))
        yield running, address
    finally:
        running.kill()
        running.wait()


def is_up(address):
    try:
        return httpx.get(f"{address}/health").status_code == 200
    except httpx.TransportError:
        return False


def post(address, content, **form):
    url = f"{address}/v1/audio/transcriptions"
    return httpx.post(url, files={"file": ("a.wav", content)}, data=form, timeout=60)


def count(address, name):
    lines = httpx.get(f"{address}/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"govor_{name} "))


def until(condition):
    end_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_what_runs_is_finished_and_what_waits_is_told_to_come_again(tmp_path, speech_wav, stop):
    gate = tmp_path / "gate"
    with process(gate) as (server, address), ThreadPoolExecutor(2) as pool:
        running = pool.submit(post, address, speech_wav)
        until(lambda: count(address, "running") == 1)
        waiting = pool.submit(post, address, speech_wav)
        until(lambda: count(address, "waiting") == 1)
        server.send_signal(stop)
        refused = waiting.result()
        assert refused.status_code == 503 and refused.headers["retry-after"]
        assert not running.done()
        gate.touch()
        assert running.result().status_code == 200
        assert server.wait(20) == 0
        assert "stopped; all requests were answered" in server.stderr.read()


@pytest.mark.slow
def test_what_runs_longer_than_the_grace_is_answered_too(tmp_path, speech_wav):
    gate = tmp_path / "gate"
    with process(gate, grace_s=1.0) as (server, address), ThreadPoolExecutor(1) as pool:
        running = pool.submit(post, address, speech_wav)
        until(lambda: count(address, "running") == 1)
        server.terminate()
        time.sleep(1.5)
        gate.touch()
        answer = running.result()
        assert answer.status_code == 503 and answer.json()["error"]["code"] == "stopping"
        assert server.wait(20) == 0


@pytest.mark.slow
def test_every_open_request_is_answered_though_the_model_never_is_done(tmp_path, speech_wav):
    """One that runs, one that is streamed, two that wait, one whose upload is not whole."""
    with process(tmp_path / "gate", grace_s=1.0, concurrent=2) as (server, address):
        host, port = address.removeprefix("http://").split(":")
        with ThreadPoolExecutor(4) as pool, socket.create_connection((host, int(port))) as half:
            half.sendall(
                b"POST /v1/audio/transcriptions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9999\r\n"
                b"content-type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
            )
            forms = ({}, {"stream": "true"}, {}, {"stream": "true"})
            asked = [pool.submit(post, address, speech_wav, **form) for form in forms]
            until(lambda: count(address, "running") == 2 and count(address, "waiting") == 2)
            server.terminate()
            answers = [one.result() for one in asked]
            assert [one.status_code for one in answers] == [503] * 4
            assert {one.json()["error"]["code"] for one in answers} == {"stopping"}
            half.settimeout(30)
            assert half.recv(100).startswith(b"HTTP/1.1 503")
        assert server.wait(20) == 0


@pytest.mark.slow
def test_who_speaks_is_told_all_that_was_said(tmp_path, speech_wav):
    gate = tmp_path / "gate"
    gate.touch()
    samples, rate = sf.read(io.BytesIO(speech_wav), dtype="int16")
    with process(gate) as (server, address):
        url = address.replace("http", "ws", 1) + f"/v1/audio/live?sample_rate={rate}"
        talk = websocket.create_connection(url, timeout=60)
        talk.send_binary(samples.astype("<i2").tobytes())
        while json.loads(talk.recv())["type"] != "final":
            pass
        server.terminate()
        told = []
        while not told or told[-1]["type"] != "done":
            told.append(json.loads(talk.recv()))
        assert told[-1]["reason"] == "stopping" and len(told[-1]["text"].split()) >= 8
        assert server.wait(20) == 0


@pytest.mark.slow
def test_an_open_page_does_not_hold_the_server(tmp_path):
    url = "/gradio_api/heartbeat/abc"
    with (
        process(tmp_path / "gate", grace_s=600, page="page") as (server, address),
        httpx.stream("GET", f"{address}{url}", timeout=60) as beat,
    ):
        assert "ALIVE" in next(beat.iter_text())
        server.terminate()
        assert server.wait(60) == 0


def test_a_port_in_use_is_one_sentence():
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        said = f"127.0.0.1:{port} cannot be listened on .*--port"
        with pytest.raises(MachineError, match=said), listen("127.0.0.1", port):
            pass


def test_small_answers_are_sent_at_once():
    """A socket of protocol 0 keeps Nagle's delay under asyncio: 40 ms an answer."""
    from govor.serve.listening import listen

    with listen("127.0.0.1", 0) as taken:
        assert taken.proto == socket.IPPROTO_TCP


def test_ctrl_c_before_the_server_looks_for_it(monkeypatch):
    """Between what is said at the start and the server's own handler."""
    from govor.serve import server
    from govor.serve.settings import ServeSettings
    from stub_recogniser import StubRecogniser

    monkeypatch.setattr(server, "pressed", lambda: True)
    monkeypatch.setattr(server, "_opener", lambda device: lambda spec: StubRecogniser())
    server.serve(["base=/nowhere"], ServeSettings(port=0, page=False))  # it comes to its end
