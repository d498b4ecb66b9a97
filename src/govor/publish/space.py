"""A Space: a small folder that serves a published model as it was evaluated, on hardware without a GPU."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

from govor.config import TranscribeConfig
from govor.errors import InputError
from govor.prepare.card_header import header_text
from govor.publish.files import CARD, UploadPlan
from govor.publish.licenses import License
from govor.publish.served import SpaceModel
from govor.publish.wheel import write_wheel
from govor.store import write_text

DECODING_SETTINGS = ("chunk", "stride", "window", "language", "task", "beam_size", "lm_weight", "word_bonus")
"""What decides the text; the rest is how fast it comes and how it is written down."""
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
"""PyTorch's own index of builds without CUDA, which a Space without a GPU has no use for."""
PORT = 7860
TITLE_LENGTH = 60


@dataclass(frozen=True)
class SpaceOrder:
    """What a Space is made of.

    Attributes:
        served: the published model, and which of its exports is served.
        license: of the Space.
        decoding: settings of `TranscribeConfig` that the model was evaluated with.
        package: what ``requirements.txt`` installs: a wheel to copy, or a ``git+…`` address; None: a wheel of
            the govor that runs.
        title: shown on top; made from the model's name unless given.
    """

    served: SpaceModel
    license: License
    decoding: Mapping[str, object]
    package: str | None = None
    title: str | None = None


def write_space(folder: Path, order: SpaceOrder) -> UploadPlan:
    """Writes the Space's files and plans their upload.

    Raises:
        InputError: the wheel does not exist, or is none.
    """
    values = {
        key: value for key, value in order.decoding.items() if key in DECODING_SETTINGS and value is not None
    }
    replace(TranscribeConfig(), **values)  # type: ignore[arg-type]
    folder.mkdir(parents=True, exist_ok=True)
    name = order.served.repo.rpartition("/")[2]
    code = {
        "model": repr(order.served.spec),
        "name": name,
        "port": str(PORT),
        "decoding": ", ".join(f"{key}={value!r}" for key, value in values.items()),
    }
    write_text(folder / "app.py", _template("app.py.txt", code))
    write_text(folder / "Dockerfile", _template("space.Dockerfile", {"port": str(PORT)}))
    title = order.title or name
    described = ", ".join(f"{key} {value}" for key, value in values.items()) or "greedy, cut at speech pauses"
    text = _template(
        "space.md",
        {"title": title, "decoding": described, "model": order.served.repo, "memory": order.served.memory},
    )
    write_text(folder / CARD, f"{header_text(_header(order, title))}\n{text}")
    wheel = _requirements(folder, order)
    names = ["app.py", "Dockerfile", "requirements.txt", *([wheel] if wheel else [])]
    return UploadPlan.of_folder("space", folder, names, (CARD,), (".whl",))


def decoding_of(config: TranscribeConfig) -> Mapping[str, object]:
    """The settings of `config` that decide the text and are not the defaults."""
    default = TranscribeConfig()
    values = {key: getattr(config, key) for key in DECODING_SETTINGS}
    return {key: value for key, value in values.items() if value != getattr(default, key)}


def _header(order: SpaceOrder, title: str) -> Mapping[str, object]:
    return {
        "title": title[:TITLE_LENGTH],
        "colorFrom": "green",
        "colorTo": "blue",
        "sdk": "docker",
        "app_port": PORT,
        **order.license.header,
        "models": [order.served.repo],
    }


def _template(name: str, values: Mapping[str, str]) -> str:
    text = (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _requirements(folder: Path, order: SpaceOrder) -> str | None:
    extras, wheel = ",".join(order.served.extras), None
    if order.package and "://" in order.package:
        line = f"govor[{extras}] @ {order.package}"
    else:
        wheel = _wheel(folder, order.package)
        line = f"./{wheel}[{extras}]"
    write_text(folder / "requirements.txt", f"--extra-index-url {CPU_WHEELS}\n{line}\n")
    return wheel


def _wheel(folder: Path, package: str | None) -> str:
    if package is None:
        return write_wheel(folder).name
    path = Path(package)
    if path.suffix != ".whl":
        raise InputError(
            f"--package {package}: name a wheel (a .whl file) or a git+ address; no index has govor, and "
            "anybody could register a package of this name"
        )
    if not path.is_file():
        raise InputError(
            f"{path} does not exist: build it with pip wheel --no-deps -w dist . and name it again"
        )
    shutil.copyfile(path, folder / path.name)
    return path.name
