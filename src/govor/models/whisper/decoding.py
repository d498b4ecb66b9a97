"""Whisper decoding: languages, prompts, greedy or beam search, confidence, times of words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from govor.models.base import DecodeOptions, Sound
from govor.models.confidence import geometric_mean
from govor.models.saved import SavedSettings
from govor.models.weights import core_of
from govor.models.whisper.beams import shared_sound
from govor.models.whisper.endings import endings_for
from govor.models.whisper.rules import rules_for
from govor.models.whisper.search import AttemptResult, Search, settled
from govor.models.whisper.words import align, timed_rows, with_words
from govor.records import Hypothesis, Span

if TYPE_CHECKING:
    import torch

    from govor.features import Wave
    from govor.models.whisper.prompt import Manner, Prompt
    from govor.models.whisper.suppression import Suppression

# Runaway repetition ends here: no language is spoken at 50 byte-level tokens a second.
TOKENS_PER_SECOND = 50
TOKENS_BESIDES = 16
LANGUAGES_NAMED = 5
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

    def encode_plain(self, text: str) -> Sequence[int]: ...  # noqa: D102


class Decoder:
    """Decodes one batch with a family's model."""

    def __init__(self, family: Prompting) -> None:
        self.family = family
        self.prompt = family.prompt
        self.model = core_of(family.model)

    def decode(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """One hypothesis per sound; the encoder runs once."""
        features = self.family.windows([s.wave for s in sounds], options.windows)
        hidden = self.model.get_encoder()(features).last_hidden_state
        known = self._languages([sound.language for sound in sounds])
        if options.retries or options.languages or None in known:
            detected, silent = self._first_probabilities(hidden)
        else:
            detected, silent = [()] * len(sounds), [None] * len(sounds)
        codes = [
            code or (ranked[0][0] if ranked else None) for code, ranked in zip(known, detected, strict=True)
        ]
        manner = self.family.manner.asked(options)
        context = self.prompt.context(told(self.family, options), self.family.max_labels or MOST_TOKENS)
        prompts = [[*context, *self.prompt.opening(code, manner)] for code in codes]
        seconds = [len(sound.wave) / self.family.sample_rate for sound in sounds]
        found = settled(
            lambda rows, search: self._attempt(hidden, rows, prompts, seconds, silent, search, options),
            len(seconds),
            options,
        )
        looked = [
            named(ranked, options) if options.languages or code is None else ()
            for code, ranked in zip(known, detected, strict=True)
        ]
        hypotheses = [
            hypothesis_of(self.family, one, code, length, shares)
            for one, code, length, shares in zip(found, codes, seconds, looked, strict=True)
        ]
        rows = timed_rows(hypotheses, sounds, options)
        plain = [self.prompt.opening(code, manner.plain()) for code in codes]
        return self._with_words(hypotheses, rows, found, hidden, plain, seconds)

    def detect(self, sounds: Sequence[Sound]) -> list[tuple[tuple[str, float], ...]]:
        """See `govor.models.base.Detecting`."""
        features = self.family.windows([sound.wave for sound in sounds], "full")
        return self._first_probabilities(self.model.get_encoder()(features).last_hidden_state)[0]

    def _languages(self, languages: Sequence[str | None]) -> list[str | None]:
        """The sounds' own, then the model's; None is to be detected."""
        if not self.prompt.multilingual:
            return ["en"] * len(languages)
        own = self.family.settings.get("language")
        return [self.prompt.first_known(tag, own) for tag in languages]

    def _first_probabilities(
        self, hidden: torch.Tensor
    ) -> tuple[list[tuple[tuple[str, float], ...]], list[float | None]]:
        """After the start token: languages with probabilities, the likeliest first; that nobody speaks."""
        import torch

        start = torch.full((len(hidden), 1), self.prompt.start, device=self.family.device)
        logits = self.model(encoder_outputs=_states(hidden), decoder_input_ids=start).logits[:, -1].float()
        quiet: list[float | None] = [*logits.softmax(dim=-1)[:, self.prompt.no_speech].tolist()]
        codes = list(self.prompt.languages)
        if not codes:
            return [()] * len(hidden), quiet
        ids = torch.tensor([self.prompt.languages[code] for code in codes], device=logits.device)
        shares = logits[:, ids].softmax(dim=-1).tolist()
        ranked = [sorted(zip(codes, row, strict=True), key=lambda pair: -pair[1]) for row in shares]
        return [tuple(row) for row in ranked], quiet

    def _attempt(
        self,
        hidden: torch.Tensor,
        rows: Sequence[int],
        prompts: Sequence[list[int]],
        seconds: Sequence[float],
        silent: Sequence[float | None],
        search: Search,
        options: DecodeOptions,
    ) -> list[AttemptResult]:
        """What one search finds in some of the windows."""
        part, own = hidden[list(rows)], [prompts[row] for row in rows]
        limits = [most_new_tokens(self.family.max_labels, len(prompts[row]), seconds[row]) for row in rows]
        tokens, peaks, written = self._generate(part, own, limits, search, options)
        found = []
        for place, row in enumerate(rows):
            most = written[place]
            kept, ended = tokens[place][:most], len(tokens[place]) < most
            steps = (
                peaks[place][:most][: len(kept) + 1]
                if peaks
                else self._probabilities(part[place], own[place], kept)
            )
            found.append(self._attempt_result(kept, ended, steps, silent[row], sure=bool(peaks)))
        return found

    def _attempt_result(
        self, tokens: list[int], ended: bool, steps: list[float], silent: float | None, sure: bool
    ) -> AttemptResult:
        text = self.prompt.plain(tokens)
        return AttemptResult.of(
            tokens,
            text,
            self.family.decode_text(text),
            ended=ended,
            confidence=self._confidence(tokens, steps) if sure else None,
            logprob=math.log(geometric_mean(steps)) if steps else 0.0,
            no_speech=silent,
        )

    def _generate(
        self,
        hidden: torch.Tensor,
        prompts: Sequence[list[int]],
        limits: Sequence[int],
        search: Search,
        options: DecodeOptions,
    ) -> tuple[list[list[int]], list[list[float]] | None, Sequence[int]]:
        """(tokens of each clip up to its end, probabilities of its steps when greedy, most that it has)."""
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList
        from transformers.generation.utils import GenerationMixin

        rules = self._rules(options, len(prompts[0]), peaks=search.beams == 1)
        endings = endings_for(limits, self.prompt.end, len(prompts[0]), loops=options.retries)
        with shared_sound(self.model, search.beams) as cache:
            found = GenerationMixin.generate(
                self.model,
                encoder_outputs=_states(hidden),
                past_key_values=cache,
                decoder_input_ids=torch.tensor(prompts, device=self.family.device),
                generation_config=self._settings(search, max(limits)),
                logits_processor=LogitsProcessorList([rules]),
                stopping_criteria=StoppingCriteriaList([endings]),
            )
        texts = [self._until_end(row[len(prompts[0]) :]) for row in found.tolist()]
        peaks = torch.stack(rules.peaks, dim=1).tolist() if rules.peaks else None
        return texts, peaks, endings.limits

    def _settings(self, search: Search, limit: int) -> Any:
        """Plain generation: every rule that Whisper adds is a logits processor here."""
        from transformers import GenerationConfig

        return GenerationConfig(
            max_new_tokens=limit,
            num_beams=search.beams,
            no_repeat_ngram_size=search.unrepeated,
            suppress_tokens=[],  # None: transformers suppresses the model's own a second time
            begin_suppress_tokens=[],
            do_sample=False,
            eos_token_id=self.prompt.end,
            pad_token_id=self.prompt.end,
            decoder_start_token_id=self.prompt.start,
            use_cache=True,
        )

    def _rules(self, options: DecodeOptions, prompt_length: int, *, peaks: bool) -> Any:
        """The model's suppressed tokens, plus every special token: only text, its end and times come out."""
        return rules_for(
            self.prompt,
            self.family.manner.asked(options),
            self.family.suppression,
            self.model.generation_config,
            size=self.model.config.vocab_size,
            prompt_length=prompt_length,
            device=self.family.device,
            peaks=peaks,
        )

    def _until_end(self, tokens: list[int]) -> list[int]:
        return tokens[: tokens.index(self.prompt.end)] if self.prompt.end in tokens else tokens

    def _probabilities(
        self, hidden: torch.Tensor, prompt: Sequence[int], tokens: Sequence[int]
    ) -> list[float]:
        """Of tokens and the end, without the rules: beams do not keep theirs."""
        import torch

        ids = torch.tensor([[*prompt, *tokens]], device=self.family.device)
        logits = self.model(encoder_outputs=_states(hidden[None]), decoder_input_ids=ids).logits[0].float()
        shares = logits[len(prompt) - 1 :].softmax(dim=-1)
        return [float(row[token]) for row, token in zip(shares, [*tokens, self.prompt.end], strict=True)]

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
        hypotheses: Sequence[Hypothesis],
        rows: Sequence[int],
        found: Sequence[AttemptResult],
        hidden: torch.Tensor,
        prompts: Sequence[list[int]],
        seconds: Sequence[float],
    ) -> list[Hypothesis]:
        timed = list(hypotheses)
        for row in rows:
            hypothesis = timed[row]
            states = hidden[row : row + 1]
            times, sure = align(
                self.model, states, prompts[row], hypothesis.tokens, self.prompt.end, seconds[row]
            )
            counts = text_counts(self.family, found[row], seconds[row])
            timed[row] = with_words(hypothesis, self.family.tokenizer, times, sure, counts)
        return timed


