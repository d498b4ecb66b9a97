"""The web app: upload or record, watch the text come, follow it while listening, take it away, pass it on."""

from __future__ import annotations

import atexit
import hmac
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from govor.errors import GovorError
from govor.serve.inputs import UploadsOnly
from govor.serve.job_queue import JobQueue
from govor.serve.live.leave import Admit
from govor.serve.models import ServedModel
from govor.serve.second import SecondModel
from govor.serve.settings import ServeSettings
from govor.serve.view import ModelTranscript, done_html, player_html, transcripts_html
from govor.serve.watching import Stop, watch

CACHE_S = 3600
"""How long uploads of the page stay in its cache."""
PAGE_USER = "govor"
UPLOADS_VARIABLE = "GRADIO_TEMP_DIR"
SCRIPTS = ("page.js", "live.js")
TITLE = "# govor\nSpeech to text with times. Upload a recording of any length, record one, or speak live."
SPEAK = "(leave) => { window.govorLive.start(leave); }"
AUTO = "model's choice, or detected"


def mount(
    app: FastAPI,
    models: Mapping[str, ServedModel],
    queue: JobQueue,
    settings: ServeSettings,
    admit: Admit,
) -> FastAPI:
    """Puts the page at ``/`` of `app`; `admit` gives its visitors leave to speak."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    _keep_uploads_private()
    import gradio as gr

    here = Path(__file__).parent
    page = build(models, queue, settings, admit)
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
        head="".join(f"<script>{(here / name).read_text(encoding='utf-8')}</script>" for name in SCRIPTS),
    )


def _keep_uploads_private() -> None:
    """Uploads lie in a folder that is closed to other users of the machine, and goes with this process."""
    if not os.environ.get(UPLOADS_VARIABLE):
        folder = os.environ[UPLOADS_VARIABLE] = tempfile.mkdtemp(prefix="govor-page-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _may_enter(keys: Sequence[str], user: str, password: str) -> bool:
    given = password.encode()
    return sum(hmac.compare_digest(given, key.encode()) for key in keys) > 0 and user == PAGE_USER


def _theme() -> Any:
    import gradio as gr

    fonts = ["system-ui", "sans-serif"]
    return gr.themes.Default(primary_hue="teal", font=fonts, font_mono=["ui-monospace", "monospace"])


def build(models: Mapping[str, ServedModel], queue: JobQueue, settings: ServeSettings, admit: Admit) -> Any:
    """The page's widgets and what they call."""
    import gradio as gr

    names = list(models)
    with gr.Blocks(title="govor", analytics_enabled=False, delete_cache=(CACHE_S, CACHE_S)) as page:
        gr.Markdown(TITLE)
        audio = gr.Audio(
            sources=["upload", "microphone"],
            type="filepath",
            label="Recording",
            editable=False,
            buttons=["download"],
            waveform_options=gr.WaveformOptions(show_recording_waveform=False),  # it took a tab GBs of memory
            elem_id="recording",
        )
        with gr.Row():
            label = "Models (side by side)" if len(names) > 1 else "Model"
            chosen = gr.CheckboxGroup(names, value=names[:1], label=label, scale=3, min_width=280)
            language = gr.Textbox("", label="Language", placeholder=AUTO, max_lines=1, scale=1, min_width=280)
        with gr.Row():
            start = gr.Button("Transcribe", variant="primary", elem_id="transcribe", scale=4, min_width=160)
            end = gr.Button("Stop", interactive=False, elem_id="stop", scale=1, min_width=100)
            live = gr.Button("Speak live", elem_id="live", scale=2, min_width=140)
        leave = gr.Textbox(visible="hidden")
        gr.HTML("", elem_id="live-text")
        status = gr.HTML("", elem_id="status")
        player = gr.HTML("", elem_id="player")
        shown = gr.HTML("", elem_id="transcripts")
        text, stop = gr.State(""), gr.State(Stop())
        at_once = settings.limits.concurrent + settings.limits.max_queue
        start.click(
            _transcriber(models, queue),
            [audio, chosen, language, stop],
            [status, player, shown, text, end],
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=at_once,
        )
        live.click(
            admit,
            [chosen, language],
            leave,
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=None,
        ).then(None, leave, None, js=SPEAK, api_visibility="private")
        end.click(Stop.set, [stop], None, concurrency_limit=None, api_visibility="private")
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


def _transcriber(models: Mapping[str, ServedModel], queue: JobQueue) -> Callable[..., Iterator[Any]]:
    import gradio as gr

    def run(audio: str | None, chosen: list[str], language: str, stop: Stop) -> Iterator[tuple[Any, ...]]:
        if not audio or not chosen:
            what = "Choose a model." if audio else "Upload or record something first."
            yield f'<p role="alert">{what}</p>', "", "", "", gr.skip()
            return
        heard = [ModelTranscript(name) for name in chosen if name in models]
        player, may_stop = player_html(audio), gr.update(interactive=True)
        stop.clear()
        for state in watch(heard, models, queue, Path(audio), language.strip() or None, stop):
            yield state, player, transcripts_html(heard), "", may_stop
            player = may_stop = gr.skip()  # drawn anew the player would stop playing
        text = next((one.transcript.text for one in heard if one.transcript), "")
        shown = transcripts_html(heard, Path(audio).stem)
        yield done_html(heard), player, shown, text, gr.update(interactive=False)

    return run
