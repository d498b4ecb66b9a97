"""Models on the Hub that an engine opens: exports, beside a model or alone, and those of other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from govor.errors import GovorError
from govor.models.families import engines, foreign_files
from govor.models.quiet import readable
from govor.models.saved import SavedSettings, hub_settings, read_settings
from govor.store import read_json

CONFIGURATION = "config.json"

FOLDERS: Mapping[str, str] = {"ctranslate2": "ct2", "onnx": "onnx", "ggml": "ggml"}
"""Where an export lies in the repository of its model, by format; a further one has more behind a dash."""


def names_export(spec: str) -> bool:
    """Whether a name is a repository with the folder of an export: ``lab/hr/ct2``, ``lab/hr/ct2-int8``."""
    parts = spec.split("/")
    return len(parts) == 3 and all(parts) and parts[2].partition("-")[0] in FOLDERS.values()


def fetched(place: Path | str, revision: str | None = None) -> tuple[Path | str, SavedSettings]:
    """The local copy of what an engine opens from the Hub, every other place as it is; and its settings.

    Raises:
        ModelError: the Hub does not have it.
    """
    if isinstance(place, Path):
        return place, read_settings(place)
    if names_export(place):
        repo, _, folder = place.rpartition("/")
        copy = _downloaded(repo, revision, f"{folder}/*") / folder
        return copy, read_settings(copy)
    settings = hub_settings(place, revision)
    if settings.get("backend") in engines():
        return _downloaded(place, revision, None), settings
    if not settings and _is_foreign(place, revision):
        return _downloaded(place, revision, foreign_files()), settings
    return place, settings


def _is_foreign(repo: str, revision: str | None) -> bool:
    """Whether a Hub model's configuration is not one of transformers, which always name a type."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        configuration = read_json(Path(hf_hub_download(repo, CONFIGURATION, revision=revision)))
    except (HfHubHTTPError, OSError, ValueError, GovorError):  # opening it says what is wrong with a name
        return False
    return isinstance(configuration, dict) and "model_type" not in configuration


def _downloaded(repo: str, revision: str | None, wanted: str | Sequence[str] | None) -> Path:
    from huggingface_hub import snapshot_download

    with readable(repo):
        return Path(snapshot_download(repo, revision=revision, allow_patterns=wanted))
