"""``govor transcribe``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from govor.commands.flags import Flag, Given, flag, flags
from govor.commands.text_model import TextModelFlags
from govor.config import TranscribeConfig
from govor.config.setting import Section
from govor.console import emit
from govor.errors import LimitError, UsageError


@dataclass(frozen=True)
class ComparisonFlags(Section):
    """Windows that are compared."""

    compare: tuple[str, ...] = flag((), "chunk=5,10,30 or stride=1,5")
    reference: str | None = flag(None, "text file with what is said, for --compare")


def command(
    model: Annotated[str, typer.Argument(help="Run, model folder, export or Hub id.")],
    audio: Annotated[list[str], typer.Argument(help="Recordings, folders of them, http(s) addresses.")],
    given: Annotated[
        Given[TranscribeConfig],
        flags(
            TranscribeConfig,
            *("format", "chunk", "stride", "language", "task", "timestamps", "words", "batch_s", "beam_size"),
            *("lm", "lm_weight"),
        ),
    ],
    text_model: Annotated[Given[TextModelFlags], flags(TextModelFlags)],
    comparison: Annotated[
        Given[ComparisonFlags],
        flags(ComparisonFlags, "reference", compare=Flag(metavar="K=A,B", commas=False)),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Folder (default: transcripts).")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda:N.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Transcribes recordings of any length and format; what is already done is not done again.

    Example: govor transcribe run/ session.mp3 talks/ --out transcripts --format txt,srt

    Compare windows: govor transcribe run/ talk.mp3 --compare chunk=5,30 stride=0,1 --reference talk.txt
    """
    config, windows = given.settings(), comparison.settings()
    if windows.compare:
        _compare(model, audio, config, windows, device=device, json=json)
        return
    asked = text_model.settings()
    second = _second_model(asked, config, device)
    try:
        summary = _transcribe(model, audio, out, config, device)
    except LimitError as error:  # some were set aside; the others are passed on and shown all the same
        _pass_on(error.summary, asked.then, second, json)
        if not json:
            emit(error.summary, False, _lines(error.summary))
        raise
    _pass_on(summary, asked.then, second, json)
    emit(summary, json, _lines(summary))


def _compare(
    model: str, audio: list[str], config: TranscribeConfig, asked: ComparisonFlags, *, device: str, json: bool
) -> None:
    from govor.evaluate.window_comparison import compare_windows, describe_comparison

    grid, files = _grid([*asked.compare, *audio])
    reference = Path(asked.reference) if asked.reference else None
    summary = compare_windows(model, files, config, grid, reference=reference, device=device)
    emit(summary, json, describe_comparison(summary))


def _transcribe(
    model: str, audio: list[str], out: Path | None, config: TranscribeConfig, device: str
) -> dict[str, Any]:
    from govor.transcribe import transcribe_files

    return transcribe_files(model, audio, out, config, device)


def _second_model(asked: TextModelFlags, config: TranscribeConfig, device: str) -> Any:
    """The text model of --then, opened before anything is transcribed in vain."""
    if asked.then is None:
        return None
    from govor.transcribe.then import open_text_model, task_of

    task_of(asked.then)
    if not {"txt", "json"} & set(config.format):
        raise UsageError("--then needs txt or json among --format")
    return open_text_model(asked.text_model, asked.llm_url, asked.llm_model, device)


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
