"""Times of words from Whisper's cross-attention.

Attention weights of the alignment heads are normalised, median-filtered, averaged, and the cheapest monotonic
path through them (dynamic time warping) gives the frame at which each token begins. Method: OpenAI's
``whisper/timing.py``; DTW after Sakoe and Chiba (1978).

Shapes: N tokens, P positions of the encoder (20 ms each).
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from govor.models.base import EDGE_S, DecodeOptions, Sound
from govor.models.confidence import geometric_mean
from govor.models.whisper.prompt import TIMESTAMP_STEP_S
from govor.records import Hypothesis, Span, Word
from govor.text.spacing import is_unspaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

MEDIAN_WIDTH = 7


def timed_rows(
    hypotheses: Sequence[Hypothesis], sounds: Sequence[Sound], options: DecodeOptions
) -> list[int]:
    """Those whose words are timed: all if asked, else where stretches do not tell what lies where."""
    pairs = enumerate(zip(hypotheses, sounds, strict=True))
    return [row for row, (said, sound) in pairs if options.words or not are_parted(said.spans, sound.joints)]


def are_parted(spans: Sequence[Span], joints: Sequence[float]) -> bool:
    """Whether every stretch lies between two joints, and every part between two joints has one."""
    crossing = any(
        one.start < joint - EDGE_S and joint + EDGE_S < one.end for one in spans for joint in joints
    )
    return not joints or (not crossing and len({_part(one, joints) for one in spans}) == len(joints) + 1)


def _part(span: Span, joints: Sequence[float]) -> int:
    return bisect(joints, (span.start + span.end) / 2)


def align(
    model: Any, hidden: torch.Tensor, prompt: Sequence[int], tokens: Sequence[int], end: int, seconds: float
) -> tuple[NDArray[np.float64], list[float]]:
    """Seconds at which each token begins, and where the last one ends ``[N + 1]``; the tokens' probabilities.

    Args:
        model: the transformers model.
        hidden: encoder output ``[1, P, D]``.
        prompt: tokens before the text.
        tokens: of the text.
        end: the end-of-text token.
        seconds: length of the audio; no time lies behind it.
    """
    if not tokens:
        return np.zeros(1), []
    weights, logits = _attention(model, hidden, [*prompt, *tokens, end])
    positions = max(2, min(weights.shape[-1], round(seconds / TIMESTAMP_STEP_S)))
    matrix = _smoothed(weights[:, len(prompt) - 1 : -1, :positions])
    starts = first_frames(-matrix.mean(axis=0))
    times: NDArray[np.float64] = np.minimum(starts[: len(tokens) + 1] * TIMESTAMP_STEP_S, seconds)
    rows = logits[len(prompt) - 1 : -2, :end].softmax(dim=-1)  # of text tokens alone, as CTranslate2 has it
    return times, [float(row[token]) for row, token in zip(rows, tokens, strict=True)]


def _attention(model: Any, hidden: torch.Tensor, ids: list[int]) -> tuple[NDArray[np.float64], torch.Tensor]:
    """Cross-attention of the alignment heads ``[heads, tokens, P]``, and logits ``[tokens, V]``."""
    import torch
    from transformers.modeling_outputs import BaseModelOutput

    with _eager(model):
        attended = model(
            encoder_outputs=BaseModelOutput(last_hidden_state=hidden),
            decoder_input_ids=torch.tensor([ids], device=hidden.device),
            output_attentions=True,
        )
    heads = getattr(model.generation_config, "alignment_heads", None) or _upper_half(model)
    chosen = [attended.cross_attentions[layer][0, head] for layer, head in heads]
    return torch.stack(chosen).float().cpu().numpy().astype(np.float64), attended.logits[0].float()


def _upper_half(model: Any) -> list[tuple[int, int]]:
    """All heads of the upper half of the decoder, where a model does not say which of them align."""
    layers, heads = model.config.decoder_layers, model.config.decoder_attention_heads
    return [(layer, head) for layer in range(layers // 2, layers) for head in range(heads)]


@contextmanager
def _eager(model: Any) -> Iterator[None]:
    """Attention computed so that its weights can be seen."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def _smoothed(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normalised over tokens and median-filtered over positions."""
    from scipy.ndimage import median_filter

    mean, deviation = weights.mean(axis=-2, keepdims=True), weights.std(axis=-2, keepdims=True)
    normal = (weights - mean) / np.maximum(deviation, 1e-9)
    smooth: NDArray[np.float64] = median_filter(normal, size=(1, 1, MEDIAN_WIDTH), mode="reflect")
    return smooth


