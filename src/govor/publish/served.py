"""Which of a published model's forms a Space serves: the smallest that is quick without a GPU."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govor.console import say
from govor.export.entry import REPORT
from govor.models.hub_exports import FOLDERS
from govor.publish.exports import KINDS
from govor.publish.remote import RemoteFile, hub_api, remote_tree
from govor.store import readable_bytes

PROCESS_BYTES = 900_000_000
"""An allowance for the server and one recording in hand; with Whisper-base (0.29 GB) it took 0.95 GB."""
ENDED = (".safetensors", ".bin", ".onnx", ".onnx_data", ".onnx.data", ".gguf")


@dataclass(frozen=True)
class SpaceModel:
    """A published model as a Space opens it.

    Attributes:
        repo: its repository.
        place: the folder of the export that is served; empty: the model itself.
        weights_bytes: of what is opened; None where the Hub was not asked.
        private: whether a token is needed to read it; None where the Hub was not asked.
    """

    repo: str
    place: str = ""
    weights_bytes: int | None = None
    private: bool | None = None

    @property
    def spec(self) -> str:
        """The name that `open_model` takes."""
        return f"{self.repo}/{self.place}" if self.place else self.repo

    @property
    def extras(self) -> tuple[str, ...]:
        """Extras of the package that serving it needs."""
        return ("serve", "export") if self.place else ("serve",)

    @property
    def memory_bytes(self) -> int | None:
        """What the Space will take, about: the process, and the weights (held twice while they load)."""
        return None if self.weights_bytes is None else PROCESS_BYTES + 2 * self.weights_bytes

    @property
    def memory(self) -> str:
        """That, for people."""
        if self.memory_bytes is None:
            return "It needs up to 0.9 GB of memory and twice the size of the weights"
        return (
            f"It needs up to {readable_bytes(self.memory_bytes)} of memory "
            f"(weights of {readable_bytes(self.weights_bytes or 0)})"
        )


def choose_served(repo: str) -> SpaceModel:
    """Looks at a published model; one that cannot be seen is served as it is, which is said."""
    api = hub_api()
    try:
        files = remote_tree(api, repo, "model")
        private = bool(api.model_info(repo).private)
    except Exception as error:  # no token, no network, no such model: the folder can be made all the same
        say(f"{repo} could not be looked at ({type(error).__name__}): the Space serves it as it is")
        return SpaceModel(repo)
    place = _int8(api, repo, files)
    size = sum(file.size_bytes for name, file in files.items() if _is_weight(name, place))
    _say_choice(repo, place, files)
    return SpaceModel(repo, place, size, private)


def _int8(api: Any, repo: str, files: Mapping[str, RemoteFile]) -> str:
    """The folder of the smallest export in whole numbers; empty where there is none that govor opens."""
    reports = [name for name in files if name.endswith(f"/{REPORT}") and name.count("/") == 1]
    found = {name.split("/")[0]: _report(api, repo, name) for name in reports}
    sizes = {
        place: sum(file.size_bytes for name, file in files.items() if _is_weight(name, place))
        for place, report in found.items()
        if "int8" in str(report.get("quantization")) and report.get("format") in _engine_names()
    }
    return min(sizes, key=lambda place: sizes[place], default="")


def _engine_names() -> list[str]:
    from govor.models.families import engines

    return [format for format in engines() if format in FOLDERS]


def _report(api: Any, repo: str, name: str) -> Mapping[str, object]:
    try:
        content = json.loads(Path(api.hf_hub_download(repo, name)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_weight(name: str, place: str) -> bool:
    inside = name.startswith(f"{place}/") if place else "/" not in name
    return inside and name.endswith(ENDED)


def _say_choice(repo: str, place: str, files: Mapping[str, RemoteFile]) -> None:
    if place:
        say(f"the Space serves {place}/ of {repo}: the export in int8, which is quick without a GPU")
    elif not any(KINDS["ctranslate2"].weights.fullmatch(name) for name in files):
        say(
            f"{repo} has no export in int8: it is served as it is, which takes more memory and time (publish "
            "one with govor publish model … --export FOLDER)"
        )
