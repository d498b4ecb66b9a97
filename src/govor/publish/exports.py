"""Exported models: what kind a folder holds, which of its files are published, and what its proof says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from govor.errors import ModelError
from govor.export.entry import REPORT
from govor.models.hub_exports import FOLDERS
from govor.store import read_record

TRANSFORMERS = "transformers"


@dataclass(frozen=True)
class ExportKind:
    """A format that a folder may hold.

    Attributes:
        title: for people.
        folder: its place in a repository that holds several.
        weights: names of its weights.
        others: names of further files of its own.
    """

    title: str
    folder: str
    weights: re.Pattern[str]
    others: re.Pattern[str]


KINDS: Mapping[str, ExportKind] = {
    TRANSFORMERS: ExportKind(
        "transformers (safetensors)",
        "safetensors",
        re.compile(r"(model(-\d{5}-of-\d{5})?|adapter(_model|\.[\w-]+)?)\.safetensors"),
        re.compile(r"model\.safetensors\.index\.json"),
    ),
    "ctranslate2": ExportKind(
        "CTranslate2 (faster-whisper)",
        FOLDERS["ctranslate2"],
        re.compile(r"model\.bin"),
        re.compile(r"(shared_)?vocabulary\.(txt|json)"),
    ),
    "onnx": ExportKind(
        "ONNX",
        FOLDERS["onnx"],
        re.compile(r"[\w-]+\.onnx"),
        re.compile(r"[\w-]+\.onnx([._]data)?"),
    ),
    "ggml": ExportKind(
        "ggml (whisper.cpp)",
        FOLDERS["ggml"],
        re.compile(r"ggml[\w.-]*\.bin|[\w.-]+\.gguf"),
        re.compile(r"[\w-]+\.mlmodelc\.zip"),
    ),
}
PICKLES = (b"PK", b"\x80")
"""How files begin that hold Python objects; such a ``model.bin`` is not an export."""


class StoredProof(TypedDict, total=False):
    """The fields of ``export.json`` that are read."""

    format: str
    quantization: str | None
    proved: bool
    transcripts_equal: bool
    wer_difference: float
    wer_original: float | None
    wer_exported: float | None
    clips: int
    clips_from: str
    different: int


@dataclass(frozen=True)
class ModelExport:
    """An exported model.

    Attributes:
        folder: where it is.
        format: key of `KINDS`.
        place: its folder in the repository; empty beside the card.
        proof: ``export.json``; empty where it has none.
        size_bytes: of its weights.
    """

    folder: Path
    format: str
    place: str
    proof: StoredProof
    size_bytes: int

    @property
    def title(self) -> str:
        """Format and arithmetic, for people."""
        quantization = self.proof.get("quantization")
        return f"{KINDS[self.format].title}{f', {quantization}' if quantization else ''}"

    @property
    def is_quantized(self) -> bool:
        """Whether its weights are whole numbers."""
        return "int" in str(self.proof.get("quantization") or "")

    @property
    def proved(self) -> str:
        """What the proof says, for people."""
        if not self.proof.get("proved"):
            return "not proved: no proof lies beside it"
        clips, different = self.proof.get("clips", 0), self.proof.get("different", 0)
        same = "all transcripts equal" if not different else f"{different} transcripts differ"
        before, after = self.proof.get("wer_original"), self.proof.get("wer_exported")
        if before is None or after is None:
            return f"{clips} clips: {same}"
        return f"{clips} clips: {same}, WER {100 * before:.2f}% before, {100 * after:.2f}% after"


def kind_of(folder: Path) -> str | None:
    """The format of the weights in a folder, by their names; None where there are none."""
    names = [path.name for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    return format_of(names)


def format_of(names: Iterable[str]) -> str | None:
    """The format of the weights among some files; None where there are none."""
    names = list(names)
    found = (one for one, kind in KINDS.items() if any(kind.weights.fullmatch(name) for name in names))
    return next(found, None)


def is_of_kind(path: Path, format: str) -> bool:
    """Whether a file is one of the weights, or of the files that only this format has."""
    kind = KINDS[format]
    return bool(kind.weights.fullmatch(path.name) or kind.others.fullmatch(path.name))


def exported(folder: Path, place: str = "") -> ModelExport:
    """The exported model in a folder.

    Raises:
        ModelError: it holds none, or one in Python's own format.
    """
    format = kind_of(folder)
    if format is None:
        raise ModelError(f"{folder} holds no exported model: make one with govor export MODEL --format …")
    weights = [path for path in folder.iterdir() if KINDS[format].weights.fullmatch(path.name)]
    for path in weights:
        _refuse_pickle(path)
    report = folder / REPORT
    proof: StoredProof = read_record(report, StoredProof, ModelError) if report.exists() else {}
    return ModelExport(folder, format, place, proof, sum(path.stat().st_size for path in weights))


def side_by_side(folders: Sequence[Path]) -> list[ModelExport]:
    """Exports of one model, each with a place of its own (``ct2``; ``ct2-int8`` where there are two)."""
    found = [exported(folder) for folder in folders]
    counts = Counter(one.format for one in found)
    placed = [
        ModelExport(one.folder, one.format, _place(one, counts[one.format]), one.proof, one.size_bytes)
        for one in found
    ]
    twice = [place for place, count in Counter(one.place for one in placed).items() if count > 1]
    if twice:
        raise ModelError(f"two exports would both be {twice[0]} in the repository: publish one of them")
    return placed


def _place(one: ModelExport, count: int) -> str:
    folder = KINDS[one.format].folder
    return folder if count == 1 else f"{folder}-{one.proof.get('quantization') or 'float32'}"


def _refuse_pickle(path: Path) -> None:
    with path.open("rb") as file:
        begin = file.read(2)
    if path.suffix == ".bin" and begin.startswith(PICKLES):
        raise ModelError(f"{path} is in Python's own format, which can hold programs: export the model again")


def published_proof(proof: Mapping[str, object]) -> dict[str, object]:
    """A proof without the transcripts that it lists and without this machine's places."""
    kept = {key: value for key, value in proof.items() if key not in ("differences", "out")}
    return {
        key: {k: v for k, v in value.items() if k != "differences"} if isinstance(value, Mapping) else value
        for key, value in kept.items()
    }
