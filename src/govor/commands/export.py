"""``govor export``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Device, Flag, Overrides, flag, flags
from govor.config.setting import Section
from govor.console import emit, emit_made
from govor.shown import shortened

if TYPE_CHECKING:
    from govor.export.entry import ExportSummary

LONGEST_TEXT = 200


@dataclass(frozen=True)
class ProofFlags(Section):
    """What is converted to, and how it is proved to say the same."""

    quantization: str | None = flag(None, "ctranslate2: float32, float16, int8, …; onnx: float32, int8")
    clips: tuple[str, ...] = flag((), "recording or DATASET[:SPLIT] for the proof; none: the run's data")
    count: int = flag(32, "most clips", least=1)
    max_wer_difference: float = flag(0.005, "exit 3 when the WER rises by more", least=0)


def command(
    source: Annotated[
        str, typer.Argument(metavar="MODEL|CORPUS", help="Run, model folder or Hub id; or a corpus folder.")
    ],
    format: Annotated[
        str,
        typer.Option(
            "--format",
            help="Of a model: transformers, ctranslate2, onnx. Of a corpus: eaf, textgrid, srt, vtt,"
            " audacity, csv, kaldi, nemo, lhotse, whisper-json.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the export.")],
    proof: Annotated[
        Overrides[ProofFlags],
        flags(
            ProofFlags,
            *("quantization", "count", "max_wer_difference"),
            clips=Flag(metavar="PLACE", commas=False),
        ),
    ],
    device: Device = "auto",
    audio: Annotated[
        str, typer.Option("--audio", help="Of a corpus: recordings beside the files: link, copy or none.")
    ] = "link",
    json: AsJson = False,
) -> None:
    """Converts a model (LoRA merged in) and proves on clips that it says the same.

    For a corpus, it writes files for ELAN, Praat, subtitle editors, Audacity, tables, Kaldi, NeMo or Lhotse.

    Example: govor export run/ --format ctranslate2 --quantization int8 --out run-int8 --clips dataset:dev

    Example: govor export corpus --format eaf --out for-elan
    """
    from govor.interchange import FORMATS

    if format in FORMATS or (Path(source) / "corpus.json").is_file():
        emit(*_corpus(Path(source), format, out, audio, json))
        return
    from govor.export import export_model

    proving = vars(proof.settings())
    emit_made(lambda: export_model(source, format, out, device=device, **proving), json, _lines)


def _corpus(
    corpus: Path, format: str, out: Path, audio: str, json: bool
) -> tuple[Mapping[str, object], bool, list[str]]:
    """What is printed of a corpus's export."""
    from govor.interchange import export_corpus

    made = export_corpus(corpus, format, out, audio)
    lines = [f"{made.written:,} utterances in {made.files:,} files of {made.format}: {made.out}"]
    if made.rejected:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in made.rejected.items())
        lines.append(f"left out, in {made.out}/rejected.parquet: {reasons}")
    if made.not_held:
        columns = ", ".join(f"{name} ({count:,})" for name, count in made.not_held.items())
        lines.append(f"{made.format} has no place for {columns}: in {made.out}/not-in-format.jsonl")
    return asdict(made), json, [*lines, *made.remarks]


def _lines(summary: ExportSummary) -> list[str]:
    from govor.store import readable_bytes

    lines = [f"{summary.format} in {summary.out}, {readable_bytes(summary.bytes)}"]
    proved = f"{summary.clips} clips of {summary.clips_from}"
    if summary.transcripts_equal:
        return [*lines, f"transcripts equal on {proved}"]
    change = summary.wer_difference
    unknown = f"{100 * summary.word_difference:.1f}% of the words changed, without references to judge by"
    rates = unknown if change is None else f"WER {change:+.4f}"
    lines.append(f"{summary.different} differ on {proved}, {rates}")
    for item in summary.differences:
        before, now = (shortened(item[key], LONGEST_TEXT) for key in ("original", "exported"))
        lines += [f"  {item['id']}", f"    before: {before}", f"    now:    {now}"]
    return lines
