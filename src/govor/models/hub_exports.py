"""Exported models on the Hub: beside a model in a folder of their own, or alone in a repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from govor.models.families import engines
from govor.models.quiet import readable
from govor.models.saved import hub_settings

FOLDERS: Mapping[str, str] = {"ctranslate2": "ct2", "onnx": "onnx", "ggml": "ggml"}
"""Where an export lies in the repository of its model, by format; a further one has more behind a dash."""


def names_export(spec: str) -> bool:
    """Whether a name is a repository with the folder of an export: ``lab/hr/ct2``, ``lab/hr/ct2-int8``."""
    parts = spec.split("/")
    return len(parts) == 3 and all(parts) and parts[2].partition("-")[0] in FOLDERS.values()


def fetched(place: Path | str, revision: str | None = None) -> Path | str:
    """The local copy of an export on the Hub; every other place as it is.

    Raises:
        ModelError: the Hub does not have it.
    """
    if isinstance(place, Path):
        return place
    if names_export(place):
        repo, _, folder = place.rpartition("/")
        return _downloaded(repo, revision, f"{folder}/*") / folder
    if hub_settings(place, revision).get("backend") in engines():
        return _downloaded(place, revision, None)
    return place


def _downloaded(repo: str, revision: str | None, pattern: str | None) -> Path:
    from huggingface_hub import snapshot_download

    with readable(repo):
        return Path(snapshot_download(repo, revision=revision, allow_patterns=pattern))
