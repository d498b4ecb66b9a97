"""``govor export``: convert, open what came out, compare, only then say done."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from govor.console import say
from govor.errors import InputError, LimitError, UsageError
from govor.export.clips import Clip, proof_clips
from govor.export.proof import prove
from govor.store import locked, write_json

FORMATS = {
    "transformers": "govor.models.merged",
    "ctranslate2": "govor.models.whisper.ctranslate2",
    "onnx": "govor.models.ctc.onnx",
}
DEFAULT_CLIPS = 32
DEFAULT_LIMIT = 0.005
REPORT = "export.json"
WORK = ".export"


def export_model(
    model: str | Path,
    format: str,
    out: Path,
    *,
    quantization: str | None = None,
    clips: Sequence[str] = (),
    count: int = DEFAULT_CLIPS,
    max_wer_difference: float = DEFAULT_LIMIT,
    device: str = "auto",
) -> dict[str, Any]:
    """Converts a model, LoRA merged in, and proves on clips what became of its transcripts.

    Args:
        model: whatever `open_model` takes.
        format: ``transformers``, ``ctranslate2`` or ``onnx``.
        out: folder for the exported model; must be new, empty, or an earlier export.
        quantization: ctranslate2: ``float32``, ``float16``, ``int8`` or ``int8_float16``; onnx: ``int8``.
        clips: recordings or data sets (``folder:split``); default: the run's own data set, dev first.
        count: most clips.
        max_wer_difference: exit status 3 when the WER changes by more.
        device: where the original decodes.

    Returns:
        ``transcripts_equal``, ``wer_difference``, ``differences``, ``bytes``, ``out`` and more; for
        ctranslate2 ``faster_whisper``: the same proof with faster-whisper itself, None where it is missing.

    Raises:
        UsageError: unknown format or quantization.
        ModelError: the model is not of the family that the format is for.
        LimitError: the WER changed by more than the limit; the summary lists the differences.
    """
    import importlib

    from govor.models import open_model

    if format not in FORMATS:
        raise UsageError(f"--format {format}: it is one of {', '.join(FORMATS)}")
    begun = time.perf_counter()
    with locked(out):
        _refuse_others(out)
        original = open_model(model, device=device, masters=True)
        samples, source = proof_clips(str(model), clips, count, original.sample_rate)
        convert: Callable[..., None] = importlib.import_module(FORMATS[format]).convert
        with _replacing(out) as work:
            convert(original, work, quantization)
            write_json(work / REPORT, {"format": format, "quantization": quantization, "proved": False})
        exported = open_model(out, device="auto" if format == "transformers" else device, masters=True)
        proof = prove(original, exported, samples, source)
        elsewhere = _proved_elsewhere(format, original, out, samples, source, max_wer_difference)
        summary = {
            "format": format,
            "quantization": quantization,
            "proved": True,
            **proof.as_dict(),
            **elsewhere,
            "bytes": sum(p.stat().st_size for p in out.rglob("*") if p.is_file()),
            "wall_s": round(time.perf_counter() - begun, 3),
            "max_wer_difference": max_wer_difference,
            "out": str(out),
        }
        write_json(out / REPORT, summary)
    if abs(proof.wer_difference) > max_wer_difference:
        raise LimitError(
            f"{out} changes the WER by {proof.wer_difference:+.4f} on {proof.clips} clips of {source}, the "
            f"limit is {max_wer_difference}: look at {out / REPORT}, name recordings of your own with "
            "--clips, try another --quantization, or raise --max-wer-difference",
            summary,
        )
    return summary


def _proved_elsewhere(
    format: str, original: Any, out: Path, samples: Sequence[Clip], source: str, limit: float
) -> dict[str, Any]:
    """The same proof with faster-whisper, called as the model card says; what passes the limit is said.

    Its decoding is not govor's in every detail, so a difference does not make the export a failure.
    """
    if format != "ctranslate2":
        return {}
    from govor.models.whisper.faster_whisper import FasterWhisper

    try:
        opened = FasterWhisper(out)
    except ImportError:
        return {"faster_whisper": None}
    proof = prove(original, opened, samples, source)
    if abs(proof.wer_difference) > limit:
        say(
            f"faster-whisper, called as the card says, differs by {proof.wer_difference:+.4f} WER on "
            f"{proof.clips} clips of {source}: look at faster_whisper in {out / REPORT}"
        )
    return {"faster_whisper": {"arguments": opened.arguments, **proof.as_dict()}}


def _refuse_others(out: Path) -> None:
    """Only an export, whole or broken off, is ever replaced: a model that somebody trained lies elsewhere."""
    names = {path.name for path in out.iterdir()} - {".lock"}
    if names and not names & {REPORT, WORK}:
        raise InputError(f"{out} is not empty and holds no export: choose another --out")


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """An empty folder whose content takes the place of `out`'s when the block ends well, and only then."""
    work = out / WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield work
        for path in out.iterdir():
            if path.name not in (".lock", WORK):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in list(work.iterdir()):
            path.replace(out / path.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
