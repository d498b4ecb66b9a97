"""The API as OpenAI's own client and plain HTTP see it."""

import contextlib
import dataclasses
import io
import json
import socket
import struct
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest
import soundfile as sf
from served import LIMITS, serving, wav_bytes

from govor.errors import AudioError, LanguageError, UsageError
from govor.records import Measures, Span
from govor.serve.settings import ServeSettings
from stub_recogniser import StubRecogniser


def client_of(address, key="none"):
    return openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0)


def post(address, content, name="a.wav", **form):
    return httpx.post(
        f"{address}/v1/audio/transcriptions", files={"file": (name, content)}, data=form, timeout=60
    )


def several_times(wav, times):
    samples, rate = sf.read(io.BytesIO(wav), dtype="float32")
    return wav_bytes(np.concatenate([samples] * times), rate)


@pytest.fixture(autouse=True)
def own_place_for_temporary_files(tmp_path, monkeypatch):
    """Other tests write into the machine's at the same time."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


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
        def recognise(self, sounds, options):
            if self.batches:
                assert gate.wait(30)
            return super().recognise(sounds, options)

    long, slow = several_times(speech_wav, 8), Slow()
    with serving({"base": slow}) as (address, _):
        client = client_of(address)
        stream = client.audio.transcriptions.create(model="base", file=("a.wav", long), stream=True)
        events = iter(stream)
        first = next(events)
        assert first.type == "transcript.text.delta" and not gate.is_set()
        assert slow.batches == [1]
        gate.set()
        rest = list(events)
    assert sum(slow.batches) > 2
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
        ({"stream": "perhaps"}, 400, "invalid_value"),
        ({"language": "../../etc/passwd"}, 400, "invalid_value"),
        ({"language": "x" * 100_000}, 400, "invalid_value"),
        ({"temperature": "0.7"}, 400, "invalid_value"),
        ({"temperature": "warm"}, 400, "invalid_value"),
        ({"prompt": "Govorimo o jeziku."}, 400, "invalid_value"),
        ({"include[]": "logprobs", "response_format": "srt"}, 400, "invalid_value"),
        ({"include[]": "everything"}, 400, "invalid_value"),
        ({"timestamp_granularities[]": "word"}, 400, "invalid_value"),
        ({"stream": "true", "response_format": "srt"}, 400, "invalid_value"),
        ({"chunking_strategy": '{"type": "server_vad"}'}, 400, "invalid_value"),
        ({"known_speaker_names[]": "Ana"}, 400, "invalid_value"),
        ({"x" * 2_000: "1"}, 400, "invalid_value"),
        ({"language": ["hr", "sv"]}, 400, "invalid_value"),
        ({"model": "x" * 100_000}, 404, "model_not_found"),
    ],
)
def test_wrong_values_are_named(server, speech_wav, form, status, code):
    answer = post(server[0], speech_wav, **form)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert len(answer.content) < 1_000


def test_what_needs_nothing_is_honoured(server, speech_wav):
    nothing = {"temperature": "0.0", "prompt": "", "language": " ", "chunking_strategy": "auto"}
    assert post(server[0], speech_wav, **nothing).status_code == 200


class Timing(StubRecogniser):
    """Ends a sentence with every word; says the times of words only where they are asked for."""

    tasks = ("transcribe", "translate")

    def recognise(self, sounds, options):
        self.word = "day." if options.task == "translate" else "dan."
        said = super().recognise(sounds, options)
        return said if options.words else [dataclasses.replace(one, words=()) for one in said]


def test_subtitles_and_segments_are_timed_though_nobody_asks_for_words(speech_wav):
    with serving({"base": Timing()}) as (address, _):
        asked = {form: post(address, speech_wav, response_format=form) for form in ("srt", "verbose_json")}
    assert asked["srt"].text.count("-->") > 1
    segments = asked["verbose_json"].json()["segments"]
    assert "words" not in asked["verbose_json"].json() and all(s["end"] - s["start"] < 2 for s in segments)
    assert segments[0]["avg_logprob"] is None, "not measured is not 0"
    assert segments[0]["compression_ratio"] > 0


class Whispering(StubRecogniser):
    """Takes a prompt and says it; writes times itself, and measures what it writes."""

    writes_times = True

    def describe_prompt(self, options, language):
        return {"language": language or "detected"}

    def recognise(self, sounds, options):
        self.asked = options
        measures = Measures(-0.25, 1.5, 0.01, 0.2)
        found = []
        for said in super().recognise(sounds, options):
            span = Span(said.text, 0.0, said.words[-1].end, said.words, True, measures)
            found.append(dataclasses.replace(said, spans=(span,), measures=measures))
        return found


def test_a_prompt_reaches_the_model_and_what_it_measures_reaches_the_client(speech_wav):
    stub = Whispering()
    with serving({"base": stub}) as (address, _):
        form = {"prompt": "Govorimo o jeziku.", "response_format": "verbose_json"}
        answer = post(address, speech_wav, **form)
        assert answer.status_code == 200 and stub.asked.prompt == "Govorimo o jeziku."
        assert stub.asked.retries, "served recordings are decoded as govor transcribe does"
        segment = answer.json()["segments"][0]
        measured = ("avg_logprob", "compression_ratio", "no_speech_prob", "temperature")
        assert [segment[name] for name in measured] == [-0.25, 1.5, 0.01, 0.2]
        assert post(address, speech_wav, prompt="x" * 5_000).status_code == 400


def test_log_probabilities_of_words_make_up_the_text(server, speech_wav):
    address = server[0]
    refused = post(address, speech_wav, **{"include[]": "logprobs"})
    assert refused.status_code == 400 and "probabilities" in refused.json()["error"]["message"]
    with serving({"base": StubRecogniser(sure=0.5)}) as (address, _):
        client = client_of(address)
        heard = client.audio.transcriptions.create(
            model="base", file=("a.wav", speech_wav), include=["logprobs"]
        )
        assert "".join(one.token for one in heard.logprobs) == heard.text
        assert {one.logprob for one in heard.logprobs} == {-0.6931}
        stream = post(address, speech_wav, stream="true", **{"include[]": "logprobs"}).text
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: {")]
    told = [one["token"] for event in events for one in event.get("logprobs", [])]
    assert "".join(told) == heard.text


def test_translations_are_a_route_of_their_own(speech_wav):
    with serving({"base": Timing(), "only": StubRecogniser()}) as (address, _):
        client = client_of(address)
        file = ("a.wav", speech_wav)
        assert set(client.audio.translations.create(model="base", file=file).text.split()) == {"day."}
        assert set(client.audio.transcriptions.create(model="base", file=file).text.split()) == {"dan."}
        verbose = client.audio.translations.create(model="base", file=file, response_format="verbose_json")
        assert verbose.task == "translate" and len(verbose.segments) > 1
        with pytest.raises(openai.BadRequestError, match="cannot translate"):
            client.audio.translations.create(model="only", file=file)
        url = f"{address}/v1/audio/translations"
        told = httpx.post(url, files={"file": file}, data={"language": "hr"}, timeout=60)
        assert told.status_code == 400 and told.json()["error"]["param"] == "language"


@pytest.mark.parametrize(("own", "status"), [(None, 400), ("hr", 200), ("hr-HR", 200), ("sv", 400)])
def test_a_language_that_makes_no_difference_is_refused(speech_wav, own, status):
    stub = StubRecogniser()
    stub.settings = {"language": own} if own else {}
    with serving({"base": stub}) as (address, _):
        answer = post(address, speech_wav, language="hr")
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"]["param"] == "language"


def test_wrong_types_and_too_much_of_a_form(server, speech_wav):
    url = f"{server[0]}/v1/audio/transcriptions"
    wav = ("a.wav", speech_wav)
    for files, data in (
        ({"file": wav, "other": wav}, {}),
        ({"model": wav}, {"file": "text"}),
        ({"file": wav}, {f"field{n}": "x" for n in range(200)}),
        ({"file": wav}, {"prompt": "x" * 3_000_000}),
    ):
        answer = httpx.post(url, files=files, data=data, timeout=60)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["message"]
    assert post(server[0], speech_wav).status_code == 200


def test_a_language_the_model_does_not_know_is_named(speech_wav):
    class Choosy(StubRecogniser):
        def check_language(self, tag):
            if tag not in (None, "hr"):
                raise LanguageError(f"the model does not know the language {tag!r}; it knows hr")

    with serving({"base": Choosy()}) as (address, _):
        answer = post(address, speech_wav, language="sv")
        assert answer.status_code == 400 and answer.json()["error"]["param"] == "language"
        assert post(address, speech_wav, language="hr").status_code == 200


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AudioError(f"{tempfile.gettempdir()}/govor-upload-abc_1: it ends too early", "cut"), "cut"),
        (RuntimeError(f"{tempfile.gettempdir()} and what only the log may say"), "internal_error"),
    ],
)
def test_what_breaks_in_a_stream_is_an_event_without_paths(speech_wav, error, code):
    class Breaking(StubRecogniser):
        def recognise(self, sounds, options):
            if self.batches:
                raise error
            return super().recognise(sounds, options)

    with serving({"base": Breaking()}) as (address, _):
        answer = post(address, several_times(speech_wav, 8), stream="true")
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert answer.status_code == 200 and events[0]["type"] == "transcript.text.delta"
    assert events[-1]["type"] == "error" and events[-1]["error"]["code"] == code
    assert tempfile.gettempdir() not in answer.text and "govor-upload" not in answer.text


@contextlib.contextmanager
def half_sent(address, content, form=None):
    """Sends a whole request and goes away without the answer."""
    host, port = address.removeprefix("http://").split(":")
    request = httpx.Request(
        "POST", f"{address}/v1/audio/transcriptions", files={"file": ("a.wav", content)}, data=form
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /v1/audio/transcriptions HTTP/1.1\r\n" + head.encode() + b"\r\n")
        connection.sendall(request.read())
        yield


def until(condition):
    end_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.02)


@pytest.mark.parametrize("stream", [False, True])
def test_clients_that_go_away_leave_no_file_and_free_their_places_at_once(speech_wav, stream):
    """Also while the model is at their windows: what it still hears of them goes to nobody."""
    gate, before = threading.Event(), temporary()
    stub, limits = StubRecogniser(gate=gate), dataclasses.replace(LIMITS, concurrent=1, max_queue=1)
    form = {"stream": "true"} if stream else {}
    with serving({"base": stub}, limits=limits) as (address, app):
        queue = app.state.queue
        with half_sent(address, speech_wav, form):
            until(lambda: len(queue._running) == 1 and stub.entered.is_set())
            with half_sent(address, speech_wav, form):
                until(lambda: len(queue._waiting) == 1)
                assert post(address, speech_wav).status_code == 429
        until(lambda: not queue._waiting and not queue._running)
        assert not gate.is_set()
        until(lambda: temporary() == before)
        with ThreadPoolExecutor(1) as pool:
            staying = pool.submit(post, address, speech_wav)
            until(lambda: queue._running)
            gate.set()
            assert staying.result().status_code == 200
        assert len(stub.batches) <= 2, "the second client's windows were never decoded"


def test_what_a_gone_client_has_waiting_is_taken_out_of_the_batches(speech_wav):
    gate = threading.Event()
    stub = StubRecogniser(gate=gate)
    with serving({"base": stub}) as (address, app), ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, address, speech_wav)
        assert stub.entered.wait(60)
        waiting = app.state.models["base"].recogniser._requests
        with half_sent(address, speech_wav, {"stream": "true"}):
            until(lambda: waiting.qsize() == 1)
        until(lambda: len(app.state.queue._running) == 1)
        gate.set()
        assert first.result().status_code == 200
        until(lambda: not waiting.qsize())
    assert len(stub.batches) == 1


def test_what_is_wrong_with_one_recording_is_no_fault_of_the_others(speech_wav):
    gate = threading.Event()

    class Allergic(StubRecogniser):
        def recognise(self, sounds, options):
            found = super().recognise(sounds, options)
            if any(len(sound.wave) < 16_000 for sound in sounds):
                raise RuntimeError("too short for me")
            return found

    samples, rate = sf.read(io.BytesIO(speech_wav), dtype="float32")
    short = wav_bytes(samples[: rate // 2], rate)
    stub = Allergic(gate=gate)
    with serving({"base": stub}) as (address, app), ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(post, address, speech_wav)]
        assert stub.entered.wait(60)
        asked += [pool.submit(post, address, content) for content in (speech_wav, short)]
        waiting = app.state.models["base"].recogniser._requests
        until(lambda: waiting.qsize() == 2)
        gate.set()
        assert [one.result().status_code for one in asked] == [200, 200, 500]


def test_heads_of_requests_that_never_end_are_hung_up_on(speech_wav, monkeypatch):
    monkeypatch.setattr("govor.serve.listening.REQUEST_S", 0.5)
    with serving() as (address, _):
        host, port = address.removeprefix("http://").split(":")
        slow = [socket.create_connection((host, int(port))) for _ in range(30)]
        for connection in slow[10:]:
            connection.sendall(b"POST /v1/audio/transcriptions HTTP/1.1\r\nx: ")
        for connection in slow[20:]:
            for _ in range(5):
                connection.sendall(b"a")
        assert post(address, speech_wav).status_code == 200
        for connection in slow:
            connection.settimeout(30)
            assert connection.recv(1) == b""
            connection.close()


def test_more_connections_than_are_served_are_told_to_come_again(speech_wav, monkeypatch):
    monkeypatch.setattr("govor.serve.listening.MOST_CONNECTIONS", 3)
    with serving() as (address, _), contextlib.ExitStack() as stack:
        host, port = address.removeprefix("http://").split(":")

        def connect():
            return stack.enter_context(socket.create_connection((host, int(port))))

        held = [connect() for _ in range(3)]
        refused = httpx.get(f"{address}/health")
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["code"] == "busy"
        held += [connect() for _ in range(3)]
        with contextlib.suppress(ConnectionResetError):
            assert connect().recv(1) == b"", "twice as many: no answer at all"
        for connection in held:
            connection.close()
        until(lambda: httpx.get(f"{address}/health").status_code == 200)
        assert post(address, speech_wav).status_code == 200


def test_a_long_answer_is_not_hung_up_on(speech_wav, monkeypatch):
    monkeypatch.setattr("govor.serve.listening.REQUEST_S", 0.3)
    gate = threading.Event()
    with serving({"base": StubRecogniser(gate=gate)}) as (address, _), httpx.Client(timeout=60) as client:
        url = f"{address}/v1/audio/transcriptions"
        for _again in range(2):  # the second over the same connection
            threading.Timer(1.0, gate.set).start()
            assert client.post(url, files={"file": ("a.wav", speech_wav)}).status_code == 200
            gate.clear()


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


def test_windows_of_several_clients_share_batches_whatever_their_languages(speech_wav):
    class Polyglot(StubRecogniser):
        def check_language(self, tag):
            assert tag in ("hr", "sv")

        def recognise(self, sounds, options):
            said = super().recognise(sounds, options)
            return [
                dataclasses.replace(one, text=s.language, language=s.language, words=())
                for one, s in zip(said, sounds, strict=True)
            ]

    gate = threading.Event()
    stub = Polyglot(gate=gate)
    with serving({"base": stub}) as (address, app), ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(post, address, speech_wav, language="hr", response_format="text")]
        assert stub.entered.wait(60)
        for tag in ("sv", "hr", "sv"):
            asked.append(pool.submit(post, address, speech_wav, language=tag, response_format="text"))
        waiting = app.state.models["base"].recogniser._requests
        until(lambda: waiting.qsize() == 3)
        gate.set()
        texts = [one.result().text.split()[0] for one in asked]
    assert texts == ["hr", "sv", "hr", "sv"] and stub.batches == [1, 3]


@pytest.mark.parametrize("key", ["", " ", "a b", "ključ", "a\nb"])
def test_a_key_that_lets_everybody_in_or_nobody_is_refused(key):
    with pytest.raises(UsageError, match="--api-key"):
        ServeSettings(api_keys=(key,))


def test_the_page_opens_with_any_of_the_keys():
    with serving(page=True, api_keys=("first-key", "second-key")) as (address, _):

        def enter(user, key):
            return httpx.post(f"{address}/login", data={"username": user, "password": key}).status_code

        assert [enter("govor", key) for key in ("first-key", "second-key")] == [200, 200]
        wrong = (("govor", "third"), ("anybody", "first-key"), ("govor", "first-keyx"))
        assert [enter(*pair) for pair in wrong] == [400] * 3
        assert httpx.get(f"{address}/config").status_code == 401


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
        while not app.state.queue._running:
            time.sleep(0.01)
        threading.Timer(0.3, gate.set).start()
    assert running.result().status_code == 200


def test_who_comes_while_it_stops_is_told_when_to_come_again(speech_wav):
    with serving() as (address, app):
        app.state.queue.stop()
        answer = post(address, speech_wav)
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
    assert answer.json()["error"]["code"] == "stopping"


def test_two_models_answer_by_name(speech_wav):
    with serving({"base": StubRecogniser("a"), "tuned": StubRecogniser("b")}) as (address, _):
        texts = {name: post(address, speech_wav, model=name).json()["text"] for name in ("base", "tuned")}
    assert set(texts["base"].split()) == {"a"} and set(texts["tuned"].split()) == {"b"}
