"""Texts scored on a sound by Whisper: teacher-forced log-probabilities of their tokens.

What is not heard plays no part: tokens that differ in case or punctuation alone count as one, and tokens of
punctuation are left out of the distribution and of the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from govor.models.base import Sound
from govor.models.device import autocast
from govor.models.listening import Fit
from govor.models.weights import core_of

if TYPE_CHECKING:
    import torch

SILENT_CLASS = -1


class HeardByWhisper:
    """See `govor.models.listening.EncodedSound`; holds the encoder's output."""

    def __init__(self, family: Any, sound: Sound, windows: str) -> None:
        self.family = family
        self.model = core_of(family.model)
        with family.deciding(), autocast(family.precision, family.device):
            self.encoded = self.model.get_encoder()(family.windows([sound.wave], windows))
            self.languages: Mapping[str, float] = self._languages()
        known = family.prompt.first_known(sound.language, family.settings.get("language"))
        language = known or max(self.languages, key=self.languages.__getitem__, default=None)
        self.opening = family.prompt.opening(language, family.manner.plain())

    def _languages(self) -> dict[str, float]:
        """Probability of every language token after the start token."""
        import torch

        codes = self.family.prompt.languages
        if not codes:
            return {}
        start = torch.tensor([[self.family.prompt.start]], device=self.family.device)
        logits = self.model(encoder_outputs=self.encoded, decoder_input_ids=start).logits[0, -1]
        shares = torch.softmax(logits[list(codes.values())].float(), dim=-1)
        return dict(zip(codes, shares.tolist(), strict=True))

    def fits(self, texts: Sequence[str]) -> list[Fit]:
        """See `govor.models.listening.EncodedSound`."""
        words = [self.family.text_tokens(text) for text in texts]
        room = (self.family.max_labels or 0) - len(self.opening)
        kept = [tokens for tokens in words if 0 < len(tokens) < room]
        scored = iter(self._fits(kept) if kept else [])
        return [next(scored) if 0 < len(tokens) < room else Fit(float("-inf"), 1) for tokens in words]

    def _fits(self, words: Sequence[Sequence[int]]) -> list[Fit]:
        import torch
        from transformers.modeling_outputs import BaseModelOutput

        end, opening = self.family.prompt.end, self.opening
        longest = max(map(len, words))
        rows = [[*opening, *tokens, *[end] * (longest - len(tokens))] for tokens in words]
        hidden = self.encoded.last_hidden_state.expand(len(rows), -1, -1)
        with self.family.deciding(), autocast(self.family.precision, self.family.device):
            logits = self.model(
                encoder_outputs=BaseModelOutput(last_hidden_state=hidden),
                decoder_input_ids=torch.tensor(rows, device=self.family.device),
            ).logits[:, len(opening) - 1 :]
        classes = torch.tensor(classes_of(self.family.tokenizer, end), device=logits.device)
        return [self._fit(logits[row], tokens, classes) for row, tokens in enumerate(words)]

    def _fit(self, logits: torch.Tensor, tokens: Sequence[int], classes: torch.Tensor) -> Fit:
        """Of one text, from the logits before each of its tokens and before its end ``[L + 1, V]``."""
        import torch

        labels = [*tokens, self.family.prompt.end]
        wanted = classes[torch.tensor(labels, device=logits.device)]
        heard = torch.nonzero(wanted != SILENT_CLASS).flatten()
        values = logits[heard][:, : len(classes)].float()
        values = values.masked_fill(classes == SILENT_CLASS, float("-inf"))
        same = classes[None, :] == wanted[heard][:, None]
        chosen = values.masked_fill(~same, float("-inf")).logsumexp(-1) - values.logsumexp(-1)
        each = chosen.tolist()
        return Fit(sum(each), len(each), -each[0], -each[-1])


@lru_cache(maxsize=4)
def classes_of(tokenizer: Any, end: int) -> list[int]:
    """A number for every token up to the end of text, equal where they differ in case or marks alone.

    `SILENT_CLASS` for tokens of punctuation and spaces.
    """
    texts = tokenizer.batch_decode([[token] for token in range(end)])
    numbers: dict[str, int] = {}
    found = []
    for token, text in enumerate(texts):
        plain = "".join(c for c in text.lower() if c.isalnum() or ord(c) > 0x2FF)
        piece = f"{token}" if "\ufffd" in text else f" {plain}"
        found.append(numbers.setdefault(piece, len(numbers)) if plain else SILENT_CLASS)
    return [*found, len(numbers)]
