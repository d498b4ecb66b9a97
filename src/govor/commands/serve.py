"""``govor serve``."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated

import typer


def command(
    models: Annotated[list[str], typer.Argument(help="Runs, folders or Hub ids; name=folder names one.")],
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port to listen on; 0: any.")] = 7860,
    api_key: Annotated[
        list[str] | None,
        typer.Option("--api-key", help="A key that opens the API; repeatable. Also GOVOR_API_KEYS=a,b."),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allowed-host",
            help="A further name under which a server without keys answers, such as a tunnel's; repeatable.",
        ),
    ] = None,
    language: Annotated[str | None, typer.Option("--language", help="Language given to the models.")] = None,
    max_mb: Annotated[int, typer.Option("--max-mb", min=1, help="Largest upload, in MB.")] = 500,
    max_hours: Annotated[float, typer.Option("--max-hours", min=0.001, help="Longest recording.")] = 4.0,
    max_queue: Annotated[int, typer.Option("--max-queue", min=1, help="Recordings that may wait.")] = 32,
    concurrent: Annotated[int, typer.Option("--concurrent", min=1, help="Recordings decoded at once.")] = 4,
    beam_size: Annotated[int, typer.Option("--beam-size", min=1, help="Beams; 1 is greedy.")] = 1,
    lm: Annotated[str | None, typer.Option("--lm", help="ARPA file for CTC beam search.")] = None,
    then: Annotated[str | None, typer.Option("--then", help="continue or summarize.")] = None,
    text_model: Annotated[
        str | None, typer.Option("--text-model", help="Local or Hub text model for --then.")
    ] = None,
    llm_url: Annotated[
        str | None, typer.Option("--llm-url", help="OpenAI-compatible URL for --then; key in OPENAI_API_KEY.")
    ] = None,
    llm_model: Annotated[str | None, typer.Option("--llm-model", help="Which model at --llm-url.")] = None,
    no_page: Annotated[bool, typer.Option("--no-page", help="The API alone.")] = False,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda:N.")] = "auto",
) -> None:
    """Serve models: a web app, and an API that OpenAI's client talks to.

    Bound to this machine unless --host says otherwise. A newer version of a run's model is taken up by
    itself.

    Example: govor serve tuned=run/ base=openai/whisper-small --then summarize --llm-url http://127.0.0.1:8000/v1
    """
    from govor.config import TranscribeConfig
    from govor.serve.limits import ServeLimits
    from govor.serve.second import second_model
    from govor.serve.server import serve
    from govor.serve.settings import ServeSettings

    keys = [*(api_key or ()), *(key for key in os.environ.get("GOVOR_API_KEYS", "").split(",") if key)]
    limits = ServeLimits(max_mb * 1_000_000, max_hours * 3600, max_queue=max_queue, concurrent=concurrent)
    config = TranscribeConfig(language=language, beam_size=beam_size, lm=lm)
    hosts = tuple(allowed_host or ())
    settings = ServeSettings(host, port, tuple(keys), hosts, limits, config, device, not no_page)
    second = second_model(then, text_model, llm_url, llm_model, device)
    serve(models, replace(settings, then=second))
