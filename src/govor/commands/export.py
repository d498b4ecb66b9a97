"""``govor export``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from govor.console import emit
from govor.errors import LimitError


def command(
    model: Annotated[str, typer.Argument(help="Run, model folder or Hub id.")],
    format: Annotated[str, typer.Option("--format", help="transformers, ctranslate2, onnx.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the exported model.")],
    quantization: Annotated[
        str | None,
        typer.Option("--quantization", help="ctranslate2: float32, float16, int8, …; onnx: float32, int8."),
    ] = None,
    clips: Annotated[
        list[str] | None,
        typer.Option("--clips", help="Recording or DATASET[:SPLIT] for the proof (default: the run's data)."),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="Most clips.")] = 32,
    max_wer_difference: Annotated[
        float, typer.Option("--max-wer-difference", help="Exit 3 when the WER changes by more.")
    ] = 0.005,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda:N.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Converts a model (LoRA merged in) and proves on clips that it says the same.

    Example: govor export run/ --format ctranslate2 --quantization int8 --out run-int8 --clips dataset:dev
    """
    from govor.export import export_model

    try:
        summary = export_model(
            model,
            format,
            out,
            quantization=quantization,
            clips=clips or (),
            count=count,
            max_wer_difference=max_wer_difference,
            device=device,
        )
    except LimitError as error:
        if not json:
            emit(error.summary, False, _lines(error.summary))
        raise
    emit(summary, json, _lines(summary))


def _shortened(text: str, characters: int = 200) -> str:
    return text if len(text) <= characters else text[:characters] + " …"


def _lines(summary: Mapping[str, Any]) -> list[str]:
    from govor.store import readable_bytes

    lines = [f"{summary['format']} in {summary['out']}, {readable_bytes(summary['bytes'])}"]
    proved = f"{summary['clips']} clips of {summary['clips_from']}"
    if summary["transcripts_equal"]:
        return [*lines, f"transcripts equal on {proved}"]
    lines.append(f"{summary['different']} differ on {proved}, WER {summary['wer_difference']:+.4f}")
    for item in summary["differences"]:
        before, now = (_shortened(item[key]) for key in ("original", "exported"))
        lines += [f"  {item['id']}", f"    before: {before}", f"    now:    {now}"]
    return lines
