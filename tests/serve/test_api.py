"""The API as OpenAI's own client and plain HTTP see it."""

import contextlib
import io
import struct
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import openai
import pytest
from served import LIMITS, serving
from stub import StubRecogniser


def client_of(address, key="none"):
    return openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0)


def post(address, content, name="a.wav", **form):
    return httpx.post(
        f"{address}/v1/audio/transcriptions", files={"file": (name, content)}, data=form, timeout=60
    )


def temporary():
    return set(Path(tempfile.gettempdir()).glob("govor-upload-*"))


def test_the_official_client_gets_text_from_the_alias_and_the_name(server, speech_wav):
    client = client_of(server[0])
    for name in ("whisper-1", "base"):
        heard = client.audio.transcriptions.create(model=name, file=("a.wav", speech_wav))
        assert set(heard.text.split()) == {"dan"}
    assert {model.id for model in client.models.list()} == {"base", "whisper-1"}


def test_every_format(server, speech_wav):
    client = client_of(server[0])

    def ask(form):
        file = ("a.wav", speech_wav)
        return client.audio.transcriptions.create(model="base", file=file, response_format=form)

    assert ask("text").strip().startswith("dan dan")
    assert "-->" in ask("srt") and ask("srt").startswith("1\n00:00:0")
    assert ask("vtt").startswith("WEBVTT")
    verbose = client.audio.transcriptions.create(
        model="base", file=("a.wav", speech_wav), response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )  # fmt: skip
    assert verbose.language == "hr" and 5 < float(verbose.duration) < 20
    assert len(verbose.words) == len(verbose.text.split())
    assert verbose.segments[0].start < verbose.segments[0].end <= verbose.segments[-1].end


def test_streaming_sends_the_first_words_before_the_last_window_is_decoded(speech_wav):
    gate = threading.Event()

    class Slow(StubRecogniser):
        def recognise(self, waves, options, languages=None):
            if self.batches:
                assert gate.wait(30)
            return super().recognise(waves, options, languages)

    long_enough = speech_wav[:44] + speech_wav[44:] * 4
    with serving({"base": Slow()}) as (address, _):
        client = client_of(address)
        stream = client.audio.transcriptions.create(model="base", file=("a.wav", long_enough), stream=True)
        events = iter(stream)
        first = next(events)
        assert first.type == "transcript.text.delta" and not gate.is_set()
        gate.set()
        rest = list(events)
    assert rest[-1].type == "transcript.text.done"
    deltas = "".join(event.delta for event in [first, *rest[:-1]])
    assert deltas == rest[-1].text


def test_health_and_metrics(server, speech_wav):
    address, _ = server
    assert httpx.get(f"{address}/health").json() == {"status": "ok", "models": ["base"]}
    post(address, speech_wav)
    shown = httpx.get(f"{address}/metrics").text
    assert 'govor_requests_total{path="/v1/audio/transcriptions",status="200"} 1.0' in shown


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"model": "nothing"}, 404, "model_not_found"),
        ({"response_format": "docx"}, 400, "invalid_value"),
        ({"timestamp_granularities[]": "letter"}, 400, "invalid_value"),
    ],
)
def test_wrong_values_are_named(server, speech_wav, form, status, code):
    answer = post(server[0], speech_wav, **form)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_no_file_no_form_no_route(server):
    url = f"{server[0]}/v1/audio/transcriptions"
    assert httpx.post(url, data={"file": "/etc/passwd"}).status_code == 400
    assert httpx.post(url, files={"other": b"x"}).json()["error"]["code"] == "missing_file"
    assert httpx.post(url, content=b"{}", headers={"content-type": "application/json"}).status_code == 400
    assert httpx.get(f"{server[0]}/v1/nothing").json()["error"]["code"] == "not_found"


def declared_days_long():
    """A WAV header that promises 4 GB, with one second of sound behind it."""
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16)
    data = struct.pack("<4sI", b"data", 0xFFFFFF00) + b"\0\0" * 16_000
    return b"RIFF" + struct.pack("<I", 0xFFFFFFF0) + b"WAVE" + fmt + data


