"""Forced alignment finds the best path that writes the tokens."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.models.ctc.alignment import align


def collapse(path):
    return tuple(token for token, _ in itertools.groupby(path) if token != 0)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.lists(st.integers(1, 2), min_size=1, max_size=4), st.integers(0, 1000))
def test_equals_trying_every_path(frames, tokens, seed):
    log_probs = np.random.default_rng(seed).normal(0, 1, (frames, 3)).astype(np.float32)
    paths = [p for p in itertools.product(range(3), repeat=frames) if collapse(p) == tuple(tokens)]
    runs = align(log_probs, tokens, blank=0)
    if not paths:
        assert runs == []
        return
    best = max(sum(float(log_probs[f, t]) for f, t in enumerate(path)) for path in paths)
    path = np.zeros(frames, dtype=int)
    for run in runs:
        path[run.first : run.last + 1] = run.token
    assert collapse(path) == tuple(tokens)
    assert sum(float(log_probs[f, t]) for f, t in enumerate(path)) == pytest.approx(best, abs=1e-4)


def test_nothing_to_align_gives_nothing():
    assert align(np.zeros((4, 3), np.float32), [], 0) == []
    assert align(np.zeros((0, 3), np.float32), [1], 0) == []


def test_more_labels_than_a_byte_counts():
    tokens = [1 + i % 2 for i in range(200)]
    log_probs = np.full((400, 3), -5.0, np.float32)
    log_probs[np.arange(400), [token for token in tokens for _ in range(2)]] = 0.0
    assert [(r.token, r.first, r.last) for r in align(log_probs, tokens, 0)] == [
        (token, 2 * i, 2 * i + 1) for i, token in enumerate(tokens)
    ]
