"""CTC prefix beam search with a word n-gram model inside it.

It looks for the label sequence with the highest
``ln p_ctc(labels) + weight * ln p_lm(words, end) + bonus * words``. Probabilities of a prefix's alignments
are summed (Graves 2012; Hannun et al., "First-pass large vocabulary continuous speech recognition using
bi-directional recurrent DNNs", 2014); a word counts as soon as it is complete, so the language model takes
part in every pruning. With a beam that holds every prefix the result is that of exhaustive search.

Shapes: F frames, V tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from govor.lm.ngrams import NgramModel, State

NEVER = float("-inf")
CONSIDERED = 3
"""Extensions looked at in a frame, for each that can be kept: what scores well without the language model
does so with it, except for words that end. The little that others would add to kept prefixes is left out."""
TOKEN_FLOOR = -9.0
"""ln p below which a token is not looked at in a frame."""
HOT = 4.0
"""ln of how much likelier a word is made that is likely to be said."""
BEAM_WIDTH = 14.0
"""ln of how much worse than the best a prefix may be."""


@dataclass(frozen=True)
class BeamResult:
    """One hypothesis of the search.

    Attributes:
        tokens: label ids, blanks and repeats collapsed.
        text: its words.
        score: what was maximised.
        ctc: ln p of the labels.
        lm: ln p of the words and the end; 0 without a language model.
    """

    tokens: tuple[int, ...]
    text: str
    score: float
    ctc: float
    lm: float


class _Prefix:
    """A label sequence; children are shared, so a sequence is one object."""

    __slots__ = (
        "blank",
        "bonus",
        "children",
        "hot",
        "label",
        "lm",
        "next_blank",
        "next_label",
        "parent",
        "partial",
        "state",
        "token",
        "total",
        "words",
    )

    def __init__(self, parent: _Prefix | None, token: int, state: State) -> None:
        self.parent, self.token, self.state = parent, token, state
        self.children: dict[int, _Prefix] = {}
        self.partial, self.words, self.hot, self.lm, self.bonus = "", 0, 0, 0.0, 0.0
        self.blank = self.label = self.next_blank = self.next_label = self.total = NEVER


class BeamDecoder:
    """A search with everything but the probabilities.

    Args:
        pieces: text of every token ``[V]``; a space in it ends a word, tokens without text are ``""``.
        blank: id of the CTC blank.
        model: word n-gram model, or None.
        weight: of its ln p.
        word_bonus: added for every word.
        beam_size: prefixes kept.
        token_floor: ln p below which a token is not looked at in a frame (-inf: all are).
        beam_width: ln of how much worse than the best a kept prefix may be.
        skipped: ids that are never written (markers, the unknown token).
        fold: a word as the language model writes it (lower case, where the tokens know capitals only).
        hotwords: words that are likely to be said, in any case; each adds `HOT`, its beginning a part.
    """

    def __init__(
        self,
        pieces: Sequence[str],
        blank: int,
        model: NgramModel | None = None,
        *,
        weight: float = 0.5,
        word_bonus: float = 0.0,
        beam_size: int = 32,
        token_floor: float = TOKEN_FLOOR,
        beam_width: float = BEAM_WIDTH,
        skipped: Sequence[int] = (),
        fold: Callable[[str], str] | None = None,
        hotwords: Sequence[str] = (),
    ) -> None:
        self.pieces, self.blank, self.model = list(pieces), blank, model
        self.weight, self.word_bonus = weight, word_bonus
        self.beam_size, self.token_floor, self.beam_width = beam_size, token_floor, beam_width
        self.fold = fold or str
        self._never = sorted({blank, *skipped})
        hot = {word.lower() for phrase in hotwords for word in phrase.split()}
        self._begun = {word[:end]: end / len(word) for word in sorted(hot) for end in range(1, len(word) + 1)}
        self._hot = frozenset(hot)

    def decode(self, log_probs: NDArray[np.float32], best: int = 1) -> list[BeamResult]:
        """The `best` hypotheses of one utterance, best first.

        Args:
            log_probs: ln p ``[F, V]``.
            best: how many.
        """
        root = _Prefix(None, -1, self.model.start() if self.model else ())
        root.blank = root.total = 0.0
        beams = [root]
        for row, tokens in self._frames(log_probs):
            beams = self._advance(beams, row, tokens)
        results = sorted(map(self._result, beams), key=lambda r: r.score, reverse=True)
        return results[:best]

    def _frames(
        self, log_probs: NDArray[np.float32]
    ) -> Iterator[tuple[list[float], list[tuple[float, int]]]]:
        """For every frame ln p of all tokens, and those worth looking at with it, the likeliest first."""
        allowed = log_probs.astype(np.float64)
        allowed[:, self._never] = NEVER
        allowed[allowed < self.token_floor] = NEVER
        lines = allowed.copy()
        lines[:, self.blank] = log_probs[:, self.blank]
        for row, line in zip(allowed, lines.tolist(), strict=True):
            tokens = [(line[token], token) for token in np.flatnonzero(row > NEVER).tolist()]
            yield line, sorted(tokens, reverse=True)

    def _least(self, beams: list[_Prefix], tokens: list[tuple[float, int]]) -> float:
        """Score below which an extension is dropped, before its language model score is added."""
        most = CONSIDERED * self.beam_size
        if len(beams) * len(tokens) <= most:
            return NEVER
        ends = np.add.outer([prefix.total for prefix in beams], [p for p, _ in tokens]).ravel()
        return float(np.partition(ends, -most)[-most])

    def _advance(
        self, beams: list[_Prefix], row: list[float], tokens: list[tuple[float, int]]
    ) -> list[_Prefix]:
        touched: dict[int, _Prefix] = {}
        least, blank = self._least(beams, tokens), row[self.blank]
        for prefix in beams:
            either = _add(prefix.blank, prefix.label)
            prefix.next_blank = _add(prefix.next_blank, either + blank)
            if prefix.parent is not None:
                prefix.next_label = _add(prefix.next_label, prefix.label + row[prefix.token])
            touched[id(prefix)] = prefix
            lowest = least - prefix.total
            for p, token in tokens:
                if p < lowest:
                    break
                begin = prefix.blank if token == prefix.token else either
                if begin == NEVER:
                    continue
                child = prefix.children.get(token) or self._child(prefix, token)
                child.next_label = _add(child.next_label, begin + p)
                touched[id(child)] = child
        return self._prune(list(touched.values()))

    def _prune(self, candidates: list[_Prefix]) -> list[_Prefix]:
        for prefix in candidates:
            prefix.blank, prefix.label = prefix.next_blank, prefix.next_label
            prefix.next_blank = prefix.next_label = NEVER
            prefix.total = _add(prefix.blank, prefix.label) + self.weight * prefix.lm + prefix.bonus
        candidates.sort(key=_total, reverse=True)
        least = candidates[0].total - self.beam_width
        kept = [prefix for prefix in candidates[: self.beam_size] if prefix.total >= least]
        for prefix in candidates[len(kept) :]:
            prefix.blank = prefix.label = NEVER
        return kept

    def _child(self, prefix: _Prefix, token: int) -> _Prefix:
        child = _Prefix(prefix, token, prefix.state)
        child.lm, child.words, child.hot = prefix.lm, prefix.words, prefix.hot
        *finished, child.partial = (prefix.partial + self.pieces[token]).split(" ")
        for word in filter(None, finished):
            self._count(child, word)
        begun = self._begun.get(child.partial.lower(), 0.0) if self._hot else 0.0
        child.bonus = self.word_bonus * child.words + HOT * (child.hot + begun)
        prefix.children[token] = child
        return child

    def _count(self, prefix: _Prefix, word: str) -> None:
        prefix.words += 1
        prefix.hot += word.lower() in self._hot
        if self.model:
            ln_p, prefix.state = self.model.step(prefix.state, self.model.id_of(self.fold(word)))
            prefix.lm += ln_p

    def _result(self, prefix: _Prefix) -> BeamResult:
        """The prefix as a finished sentence: its last word and the end are counted."""
        ctc = _add(prefix.blank, prefix.label)
        last = _Prefix(None, -1, prefix.state)
        last.lm, last.words, last.hot = prefix.lm, prefix.words, prefix.hot
        if prefix.partial:
            self._count(last, prefix.partial)
        lm = last.lm + (self.model.finish(last.state) if self.model else 0.0)
        tokens = _tokens(prefix)
        text = " ".join("".join(self.pieces[token] for token in tokens).split())
        score = ctc + self.weight * lm + self.word_bonus * last.words + HOT * last.hot
        return BeamResult(tokens, text, score, ctc, lm)


def _total(prefix: _Prefix) -> float:
    return prefix.total


def _tokens(prefix: _Prefix) -> tuple[int, ...]:
    tokens: list[int] = []
    while prefix.parent is not None:
        tokens.append(prefix.token)
        prefix = prefix.parent
    return tuple(reversed(tokens))


def _add(a: float, b: float) -> float:
    """ln(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == NEVER else a + math.log1p(math.exp(b - a))
