"""``/v1/audio/live``: a WebSocket that takes PCM and gives partial and final text."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import soxr
from fastapi import APIRouter
from fastapi.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from govor.console import say
from govor.errors import GovorError
from govor.serve.asked import find_model, require_model_can
from govor.serve.live import events
from govor.serve.live.buffer import Samples
from govor.serve.live.rooms import Rooms, ear_of
from govor.serve.live.session import LiveSession
from govor.serve.models import ServedModel
from govor.serve.refusals import RequestError, failure, wrong_value
from govor.transcribe.patience import OverError, Patience

LIVE_ROUTE = "/v1/audio/live"
COME_AGAIN_S = 5
"""When those who cannot speak now should ask again."""
RATES = (8_000, 48_000)
PCM_RATE = 16_000
ASKED = ("model", "language", "sample_rate", "ticket")
FULL_SCALE = 32_768.0
_SHORT_NUMBER = re.compile("[0-9]{1,6}")
CLOSE_CODES = {"stopping": 1012}
"""By reason; others are 1000: all was said."""


def live_routes(models: Mapping[str, ServedModel], rooms: Rooms) -> APIRouter:
    """The route, and a sentence for those who ask it without a WebSocket."""
    router = APIRouter()

    @router.websocket(LIVE_ROUTE)
    async def speak(socket: WebSocket) -> None:
        try:
            model, language, rate = _parameters(socket, models)
            if (refusal := rooms.refusal()) is not None:
                raise refusal
        except (RequestError, GovorError) as error:
            status, body, headers = failure(error)
            later = {"retry-after": str(COME_AGAIN_S)} if status in (429, 503) else {}
            answer = Response(body, status, {**headers, **later}, "application/json")
            await socket.send_denial_response(answer)
            return
        talk = _Talk(socket, model, language, rooms, rate)
        with rooms.entered(talk):
            await talk.run()
        rooms.metrics.audio_s.inc(talk.session.received_s)

    @router.get(LIVE_ROUTE, include_in_schema=False)
    async def explain() -> Response:
        error = RequestError(426, f"{LIVE_ROUTE} takes a WebSocket: see docs/serve.md", "upgrade_required")
        return Response(failure(error)[1], 426, {"upgrade": "websocket"}, "application/json")

    return router


def _parameters(socket: WebSocket, models: Mapping[str, ServedModel]) -> tuple[ServedModel, str | None, int]:
    """Model, language and rate of the samples.

    Raises:
        RequestError: a parameter is unknown or wrong.
        LanguageError: the model does not know the language.
    """
    given = socket.query_params
    for name in given:
        if name not in ASKED:
            shown = name[:100]
            raise wrong_value(shown, f"the parameter {shown!r} does nothing here: leave it out")
    model = find_model(models, given.get("model", ""))
    language = given.get("language", "").strip() or None
    require_model_can(model, "transcribe", language, None)
    rate = given.get("sample_rate", str(PCM_RATE))
    if not (_SHORT_NUMBER.fullmatch(rate) and RATES[0] <= int(rate) <= RATES[1]):
        raise wrong_value("sample_rate", f"sample_rate must be a number from {RATES[0]} to {RATES[1]}")
    return model, language, int(rate)


class _Talk:
    """One connection: what comes in is fed to the session, what comes of it is sent."""

    def __init__(
        self, socket: WebSocket, model: ServedModel, language: str | None, rooms: Rooms, rate: int
    ) -> None:
        self.socket, self.model, self.rooms = socket, model, rooms
        self._patience = Patience()
        self.session = LiveSession(ear_of(model, self._patience), language)
        self._samples = _reader(rate, self.session.ear.sample_rate)
        self._changed, self._heard = asyncio.Event(), asyncio.Event()

    def end(self, reason: str) -> None:
        """See `govor.serve.live.rooms.Speaker`."""
        self.session.end(reason)
        self._changed.set()

    def leave(self) -> None:
        """See `govor.serve.live.rooms.Speaker`."""
        self._patience.end()
        self._changed.set()

    async def run(self) -> None:
        """Until one side has said all."""
        await self.socket.accept()
        receiving = asyncio.ensure_future(self._receive())
        try:
            await self._send({"type": "ready", "model": self.model.name, "language": self.session.language})
            await self._answer()
        except (OverError, WebSocketDisconnect):
            pass
        except Exception as error:
            if not isinstance(error, GovorError):
                say(f"serve: {type(error).__name__}: {error}")
            await self._send({"type": "error", **json.loads(failure(error)[1])})
            await self._close(1011)
        finally:
            receiving.cancel()

    async def _answer(self) -> None:
        loop, session = asyncio.get_running_loop(), self.session
        while not session.is_done and not self._patience.is_over:
            self._changed.clear()
            told = await loop.run_in_executor(self.rooms.pool, session.step)
            self._heard.set()
            for event in told or ():
                await self._send(event)
            if told is None:
                await self._news()
        await self._close(CLOSE_CODES.get(session.reason or "", 1000))

    async def _news(self) -> None:
        """Waits for sound; who sends none for long has finished."""
        try:
            await asyncio.wait_for(self._changed.wait(), self.rooms.limits.live_idle_s)
        except TimeoutError:
            self.end("idle")

    async def _receive(self) -> None:
        """Feeds the session; ends it when the client says so, leaves, or passes the limit."""
        try:
            while (message := await self.socket.receive())["type"] != "websocket.disconnect":
                self._take(message)
                await self._not_too_fast()
        except RequestError as error:
            await self._send({"type": "error", **json.loads(failure(error)[1])})
            await self._close(1003)
        self.leave()

    def _take(self, message: Mapping[str, Any]) -> None:
        if message.get("bytes") is not None:
            self.session.feed(self._samples(message["bytes"]))
            if self.session.received_s > self.rooms.limits.max_s:
                self.end("too_long")
        elif _is_end(message.get("text") or ""):
            self.end("end")
        else:
            raise RequestError(
                400, 'send samples as binary messages, or {"type": "end"} as text', "invalid_message"
            )
        self._changed.set()

    async def _not_too_fast(self) -> None:
        while self.session.behind_s > self.session.rules.ahead_s and not self._patience.is_over:
            self._heard.clear()
            await self._heard.wait()

    async def _send(self, event: events.Event) -> None:
        if self.socket.application_state is WebSocketState.CONNECTED:
            await self.socket.send_text(events.as_line(event))

    async def _close(self, code: int) -> None:
        if self.socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self.socket.close(code)


def _is_end(text: str) -> bool:
    try:
        said = json.loads(text)
    except (RecursionError, ValueError):
        return False
    return isinstance(said, dict) and said.get("type") == "end"


def _reader(rate: int, wanted: int) -> Callable[[bytes], Samples]:
    """Makes samples at the rate `wanted` of messages of 16 bits, little-endian, mono."""
    stream = soxr.ResampleStream(rate, wanted, 1, dtype="float32") if rate != wanted else None

    def read(message: bytes) -> Samples:
        if len(message) % 2:
            raise RequestError(
                400,
                f"a message of {len(message)} bytes is not a whole number of 16-bit samples",
                "invalid_message",
            )
        samples = np.frombuffer(message, "<i2").astype(np.float32) / FULL_SCALE
        return samples if stream is None else np.asarray(stream.resample_chunk(samples), np.float32)

    return read
