"""``govor label``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Device, Flag, Overrides, flags
from govor.config import LabelConfig
from govor.console import emit
from govor.findings import codes, count_of
from govor.store import readable_hours, readable_seconds

if TYPE_CHECKING:
    from govor.label.entry import LabelSummary


def command(
    recordings: Annotated[list[str], typer.Argument(help="Recordings, or folders of them.")],
    model: Annotated[str, typer.Option("--model", help="Run, model folder, export or Hub id.")],
    out: Annotated[Path, typer.Option("--out", help="The corpus folder to write.")],
    given: Annotated[
        Overrides[LabelConfig],
        flags(
            LabelConfig,
            *("second", "language", "max_duration", "min_language_probability", "min_letters"),
            *("max_letters", "max_compression", "stock_recordings", "beam_size", "batch_s"),
            second=Flag(metavar="MODEL"),
        ),
    ],
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """A model writes texts for recordings without any; a corpus says how sure each one is.

    Such texts may train a model, but never measure one: text_source is machine, and select keeps them out of
    dev and test. Texts that a model invents (loops, stock phrases, texts over silence) are set aside. After a
    kill, the same command continues.

    Example: govor label tapes/ --model run --language sv --out corpora/tapes

    Example: govor select corpora/tapes --out sure --min-agreement 0.9
    """
    from govor.label import label_recordings

    summary = label_recordings(model, recordings, out, given.settings(), device)
    emit(summary, as_json, _lines(summary))


def _lines(summary: LabelSummary) -> list[str]:
    languages = ", ".join(f"{name} {count:,}" for name, count in summary.languages.items())
    return [
        f"{count_of(summary.kept, 'segment')} of {count_of(summary.recordings, 'recording')} labelled, "
        f"{readable_hours(summary.hours)} ({readable_seconds(summary.speech_s)} of speech were heard)",
        f"  languages: {languages}",
        *(f"  set aside: {code} {count:,}{_meaning(code)}" for code, count in summary.reasons.items()),
        f"corpus: {summary.out}",
        f"next: govor select {quote(summary.out)} --out sure --min-agreement 0.9",
    ]


def _meaning(code: str) -> str:
    return f" ({codes()[code].meaning})" if code in codes() else ""
