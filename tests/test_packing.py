"""The one planner of batches, by properties."""

from itertools import count, pairwise

from hypothesis import given
from hypothesis import strategies as st

from govor.packing import Cost, pack

COSTS = st.builds(
    Cost,
    least_s=st.sampled_from([0.0, 2.5, 30.0]),
    beside_s=st.sampled_from([0.0, 3.0]),
    most_s=st.just(30.0),
)


@given(
    st.lists(st.floats(0.01, 60), max_size=80),
    st.floats(0.5, 200),
    COSTS,
    st.integers(1, 9),
    st.sampled_from([1.0, 1.15, float("inf")]),
)
def test_every_item_once_in_order_within_the_budget(lengths, budget_s, cost, most, padding):
    rows = range(len(lengths))
    batches = list(pack(rows, lengths.__getitem__, budget_s, cost, most=most, padding=padding))
    assert [row for batch in batches for row in batch] == list(rows)
    for batch in batches:
        longest = max(lengths[row] for row in batch)
        assert 1 <= len(batch) <= most
        assert len(batch) == 1 or cost.of(longest, len(batch)) <= budget_s
        total = sum(lengths[row] for row in batch)
        assert len(batch) <= 2 or longest * len(batch) <= padding * total * (1 + 1e-9)


@given(st.lists(st.floats(0.01, 60), min_size=1, max_size=80), st.floats(0.5, 200), COSTS)
def test_no_batch_ends_before_it_is_full(lengths, budget_s, cost):
    batches = list(pack(range(len(lengths)), lengths.__getitem__, budget_s, cost))
    for batch, following in pairwise(batches):
        longest = max(lengths[row] for row in [*batch, following[0]])
        assert cost.of(longest, len(batch) + 1) > budget_s


def test_no_more_is_read_than_a_batch_needs():
    read = []
    lengths = (read.append(n) or 1.0 for n in count())
    first = next(pack(lengths, float, 3.0))
    assert len(first) == 3 and len(read) == 4


def test_each_batch_has_a_limit_of_its_own():
    sizes = [len(batch) for batch in pack([1.0] * 20, float, 1e9, most=(2**n for n in count()))]
    assert sizes == [1, 2, 4, 8, 5]


def test_what_windows_cost():
    assert Cost().of(4.0, 3) == 12.0
    assert Cost(least_s=30.0).of(4.0, 3) == 90.0
    assert Cost(beside_s=3.0, most_s=30.0).of(4.0, 3) == 21.0
    assert Cost(beside_s=3.0, most_s=30.0).of(29.0, 3) == 90.0
