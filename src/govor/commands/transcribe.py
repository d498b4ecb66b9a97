"""``govor transcribe``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from govor.config import TranscribeConfig
from govor.console import emit
from govor.errors import LimitError, UsageError


def command(
    model: Annotated[str, typer.Argument(help="Run, model folder, export or Hub id.")],
    audio: Annotated[list[str], typer.Argument(help="Recordings, folders of them, http(s) addresses.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder (default: transcripts).")] = None,
    format: Annotated[
        str, typer.Option("--format", metavar="A,B", help="txt, srt, vtt, tsv, json.")
    ] = "txt,srt,json",
    chunk: Annotated[
        float | None, typer.Option("--chunk", metavar="S", help="Fixed windows (default: cut at pauses).")
    ] = None,
    stride: Annotated[
        float, typer.Option("--stride", metavar="S", help="Overlap on each side of a fixed window.")
    ] = 0.0,
    language: Annotated[str | None, typer.Option("--language", help="Default: detected.")] = None,
    task: Annotated[
        str | None, typer.Option("--task", help="transcribe or translate (default: as it was trained).")
    ] = None,
    timestamps: Annotated[
        bool | None,
        typer.Option(
            "--timestamps/--no-timestamps",
            help="Whisper: the model writes begin and end (default: as it was trained).",
        ),
    ] = None,
    words: Annotated[bool, typer.Option("--words", help="Times of words in JSON.")] = False,
    batch_s: Annotated[float | None, typer.Option("--batch-s", help="Seconds decoded together.")] = None,
    beam_size: Annotated[int, typer.Option("--beam-size", help="Beams; 1 is greedy.")] = 1,
    lm: Annotated[Path | None, typer.Option("--lm", help="ARPA file for CTC beam search.")] = None,
    lm_weight: Annotated[float | None, typer.Option("--lm-weight", help="Weight of --lm.")] = None,
    then: Annotated[
        str | None, typer.Option("--then", metavar="TASK", help="continue or summarize the text.")
    ] = None,
    text_model: Annotated[
        str | None, typer.Option("--text-model", help="Local text model (transformers) for --then.")
    ] = None,
    llm_url: Annotated[
        str | None, typer.Option("--llm-url", help="OpenAI-compatible address for --then.")
    ] = None,
    llm_model: Annotated[str | None, typer.Option("--llm-model", help="Model name at --llm-url.")] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option("--compare", metavar="K=A,B", help="chunk=5,10,30 or stride=1,5; repeatable."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", help="Text file with what is said, for --compare.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda:N.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Transcribes recordings of any length and format; what is already done is not done again.

    Example: govor transcribe run/ session.mp3 talks/ --out transcripts --format txt,srt

    Compare windows: govor transcribe run/ talk.mp3 --compare chunk=5,30 stride=0,1 --reference talk.txt
    """
    settings = {
        "format": tuple(name.strip() for name in format.split(",")),
        "chunk": chunk,
        "stride": stride,
        "language": language,
        "task": task,
        "timestamps": timestamps,
        "words": words,
        "beam_size": beam_size,
        "lm": str(lm) if lm else None,
        "lm_weight": lm_weight,
    }
    config = _config(settings if batch_s is None else {**settings, "batch_s": batch_s})
    if compare:
        from govor.evaluate.window_comparison import compare_windows, describe_comparison

        grid, files = _grid([*compare, *audio])
        summary = compare_windows(model, files, config, grid, reference=reference, device=device)
        emit(summary, json, describe_comparison(summary))
        return
    second = _second_model(then, config, text_model, llm_url, llm_model, device)
    try:
        summary = _transcribe(model, audio, out, config, device)
    except LimitError as error:  # some were set aside; the others are passed on and shown all the same
        _pass_on(error.summary, then, second, json)
        if not json:
            emit(error.summary, False, _lines(error.summary))
        raise
    _pass_on(summary, then, second, json)
    emit(summary, json, _lines(summary))


def _config(settings: dict[str, Any]) -> TranscribeConfig:
    try:
        return dataclasses.replace(TranscribeConfig(), **settings)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _transcribe(
    model: str, audio: list[str], out: Path | None, config: TranscribeConfig, device: str
) -> dict[str, Any]:
    from govor.transcribe import transcribe_files

    return transcribe_files(model, audio, out, config, device)


def _second_model(
    then: str | None,
    config: TranscribeConfig,
    text_model: str | None,
    llm_url: str | None,
    llm_model: str | None,
    device: str,
) -> Any:
    """The text model of --then, opened before anything is transcribed in vain."""
    if then is None:
        return None
    from govor.transcribe.then import open_text_model, task_of

    task_of(then)
    if not {"txt", "json"} & set(config.format):
        raise UsageError("--then needs txt or json among --format")
    return open_text_model(text_model, llm_url, llm_model, device)


def _pass_on(summary: dict[str, Any], then: str | None, second: Any, json: bool) -> None:
    if then is None:
        return
    from govor.transcribe.then import pass_on

    pass_on(summary, then, second, echo=not json)


def _lines(summary: dict[str, Any]) -> list[str]:
    from govor.transcribe.files import describe_files

    return describe_files(summary)


def _grid(words: list[str]) -> tuple[dict[str, list[float]], list[str]]:
    """``chunk=5,10 stride=1`` among the words, and the files that remain."""
    grid: dict[str, list[float]] = {"chunk": [], "stride": []}
    files = []
    for word in words:
        key, equals, values = word.partition("=")
        if not equals or key not in grid:
            files.append(word)
            continue
        try:
            grid[key] += [float(value) for value in values.split(",")]
        except ValueError:
            raise UsageError(f"--compare {word}: write numbers of seconds, such as {key}=5,10") from None
    return grid, files
