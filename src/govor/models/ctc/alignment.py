"""Where in the frames given tokens are: CTC forced alignment.

Source: Graves et al., "Connectionist temporal classification" (2006), the Viterbi form of its forward
recursion. Shapes: F frames, V tokens, L labels, S = 2 L + 1 states (a blank around every label).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.models.base import AskedWord, LetterWriting
from govor.models.ctc.frames import Run
from govor.models.ctc.vocabulary import Vocabulary
from govor.records import PlacedWord

WILDCARD_COST = 0.7
"""Nats that a frame loses in a gap against its likeliest token, so that letters are not passed over."""
STRANGE_COST = 2.0
"""The same between two words, for a model that does not know the language: mostly one was misheard."""
MOST_CELLS = 500_000
"""Frames times states of the parts whose paths are looked for together: 10 MB; more is no faster."""


@dataclass(frozen=True)
class _Lattice:
    """What every frame scores in every state, and which states a path may leap to.

    Attributes:
        scores: ``[F, S]``.
        skippable: states that may follow the one two before ``[S]``.
    """

    scores: NDArray[np.float64]
    skippable: NDArray[np.bool_]


@dataclass(frozen=True)
class _Emission:
    """The tokens that may stand for a letter, the likeliest first and the blank last.

    Attributes:
        tokens: ids ``[N]``; the blank where nothing may be written.
        log_probabilities: of each ``[N]``.
    """

    tokens: NDArray[np.int64]
    log_probabilities: NDArray[np.float32]

    def scores(self, log_probs: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the letter scores in each frame ``[F]``."""
        found: NDArray[np.float32] = np.logaddexp.reduce(
            log_probs[:, self.tokens] + self.log_probabilities, axis=1
        )
        return found


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
    lattice = _Lattice(log_probs[:, states].astype(np.float64), _skippable(states, blank))
    [path] = _best_paths([lattice])
    return [] if path is None else _runs(path, log_probs, tokens)


Part = tuple[NDArray[np.floating[Any]], Sequence[AskedWord]]
"""Frames, ln p ``[F, V]``, and the words that are looked for in them."""


def place_words(
    log_probs: NDArray[np.floating[Any]], words: Sequence[AskedWord], vocabulary: Vocabulary, frame_s: float
) -> list[PlacedWord | None]:
    """As `place_parts`, of one part alone."""
    return place_parts([(log_probs, words)], vocabulary, frame_s)[0]


def place_parts(
    parts: Sequence[Part], vocabulary: Vocabulary, frame_s: float, strange: bool = False
) -> list[list[PlacedWord | None]]:
    """Where words are in sounds that may hold more: before, behind and between them anything may be said.

    A gap may be silence, the delimiter, or any token at a cost: the star token of Pratap et al., "Scaling
    speech technology to 1,000+ languages" (2023), in every gap. A letter for which a model may write several
    scores what they do together, each weighed by its probability, as the states of Aradilla et al., "Using
    KL-based acoustic models in a large vocabulary recognition task" (2008) are spread over the phones of
    another language.

    Args:
        parts: each with its words.
        vocabulary: of the model.
        frame_s: seconds of a frame.
        strange: the model does not know the language.

    Returns:
        For each word of a part its place, or None where the vocabulary has no token of it; nothing but None
        where the words do not fit into the frames.
    """
    found: list[list[PlacedWord | None]] = [[None] * len(words) for _, words in parts]
    spelt = [[_spelt(word, vocabulary) for word in words] for _, words in parts]
    usable = [n for n, (frames, _) in enumerate(parts) if len(frames) and any(spelt[n])]
    for numbers in _together(usable, [(len(parts[n][0]), 2 * sum(map(len, spelt[n])) + 1) for n in usable]):
        lattices = [_word_lattice(parts[n][0], spelt[n], vocabulary, strange) for n in numbers]
        for n, lattice, path in zip(numbers, lattices, _best_paths(lattices), strict=True):
            if path is not None:
                found[n] = _placed(path, lattice.scores, spelt[n], frame_s)
    return found


