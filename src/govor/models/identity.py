"""Which model a model is, and what it came from: fingerprints that outlive folders and their names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from govor.errors import ModelError
from govor.models.opening import resolve
from govor.models.saved import SavedSettings, hub_settings, read_settings
from govor.store import file_sha256, fingerprint, given_path

WEIGHT_ENDINGS = (".safetensors", ".bin", ".onnx", ".json", ".txt", ".model")


def model_identity(model: str | Path) -> str:
    """Fingerprint of a model's files; of its name where it is not a local folder."""
    path = given_path(model)
    if not path.is_dir():
        return fingerprint(str(model))
    if (path / "model").is_dir():
        path = path / "model"
    stamps = ((file, file.stat()) for file in sorted(path.rglob("*")) if file.suffix in WEIGHT_ENDINGS)
    return _of_files(path, tuple((str(file), found.st_size, found.st_mtime_ns) for file, found in stamps))


@lru_cache(maxsize=64)
def _of_files(folder: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    """Of some files below a folder; those of the same size and time are not read again."""
    paths = [Path(name) for name, _, _ in files if Path(name).is_file()]
    return fingerprint([(str(path.relative_to(folder)), file_sha256(path)) for path in paths])


def lineage(model: str | Path) -> tuple[str, ...]:
    """Fingerprints of a model, of what it was exported from, and of what that was fine-tuned from."""
    settings = _settings(model)
    own = [name for name in (settings.get("original_identity"), model_identity(model)) if name]
    ancestors = settings.get("ancestors")
    if ancestors is None:
        base = settings.get("base")
        known = base if base and base != str(model) else None
        ancestors = [model_identity(known)] if known else []
    return tuple(dict.fromkeys([*own, *ancestors]))


def writer_of(model: str | Path) -> str:
    """The fingerprint that stands for a model beside what it wrote: an export is what it was made from."""
    return lineage(model)[0]


def _settings(model: str | Path) -> SavedSettings:
    try:
        place = resolve(model)
        return read_settings(place) if isinstance(place, Path) else hub_settings(place)
    except ModelError:
        return {}
