from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from govor.curate.groups import choose, choose_at_least, joined, own_where_none, seeded_groups, seeded_order

sizes = st.lists(st.integers(1, 12), max_size=9)


def sums(values: list[int]) -> set[int]:
    return {sum(c) for n in range(1, len(values) + 1) for c in combinations(values, n)}


@given(sizes, st.integers(1, 30))
def test_choose_is_exact_where_groups_allow_and_nearest_where_not(values: list[int], wanted: int) -> None:
    chosen = choose(values, wanted)
    assert len(set(chosen)) == len(chosen)
    if not values:
        assert chosen == []
        return
    total = sum(values[i] for i in chosen)
    near = {s for s in sums(values) if s <= 2 * wanted}
    best = min((abs(s - wanted) for s in near), default=None)
    assert total == min(values) if best is None else abs(total - wanted) == best


@given(sizes, st.integers(1, 30))
def test_choose_takes_the_first_groups_that_can(values: list[int], wanted: int) -> None:
    """Later groups play no part when earlier ones add up: the draw stays random."""
    chosen = choose(values, wanted)
    for length in range(1, len(values) + 1):
        if wanted in sums(values[:length]):
            assert max(chosen) < length
            break


@given(sizes, st.integers(1, 30))
def test_choose_at_least_is_the_smallest_sum_that_is_enough(values: list[int], wanted: int) -> None:
    chosen = choose_at_least(values, wanted)
    assert len(set(chosen)) == len(chosen)
    enough = {total for total in sums(values) if total >= wanted}
    assert sum(values[i] for i in chosen) == min(enough, default=0)


def test_seeded_order_knows_only_seed_and_id() -> None:
    one = seeded_order(["a", "b"], 0)
    assert list(seeded_order(["b", "a"], 0)) == list(one[::-1])
    assert list(seeded_order(["a", "b"], 1)) != list(one)
    assert list(seeded_order(["č", "\ud800"], -1)) == list(seeded_order(["č", "\ud800"], -1))


def test_seeded_order_never_changes() -> None:
    """Splits made with earlier releases must come out the same."""
    assert [int(n) for n in seeded_order(["a", "utt-0001"], 7)] == [PINNED_A, PINNED_UTT]


PINNED_A, PINNED_UTT = 6195288916748878241, 8978871374266694512


def codes(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_joined_follows_every_key() -> None:
    speaker = codes(0, 0, 1, 2, -1, -1)
    recording = codes(0, 1, 1, 2, 3, 4)
    labels = joined({"speaker": speaker, "recording": recording}, 6)
    assert labels[0] == labels[1] == labels[2]
    assert len({labels[0], labels[3], labels[4], labels[5]}) == 4


def test_joined_of_nothing() -> None:
    assert list(joined({}, 3)) == [0, 1, 2]
    assert len(joined({"a": codes()}, 0)) == 0


def test_rows_without_a_value_stand_alone() -> None:
    assert list(own_where_none(codes(0, -1, 1, -1))) == [0, 2, 1, 3]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.randoms())
def test_order_of_groups_does_not_depend_on_rows(values: list[int], random: object) -> None:
    ids = [f"u{i}" for i in range(len(values))]
    order = seeded_order(ids, 0)
    numbers, group_sizes = seeded_groups(np.array(values), order)
    shuffled = list(range(len(values)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again, again_sizes = seeded_groups(np.array(values)[shuffled], order[shuffled])
    assert list(numbers) == list(again)
    assert list(group_sizes) == list(again_sizes)