def _together(numbers: Sequence[int], sizes: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Parts in groups of similar length; `sizes` has the frames and states of each."""
    held: list[int] = []
    states = 0
    for (frames, own), number in sorted(zip(sizes, numbers, strict=True)):
        if held and frames * (states + own) > MOST_CELLS:
            yield held
            held, states = [], 0
        held.append(number)
        states += own
    if held:
        yield held


def _spelt(word: AskedWord, vocabulary: Vocabulary) -> list[_Emission]:
    if isinstance(word, str):
        sure = np.zeros(1, np.float32)
        return [_Emission(np.array([token]), sure) for token in _tokens(word, vocabulary)]
    if not vocabulary.by_character:
        return _spelt("".join(max(letter, key=letter.__getitem__) for letter in word), vocabulary)
    made = (_emission(letter, vocabulary) for letter in word)
    return [one for one in made if one is not None]


def _tokens(text: str, vocabulary: Vocabulary) -> list[int]:
    return [token for token in vocabulary.encode(text) if token not in vocabulary.special]


def _emission(letter: LetterWriting, vocabulary: Vocabulary) -> _Emission | None:
    """None where the vocabulary has no token for what may be written."""
    known: dict[int, float] = {}
    for text, probability in letter.items():
        for token in _tokens(text, vocabulary) if text else [vocabulary.blank]:
            known[token] = known.get(token, 0.0) + probability
    tokens = sorted(known, key=lambda token: (token == vocabulary.blank, -known[token]))
    if not tokens or tokens == [vocabulary.blank]:
        return None
    return _Emission(np.array(tokens), np.log([known[token] for token in tokens], dtype=np.float32))


def _word_lattice(
    frames: NDArray[np.floating[Any]],
    spelt: Sequence[Sequence[_Emission]],
    vocabulary: Vocabulary,
    strange: bool,
) -> _Lattice:
    log_probs = frames.astype(np.float32, copy=False)
    letters = [letter for word in spelt for letter in word]
    states = np.full(2 * len(letters) + 1, vocabulary.blank, dtype=np.int64)
    states[1::2] = [letter.tokens[0] for letter in letters]
    scores = log_probs[:, states].astype(np.float64)
    for number, letter in enumerate(letters):
        if len(letter.tokens) > 1:
            scores[:, 2 * number + 1] = letter.scores(log_probs)
    edges = 2 * np.cumsum([0, *map(len, spelt)])
    scores[:, edges] = _gap(log_probs, vocabulary, STRANGE_COST if strange else WILDCARD_COST)[:, None]
    scores[:, edges[[0, -1]]] = _gap(log_probs, vocabulary, WILDCARD_COST)[:, None]
    return _Lattice(scores, _skippable(states, vocabulary.blank))


def _gap(log_probs: NDArray[np.float32], vocabulary: Vocabulary, cost: float) -> NDArray[np.float64]:
    """What a frame is worth between words ``[F]``."""
    anything = log_probs.max(axis=1) - cost
    return np.asarray(np.maximum(log_probs[:, list(vocabulary.quiet)].max(axis=1), anything), np.float64)


def _placed(
    path: NDArray[np.int64], scores: NDArray[np.float64], spelt: Sequence[Sequence[_Emission]], frame_s: float
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


def _best_paths(lattices: Sequence[_Lattice]) -> list[NDArray[np.int64] | None]:
    """State of every frame ``[F]`` on the best path through each lattice, or None.

    They stand side by side and are passed together, because a step of one alone is mostly overhead.
    """
    counts = [lattice.scores.shape[1] for lattice in lattices]
    firsts = np.cumsum([0, *counts])
    scores = np.zeros((max(len(lattice.scores) for lattice in lattices), firsts[-1]))
    for lattice, first, count in zip(lattices, firsts.tolist(), counts, strict=False):
        scores[: len(lattice.scores), first : first + count] = lattice.scores
    step, leap = (
        np.zeros(firsts[-1]),
        np.where(np.concatenate([one.skippable for one in lattices]), 0.0, -np.inf),
    )
    step[firsts[:-1]] = -np.inf  # from the last state of the lattice before
    came, best, last = np.zeros(scores.shape, np.int8), np.full(firsts[-1], -np.inf), {}
    for first in firsts[:-1]:
        best[first : first + 2] = scores[0, first : first + 2]
    ends = {len(lattice.scores) - 1: None for lattice in lattices}
    for frame in range(len(scores)):
        if frame:
            best = _stepped(best, scores[frame], step, leap, came[frame])
        if frame in ends:
            last[frame] = best
    return [
        _traced(
            came[: len(one.scores), first : first + count], last[len(one.scores) - 1][first : first + count]
        )
        for one, first, count in zip(lattices, firsts.tolist(), counts, strict=False)
    ]


def _stepped(
    before: NDArray[np.float64],
    scores: NDArray[np.float64],
    step: NDArray[np.float64],
    leap: NDArray[np.float64],
    came: NDArray[np.int8],
) -> NDArray[np.float64]:
    """The best path to every state one frame later ``[S]``; `came` takes how many states each came over."""
    best = before.copy()
    stepped, leapt = before[:-1] + step[1:], before[:-2] + leap[2:]
    np.greater(stepped, best[1:], out=came[1:], casting="unsafe")
    np.maximum(best[1:], stepped, out=best[1:])
    came[2:][leapt > best[2:]] = 2
    np.maximum(best[2:], leapt, out=best[2:])
    best += scores
    return best


def _traced(came: NDArray[np.int8], best: NDArray[np.float64]) -> NDArray[np.int64] | None:
    frames, count = came.shape
    state = count - 1 if best[-1] >= best[-2] else count - 2
    if not np.isfinite(best[state]):
        return None
    over = came.tobytes()
    path = [state]
    for frame in range(frames - 1, 0, -1):
        state -= over[frame * count + state]
        path.append(state)
    return np.array(path[::-1])


def _runs(path: NDArray[np.int64], log_probs: NDArray[np.float32], tokens: Sequence[int]) -> list[Run]:
    runs = []
    for place, token in enumerate(tokens):
        frames = np.flatnonzero(path == 2 * place + 1)
        peak = float(np.exp(log_probs[frames, token].max()))
        runs.append(Run(int(token), int(frames[0]), int(frames[-1]), peak))
    return runs
