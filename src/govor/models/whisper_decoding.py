"""Whisper decoding: languages, prompts, greedy or beam search, confidence, times of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from govor.features import Wave
from govor.models.base import DecodeOptions
from govor.models.frames import geometric_mean
from govor.models.weights import core_of
from govor.models.whisper_words import align, token_words
from govor.records import Hypothesis

if TYPE_CHECKING:
    import torch

    from govor.models.whisper import WhisperFamily

# Runaway repetition ends here: no language is spoken at 50 byte-level tokens a second.
TOKENS_PER_SECOND = 50
TOKENS_BESIDES = 16


class Decoder:
    """Decodes one batch with a family's model."""

    def __init__(self, family: WhisperFamily) -> None:
        self.family = family
        self.prompt = family.prompt
        self.model = core_of(family.model)

    def decode(
        self, waves: Sequence[Wave], options: DecodeOptions, languages: Sequence[str | None]
    ) -> list[Hypothesis]:
        """One hypothesis per wave; the encoder runs once."""
        encoded = self.model.get_encoder()(self.family.windows(waves, options.windows))
        codes = self._languages(encoded, options, languages)
        prompts = [self._prompt_of(code, options) for code in codes]
        longest_s = max(len(wave) for wave in waves) / self.family.sample_rate
        tokens, peaks = self._generate(encoded, prompts, options, longest_s)
        hypotheses = []
        for row, code in enumerate(codes):
            hypotheses.append(self._hypothesis(row, tokens[row], peaks, code))
        if options.words:
            return self._with_words(hypotheses, encoded, prompts, waves)
        return hypotheses

    def _languages(
        self, encoded: Any, options: DecodeOptions, languages: Sequence[str | None]
    ) -> list[str | None]:
        """Given ones first, then the clips', then the model's own; what is still open is detected."""
        if not self.prompt.multilingual:
            return [None] * len(languages)
        own = self.family.settings.get("language")
        codes = [self.prompt.first_known(options.language, tag, own) for tag in languages]
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

    def _prompt_of(self, code: str | None, options: DecodeOptions) -> list[int]:
        return [self.prompt.start, *self.prompt.after_start(code, options.task), self.prompt.no_timestamps]

    def _generate(
        self, encoded: Any, prompts: Sequence[list[int]], options: DecodeOptions, longest_s: float
    ) -> tuple[list[list[int]], list[list[float]] | None]:
        """(text tokens of each clip, probabilities of each step and clip when greedy)."""
        import torch
        from transformers import LogitsProcessorList
        from transformers.generation.utils import GenerationMixin

        rules = self._rules(len(prompts[0]))
        found = GenerationMixin.generate(
            self.model,
            encoder_outputs=encoded,
            decoder_input_ids=torch.tensor(prompts, device=self.family.device),
            generation_config=self._settings(options, len(prompts[0]), longest_s),
            logits_processor=LogitsProcessorList([rules]),
        )
        texts = [self._until_end(row[len(prompts[0]) :]) for row in found.tolist()]
        return texts, rules.probabilities() if options.beam_size == 1 else None

    def _settings(self, options: DecodeOptions, prompt_length: int, longest_s: float) -> Any:
        """Plain generation: every rule that Whisper adds is a logits processor here."""
        from transformers import GenerationConfig

        room = (self.family.max_labels or 448) - prompt_length
        return GenerationConfig(
            max_new_tokens=min(room, TOKENS_BESIDES + round(TOKENS_PER_SECOND * longest_s)),
            num_beams=options.beam_size,
            do_sample=False,
            eos_token_id=self.prompt.end,
            pad_token_id=self.prompt.end,
            decoder_start_token_id=self.prompt.start,
            use_cache=True,
        )

    def _rules(self, prompt_length: int) -> Any:
        """The model's suppressed tokens, plus every special token: only text and its end come out."""
        import torch

        own, size = self.model.generation_config, self.model.config.vocab_size
        never = torch.zeros(size, dtype=torch.bool, device=self.family.device)
        never[[t for t in own.suppress_tokens or [] if t < size]] = True
        never[self.prompt.end + 1 :] = True
        first = never.clone()
        first[[t for t in own.begin_suppress_tokens or [] if t < size]] = True
        return _rules(never, first, prompt_length)

    def _until_end(self, tokens: list[int]) -> list[int]:
        return tokens[: tokens.index(self.prompt.end)] if self.prompt.end in tokens else tokens

    def _hypothesis(
        self, row: int, tokens: list[int], peaks: list[list[float]] | None, code: str | None
    ) -> Hypothesis:
        sure = None
        if peaks is not None and peaks:
            steps = peaks[: len(tokens) + 1]  # the end of text counts, so that silence has a confidence too
            sure = geometric_mean([step[row] for step in steps])
        return Hypothesis(self.family.decode_text(tokens), (), sure, code, tuple(tokens))

    def _with_words(
        self,
        hypotheses: list[Hypothesis],
        encoded: Any,
        prompts: Sequence[list[int]],
        waves: Sequence[Wave],
    ) -> list[Hypothesis]:
        timed = []
        for row, hypothesis in enumerate(hypotheses):
            seconds = len(waves[row]) / self.family.sample_rate
            hidden = encoded.last_hidden_state[row : row + 1]
            times = align(self.model, hidden, prompts[row], hypothesis.tokens, self.prompt.end, seconds)
            words = token_words(self.family.tokenizer, hypothesis.tokens, times)
            timed.append(
                Hypothesis(
                    hypothesis.text, words, hypothesis.confidence, hypothesis.language, hypothesis.tokens
                )
            )
        return timed


def _rules(never: torch.Tensor, first: torch.Tensor, prompt_length: int) -> Any:
    """A logits processor that rules tokens out and keeps the probability of the best one of every step.

    Args:
        never: tokens that never come ``[V]``.
        first: tokens that do not come first ``[V]``.
        prompt_length: of the decoder's prompt.
    """
    import torch
    from transformers import LogitsProcessor

    class Rules(LogitsProcessor):  # type: ignore[misc]
        def __init__(self) -> None:
            self.peaks: list[torch.Tensor] = []

        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            ruled_out = first if input_ids.shape[1] == prompt_length else never
            scores = scores.masked_fill(ruled_out, float("-inf"))
            self.peaks.append(scores.float().softmax(dim=-1).amax(dim=-1))
            return scores

        def probabilities(self) -> list[list[float]]:
            """Of each step and clip; they leave the device once, not at every token."""
            return [] if not self.peaks else torch.stack(self.peaks).tolist()

    return Rules()