HOSTILE = {
    "empty": b"",
    "text": b"not audio at all" * 50,
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "html": b"<html>404</html>",
    "riff": b"RIFF\xff\xff\xff\xffWAVEfmt ",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_and_nothing_stays_behind(server, name, speech_wav):
    before = temporary()
    answer = post(server[0], HOSTILE[name], name="/etc/passwd")
    assert 400 <= answer.status_code < 500
    message = answer.json()["error"]["message"]
    assert "root:" not in message and tempfile.gettempdir() not in message
    assert post(server[0], speech_wav).status_code == 200
    assert temporary() == before


def test_a_million_second_header_costs_what_is_really_there(server):
    answer = post(server[0], declared_days_long())
    assert answer.status_code in (200, 400)


def test_limits_on_bytes_and_seconds(speech_wav):
    with serving(limits=LIMITS) as (address, _):
        assert post(address, b"\0" * 5_000_000).status_code == 413
        silence = io.BytesIO()
        import numpy as np
        import soundfile as sf

        sf.write(silence, np.zeros(16_000 * 120, np.float32), 16_000, format="FLAC")
        answer = post(address, silence.getvalue())
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_long")
        assert post(address, speech_wav).status_code == 200


def test_a_slow_upload_is_ended_and_others_are_served(speech_wav):
    def dribble():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(40):
            time.sleep(0.1)
            yield b"a"

    with serving(limits=LIMITS) as (address, _), ThreadPoolExecutor(1) as pool:
        headers = {"content-type": "multipart/form-data; boundary=x"}
        url = f"{address}/v1/audio/transcriptions"
        slow = pool.submit(httpx.post, url, content=dribble(), headers=headers, timeout=30)
        assert post(address, speech_wav).status_code == 200
        with contextlib.suppress(httpx.TransportError):  # or closed while the client was still sending
            assert slow.result().status_code == 408


def test_a_full_queue_answers_429_with_a_time_and_loses_nobody(speech_wav):
    gate = threading.Event()
    stubs = {"base": StubRecogniser(gate=gate)}
    with serving(stubs, limits=LIMITS) as (address, _), ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(post, address, speech_wav) for _ in range(12)]
        while sum(one.done() for one in asked) < 8:
            time.sleep(0.05)
        gate.set()
        answers = [one.result() for one in asked]
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 4 + [429] * 8
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1


@pytest.mark.slow
def test_fifty_clients_at_once_are_all_answered(speech_wav):
    stub = StubRecogniser()
    with serving({"base": stub}) as (address, _), ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: post(address, speech_wav), range(50)))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) <= {200, 429} and statuses.count(200) >= 32
        texts = {answer.json()["text"] for answer in answers if answer.status_code == 200}
        assert len(texts) == 1


def test_windows_of_several_clients_share_batches(speech_wav):
    gate = threading.Event()
    stub = StubRecogniser(gate=gate)
    with serving({"base": stub}) as (address, app), ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(post, address, speech_wav) for _ in range(4)]
        waiting = app.state.models["base"].recogniser._requests
        while waiting.qsize() < 3:
            time.sleep(0.01)
        gate.set()
        texts = {one.result().json()["text"] for one in asked}
    assert len(texts) == 1 and max(stub.batches) > 1


def test_keys(speech_wav):
    with serving(api_keys=("secret-key",)) as (address, _):
        assert post(address, speech_wav).status_code == 401
        with pytest.raises(openai.AuthenticationError):
            client_of(address, "wrong").models.list()
        client = client_of(address, "secret-key")
        assert client.audio.transcriptions.create(model="base", file=("a.wav", speech_wav)).text
        assert httpx.get(f"{address}/health").status_code == 200


def test_a_stopping_server_finishes_what_runs(speech_wav):
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool, serving({"base": StubRecogniser(gate=gate)}) as (address, app):
        running = pool.submit(post, address, speech_wav)
        while not app.state.engine._running:
            time.sleep(0.01)
        threading.Timer(0.3, gate.set).start()
    assert running.result().status_code == 200


def test_who_comes_while_it_stops_is_told_when_to_come_again(speech_wav):
    with serving() as (address, app):
        app.state.engine.stop()
        answer = post(address, speech_wav)
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
    assert answer.json()["error"]["code"] == "stopping"


def test_two_models_answer_by_name(speech_wav):
    with serving({"base": StubRecogniser("a"), "tuned": StubRecogniser("b")}) as (address, _):
        texts = {name: post(address, speech_wav, model=name).json()["text"] for name in ("base", "tuned")}
    assert set(texts["base"].split()) == {"a"} and set(texts["tuned"].split()) == {"b"}
