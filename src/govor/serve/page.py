"""The web app: upload or record, watch the text come, follow it while listening, take it away, pass it on."""

from __future__ import annotations

import hmac
import os
import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from govor.errors import GovorError
from govor.serve.api import failure
from govor.serve.engine import Engine, Job
from govor.serve.inputs import UploadsOnly
from govor.serve.models import ServedModel
from govor.serve.second import SecondModel
from govor.serve.settings import ServeSettings
from govor.serve.view import Heard, done_html, failed_html, listening_html, player_html, transcripts_html

CACHE_S = 3600
"""How long uploads of the page stay in its cache."""
REFRESH_S = 0.5
REFRESH_SEGMENT_S = 0.001
"""Longer texts are drawn less often: they are sent whole."""
PAGE_USER = "govor"
AUTO = "model's choice, or detected"


def mount(
    app: FastAPI, models: Mapping[str, ServedModel], engine: Engine, settings: ServeSettings
) -> FastAPI:
    """Puts the page at ``/`` of `app`."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    here = Path(__file__).parent
    page = build(models, engine, settings)
    page.queue(max_size=settings.limits.max_queue, default_concurrency_limit=settings.limits.concurrent)
    page.has_launched = True  # else Gradio takes no look at what calls name
    app.add_middleware(UploadsOnly, folder=gr.utils.get_upload_folder())
    keys = settings.api_keys
    return gr.mount_gradio_app(  # type: ignore[no-any-return]
        app,
        page,
        path="/",
        server_name=settings.host,
        server_port=settings.port,
        auth=partial(_may_enter, keys) if keys else None,
        auth_message=f"User {PAGE_USER}, with the server's key." if keys else None,
        max_file_size=settings.limits.max_bytes,
        ssr_mode=False,
        footer_links=[],
        theme=_theme(),
        css=(here / "page.css").read_text(encoding="utf-8"),
        head=f"<script>{(here / 'page.js').read_text(encoding='utf-8')}</script>",
    )


def _may_enter(keys: Sequence[str], user: str, password: str) -> bool:
    given = password.encode()
    return sum(hmac.compare_digest(given, key.encode()) for key in keys) > 0 and user == PAGE_USER


def _theme() -> Any:
    import gradio as gr

    fonts = ["system-ui", "sans-serif"]
    return gr.themes.Default(primary_hue="teal", font=fonts, font_mono=["ui-monospace", "monospace"])


def build(models: Mapping[str, ServedModel], engine: Engine, settings: ServeSettings) -> Any:
    """The page's widgets and what they call."""
    import gradio as gr

    names = list(models)
    with gr.Blocks(title="govor", analytics_enabled=False, delete_cache=(CACHE_S, CACHE_S)) as page:
        gr.Markdown("# govor\nSpeech to text with times. Upload a recording of any length, or record one.")
        audio = gr.Audio(
            sources=["upload", "microphone"],
            type="filepath",
            label="Recording",
            editable=False,
            buttons=["download"],
            elem_id="recording",
        )
        with gr.Row():
            label = "Models (side by side)" if len(names) > 1 else "Model"
            chosen = gr.CheckboxGroup(names, value=names[:1], label=label, scale=3, min_width=280)
            language = gr.Textbox("", label="Language", placeholder=AUTO, max_lines=1, scale=1, min_width=280)
        start = gr.Button("Transcribe", variant="primary", elem_id="transcribe")
        status = gr.HTML("", elem_id="status")
        player = gr.HTML("", elem_id="player")
        shown = gr.HTML("", elem_id="transcripts")
        text = gr.State("")
        start.click(
            _transcriber(models, engine),
            [audio, chosen, language],
            [status, player, shown, text],
            show_progress="hidden",
            api_visibility="private",
        )
        if settings.then is not None:
            _second_model(gr, settings.then, text, len(names) > 1)
    return page


def _second_model(gr: Any, then: SecondModel, text: Any, several: bool) -> None:
    gr.Markdown("## Pass the text on")
    label = f"With {then.name}" + (", what the first model heard" if several else "")
    with gr.Row(equal_height=True):
        modes = gr.Radio(
            list(then.modes), value=then.modes[0], label=label, elem_id="mode", scale=3, min_width=280
        )
        go = gr.Button("Pass on", elem_id="then", scale=1, min_width=280)
    output = gr.Textbox("", label="Second text", lines=4, elem_id="second", buttons=["copy"])

    def pass_on(mode: str, spoken: str) -> Iterator[str]:
        if not spoken:
            yield "Transcribe a recording first."
            return
        said = ""
        try:
            for piece in then.stream(mode, spoken):
                said += piece
                yield said
        except GovorError as error:
            yield f"{said}\n[{error}]".strip()

    go.click(pass_on, [modes, text], output, api_visibility="private")


def _transcriber(models: Mapping[str, ServedModel], engine: Engine) -> Callable[..., Iterator[Any]]:
    import gradio as gr

    def run(audio: str | None, chosen: list[str], language: str) -> Iterator[tuple[Any, Any, Any, Any]]:
        if not audio or not chosen:
            what = "Choose a model." if audio else "Upload or record something first."
            yield f'<p role="alert">{what}</p>', "", "", ""
            return
        heard = [Heard(name) for name in chosen if name in models]
        player = player_html(audio)
        for state in _watch(heard, models, engine, Path(audio), language.strip() or None):
            yield state, player, transcripts_html(heard), ""
            player = gr.skip()  # drawn anew it would stop playing
        text = next((one.transcript.text for one in heard if one.transcript), "")
        yield done_html(heard), player, transcripts_html(heard, Path(audio).stem), text

    return run


def _watch(
    heard: list[Heard], models: Mapping[str, ServedModel], engine: Engine, audio: Path, language: str | None
) -> Iterator[str]:
    """Runs one job a model, all at once, and says now and then how far they are."""
    news: queue.Queue[None] = queue.Queue()
    jobs = []
    started_s = time.monotonic()
    try:
        for one in heard:
            job = Job(audio, models[one.name], audio.name, language, True, _listener(one, news))
            engine.submit(job)
            jobs.append(job)
        while not all(job.result.done() for job in jobs):
            yield listening_html(heard, time.monotonic() - started_s)
            _rest(news, max(REFRESH_S, len(heard[0].segments) * REFRESH_SEGMENT_S))
        for one, job in zip(heard, jobs, strict=True):
            _finish(one, job)
    except GovorError as error:
        for one in heard:
            one.failure = str(error)
    finally:
        for job in jobs:
            job.cancelled.set()


def _listener(one: Heard, news: queue.Queue[None]) -> Callable[[Any, float], None]:
    def listen(segment: Any, read_s: float) -> None:
        one.segments.append(segment)
        one.read_s = read_s
        news.put(None)

    return listen


def _rest(news: queue.Queue[None], seconds: float) -> None:
    """Until there is news, but not for less than `seconds`."""
    until_s = time.monotonic() + seconds
    with suppress(queue.Empty):
        news.get(timeout=seconds)
    time.sleep(max(0.0, until_s - time.monotonic()))
    with suppress(queue.Empty):
        while True:
            news.get_nowait()


def _finish(one: Heard, job: Job) -> None:
    try:
        one.transcript = job.result.result()
    except Exception as error:
        one.failure = failed_html(failure(error)[1])
