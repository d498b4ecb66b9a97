"""Where in the frames given tokens are: CTC forced alignment.

Source: Graves et al., "Connectionist temporal classification" (2006), the Viterbi form of its forward
recursion. Shapes: F frames, V tokens, L labels, S = 2 L + 1 states (a blank around every label).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from govor.models.ctc.frames import Run
from govor.models.ctc.vocabulary import Vocabulary
from govor.records import PlacedWord

WILDCARD_COST = 0.7
"""Nats that a frame loses in a gap against its likeliest token, so that letters are not passed over."""


def align(log_probs: NDArray[np.float32], tokens: Sequence[int], blank: int) -> list[Run]:
    """The frames of every token on the best path that writes exactly `tokens`.

    Args:
        log_probs: ln p ``[F, V]``.
        tokens: label ids ``[L]``.
        blank: id of the CTC blank.

    Returns:
        One run a token, in order; nothing where the tokens do not fit into the frames.
    """
    if not len(tokens) or not len(log_probs):
        return []
    states = np.full(2 * len(tokens) + 1, blank, dtype=np.int64)
    states[1::2] = tokens
    path = _best_path(log_probs[:, states].astype(np.float64), _skippable(states, blank))
    return [] if path is None else _runs(path, log_probs, tokens)


def place_words(
    log_probs: NDArray[np.float32], words: Sequence[str], vocabulary: Vocabulary, frame_s: float
) -> list[PlacedWord | None]:
    """Where words are in a sound that may hold more: before, behind and between them anything may be said.

    A gap may be silence, the delimiter, or any token at a cost: the star token of Pratap et al., "Scaling
    speech technology to 1,000+ languages" (2023), in every gap.

    Args:
        log_probs: ln p ``[F, V]``.
        words: normalised.
        vocabulary: of the model.
        frame_s: seconds of a frame.

    Returns:
        For each word its place, or None where the vocabulary has no token of it; nothing but None where the
        words do not fit into the frames.
    """
    spelt = [
        [token for token in vocabulary.encode(word) if token not in vocabulary.special] for word in words
    ]
    tokens = [token for word in spelt for token in word]
    if not tokens or not len(log_probs):
        return [None] * len(words)
    states = np.full(2 * len(tokens) + 1, vocabulary.blank, dtype=np.int64)
    states[1::2] = tokens
    scores = log_probs[:, states].astype(np.float64)
    edges = 2 * np.cumsum([0, *map(len, spelt)])
    scores[:, edges] = _gap(log_probs, vocabulary)[:, None]
    path = _best_path(scores, _skippable(states, vocabulary.blank))
    if path is None:
        return [None] * len(words)
    return _placed(path, scores, spelt, frame_s)


def _gap(log_probs: NDArray[np.float32], vocabulary: Vocabulary) -> NDArray[np.float64]:
    """What a frame is worth between words ``[F]``."""
    anything = log_probs.max(axis=1) - WILDCARD_COST
    return np.asarray(np.maximum(log_probs[:, list(vocabulary.quiet)].max(axis=1), anything), np.float64)


def _placed(
    path: NDArray[np.int64], scores: NDArray[np.float64], spelt: Sequence[Sequence[int]], frame_s: float
) -> list[PlacedWord | None]:
    letter = path % 2 == 1
    of_letters = np.cumsum(np.where(letter, scores[np.arange(len(path)), path], 0.0))
    count = np.cumsum(letter)
    found: list[PlacedWord | None] = []
    token = 0
    for word in spelt:
        if not word:
            found.append(None)
            continue
        low, high = np.searchsorted(path, (2 * token + 1, 2 * (token + len(word)))).tolist()
        before = (of_letters[low - 1], count[low - 1]) if low else (0.0, 0)
        mean = (of_letters[high - 1] - before[0]) / (count[high - 1] - before[1])
        found.append(PlacedWord(low * frame_s, high * frame_s, float(mean)))
        token += len(word)
    return found


def _skippable(states: NDArray[np.int64], blank: int) -> NDArray[np.bool_]:
    """States that may follow the one two before: labels that differ from the label before them ``[S]``."""
    may = np.zeros(len(states), dtype=bool)
    may[2:] = (states[2:] != blank) & (states[2:] != states[:-2])
    return may


def _best_path(scores: NDArray[np.float64], skippable: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """State of every frame ``[F]`` on the best path through ``[F, S]``, or None."""
    frames, count = scores.shape
    came = np.zeros((frames, count), dtype=np.int8)
    best, stayed = np.full((2, count), -np.inf)
    best[:2] = scores[0, :2]
    passing = np.where(skippable, 0.0, -np.inf)[2:]
    for frame in range(1, frames):  # written into what is there: most of the time would go into new arrays
        best, stayed, step = stayed, best, came[frame]
        np.greater(stayed[:-1], stayed[1:], out=step[1:], casting="unsafe")
        best[0] = stayed[0]
        np.maximum(stayed[1:], stayed[:-1], out=best[1:])
        leapt = stayed[:-2] + passing
        step[2:][leapt > best[2:]] = 2
        np.maximum(best[2:], leapt, out=best[2:])
        best += scores[frame]
    state = count - 1 if best[-1] >= best[-2] else count - 2
    if not np.isfinite(best[state]):
        return None
    path = np.empty(frames, dtype=np.int64)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= int(came[frame, state])
    return path


def _runs(path: NDArray[np.int64], log_probs: NDArray[np.float32], tokens: Sequence[int]) -> list[Run]:
    runs = []
    for place, token in enumerate(tokens):
        frames = np.flatnonzero(path == 2 * place + 1)
        peak = float(np.exp(log_probs[frames, token].max()))
        runs.append(Run(int(token), int(frames[0]), int(frames[-1]), peak))
    return runs
