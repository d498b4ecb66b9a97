"""``govor serve``."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from govor.commands.flags import Device, Flag, Overrides, flag, flags
from govor.commands.text_model import TextModelFlags
from govor.config import TranscribeConfig
from govor.config.setting import Section


@dataclass(frozen=True)
class ServerFlags(Section):
    """Where the server listens, who may use it, and for how much."""

    host: str = flag("127.0.0.1", "address to listen on")
    port: int = flag(7860, "port to listen on; 0: any", least=0, most=65_535)
    api_key: tuple[str, ...] = flag((), "a key that opens the API; also GOVOR_API_KEYS=a,b")
    allowed_host: tuple[str, ...] = flag(
        (), "another name that a server without keys answers to, such as a tunnel's"
    )
    max_mb: int = flag(500, "largest upload", least=1, unit="MB")
    max_hours: float = flag(4.0, "longest recording", above=0, unit="h")
    max_queue: int = flag(32, "recordings that may wait", least=1)
    concurrent: int = flag(4, "recordings decoded at once", least=1)
    max_live: int = flag(4, "people who may speak at once", least=1)
    no_page: bool = flag(False, "the API alone")


def command(
    models: Annotated[list[str], typer.Argument(help="Runs, folders or Hub ids; name=folder names one.")],
    server: Annotated[
        Overrides[ServerFlags],
        flags(
            ServerFlags,
            *("host", "port", "max_mb", "max_hours", "max_queue", "concurrent", "max_live", "no_page"),
            api_key=Flag(metavar="KEY", commas=False),
            allowed_host=Flag(metavar="NAME", commas=False),
        ),
    ],
    given: Annotated[Overrides[TranscribeConfig], flags(TranscribeConfig, "language", "beam_size", "lm")],
    text_model: Annotated[Overrides[TextModelFlags], flags(TextModelFlags)],
    device: Device = "auto",
) -> None:
    """Serve models: a web app, and an API that OpenAI's client talks to.

    Only this machine can reach it, unless you set --host. When a run has a newer model, the server uses it
    by itself.

    Example: govor serve tuned=run/ base=openai/whisper-small --then summarize --llm-url http://127.0.0.1:8000/v1
    """
    from govor.serve.limits import ServeLimits
    from govor.serve.second import second_model
    from govor.serve.server import serve
    from govor.serve.settings import ServeSettings

    asked, then = server.settings(), text_model.settings()
    keys = (*asked.api_key, *(key for key in os.environ.get("GOVOR_API_KEYS", "").split(",") if key))
    limits = ServeLimits(
        asked.max_mb * 1_000_000,
        asked.max_hours * 3600,
        max_queue=asked.max_queue,
        concurrent=asked.concurrent,
        live=asked.max_live,
    )
    settings = ServeSettings(
        asked.host, asked.port, keys, asked.allowed_host, limits, given.settings(), device, not asked.no_page
    )
    second = second_model(then.then, then.text_model, then.llm_url, then.llm_model, device)
    serve(models, replace(settings, then=second))
