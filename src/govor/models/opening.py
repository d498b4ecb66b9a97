"""A model by its name: a folder, a run, a checkpoint, an exported model, or the Hub."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor.errors import ModelError
from govor.models.base import Recogniser
from govor.models.device import MASTERS, choose_device, choose_precision, decoding_weights, settle
from govor.models.quiet import readable
from govor.models.saved import hub_settings, normaliser_of, read_settings

if TYPE_CHECKING:
    import torch

# Exported models name their backend in govor.json; "module:function(folder, device, precision)" opens it.
BACKENDS = {
    "ctranslate2": "govor.models.whisper.ctranslate2:open_folder",
    "onnx": "govor.models.ctc.onnx:open_folder",
}


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
            exported model's folder, or a Hub id.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        revision: of a Hub model.
        masters: weights in float32 on a GPU too, as training has them: for what compares, saves or converts
            them. Else a GPU holds those of encoder-decoders in the arithmetic's dtype. A CPU has float32.

    Raises:
        ModelError: there is no such model, or it is neither CTC nor an encoder-decoder for speech.
        MachineError: the device is not there.
    """
    place = resolve(spec)
    settings = read_settings(place) if isinstance(place, Path) else hub_settings(place, revision)
    backend = settings.get("backend")
    if backend in BACKENDS:
        module, function = BACKENDS[backend].split(":")
        opened: Recogniser = getattr(importlib.import_module(module), function)(place, device, precision)
        return opened
    where = choose_device(device)
    arithmetic = choose_precision(precision, where)
    settle(arithmetic, where)
    weights = MASTERS if masters else decoding_weights(arithmetic, where)
    family: Recogniser = open_family(
        place, settings, where, arithmetic, revision, name=str(spec), weights=weights
    )
    return family


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
        if (candidate / "config.json").exists() or "backend" in read_settings(candidate):
            return candidate
    raise ModelError(
        f"{folder} holds no model (no config.json, no model/, no checkpoint): is the run still new?"
    )


def _looks_like_path(spec: str) -> bool:
    return spec.startswith((".", "/", "~")) or spec.count("/") != 1


def _checkpoints(run: Path) -> Iterator[Path]:
    """Checkpoints of a run, newest first."""
    yield from sorted((run / "checkpoints").glob("step-*"), reverse=True)


def open_family(
    place: Path | str,
    settings: dict[str, Any],
    device: torch.device,
    precision: str,
    revision: str | None = None,
    name: str = "",
    weights: str = MASTERS,
) -> Any:
    """Opens a transformers model with the family that its architecture belongs to.

    Args:
        place: folder or Hub id.
        settings: of ``govor.json``.
        device: where it runs.
        precision: arithmetic.
        revision: of a Hub model.
        name: for messages.
        weights: dtype of an encoder-decoder's in memory, whatever the file holds. CTC models are in float32
            everywhere: they are smaller, and some mix dtypes between their layers.
    """
    from transformers import AutoConfig

    with readable(place):
        configuration = AutoConfig.from_pretrained(place, revision=revision)
    arguments = (place, configuration, settings, device, precision, revision, name or str(place))
    return _open_ctc(*arguments) if is_ctc(configuration) else _open_seq2seq(*arguments, weights)


def is_ctc(configuration: Any) -> bool:
    """Whether the architecture can carry a CTC head.

    Raises:
        ModelError: it is of neither kind.
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_CTC_MAPPING_NAMES

    kind = configuration.model_type
    if kind in MODEL_FOR_CTC_MAPPING_NAMES:
        return True
    if kind == "whisper":
        return False
    raise ModelError(
        f"a {kind} model is neither a CTC model nor Whisper: use one that transformers opens as either"
    )


def _open_ctc(
    place: Path | str,
    configuration: Any,
    settings: dict[str, Any],
    device: torch.device,
    precision: str,
    revision: str | None,
    name: str,
) -> Any:
    from transformers import AutoFeatureExtractor, AutoModelForCTC

    from govor.models.ctc.model import CtcFamily
    from govor.models.ctc.vocabulary import open_tokenizer, vocabulary_of

    if not any(str(a).endswith("ForCTC") for a in configuration.architectures or ()):
        raise ModelError(
            f"{name} has no CTC head yet (it is pretrained only): fine-tune it with govor train first"
        )
    with readable(place):
        model = AutoModelForCTC.from_pretrained(place, revision=revision, dtype=MASTERS)
        tokenizer = open_tokenizer(place, revision)
        feature_extractor = AutoFeatureExtractor.from_pretrained(place, revision=revision)
    return CtcFamily(
        model.to(device).eval(),
        vocabulary=vocabulary_of(tokenizer, configuration.vocab_size, configuration.pad_token_id),
        feature_extractor=feature_extractor,
        normaliser=normaliser_of(settings),
        name=name,
        settings=settings or {"base": name},
        device=device,
        precision=precision,
    )


def _open_seq2seq(*arguments: Any) -> Any:
    from govor.models.whisper.build import open_whisper

    return open_whisper(*arguments)