def named(ranked: Sequence[tuple[str, float]], options: DecodeOptions) -> tuple[tuple[str, float], ...]:
    """Of all languages those that a hypothesis names."""
    return tuple(ranked if options.languages else ranked[:LANGUAGES_NAMED])


def _states(hidden: torch.Tensor) -> Any:
    from transformers.modeling_outputs import BaseModelOutput

    return BaseModelOutput(last_hidden_state=hidden)


def told(model: Any, options: DecodeOptions) -> list[int]:
    """Tokens of the text that is told as what was said before, the words that are likely in front of it.

    Args:
        model: anything with `encode_plain`.
        options: with text and words.
    """
    parts = [", ".join(options.hotwords), options.prompt or ""]
    text = " ".join(part.strip() for part in parts if part.strip())
    return list(model.encode_plain(text)) if text else []


def most_new_tokens(max_labels: int | None, prompt_length: int, longest_s: float) -> int:
    """Tokens after which decoding stops; the end of text still has a place in the decoder behind them."""
    room = (max_labels or MOST_TOKENS) - prompt_length - 1
    return min(room, TOKENS_BESIDES + round(TOKENS_PER_SECOND * longest_s))


def hypothesis_of(
    model: Any,
    found: AttemptResult,
    code: str | None,
    seconds: float,
    languages: Sequence[tuple[str, float]] = (),
) -> Hypothesis:
    """What was decoded: text without times, and the stretches that times part it into.

    Args:
        model: anything with `prompt` and `decode_text`.
        found: tokens and what was measured of them; those of a loop are left out.
        code: of the language.
        seconds: length of the audio.
        languages: detected ones with their probabilities.
    """
    tokens = _unlooped(model.prompt, found)
    plain = tuple(model.prompt.plain(tokens))
    spans = tuple(
        Span(text, one.begin, one.end, (), one.closed, found.measures)
        for one in model.prompt.spans(tokens, seconds)
        if (text := model.decode_text(one.tokens))
    )
    return Hypothesis(
        model.decode_text(plain),
        (),
        found.confidence,
        code if model.prompt.multilingual else None,
        plain,
        spans,
        found.measures,
        tuple(languages),
        found.is_broken,
    )


def text_counts(model: Any, found: AttemptResult, seconds: float) -> list[int]:
    """Text tokens of each stretch that `hypothesis_of` makes; the last of them takes what has no text."""
    stretches = model.prompt.spans(_unlooped(model.prompt, found), seconds)
    counts: list[int] = []
    waiting = 0
    for one in stretches:
        waiting += len(one.tokens)
        if model.decode_text(one.tokens):
            counts.append(waiting)
            waiting = 0
    return counts


def _unlooped(prompt: Prompt, found: AttemptResult) -> Sequence[int]:
    """Tokens up to the end of what is then repeated without end, and the time behind it."""
    if found.loop is None:
        return found.tokens
    left = found.loop
    for place, token in enumerate(found.tokens):
        left -= token < prompt.end
        if left < 0:
            return found.tokens[:place]
    return found.tokens
