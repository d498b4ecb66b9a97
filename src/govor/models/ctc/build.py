"""CTC models opened, fine-tuned from a base, or made from scratch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from govor.config import ModelConfig
from govor.errors import LanguageError, ModelError, RecipeError
from govor.findings import Finding
from govor.models.ctc.languages import adapter_of
from govor.models.ctc.mms import MmsFamily, has_languages, languages_of, speak
from govor.models.ctc.model import CtcFamily
from govor.models.ctc.rates import ctc_rate
from govor.models.ctc.scratch import ctc_configuration, feature_extractor_for
from govor.models.ctc.vocabulary import Vocabulary, build_vocabulary, open_tokenizer, vocabulary_of
from govor.models.device import MASTERS
from govor.models.own_checks import DataFacts
from govor.models.quiet import readable
from govor.models.spec import Spec


class Ctc:
    """See `govor.models.families.Maker`."""

    title = "CTC"
    examples = ("parakeet_ctc", "wav2vec2", "wav2vec2-bert", "hubert", "wavlm")
    engines = {"onnx": "govor.models.ctc.onnx"}

    def claims(self, model_type: str) -> bool:
        """What can carry a CTC head in transformers; new models that name no type are such."""
        from transformers.models.auto.modeling_auto import MODEL_FOR_CTC_MAPPING_NAMES

        return not model_type or model_type in MODEL_FOR_CTC_MAPPING_NAMES

    def open(self, configuration: Any, spec: Spec) -> CtcFamily:
        """A saved model with its head."""
        from transformers import AutoFeatureExtractor, AutoModelForCTC

        if not _has_head(configuration):
            raise ModelError(
                f"{spec.name} has no CTC head yet (it is pretrained only): "
                "fine-tune it with govor train first"
            )
        with readable(spec.place):
            model = AutoModelForCTC.from_pretrained(spec.place, revision=spec.revision, dtype=MASTERS)
            tokenizer = open_tokenizer(spec.place, spec.revision)
            feature_extractor = AutoFeatureExtractor.from_pretrained(spec.place, revision=spec.revision)
        vocabulary = vocabulary_of(tokenizer, configuration.vocab_size, configuration.pad_token_id)
        kind = MmsFamily if has_languages(model, tokenizer) else CtcFamily
        return kind(model, spec, feature_extractor, vocabulary)

    def base(
        self, configuration: Any, spec: Spec, config: ModelConfig, train_texts: Iterable[str]
    ) -> CtcFamily:
        """A pretrained model, with a new head where the vocabulary is new."""
        from transformers import AutoFeatureExtractor, AutoModelForCTC

        _refuse_generation(config)
        built = _is_built(configuration, config)
        if built:
            vocabulary = build_vocabulary(train_texts, config.delimiter)
        else:
            vocabulary = _kept_vocabulary(configuration, spec)
        configuration.vocab_size = len(vocabulary.tokens)
        configuration.pad_token_id = vocabulary.blank
        if config.adapter:
            configuration.adapter_attn_dim = getattr(configuration, "adapter_attn_dim", None) or 16
        with readable(spec.place):
            feature_extractor = AutoFeatureExtractor.from_pretrained(spec.place, revision=spec.revision)
            model = AutoModelForCTC.from_pretrained(
                spec.place,
                revision=spec.revision,
                config=configuration,
                ignore_mismatched_sizes=True,
                dtype=MASTERS,
            )
        noted = spec.noting(new_head=True) if built or config.adapter else spec
        if not built and not config.adapter and has_languages(model, vocabulary.tokenizer):
            vocabulary = _vocabulary_of_language(model, vocabulary.tokenizer, spec)
            return MmsFamily(model, noted, feature_extractor, vocabulary)
        return CtcFamily(model, noted, feature_extractor, vocabulary)

    def scratch(self, spec: Spec, config: ModelConfig, train_texts: Iterable[str]) -> CtcFamily:
        """A new model with a vocabulary of the train texts."""
        from transformers import AutoModelForCTC

        _refuse_generation(config)
        vocabulary = build_vocabulary(train_texts, config.delimiter)
        configuration = ctc_configuration(config.from_scratch, len(vocabulary.tokens), vocabulary.blank)
        model = AutoModelForCTC.from_config(configuration, dtype=MASTERS)
        return CtcFamily(model, spec, feature_extractor_for(configuration), vocabulary)

    def new_configuration(self, sizes: Mapping[str, object]) -> Any:
        """With the smallest vocabulary."""
        return ctc_configuration(sizes, 2, 0)

    def usual_rate(self, configuration: Any, config: ModelConfig) -> float:
        """By architecture and size."""
        adapters = bool(config.lora) or config.adapter
        return ctc_rate(configuration, new=bool(config.from_scratch), adapters=adapters)

    def own_checks(self, family: CtcFamily, seen: DataFacts) -> Iterator[Finding]:
        """Head, special ids, vocabulary, masks."""
        from govor.models.ctc.checks import own_checks

        return own_checks(family, seen)


def _has_head(configuration: Any) -> bool:
    return any(str(name).endswith("ForCTC") for name in configuration.architectures or ())


def _is_built(configuration: Any, config: ModelConfig) -> bool:
    """Whether the vocabulary is built from train: where head or language is new, or it is asked for."""
    new = config.adapter or not _has_head(configuration)  # an adapter is for what the base cannot write
    return config.vocabulary == "build" or (config.vocabulary == "auto" and new)


def _kept_vocabulary(configuration: Any, spec: Spec) -> Vocabulary:
    if not _has_head(configuration):
        raise ModelError(
            f"{spec.place} has no CTC head whose vocabulary could be kept: set [model] vocabulary = 'build'"
        )
    with readable(spec.place):
        tokenizer = open_tokenizer(spec.place, spec.revision)
    return vocabulary_of(tokenizer, configuration.vocab_size, configuration.pad_token_id)


def _vocabulary_of_language(model: Any, tokenizer: Any, spec: Spec) -> Vocabulary:
    """The vocabulary of the data's language, whose adapter and head are taken up."""
    tag = spec.settings.get("language")
    try:
        code = adapter_of(tag, languages_of(tokenizer), spec.name) if tag else tokenizer.target_lang
    except LanguageError as error:
        raise RecipeError(f"{error}; for a new language set [model] adapter = true") from error
    return speak(model, tokenizer, code, spec)


def _refuse_generation(config: ModelConfig) -> None:
    if config.generation:
        raise RecipeError(
            "[model] generation is for models that write with a decoder (Whisper): leave it out"
        )
