"""A server of stubs on a free port of this machine."""

import io
import socket
import threading
import time
from contextlib import contextmanager

import soundfile as sf
import uvicorn

from govor.serve.limits import ServeLimits
from govor.serve.listening import PromptProtocol
from govor.serve.server import create_app
from govor.serve.settings import ServeSettings
from stub_recogniser import StubRecogniser

LIMITS = ServeLimits(max_bytes=3_000_000, max_s=60, upload_s=2, concurrent=2, max_queue=2)


def wav_bytes(samples, rate):
    """A WAV file's bytes."""
    target = io.BytesIO()
    sf.write(target, samples, rate, format="WAV")
    return target.getvalue()


@contextmanager
def serving(stubs=None, **settings):
    """Yields ``(address, app)`` of a server of stubs."""
    stubs = stubs or {"base": StubRecogniser()}
    settings.setdefault("page", False)
    specs = [f"{name}=/nowhere/{name}" for name in stubs]
    app = create_app(specs, ServeSettings(**settings), lambda spec: stubs[spec.rpartition("/")[2]])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            app, http=PromptProtocol, ws="wsproto", log_level="error", timeout_graceful_shutdown=5
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", app
        finally:
            server.should_exit = True
            thread.join(30)
