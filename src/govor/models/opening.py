"""A model by its name: a folder, a run, a checkpoint, an exported model, or the Hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from govor.errors import ModelError
from govor.extras import required
from govor.models.base import Family, Recogniser
from govor.models.device import MASTERS, choose_device, choose_precision, decoding_weights, settle
from govor.models.families import engine, engines, foreign_format, maker_of
from govor.models.hub_exports import CONFIGURATION, fetched, names_export
from govor.models.quiet import readable
from govor.models.saved import SavedSettings, normaliser_of, read_settings
from govor.models.spec import Spec
from govor.shape import fitted


def open_model(
    spec: str | Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    revision: str | None = None,
    masters: bool = False,
) -> Recogniser:
    """Opens a model for recognising; what was trained or opened with transformers is also a `Family`.

    Args:
        spec: a model's folder, a run's folder (its ``model/``, else its newest checkpoint), a checkpoint, an
            exported model's folder, a Hub id, or one with the folder of an export, such as ``lab/hr/ct2``.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        revision: of a Hub model.
        masters: weights in float32 on a GPU too, as training has them: for what compares, saves or converts
            them. Else a GPU holds those of encoder-decoders in the arithmetic's dtype. A CPU has float32.

    Raises:
        ModelError: there is no such model, or its family is not known.
        MachineError: the device is not there.
    """
    with required(extra="train"):
        place, settings = fetched(resolve(spec), revision)
    if isinstance(place, Path) and (format := _format(place, settings)):
        return engine(format).open_folder(place, device, precision)
    where = choose_device(device)
    arithmetic = choose_precision(precision, where)
    settle(arithmetic, where)
    return open_family(
        Spec(
            name=str(spec),
            place=place,
            settings=settings or {"base": str(spec)},
            normaliser=normaliser_of(settings),
            device=where,
            precision=arithmetic,
            revision=revision,
            weights=MASTERS if masters else decoding_weights(arithmetic, where),
            prepare=lambda model: model.eval(),
        )
    )


def _format(folder: Path, settings: SavedSettings) -> str | None:
    """The engine's format that a folder is in; None: transformers opens it."""
    if not settings:
        return foreign_format(folder)
    own = settings.get("backend")
    return own if own in engines() else None


def open_family(spec: Spec) -> Family:
    """Opens a transformers model with the family that its architecture belongs to."""
    configuration = configuration_of(spec.place, spec.revision)
    return maker_of(configuration.model_type).open(configuration, spec)


def configuration_of(place: Path | str, revision: str | None, **changes: Any) -> Any:
    """The configuration of a transformers model.

    Raises:
        ModelError: there is none that can be read, or the model is in another program's format.
    """
    from transformers import AutoConfig

    if isinstance(place, Path) and (format := _format(place, read_settings(place))):
        raise ModelError(
            f"{place} is a {format} model, which can be decoded but not trained: name the model that it was "
            "made from"
        )

    with readable(place):
        found = AutoConfig.from_pretrained(place, revision=revision, **changes)
        fitted({"architectures": found.architectures}, _Configuration)
    return found


class _Configuration(TypedDict):
    """What is read of every ``config.json`` that transformers does not look at itself."""

    architectures: list[str] | None


def resolve(spec: str | Path) -> Path | str:
    """The folder that `spec` means, or the Hub id as it is."""
    folder = Path(spec)
    if not folder.is_dir():
        if folder.exists() or _looks_like_path(str(spec)):
            raise ModelError(
                f"{spec} is not a model's folder: give a folder with config.json, a run, or a Hub id"
            )
        return str(spec)
    for candidate in (folder, folder / "model", *_checkpoints(folder)):
        if (candidate / CONFIGURATION).exists() or "backend" in read_settings(candidate):
            return candidate
    raise ModelError(
        f"{folder} holds no model (no config.json, no model/, no checkpoint): is the run still new?"
    )


def _looks_like_path(spec: str) -> bool:
    return spec.startswith((".", "/", "~")) or not (spec.count("/") == 1 or names_export(spec))


def _checkpoints(run: Path) -> Iterator[Path]:
    """Checkpoints of a run, newest first."""
    yield from sorted((run / "checkpoints").glob("step-*"), reverse=True)
