"""CTC checkpoints with an adapter and a vocabulary for each language (MMS).

The weights hold one language's adapter and head; the others lie beside them as ``adapter.LANGUAGE.*`` and are
put in their place when a sound is in that language.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from govor.errors import ModelError
from govor.models.base import DecodeOptions, Sound
from govor.models.ctc.languages import adapter_of, short_tag
from govor.models.ctc.model import CtcFamily
from govor.models.ctc.vocabulary import Vocabulary, vocabulary_of
from govor.models.quiet import quiet
from govor.models.spec import Spec
from govor.models.weights import core_of
from govor.records import Hypothesis


def has_languages(model: Any, tokenizer: Any) -> bool:
    """Whether a model has adapters and its tokenizer a vocabulary for each language."""
    nested = getattr(tokenizer, "target_lang", None) is not None
    return nested and getattr(model.config, "adapter_attn_dim", None) is not None


def languages_of(tokenizer: Any) -> Collection[str]:
    """Names of the languages that have a vocabulary."""
    return list(tokenizer.vocab)


def speak(model: Any, tokenizer: Any, code: str, spec: Spec) -> Vocabulary:
    """Puts a language's adapter, head and vocabulary in their place; nothing where they are there already.

    Raises:
        ModelError: the checkpoint has its vocabulary but not its weights.
    """
    if code != tokenizer.target_lang:
        try:
            with quiet():
                model.load_adapter(code, revision=spec.revision)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{spec.name} has the vocabulary of {code} but no adapter of it that can be opened: put "
                f"adapter.{code}.safetensors beside its weights"
            ) from error
        tokenizer.set_target_lang(code)
    return vocabulary_of(tokenizer, model.config.vocab_size, model.config.pad_token_id)


class MmsFamily(CtcFamily):
    """A `CtcFamily` that takes up the adapter of each sound's language."""

    def __init__(self, model: Any, spec: Spec, feature_extractor: Any, vocabulary: Vocabulary) -> None:
        super().__init__(model, spec, feature_extractor, vocabulary)
        self.spec = spec
        self.own: str = vocabulary.tokenizer.target_lang
        self._own_weights: dict[str, Any] = {}

    @property
    def languages(self) -> Collection[str]:
        """Names of its adapters."""
        return languages_of(self.vocabulary.tokenizer)

    @property
    def written_language(self) -> str | None:
        """That of the adapter which the weights hold."""
        return self.settings.get("language") or short_tag(self.own)

    def check_language(self, tag: str | None) -> None:
        """See `govor.models.base.Multilingual`."""
        if tag:
            adapter_of(tag, self.languages, self.name)

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """Sounds of one language together; a sound without one is in the language that the weights hold.

        Raises:
            LanguageError: there is no adapter for one.
        """
        default = self.settings.get("language") or self.own
        codes = [adapter_of(sound.language or default, self.languages, self.name) for sound in sounds]
        found: dict[int, Hypothesis] = {}
        for code in sorted(set(codes)):
            rows = [row for row, one in enumerate(codes) if one == code]
            self._speak(code)
            heard = super().recognise([sounds[row] for row in rows], options)
            found |= {
                row: replace(one, language=short_tag(code)) for row, one in zip(rows, heard, strict=True)
            }
        return [found[row] for row in range(len(sounds))]

    def _speak(self, code: str) -> None:
        """The weights' own adapter comes back from memory: what is trained further has no file of it."""
        model, tokenizer = core_of(self.model), self.vocabulary.tokenizer
        if not self._own_weights and code != self.own:
            self._own_weights = {name: value.data.clone() for name, value in model._get_adapters().items()}
        if code == self.own != tokenizer.target_lang:
            _put_back(model, self._own_weights)
            tokenizer.set_target_lang(code)
        self.vocabulary = speak(model, tokenizer, code, self.spec)


def _put_back(model: Any, weights: Mapping[str, Any]) -> None:
    import torch

    outputs, width = weights["lm_head.weight"].shape
    model.lm_head = torch.nn.Linear(width, outputs, device=model.device, dtype=model.dtype)
    model.config.vocab_size = outputs
    for name, value in model._get_adapters().items():
        value.data = weights[name].clone()
