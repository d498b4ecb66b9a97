"""Uploads that cannot be taken are refused before they are read; keys cannot be guessed quickly."""

import asyncio

import httpx
import pytest
from served import serving

from govor.serve.admission import FORGET_S, WRONG_TRIES, Admission, LoginBrake
from govor.serve.job_queue import QueueFullError


def ask(layer, path, client="10.0.0.1", method="POST"):
    """(status, headers) of one request through a layer; the body must not be asked for."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        raise AssertionError("the body was read")

    scope = {"type": "http", "method": method, "path": path, "headers": [], "client": (client, 1)}
    asyncio.run(layer(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])


def answering(status):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


@pytest.mark.parametrize("route", ["/v1/audio/transcriptions", "/gradio_api/upload"])
def test_a_full_queue_refuses_before_the_upload_is_read(route):
    full = Admission(answering(200), lambda: QueueFullError(7))
    status, headers = ask(full, route)
    assert (status, headers[b"retry-after"]) == (429, b"7")
    assert ask(full, "/gradio_api/queue/join")[0] == 200 and ask(full, route, method="GET")[0] == 200
    assert ask(Admission(answering(200), lambda: None), route)[0] == 200


def test_the_server_says_so_while_its_queue_is_full():
    with serving() as (address, app):
        app.state.queue.limits = type(app.state.queue.limits)(max_queue=0)
        answer = httpx.post(f"{address}/v1/audio/transcriptions", files={"file": ("a.wav", b"x" * 500_000)})
        assert answer.status_code == 429 and "busy" in answer.text


def test_a_client_that_guesses_keys_waits():
    clock = [0.0]
    wrong = LoginBrake(answering(400), lambda: clock[0])
    for _ in range(WRONG_TRIES):
        assert ask(wrong, "/login")[0] == 400
    status, headers = ask(wrong, "/login/")
    assert status == 429 and 0 < int(headers[b"retry-after"]) <= FORGET_S + 1
    assert ask(wrong, "/login", client="10.0.0.2")[0] == 400, "others are not braked"
    assert ask(wrong, "/")[0] == 400, "nor are other routes"
    clock[0] = FORGET_S + 1
    assert ask(wrong, "/login")[0] == 400


def test_a_right_key_forgets_the_wrong_ones():
    brake = LoginBrake(answering(400))
    for _ in range(WRONG_TRIES - 1):
        ask(brake, "/login")
    brake.app = answering(200)
    assert ask(brake, "/login")[0] == 200
    brake.app = answering(400)
    assert ask(brake, "/login")[0] == 400


def test_the_page_brakes_guesses():
    with serving(page=True, api_keys=("k3y",)) as (address, _):
        guess = {"username": "govor", "password": "guess"}
        said = [httpx.post(f"{address}/login", data=guess).status_code for _ in range(WRONG_TRIES + 1)]
        assert said == [400] * WRONG_TRIES + [429]


@pytest.mark.parametrize("given", ["Bearer k3y", "bearer k3y", "BEARER  k3y"])
def test_the_scheme_is_written_in_any_case(given):
    with serving(api_keys=("k3y",)) as (address, _):
        assert httpx.get(f"{address}/v1/models", headers={"authorization": given}).status_code == 200


@pytest.mark.parametrize("given", ["k3y", "Basic k3y", "Bearerk3y", "Bearer", ""])
def test_a_key_without_its_scheme_opens_nothing(given):
    with serving(api_keys=("k3y",)) as (address, _):
        assert httpx.get(f"{address}/v1/models", headers={"authorization": given}).status_code == 401


def test_tries_on_their_way_count():
    """Or a thousand keys could be tried before the first answer."""

    async def guess_all_at_once():
        answers, held = [], asyncio.Event()

        async def waiting(scope, receive, send):
            await held.wait()
            await answering(400)(scope, receive, send)

        async def guess():
            async def send(message):
                if message["type"] == "http.response.start":
                    answers.append(message["status"])

            scope = {"type": "http", "method": "POST", "path": "/login", "client": ("10.0.0.1", 1)}
            await brake(scope, None, send)

        brake = LoginBrake(waiting)
        tries = [asyncio.create_task(guess()) for _ in range(WRONG_TRIES + 20)]
        await asyncio.sleep(0.05)
        held.set()
        await asyncio.gather(*tries)
        return answers

    answers = asyncio.run(guess_all_at_once())
    assert sorted(answers) == [400] * WRONG_TRIES + [429] * 20
