"""The web app: upload or record, watch the text come, follow it while listening, take it away, pass it on."""

from __future__ import annotations

import hmac
import os
import queue
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from govor.errors import GovorError
from govor.serve.api import failure
from govor.serve.engine import Engine, Job
from govor.serve.models import ServedModel
from govor.serve.settings import ServeSettings
from govor.serve.view import Heard, failed_html, transcripts_html
from govor.transcribe import Transcript
from govor.transcribe.writers import render

DOWNLOADS = ("srt", "vtt", "txt")
CACHE_S = 3600
"""How long uploads of the page stay in its cache."""
REFRESH_S = 0.5
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
            chosen = gr.CheckboxGroup(names, value=names[:1], label="Models (side by side)", scale=3)
            language = gr.Textbox("", label="Language", placeholder=AUTO, max_lines=1, scale=1)
        start = gr.Button("Transcribe", variant="primary", elem_id="transcribe")
        status = gr.Markdown("", elem_id="status", container=False)
        shown = gr.HTML("", elem_id="transcripts")
        files = gr.File(label="Downloads", file_count="multiple", interactive=False, visible=False)
        text = gr.State("")
        start.click(
            _transcriber(models, engine),
            [audio, chosen, language],
            [status, shown, files, text],
            show_progress="hidden",
            api_visibility="private",
        )
        if settings.then is not None:
            _second_model(gr, settings.then, text)
    return page


def _second_model(gr: Any, then: Any, text: Any) -> None:
    gr.Markdown("## Pass the text on")
    with gr.Row():
        modes = gr.Radio(list(then.modes), value=then.modes[0], label=f"With {then.name}", elem_id="mode")
        go = gr.Button("Go on", elem_id="then")
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
        hidden = gr.File(visible=False)
        if not audio or not chosen:
            what = "Choose a model." if audio else "Upload or record something first."
            yield what, "", hidden, ""
            return
        heard = [Heard(name) for name in chosen if name in models]
        for state in _watch(heard, models, engine, Path(audio), language.strip() or None):
            yield state, transcripts_html(heard, audio), hidden, ""
        folder, written = write_downloads(heard, Path(audio).stem)
        try:
            shown = gr.File(value=written, visible=bool(written))
            text = next((one.transcript.text for one in heard if one.transcript), "")
            yield _done(heard), transcripts_html(heard, audio), shown, text
        finally:
            shutil.rmtree(folder, ignore_errors=True)

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
            yield _listening(heard, time.monotonic() - started_s)
            _rest(news)
        for one, job in zip(heard, jobs, strict=True):
            _finish(one, job)
    except GovorError as error:
        for one in heard:
            one.failure = str(error)
    finally:
        for job in jobs:
            job.cancelled.set()


def _listening(heard: list[Heard], passed_s: float) -> str:
    read_s = max(one.read_s for one in heard)
    return (
        f"Listening: {_clock(read_s)} in {passed_s:.0f} s, {read_s / passed_s:.1f} times as fast as speech …"
    )


def _listener(one: Heard, news: queue.Queue[None]) -> Callable[[Any, float], None]:
    def listen(segment: Any, read_s: float) -> None:
        one.segments.append(segment)
        one.read_s = read_s
        news.put(None)

    return listen


def _rest(news: queue.Queue[None]) -> None:
    try:
        news.get(timeout=REFRESH_S)
        while True:
            news.get_nowait()
    except queue.Empty:
        return


def _finish(one: Heard, job: Job) -> None:
    try:
        one.transcript = job.result.result()
    except Exception as error:
        one.failure = failed_html(failure(error)[1])


def _done(heard: list[Heard]) -> str:
    parts = [_fact(one.name, one.transcript) for one in heard if one.transcript]
    return " · ".join(parts)


def _fact(name: str, transcript: Transcript) -> str:
    rtf = transcript.timing["rtf"]
    speed = f", {1 / rtf:.0f} times as fast as speech" if rtf else ""
    words = len(transcript.text.split())
    return f"**{name}**: {words} words in {_clock(transcript.duration)}{speed}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def write_downloads(heard: list[Heard], stem: str) -> tuple[Path, list[str]]:
    """Subtitles and text of every transcript in a temporary folder, which the caller removes."""
    folder = Path(tempfile.mkdtemp(prefix="govor-page-"))
    written = []
    for one in heard:
        if one.transcript is None:
            continue
        for form in DOWNLOADS:
            path = folder / f"{stem[:80]}.{one.name.replace('/', '_')}.{form}"
            path.write_text(render(one.transcript, form), encoding="utf-8")
            written.append(str(path))
    return folder, written
