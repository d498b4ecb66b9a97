"""The model families: the one place that lists them. A family is a folder here and a line in `FAMILIES`."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from govor.config import ModelConfig
from govor.errors import ModelError, RecipeError
from govor.findings import Finding
from govor.models.base import Family, Recogniser
from govor.models.own_checks import DataFacts
from govor.models.saved import SavedSettings
from govor.models.spec import Spec

FAMILIES = {
    "whisper": "govor.models.whisper.build:Whisper",
    "ctc": "govor.models.ctc.build:Ctc",
}
"""``module:class`` of the `Maker` of every family, by the name that reports and ``govor.json`` give it."""


class OpenedElsewhere(Recogniser, Protocol):
    """A recogniser that is another program; `arguments` say how it is called."""

    @property
    def arguments(self) -> Mapping[str, object]:
        """What its recognising function is given."""


class OtherProgram(Protocol):
    """A class of recognisers that are another program, opened with a folder."""

    def __call__(self, folder: Path) -> OpenedElsewhere:
        """Opens a folder.

        Raises:
            ImportError: the program is not installed.
        """

    def call_of(self, settings: SavedSettings, recording: str) -> str:
        """How the program is called."""


class ExportFormat(Protocol):
    """A module that writes and reads a format for another program than transformers.

    Attributes:
        READERS: recognisers that are other programs which read the format, by the program's name. Each is a
            class that opens a folder, or raises ImportError where the program is not installed; its
            ``arguments`` and ``call_of(settings, recording)`` say how the program is called.
        FOREIGN_FILES: of a folder in this format that other programs made, which `claims` may accept; empty
            where only folders made here are opened.
    """

    READERS: Mapping[str, OtherProgram]
    FOREIGN_FILES: Sequence[str]

    def claims(self, folder: Path) -> bool:
        """Whether a folder without ``govor.json`` is in this format."""

    def convert(self, original: Recogniser, out: Path, quantization: str | None) -> None:
        """Writes a family's model to an empty folder, with ``"backend": FORMAT`` in its ``govor.json``."""

    def open_folder(self, folder: Path, device: str, precision: str) -> Recogniser:
        """Opens what `convert` wrote."""


class Maker(Protocol):
    """What is known of a family before any weights are opened.

    Attributes:
        title: of its models, for people.
        examples: ``model_type`` of new models that it makes, for messages.
        engines: modules of the formats that it can be exported to, by format; each is an `ExportFormat`.
    """

    title: str
    examples: tuple[str, ...]
    engines: Mapping[str, str]

    def claims(self, model_type: str) -> bool:
        """Whether models of this type of transformers are its; the empty type is what new ones are."""

    def open(self, configuration: Any, spec: Spec) -> Family:
        """A saved model, with a head that writes text.

        Raises:
            ModelError: it cannot be opened, or has no such head.
        """

    def base(self, configuration: Any, spec: Spec, config: ModelConfig, train_texts: Iterable[str]) -> Family:
        """A pretrained model as training begins with it.

        Raises:
            ModelError: it cannot be opened or trained.
            RecipeError: `config` asks for what it does not have.
        """

    def scratch(self, spec: Spec, config: ModelConfig, train_texts: Iterable[str]) -> Family:
        """A new model with random weights, of the sizes in ``config.from_scratch``."""

    def new_configuration(self, sizes: Mapping[str, object]) -> Any:
        """The configuration that new models of these sizes have, as far as `usual_rate` needs it."""

    def usual_rate(self, configuration: Any, config: ModelConfig) -> float:
        """The peak learning rate of published recipes."""

    def own_checks(self, family: Any, seen: DataFacts) -> Iterable[Finding]:
        """Faults that only this kind of model can have."""


def maker(name: str) -> Maker:
    """The maker of a family in `FAMILIES`."""
    module, member = FAMILIES[name].split(":")
    made: Maker = getattr(importlib.import_module(module), member)()
    return made


def maker_of(model_type: str) -> Maker:
    """The maker of the models of a type of transformers.

    Raises:
        ModelError: no family has such models.
    """
    known = [maker(name) for name in FAMILIES]
    for one in known:
        if one.claims(model_type):
            return one
    titles = " nor ".join(f"a {one.title} model" for one in known)
    raise ModelError(
        f"a {model_type} model is neither {titles}: use a model that transformers opens as one of these"
    )


def maker_of_new(model_type: str) -> Maker:
    """The maker of new models of a type, or of the usual type where it is empty.

    Raises:
        RecipeError: no family makes such models.
    """
    try:
        return maker_of(model_type)
    except ModelError:
        known = [example for name in FAMILIES for example in maker(name).examples]
        raise RecipeError(
            f"[model] from_scratch: model_type {model_type!r} is unknown: use {', '.join(known)}"
        ) from None


def engines() -> dict[str, str]:
    """The module of every format that some family can be exported to."""
    return {format: module for name in FAMILIES for format, module in maker(name).engines.items()}


def engine(format: str) -> ExportFormat:
    """The module of a format in `engines`."""
    module: Any = importlib.import_module(engines()[format])
    found: ExportFormat = module
    return found


def foreign_format(folder: Path) -> str | None:
    """The format of a folder that another program made and an engine here opens; None for transformers'."""
    return next((format for format in engines() if engine(format).claims(folder)), None)


def foreign_files() -> list[str]:
    """Names of the files that such a folder can have."""
    return sorted({name for format in engines() for name in engine(format).FOREIGN_FILES})


def own_checks_of(family: Family, seen: DataFacts) -> Iterable[Finding]:
    """Faults that only this kind of model can have."""
    return maker(family.describe()["family"]).own_checks(family, seen)
