"""A model to train: fine-tuned from a base, made from scratch, or taken up again from a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from govor.config import ModelConfig, TrainConfig
from govor.errors import LanguageError, RecipeError
from govor.models.adapters import has_adapter, prepare_for_training, resume_adapter
from govor.models.base import Family, Multilingual
from govor.models.device import choose_device, settle, training_precision
from govor.models.families import maker_of, maker_of_new
from govor.models.identity import lineage
from govor.models.opening import configuration_of, open_family, resolve
from govor.models.products import FRAME_MULTIPLE, TRAINING_KERNELS, keep_kernels
from govor.models.saved import SavedSettings, hub_commit, normaliser_of, read_settings
from govor.models.spec import Spec
from govor.text import Normaliser


def new_model(
    config: ModelConfig,
    *,
    normaliser: Normaliser,
    train_texts: Iterable[str],
    language: str | None = None,
    device: str = "auto",
    precision: str = "auto",
    seed: int = 0,
) -> Family:
    """The model that a recipe's ``[model]`` asks for, before its first step.

    Args:
        config: base or ``from_scratch``, LoRA, freezing, vocabulary.
        normaliser: of the recipe; saved with the model.
        train_texts: *normalised* texts of the train split: for a vocabulary that is built, and for what
            decoding must be able to write.
        language: of the data, where ``config.language`` names none.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        seed: of new weights; torch's own stream is left as it was.

    Raises:
        RecipeError: the settings contradict each other.
        ModelError: the base cannot be opened or trained.
        LanguageError: the model does not know the language that the recipe names.
    """
    spec = _training_spec(
        config.base or "from scratch",
        _settings(config, config.language or language),
        normaliser,
        device,
        precision,
        partial(prepare_for_training, config=config),
    )
    with drawn_from(seed):
        family = (_scratch if config.from_scratch else _base)(spec, config, train_texts)
    _check_language(family, config)
    return family


def resume_model(
    config: ModelConfig, folder: Path, *, device: str = "auto", precision: str = "auto"
) -> Family:
    """The model as a checkpoint holds it, ready to train on: same parameters, same order, same values."""
    settings = read_settings(folder)
    normaliser = normaliser_of(settings)
    if not has_adapter(folder):
        prepare = partial(prepare_for_training, config=config)
        spec = _training_spec(str(folder), settings, normaliser, device, precision, prepare)
        return open_family(spec.at(folder))
    if not config.base:
        raise RecipeError(f"{folder} continues LoRA training, which needs [model] base: name the base model")
    revision = config.revision or settings.get("base_revision")  # the base may have moved on since
    resume = partial(resume_adapter, folder=folder, config=config)
    spec = _training_spec(config.base, settings, normaliser, device, precision, resume)
    return open_family(spec.at(resolve(config.base), revision))


def adjust_model(model: Any, config: TrainConfig) -> None:
    """Gradient checkpointing and compilation, as the recipe asks for them.

    Raises:
        RecipeError: the model cannot recompute its activations, or has no layers to compile.
    """
    if config.gradient_checkpointing:
        from govor.models.recompute import recompute_activations

        recompute_activations(model)
    if config.compile:
        from govor.models.compiled import compile_layers

        compile_layers(model)


def _training_spec(
    name: str,
    settings: SavedSettings,
    normaliser: Normaliser,
    device: str,
    precision: str,
    prepare: Callable[[Any], Any],
) -> Spec:
    """How a model trains: for bf16 on a processor in few lengths of batches, depthwise layers in float32."""
    where = choose_device(device)
    arithmetic = training_precision(precision, where)
    settle(arithmetic, where)
    suited = where.type == "cpu" and arithmetic == "bf16"
    return Spec(
        name=name,
        place="",
        settings=settings,
        normaliser=normaliser,
        device=where,
        precision=arithmetic,
        frame_multiple=FRAME_MULTIPLE if suited else 1,
        prepare=partial(_suited, prepare) if suited else prepare,
    )


def _suited(prepare: Callable[[Any], Any], model: Any) -> Any:
    from govor.models.depthwise import keep_depthwise_in_float32

    keep_kernels(TRAINING_KERNELS)
    model = prepare(model)
    keep_depthwise_in_float32(model)
    return model


def _settings(config: ModelConfig, language: str | None) -> SavedSettings:
    """What ``govor.json`` keeps of the recipe."""
    settings: SavedSettings = {
        "base": config.base,
        "language": language,
        "task": config.task,
        "timestamps": config.timestamps,
    }
    if config.timestamps:
        settings["plain_share"] = config.plain_share
    if config.previous_share:
        settings["previous_share"] = config.previous_share
    return settings


def _scratch(spec: Spec, config: ModelConfig, train_texts: Iterable[str]) -> Family:
    if config.base:
        raise RecipeError("[model] has both base and from_scratch: keep one")
    model_type = str(config.from_scratch.get("model_type", ""))
    return maker_of_new(model_type).scratch(spec, config, train_texts)


def _base(spec: Spec, config: ModelConfig, train_texts: Iterable[str]) -> Family:
    if not config.base:
        raise RecipeError("[model] names neither base nor from_scratch: set one")
    place = resolve(config.base)
    configuration = configuration_of(place, config.revision, **config.settings)
    spec = spec.at(place, config.revision).noting(
        base_revision=hub_commit(place, config.revision), ancestors=list(lineage(config.base))
    )
    return maker_of(configuration.model_type).base(configuration, spec, config, train_texts)


def _check_language(family: Family, config: ModelConfig) -> None:
    """Refuses a language that a multilingual model has no token for: it would learn and write another one.

    Raises:
        LanguageError: [model] language is one.
    """
    if not isinstance(family, Multilingual):
        return
    try:
        family.check_language(config.language)
    except LanguageError as error:
        raise LanguageError(f"model.language: {error}") from None


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """New weights come from `seed`; torch's main stream is afterwards as it was."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
