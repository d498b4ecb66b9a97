"""A model to train: fine-tuned from a base, made from scratch, or taken up again from a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor.config import ModelConfig
from govor.errors import LanguageError, ModelError, RecipeError
from govor.models.adapters import prepare_for_training
from govor.models.base import Family, Multilingual
from govor.models.ctc.vocabulary import Vocabulary, build_vocabulary, open_tokenizer, vocabulary_of
from govor.models.device import MASTERS, choose_device, settle, training_precision
from govor.models.opening import is_ctc, open_family, resolve
from govor.models.products import FRAME_MULTIPLE, TRAINING_KERNELS, keep_kernels
from govor.models.quiet import readable
from govor.models.saved import hub_commit, read_settings
from govor.text import Normaliser

if TYPE_CHECKING:
    import torch


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
    where = choose_device(device)
    arithmetic = training_precision(precision, where)
    settle(arithmetic, where)
    maker = _Maker(config, normaliser, config.language or language, where, arithmetic)
    with drawn_from(seed):
        family: Family = (
            maker.from_scratch(train_texts) if config.from_scratch else maker.from_base(train_texts)
        )
        prepare_for_training(family, config)
    _check_language(family, config)
    return _suited(family, where, arithmetic)


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


def resume_model(
    config: ModelConfig, folder: Path, *, device: str = "auto", precision: str = "auto"
) -> Family:
    """The model as a checkpoint holds it, ready to train on: same parameters, same order, same values."""
    from govor.models.adapters import has_adapter, resume_adapter

    where = choose_device(device)
    arithmetic = training_precision(precision, where)
    settle(arithmetic, where)
    settings = read_settings(folder)
    family: Family
    if not has_adapter(folder):
        family = open_family(folder, settings, where, arithmetic)
        prepare_for_training(family, config)
        return _suited(family, where, arithmetic)
    if not config.base:
        raise RecipeError(f"{folder} continues LoRA training, which needs [model] base: name the base model")
    revision = config.revision or settings.get("base_revision")  # the base may have moved on since
    family = open_family(resolve(config.base), settings, where, arithmetic, revision)
    resume_adapter(family, folder, config)
    return _suited(family, where, arithmetic)


def _suited(family: Family, device: torch.device, precision: str) -> Family:
    """The family; for bf16 on a processor with few lengths of batches, and depthwise layers in float32."""
    if device.type == "cpu" and precision == "bf16":
        from govor.models.depthwise import keep_depthwise_in_float32

        keep_kernels(TRAINING_KERNELS)
        family.frame_multiple = FRAME_MULTIPLE
        keep_depthwise_in_float32(family.model)
    return family


class _Maker:
    """What all ways of making a model share."""

    def __init__(
        self,
        config: ModelConfig,
        normaliser: Normaliser,
        language: str | None,
        device: torch.device,
        precision: str,
    ) -> None:
        self.config = config
        self.normaliser = normaliser
        self.device = device
        self.precision = precision
        self.settings: dict[str, Any] = {
            "base": config.base,
            "language": language,
            "task": config.task,
            "timestamps": config.timestamps,
        }
        if config.timestamps:
            self.settings["plain_share"] = config.plain_share
        if config.previous_share:
            self.settings["previous_share"] = config.previous_share

    def from_scratch(self, train_texts: Iterable[str]) -> Any:
        """A new model with random weights."""
        if self.config.base:
            raise RecipeError("[model] has both base and from_scratch: keep one")
        if self.config.from_scratch.get("model_type") == "whisper":
            from govor.models.whisper.build import scratch_whisper

            family = scratch_whisper(
                self.config.from_scratch, self.normaliser, self.settings, self.device, self.precision
            )
            return self._fitted(family, train_texts)
        from transformers import AutoModelForCTC

        from govor.models.ctc.scratch import ctc_configuration, feature_extractor_for

        vocabulary = build_vocabulary(train_texts, self.config.delimiter)
        configuration = ctc_configuration(self.config.from_scratch, len(vocabulary.tokens), vocabulary.blank)
        model = AutoModelForCTC.from_config(configuration, dtype=MASTERS)
        return self._ctc(model, vocabulary, feature_extractor_for(configuration), "from scratch")

    def from_base(self, train_texts: Iterable[str]) -> Any:
        """A pretrained model; CTC models get a new head where the vocabulary is new."""
        from transformers import AutoConfig

        if not self.config.base:
            raise RecipeError("[model] names neither base nor from_scratch: set one")
        place = resolve(self.config.base)
        with readable(place):
            configuration = AutoConfig.from_pretrained(
                place, revision=self.config.revision, **self.config.settings
            )
        self.settings["base_revision"] = hub_commit(place, self.config.revision)
        if is_ctc(configuration):
            return self._ctc_base(place, configuration, train_texts)
        from govor.models.whisper.build import base_whisper

        family = base_whisper(
            place,
            configuration,
            self.normaliser,
            self.settings,
            self.device,
            self.precision,
            self.config.revision,
        )
        return self._fitted(family, train_texts)

    def _fitted(self, family: Any, train_texts: Iterable[str]) -> Any:
        """A model that writes with a decoder, whose decoding can write what the train texts hold."""
        from govor.models.whisper.generation import fit_generation

        fit_generation(family, train_texts, self.config.generation)
        return family

    def _ctc_base(self, place: Path | str, configuration: Any, train_texts: Iterable[str]) -> Any:
        from transformers import AutoFeatureExtractor, AutoModelForCTC

        vocabulary = self._vocabulary(place, configuration, train_texts)
        configuration.vocab_size = len(vocabulary.tokens)
        configuration.pad_token_id = vocabulary.blank
        if self.config.adapter:
            self.settings["new_head"] = True
            configuration.adapter_attn_dim = getattr(configuration, "adapter_attn_dim", None) or 16
        with readable(place):
            feature_extractor = AutoFeatureExtractor.from_pretrained(place, revision=self.config.revision)
            model = AutoModelForCTC.from_pretrained(
                place,
                revision=self.config.revision,
                config=configuration,
                ignore_mismatched_sizes=True,
                dtype=MASTERS,
            )
        return self._ctc(model, vocabulary, feature_extractor, str(self.config.base))

    def _vocabulary(self, place: Path | str, configuration: Any, train_texts: Iterable[str]) -> Vocabulary:
        """Built from train where head or language is new or it is asked for, else the base's."""
        has_head = any(str(a).endswith("ForCTC") for a in configuration.architectures or ())
        new = self.config.adapter or not has_head  # an adapter is for a language that the base cannot write
        if self.config.vocabulary == "build" or (self.config.vocabulary == "auto" and new):
            self.settings["new_head"] = True
            return build_vocabulary(train_texts, self.config.delimiter)
        if not has_head:
            raise ModelError(
                f"{place} has no CTC head whose vocabulary could be kept: set [model] vocabulary = 'build'"
            )
        with readable(place):
            tokenizer = open_tokenizer(place, self.config.revision)
        return vocabulary_of(tokenizer, configuration.vocab_size, configuration.pad_token_id)

    def _ctc(self, model: Any, vocabulary: Vocabulary, feature_extractor: Any, name: str) -> Any:
        from govor.models.ctc.model import CtcFamily

        if self.config.generation:
            raise RecipeError(
                "[model] generation is for models that write with a decoder (Whisper): leave it out"
            )
        return CtcFamily(
            model.to(self.device),
            vocabulary=vocabulary,
            feature_extractor=feature_extractor,
            normaliser=self.normaliser,
            name=name,
            settings=self.settings,
            device=self.device,
            precision=self.precision,
        )


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """New weights come from `seed`; torch's main stream is afterwards as it was."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
