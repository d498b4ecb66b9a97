"""The search equals trying every label sequence."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.lm.beam import BeamDecoder
from govor.lm.kneser_ney import estimate

PIECES = ("", "a", "b", " ")
BLANK = 0


def collapse(path):
    return tuple(token for token, _ in itertools.groupby(path) if token != BLANK)


def exhaustive(log_probs, model, weight, bonus):
    """Score of every label sequence, over all alignments."""
    totals: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(len(PIECES)), repeat=len(log_probs)):
        p = math.exp(sum(float(row[token]) for row, token in zip(log_probs, path, strict=True)))
        totals[collapse(path)] = totals.get(collapse(path), 0.0) + p
    scores = {}
    for tokens, p in totals.items():
        words = "".join(PIECES[token] for token in tokens).split()
        lm = model.score(" ".join(words)) if model else 0.0
        scores[tokens] = math.log(p) + weight * lm + bonus * len(words)
    return scores


def random_log_probs(frames, seed):
    logits = np.random.default_rng(seed).normal(0, 1.5, (frames, len(PIECES)))
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float64)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10_000), st.floats(0, 3), st.floats(-2, 2), st.booleans())
def test_a_wide_beam_equals_exhaustive_search(frames, seed, weight, bonus, with_lm):
    log_probs = random_log_probs(frames, seed)
    model = estimate(["a b", "ab a", "b a ab", "a b a b"], 3) if with_lm else None
    scores = exhaustive(log_probs, model, weight, bonus)
    decoder = BeamDecoder(
        PIECES, BLANK, model, weight=weight, word_bonus=bonus,
        beam_size=10**6, token_floor=-math.inf, beam_width=math.inf,
    )  # fmt: skip
    results = decoder.decode(log_probs, best=10**6)
    assert {r.tokens for r in results} == set(scores)
    for result in results:
        assert result.score == pytest.approx(scores[result.tokens], abs=1e-9)
    assert scores[results[0].tokens] == pytest.approx(max(scores.values()))


def test_the_language_model_decides_inside_the_search():
    """Acoustics that prefer "b" by a little, words that prefer "a" by far."""
    p = np.array([[0.02, 0.45, 0.5, 0.03], [0.9, 0.04, 0.04, 0.02]])
    model = estimate(["a"] * 50 + ["b"], 2)
    greedy = BeamDecoder(PIECES, BLANK, beam_size=8).decode(np.log(p))[0]
    fused = BeamDecoder(PIECES, BLANK, model, weight=1.0, beam_size=8).decode(np.log(p))[0]
    assert (greedy.text, fused.text) == ("b", "a")


def test_default_pruning_changes_nothing_on_peaked_outputs():
    """What trained models give: nearly certain frames; pruning must not cost anything there."""
    random = np.random.default_rng(1)
    logits = random.normal(0, 1, (60, len(PIECES)))
    logits[np.arange(60), random.integers(0, 4, 60)] += 7
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    model = estimate(["a b", "ab a", "b a ab"], 3)
    pruned = BeamDecoder(PIECES, BLANK, model).decode(log_probs)[0]
    wide = BeamDecoder(PIECES, BLANK, model, beam_size=2000, token_floor=-30, beam_width=60).decode(
        log_probs
    )[0]
    assert pruned.tokens == wide.tokens


def test_skipped_tokens_are_never_written():
    log_probs = np.log(np.array([[0.1, 0.8, 0.05, 0.05]]))
    assert BeamDecoder(PIECES, BLANK, skipped=[1]).decode(log_probs)[0].tokens != (1,)


@pytest.mark.parametrize("seed", range(20))
def test_extensions_left_unseen_change_nothing_on_uncertain_outputs(seed, monkeypatch):
    """Many tokens, none certain, some likelier: few extensions are looked at, and the result is the same."""
    import govor.lm.beam as beam

    pieces = ("", *"abcdefghijklmno", " ")
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.2, (40, len(pieces)))
    logits[np.arange(40), random.integers(0, len(pieces), 40)] += 4
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    model = estimate(["ab cd", "efg h", "ij ab", "klm no a"], 3)
    looked: list[int] = []

    def found() -> beam.BeamResult:
        decoder = BeamDecoder(pieces, BLANK, model, weight=0.3, beam_size=24)
        own = decoder._prune

        def counting(candidates):
            looked.append(len(candidates))
            return own(candidates)

        decoder._prune = counting
        return decoder.decode(log_probs)[0]

    few = found()
    counted, looked[:] = sum(looked), []
    monkeypatch.setattr(beam, "CONSIDERED", 10**6)
    assert found().tokens == few.tokens
    assert counted < sum(looked) / 2


def test_a_word_that_is_likely_to_be_said_wins_where_the_sound_is_unsure():
    p = np.full((5, 4), 0.01)
    for frame, token in enumerate([1, 3, 1, 0, 2]):
        p[frame, token] = 0.97
    p[4] = [0.05, 0.01, 0.5, 0.01]
    p[4, 0] = 0.48  # "a a" or "a ab"
    p /= p.sum(axis=1, keepdims=True)
    scores = np.log(p)

    def best(*hot):
        return BeamDecoder(PIECES, BLANK, beam_size=8, hotwords=hot).decode(scores)[0].text

    assert best() == "a ab" and best("A") == "a a"
    assert best("ab") == "a ab" and best("nobody said this") == "a ab"
