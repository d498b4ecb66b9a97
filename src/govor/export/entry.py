"""``govor export``: convert, open what came out, compare, only then say done."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govor.console import say
from govor.errors import InputError, LimitError, ModelError, UsageError
from govor.export.clips import ProofClip, proof_clips
from govor.export.proof import Proof, ProofSummary, prove
from govor.models.base import Recogniser
from govor.records import as_json
from govor.store import filling, locked, write_json

PLAIN = "transformers"
"""The format of the plain model, with LoRA merged in."""
DEFAULT_CLIPS = 32
DEFAULT_LIMIT = 0.005
REPORT = "export.json"
WORK = ".export"


@dataclass(frozen=True)
class ElsewhereSummary(ProofSummary):
    """The same proof with another program, and the arguments that it was called with."""

    arguments: Mapping[str, object]


@dataclass(frozen=True)
class ExportSummary(ProofSummary):
    """A proof, and what was proved.

    Attributes:
        format: as it was asked for.
        quantization: as it was asked for.
        proved: whether the proof was made.
        elsewhere: the proof with each program that reads the format, a key of its own in JSON; None where the
            program is missing.
        bytes: of the exported folder.
        wall_s: seconds that it took.
        max_wer_difference: the limit.
        out: the exported folder.
    """

    format: str
    quantization: str | None
    proved: bool
    elsewhere: Mapping[str, ElsewhereSummary | None]
    bytes: int
    wall_s: float
    max_wer_difference: float
    out: str

    def __getitem__(self, key: str) -> Any:
        return as_json(self.elsewhere[key]) if key in self.elsewhere else super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        yield from (key for key in super().__iter__() if key != "elsewhere")
        yield from self.elsewhere

    def __len__(self) -> int:
        return sum(1 for _ in self)


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
) -> ExportSummary:
    """Converts a model, LoRA merged in, and proves on clips what became of its transcripts.

    Args:
        model: whatever `open_model` takes.
        format: ``transformers``, ``ctranslate2`` or ``onnx``.
        out: folder for the exported model; must be new, empty, or an earlier export.
        quantization: ctranslate2: ``float32``, ``float16``, ``int8`` or ``int8_float16``; onnx: ``int8``.
        clips: recordings or data sets (``folder:split``); default: the run's own data set, dev first.
        count: most clips.
        max_wer_difference: exit status 3 when the WER rises by more.
        device: where the original decodes.

    Raises:
        UsageError: unknown format or quantization.
        ModelError: the model is an export, or of a family that is not written in that format.
        LimitError: the WER changed by more than the limit; the summary lists the differences.
    """
    from govor.models import open_model
    from govor.models.families import engines

    if format not in (PLAIN, *engines()):
        raise UsageError(f"--format {format}: it must be one of {', '.join((PLAIN, *engines()))}")
    begun = time.perf_counter()
    with locked(out):
        _refuse_others(out)
        original = open_model(model, device=device, masters=True)
        _require_writable(original, format)
        samples, source = proof_clips(str(model), clips, count, original.sample_rate)
        with _replacing(out) as work:
            _convert(original, format, work, quantization)
            write_json(work / REPORT, {"format": format, "quantization": quantization, "proved": False})
        exported = open_model(out, device="auto" if format == PLAIN else device, masters=True)
        proof = prove(original, exported, samples, source)
        summary = ExportSummary(
            **proof.summary(),
            format=format,
            quantization=quantization,
            proved=True,
            elsewhere=_proved_elsewhere(format, original, out, samples, source, max_wer_difference),
            bytes=sum(p.stat().st_size for p in out.rglob("*") if p.is_file()),
            wall_s=round(time.perf_counter() - begun, 3),
            max_wer_difference=max_wer_difference,
            out=str(out),
        )
        write_json(out / REPORT, summary)
    _check_difference(proof, summary)
    return summary


def _check_difference(proof: Proof, summary: ExportSummary) -> None:
    failure = proof.failure(summary.max_wer_difference)
    if failure:
        raise LimitError(
            f"{summary.out} {failure} on {proof.clips} clips of {proof.source}: look at "
            f"{Path(summary.out) / REPORT}, name recordings of your own with --clips, try another "
            "--quantization, or raise --max-wer-difference",
            summary,
        )


def _require_writable(original: Recogniser, format: str) -> None:
    """Refuses exports, and formats that are not for the model's family.

    Raises:
        ModelError: it is such.
    """
    from govor.models.families import maker

    facts = original.describe()
    if facts["backend"] != PLAIN:
        raise ModelError(f"{original.name} is an export already: export the model it was made from")
    family = maker(facts["family"])
    known = (*family.engines, PLAIN)
    if format not in known:
        raise ModelError(
            f"{original.name} is a {family.title} model, which govor cannot write as {format}: "
            f"use --format {' or '.join(known)}"
        )


def _convert(original: Any, format: str, out: Path, quantization: str | None) -> None:
    """Writes the model; the plain one opens with ``transformers.pipeline``.

    Raises:
        UsageError: the format has no such quantization.
    """
    from govor.models.families import engine, engines

    if format != PLAIN:
        engine(format).convert(original, out, quantization)
    elif quantization:
        raise UsageError(f"--quantization is for {' and '.join(engines())}")
    else:
        original.save(out)


def _proved_elsewhere(
    format: str, original: Recogniser, out: Path, samples: Sequence[ProofClip], source: str, limit: float
) -> dict[str, ElsewhereSummary | None]:
    """The same proof with other programs, called as the model card says; what passes the limit is said.

    Their decoding is not govor's in every detail, so a difference does not make the export a failure.
    """
    from govor.models.families import engine

    found: dict[str, ElsewhereSummary | None] = {}
    for name, reader in engine(format).READERS.items() if format != PLAIN else ():
        try:
            opened = reader(out)
        except ImportError:
            found[name] = None
            continue
        proof = prove(original, opened, samples, source)
        if failure := proof.failure(limit):
            say(
                f"{name.replace('_', '-')}, used as the model card says, {failure} on {proof.clips} clips of "
                f"{source}: look at {name} in {out / REPORT}"
            )
        found[name] = ElsewhereSummary(**proof.summary(), arguments=opened.arguments)
    return found


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
        with filling(out):
            yield work
        for path in out.iterdir():
            if path.name not in (".lock", WORK):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in list(work.iterdir()):
            path.replace(out / path.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