def first_frames(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """Frame at which the cheapest monotonic path enters each row of ``cost [N, P]``: ``int64[N]``.

    A row of the recurrence D[i, j] = c[i, j] + min(D[i-1, j-1], D[i-1, j], D[i, j-1]) is computed at once:
    with running sums s of the row it is s[j] + min over k <= j of (min(D[i-1, k-1], D[i-1, k]) - s[k-1]).
    """
    rows, columns = cost.shape
    entered = np.zeros((rows, columns), np.int64)  # frame where the best path to (i, j) entered row i
    total = np.cumsum(cost[0])
    came = [np.zeros(columns, np.int64)]
    for row in range(1, rows):
        diagonal = np.concatenate([[np.inf], total[:-1]])
        best_above = np.minimum(diagonal, total)
        sums = np.cumsum(cost[row])
        before = best_above - np.concatenate([[0.0], sums[:-1]])
        reached = np.minimum.accumulate(before)
        entered[row] = np.maximum.accumulate(np.where(before <= reached, np.arange(columns), 0))
        came.append(np.where(diagonal <= total, -1, 0))
        total = sums + reached
    return _trace(entered, came)


def _trace(entered: NDArray[np.int64], came: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    rows, columns = entered.shape
    starts = np.zeros(rows, np.int64)
    column = columns - 1
    for row in range(rows - 1, 0, -1):
        starts[row] = entered[row, column]
        column = max(int(starts[row] + came[row][starts[row]]), 0)
    return starts


def token_words(
    tokenizer: Any,
    tokens: Sequence[int],
    times: NDArray[np.float64],
    probabilities: Sequence[float] | None = None,
) -> tuple[Word, ...]:
    """Tokens put together to words with the times of their first token and of the next word's.

    Args:
        tokenizer: Whisper's.
        tokens: of the text ``[N]``.
        times: seconds at which they begin, and the end ``[N + 1]``.
        probabilities: of the tokens ``[N]``; the confidence of a word is their geometric mean.
    """
    words: list[Word] = []
    parts: list[list[float]] = []
    for first, last, text in _pieces(tokenizer, tokens):
        starts_word = text.startswith(" ") or not words or is_unspaced(text.lstrip()[:1])
        begin, end = float(times[first]), float(times[last + 1])
        sure = list(probabilities[first : last + 1]) if probabilities is not None else []
        if starts_word:
            words.append(Word(text.strip(), begin, end))
            parts.append(sure)
        else:
            words[-1] = Word(words[-1].text + text.strip(), words[-1].start, end)
            parts[-1] += sure
    named = zip(words, parts, strict=True)
    return tuple(
        replace(word, confidence=geometric_mean(sure) if sure else None) for word, sure in named if word.text
    )


def with_words(
    hypothesis: Hypothesis,
    tokenizer: Any,
    times: NDArray[np.float64],
    probabilities: Sequence[float] | None,
    counts: Sequence[int],
) -> Hypothesis:
    """A hypothesis with the times of its words, those of its stretches too.

    Args:
        hypothesis: without words.
        tokenizer: Whisper's.
        times: seconds at which its tokens begin, and the end ``[N + 1]``.
        probabilities: of its tokens ``[N]``, or None.
        counts: text tokens of each stretch.
    """
    if not hypothesis.spans:
        words = token_words(tokenizer, hypothesis.tokens, times, probabilities)
        return replace(hypothesis, words=words)
    spans, first = [], 0
    for span, count in zip(hypothesis.spans, counts, strict=True):
        last = first + count
        sure = None if probabilities is None else probabilities[first:last]
        own = token_words(tokenizer, hypothesis.tokens[first:last], times[first : last + 1], sure)
        spans.append(replace(span, words=own))
        first = last
    return replace(hypothesis, spans=tuple(spans), words=tuple(w for span in spans for w in span.words))


def _pieces(tokenizer: Any, tokens: Sequence[int]) -> list[tuple[int, int, str]]:
    """(first token, last token, text) of the shortest runs that are whole characters."""
    pieces = []
    first = 0
    for last in range(len(tokens)):
        text = tokenizer.decode(list(tokens[first : last + 1]), skip_special_tokens=True)
        if "�" not in text:
            pieces.append((first, last, text))
            first = last + 1
    return pieces
