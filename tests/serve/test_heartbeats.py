"""Endless streams of the page end with the server, and each answer ends once."""

import asyncio

import pytest

from govor.serve.guards import HEARTBEAT, Heartbeats

END = {"type": "http.response.body", "body": b""}


def sent_by(endless):
    """What a client of `endless` is sent until the server has stopped."""
    sent, stopping = [], []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await endless(send)
        stopping.append(True)
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": f"/gradio_api/{HEARTBEAT}/1"}
    asyncio.run(asyncio.wait_for(Heartbeats(app, lambda: bool(stopping))(scope, None, send), 10))
    return sent[1:]


async def beating(send):
    await send({**END, "body": b"beat", "more_body": True})


async def over(send):
    await beating(send)
    await send(END)


@pytest.mark.parametrize("endless", [beating, over])
def test_an_answer_ends_once(endless):
    assert [message.get("more_body", False) for message in sent_by(endless)] == [True, False]
