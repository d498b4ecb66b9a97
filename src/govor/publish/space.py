"""A Space: a small folder that serves a published model as it was evaluated."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from govor.config import TranscribeConfig
from govor.errors import InputError
from govor.publish.files import UploadPlan
from govor.store import write_text

DECODING_SETTINGS = ("chunk", "stride", "window", "language", "task", "beam_size", "lm_weight", "word_bonus")
"""What decides the text; the rest is how fast it comes and how it is written down."""
GRADIO = "6.31.0"
PACKAGE = "govor"


def write_space(
    folder: Path,
    *,
    model: str,
    license: str,
    decoding: Mapping[str, Any] | None = None,
    package: str = PACKAGE,
    title: str | None = None,
) -> UploadPlan:
    """Writes the Space's files and plans their upload.

    Args:
        folder: where they go.
        model: repository of the published model.
        license: of the Space.
        decoding: settings of `TranscribeConfig` the model was evaluated with.
        package: what ``requirements.txt`` installs: a name, a ``git+…`` address, or a wheel to copy.
        title: shown on top; made from the model's name unless given.

    Raises:
        InputError: the wheel does not exist.
    """
    values = {
        key: value
        for key, value in (decoding or {}).items()
        if key in DECODING_SETTINGS and value is not None
    }
    TranscribeConfig(**values)
    name = model.rpartition("/")[2]
    filled = {
        "model": model,
        "name": name,
        "title": title or name,
        "license": license,
        "sdk_version": _gradio_version(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    code = {**filled, "model": repr(model), "decoding": ", ".join(f"{k}={v!r}" for k, v in values.items())}
    write_text(folder / "app.py", _template("app.py.txt", code))
    described = ", ".join(f"{key} {value}" for key, value in values.items()) or "greedy, cut at speech pauses"
    write_text(folder / "README.md", _template("space.md", {**filled, "decoding": described}))
    wheel = _requirements(folder, package)
    names = ["app.py", "requirements.txt", *([wheel] if wheel else [])]
    return UploadPlan.of_folder("space", folder, names, ("README.md",), (".whl",))


def decoding_of(config: TranscribeConfig) -> Mapping[str, object]:
    """The settings of `config` that decide the text and are not the defaults."""
    default = TranscribeConfig()
    values = {key: getattr(config, key) for key in DECODING_SETTINGS}
    return {key: value for key, value in values.items() if value != getattr(default, key)}


def _template(name: str, values: Mapping[str, str]) -> str:
    text = (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _requirements(folder: Path, package: str) -> str | None:
    wheel = Path(package) if package.endswith(".whl") else None
    if wheel and not wheel.is_file():
        raise InputError(
            f"{wheel} does not exist: build it with pip wheel --no-deps -w dist . and name it again"
        )
    if wheel:
        shutil.copyfile(wheel, folder / wheel.name)
        line = f"govor[serve] @ file:./{wheel.name}"
    elif "://" in package:
        line = f"govor[serve] @ {package}"
    else:
        line = package.replace("govor", "govor[serve]", 1)
    write_text(folder / "requirements.txt", f"{line}\n")
    return wheel.name if wheel else None


def _gradio_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gradio")
    except PackageNotFoundError:
        return GRADIO
