"""Whisper decoding: languages, prompts, greedy or beam search, confidence, times of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from govor.models.base import DecodeOptions, Sound
from govor.models.confidence import geometric_mean
from govor.models.saved import SavedSettings
from govor.models.weights import core_of
from govor.models.whisper.rules import rules_for
from govor.models.whisper.words import align, token_words
from govor.records import Hypothesis, Word

if TYPE_CHECKING:
    import torch

    from govor.features import Wave
    from govor.models.whisper.prompt import Manner, Prompt
    from govor.models.whisper.suppression import Suppression

# Runaway repetition ends here: no language is spoken at 50 byte-level tokens a second.
TOKENS_PER_SECOND = 50
TOKENS_BESIDES = 16
MOST_TOKENS = 448  # of a decoder that does not say how many places it has


class Prompting(Protocol):
    """What decoding asks of a model with its prompt; `govor.models.whisper.model` has it."""

    model: Any
    prompt: Prompt
    tokenizer: Any
    device: torch.device
    sample_rate: int
    max_labels: int | None
    settings: SavedSettings

    @property
    def manner(self) -> Manner: ...  # noqa: D102

    @property
    def suppression(self) -> Suppression: ...  # noqa: D102

    def windows(self, waves: Sequence[Wave], kind: str = "full") -> torch.Tensor: ...  # noqa: D102

    def decode_text(self, tokens: Sequence[int]) -> str: ...  # noqa: D102


class Decoder:
    """Decodes one batch with a family's model."""

    def __init__(self, family: Prompting) -> None:
        self.family = family
        self.prompt = family.prompt
        self.model = core_of(family.model)

    def decode(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """One hypothesis per sound; the encoder runs once."""
        encoded = self.model.get_encoder()(self.family.windows([s.wave for s in sounds], options.windows))
        codes = self._languages(encoded, [sound.language for sound in sounds])
        manner = self.family.manner.asked(options)
        prompts = [self.prompt.opening(code, manner) for code in codes]
        seconds = [len(sound.wave) / self.family.sample_rate for sound in sounds]
        tokens, peaks = self._generate(encoded, prompts, options, max(seconds))
        hypotheses = []
        for row, code in enumerate(codes):
            most = most_new_tokens(self.family.max_labels, len(prompts[0]), seconds[row])
            own = tokens[row][:most]
            sure = self._confidence(own, [step[row] for step in peaks[:most]]) if peaks else None
            hypotheses.append(hypothesis_of(self.family, own, sure, code, seconds[row]))
        if options.words:
            plain = [self.prompt.opening(code, manner.plain()) for code in codes]
            return self._with_words(hypotheses, encoded, plain, seconds)
        return hypotheses

    def _languages(self, encoded: Any, languages: Sequence[str | None]) -> list[str | None]:
        """The sounds' own, then the model's; what is still open is detected."""
        if not self.prompt.multilingual:
            return [None] * len(languages)
        own = self.family.settings.get("language")
        codes = [self.prompt.first_known(tag, own) for tag in languages]
        if None in codes:
            detected = self._detected(encoded)
            codes = [code or found for code, found in zip(codes, detected, strict=True)]
        return codes

    def _detected(self, encoded: Any) -> list[str]:
        """The likeliest language token after the start token, for each clip."""
        import torch

        batch = encoded.last_hidden_state.shape[0]
        start = torch.full((batch, 1), self.prompt.start, device=self.family.device)
        logits = self.model(encoder_outputs=encoded, decoder_input_ids=start).logits[:, -1]
        codes = list(self.prompt.languages)
        ids = torch.tensor([self.prompt.languages[code] for code in codes], device=logits.device)
        return [codes[i] for i in logits[:, ids].argmax(dim=-1).tolist()]

    def _generate(
        self, encoded: Any, prompts: Sequence[list[int]], options: DecodeOptions, longest_s: float
    ) -> tuple[list[list[int]], list[list[float]] | None]:
        """(tokens of each clip up to its end, probabilities of each step and clip when greedy)."""
        import torch
        from transformers import LogitsProcessorList
        from transformers.generation.utils import GenerationMixin

        rules = self._rules(options, len(prompts[0]))
        found = GenerationMixin.generate(
            self.model,
            encoder_outputs=encoded,
            decoder_input_ids=torch.tensor(prompts, device=self.family.device),
            generation_config=self._settings(options, len(prompts[0]), longest_s),
            logits_processor=LogitsProcessorList([rules]),
        )
        texts = [self._until_end(row[len(prompts[0]) :]) for row in found.tolist()]
        peaks = torch.stack(rules.peaks).tolist() if rules.peaks and options.beam_size == 1 else None
        return texts, peaks

    def _settings(self, options: DecodeOptions, prompt_length: int, longest_s: float) -> Any:
        """Plain generation: every rule that Whisper adds is a logits processor here."""
        from transformers import GenerationConfig

        return GenerationConfig(
            max_new_tokens=most_new_tokens(self.family.max_labels, prompt_length, longest_s),
            num_beams=options.beam_size,
            do_sample=False,
            eos_token_id=self.prompt.end,
            pad_token_id=self.prompt.end,
            decoder_start_token_id=self.prompt.start,
            use_cache=True,
        )

    def _rules(self, options: DecodeOptions, prompt_length: int) -> Any:
        """The model's suppressed tokens, plus every special token: only text, its end and times come out."""
        return rules_for(
            self.prompt,
            self.family.manner.asked(options),
            self.family.suppression,
            self.model.generation_config,
            size=self.model.config.vocab_size,
            prompt_length=prompt_length,
            device=self.family.device,
        )

    def _until_end(self, tokens: list[int]) -> list[int]:
        return tokens[: tokens.index(self.prompt.end)] if self.prompt.end in tokens else tokens

    def _confidence(self, tokens: Sequence[int], peaks: Sequence[float]) -> float | None:
        """Of the text and its end, so that silence has one too; times are left out."""
        steps = [
            peak
            for token, peak in zip([*tokens, self.prompt.end], peaks, strict=False)
            if token <= self.prompt.end
        ]
        return geometric_mean(steps) if steps else None

    def _with_words(
        self,
        hypotheses: list[Hypothesis],
        encoded: Any,
        prompts: Sequence[list[int]],
        seconds: Sequence[float],
    ) -> list[Hypothesis]:
        timed = []
        for row, hypothesis in enumerate(hypotheses):
            hidden = encoded.last_hidden_state[row : row + 1]
            times = align(self.model, hidden, prompts[row], hypothesis.tokens, self.prompt.end, seconds[row])
            words = token_words(self.family.tokenizer, hypothesis.tokens, times)
            timed.append(replace(hypothesis, words=words))
        return timed


def most_new_tokens(max_labels: int | None, prompt_length: int, longest_s: float) -> int:
    """Tokens after which decoding stops; the end of text still has a place in the decoder behind them."""
    room = (max_labels or MOST_TOKENS) - prompt_length - 1
    return min(room, TOKENS_BESIDES + round(TOKENS_PER_SECOND * longest_s))


def hypothesis_of(
    model: Any, tokens: Sequence[int], sure: float | None, code: str | None, seconds: float
) -> Hypothesis:
    """What was decoded: text without times, and the stretches that times part it into.

    Args:
        model: anything with `prompt` and `decode_text`.
        tokens: up to the end of text, times among them.
        sure: confidence.
        code: of the language.
        seconds: length of the audio.
    """
    plain = tuple(model.prompt.plain(tokens))
    spans = tuple(
        Word(text, begin, end)
        for begin, end, part in model.prompt.spans(tokens, seconds)
        if (text := model.decode_text(part))
    )
    return Hypothesis(model.decode_text(plain), (), sure, code, plain, spans)
