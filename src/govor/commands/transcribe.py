"""``govor transcribe``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from govor.commands.flags import AsJson, Device, Flag, Overrides, flag, flags
from govor.commands.text_model import TextModelFlags
from govor.config import TranscribeConfig
from govor.config.setting import Section
from govor.console import emit
from govor.errors import LimitError, UsageError

if TYPE_CHECKING:
    from govor.transcribe.files import FileLine, FilesSummary


@dataclass(frozen=True)
class ComparisonFlags(Section):
    """Windows that are compared."""

    compare: tuple[str, ...] = flag((), "chunk=5,10,30 or stride=1,5")
    reference: str | None = flag(None, "text file with the spoken text, for --compare")


def command(
    model: Annotated[str, typer.Argument(help="Run, model folder, export or Hub id.")],
    audio: Annotated[list[str], typer.Argument(help="Recordings, folders of them, http(s) addresses.")],
    given: Annotated[
        Overrides[TranscribeConfig],
        flags(
            TranscribeConfig,
            *("format", "clip", "channels", "chunk", "stride", "language", "task", "timestamps", "words"),
            *("batch_s", "beam_size", "prompt", "hotwords", "lm", "lm_weight"),
        ),
    ],
    text_model: Annotated[Overrides[TextModelFlags], flags(TextModelFlags)],
    comparison: Annotated[
        Overrides[ComparisonFlags],
        flags(ComparisonFlags, "reference", compare=Flag(metavar="K=A,B", commas=False)),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Folder (default: transcripts).")] = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Transcribes recordings of any length and format. It does not repeat what is already done.

    Example: govor transcribe run/ session.mp3 talks/ --out transcripts --format txt,srt

    Compare windows: govor transcribe run/ talk.mp3 --compare chunk=5,30 stride=0,1 --reference talk.txt
    """
    config, windows = given.settings(), comparison.settings()
    if windows.compare:
        _compare(model, audio, config, windows, device=device, json=json)
        return
    asked = text_model.settings()
    second = _second_model(asked, config, device)
    from govor.transcribe.files import FilesSummary

    try:
        summary = _transcribe(model, audio, out, config, device)
    except LimitError as error:  # some were set aside; the others are passed on and shown all the same
        if isinstance(error.summary, FilesSummary):
            _pass_on(error.summary.files, Path(error.summary.out), asked.then, second, json)
            if not json:
                emit(error.summary, False, _lines(error.summary.files))
        raise
    _pass_on(summary.files, Path(summary.out), asked.then, second, json)
    emit(summary, json, _lines(summary.files))


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
) -> FilesSummary:
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


def _pass_on(files: list[FileLine], out: Path, then: str | None, second: Any, json: bool) -> None:
    if then is None:
        return
    from govor.transcribe.then import pass_on

    pass_on(files, out, then, second, echo=not json)


def _lines(files: list[FileLine]) -> list[str]:
    from govor.transcribe.files import describe_files

    return describe_files(files)


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
