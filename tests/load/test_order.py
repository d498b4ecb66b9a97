"""The order of an epoch, by properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.load import epoch_batches, padding_share

CASES = given(
    durations=st.lists(st.floats(0.05, 40.0), max_size=300).map(np.array),
    seed=st.integers(0, 2**63),
    epoch=st.integers(0, 1000),
    batch_s=st.floats(1.0, 300.0),
    max_batch=st.integers(1, 64),
    world_size=st.integers(1, 7),
)


@CASES
@settings(max_examples=200, deadline=None)
def test_every_clip_once_on_equal_ranks(durations, seed, epoch, batch_s, max_batch, world_size):
    steps = epoch_batches(
        durations, seed=seed, epoch=epoch, batch_s=batch_s, max_batch=max_batch, world_size=world_size
    )
    assert all(len(ranks) == world_size for ranks in steps)
    batches = [batch for ranks in steps for batch in ranks]
    rows = np.concatenate(batches) if batches else np.zeros(0)
    assert sorted(rows.tolist()) == list(range(len(durations)))
    for batch in batches:
        assert len(batch) <= max_batch
        assert len(batch) <= 1 or durations[batch].max() * len(batch) <= batch_s * (1 + 1e-9)
    if any(len(batch) > 1 for batch in batches):
        assert all(len(batch) for batch in batches)
    assert sum(not len(batch) for batch in batches) < world_size


def lengths(count: int, seed: int = 0) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).lognormal(1.4, 0.45, count), 1.0, 20.0)


def same(one, other) -> bool:
    return len(one) == len(other) and all(np.array_equal(a[0], b[0]) for a, b in zip(one, other, strict=True))


def test_same_seed_and_epoch_same_order_others_another():
    durations = lengths(2_000)

    def order(seed, epoch):
        return epoch_batches(durations, seed=seed, epoch=epoch, batch_s=80.0, max_batch=16)

    assert same(order(1, 2), order(1, 2))
    assert not same(order(1, 2), order(1, 3))
    assert not same(order(1, 2), order(2, 2))


@pytest.mark.parametrize("count", [1_000, 10_000])
def test_padding_is_under_four_percent(count):
    durations = lengths(count)
    steps = epoch_batches(durations, seed=0, epoch=0, batch_s=120.0, max_batch=64)
    assert padding_share(steps, durations) < 0.04


def test_neighbours_change_from_epoch_to_epoch():
    durations = lengths(10_000)

    def pairs(epoch):
        steps = epoch_batches(durations, seed=0, epoch=epoch, batch_s=80.0, max_batch=16)
        return {tuple(sorted(p)) for s in steps for p in zip(s[0][:-1], s[0][1:], strict=True)}

    assert len(pairs(0) & pairs(1)) < 0.2 * len(pairs(0))


def test_shuffled_over_the_whole_split():
    durations = lengths(10_000)
    first = np.concatenate(
        [s[0] for s in epoch_batches(durations, seed=0, epoch=0, batch_s=80, max_batch=16)]
    )
    assert abs(np.corrcoef(first, np.arange(len(first)))[0, 1]) < 0.05
