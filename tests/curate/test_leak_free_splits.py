"""Whatever the groups: nothing leaks, nothing hangs on the order of the rows, counts are exact where said."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.curate.groups import seeded_order
from govor.curate.splits import (
    DEV,
    FREE,
    TEST,
    TRAIN,
    CountError,
    LeakyError,
    SplitError,
    SplitPlan,
    SplitTask,
    plan_splits,
)


def task_of(keys: dict[str, list[int]], wanted: dict[int, int], **more: Any) -> SplitTask:
    rows = len(next(iter(keys.values())))
    values: dict[str, Any] = {
        "keys": {name: np.array(codes, np.int64) for name, codes in keys.items()},
        "order": seeded_order([f"u{i}" for i in range(rows)], 0),
        "fixed": np.zeros(rows, np.int8),
        "guarded": np.zeros(rows, np.bool_),
        "wanted": wanted,
        **more,
    }
    return SplitTask(**values)


def leaking(task: SplitTask, plan: SplitPlan) -> list[str]:
    """Keys that have a value in two splits."""
    found = []
    for name, codes in task.keys.items():
        for code in set(codes[codes >= 0].tolist()):
            splits = set(plan.splits[(codes == code) & (plan.leaks == 0)].tolist()) - {FREE}
            if len(splits) > 1:
                found.append(name)
    return found


corpora = st.integers(1, 60).flatmap(
    lambda rows: st.fixed_dictionaries(
        {
            key: st.lists(st.integers(-1, values), min_size=rows, max_size=rows)
            for key, values in (("speaker", 6), ("recording", 15), ("sentence", 40))
        }
    )
)


@settings(max_examples=300, deadline=None)
@given(corpora, st.integers(0, 12), st.integers(0, 12), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_nothing_leaks(keys: dict[str, list[int]], dev: int, test: int, limit: float) -> None:
    task = task_of(keys, {TEST: test, DEV: dev}, max_leak_loss=limit)
    try:
        plan = plan_splits(task)
    except SplitError:
        return
    assert leaking(task, plan) == []
    assert plan.loss <= limit
    assert ((plan.splits == FREE) == (plan.leaks > 0)).all()


@settings(max_examples=100, deadline=None)
@given(corpora, st.integers(1, 8), st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order(keys: dict[str, list[int]], wanted: int, random: Any) -> None:
    task = task_of(keys, {TEST: wanted, DEV: wanted}, max_leak_loss=0.5)
    shuffled = list(range(len(task.order)))
    random.shuffle(shuffled)
    other = SplitTask(
        {name: codes[shuffled] for name, codes in task.keys.items()},
        task.order[shuffled],
        task.fixed,
        task.guarded,
        task.wanted,
        task.max_leak_loss,
    )
    try:
        plan = plan_splits(task)
    except SplitError:
        with pytest.raises(SplitError):
            plan_splits(other)
        return
    again = plan_splits(other)
    assert (again.splits == plan.splits[shuffled]).all()
    assert (again.leaks == plan.leaks[shuffled]).all()


@given(st.integers(20, 200), st.integers(1, 5), st.integers(1, 5))
def test_single_rows_give_exact_counts(rows: int, dev: int, test: int) -> None:
    plan = plan_splits(task_of({"recording": list(range(rows))}, {TEST: test, DEV: dev}))
    assert (plan.splits == TEST).sum() == test
    assert (plan.splits == DEV).sum() == dev
    assert plan.way == "groups"
    assert plan.statements == ()


def parliament(speakers: int = 40, sessions: int = 10, rows: int = 4000) -> dict[str, list[int]]:
    """Everybody speaks in some sessions: all rows are one group by speaker and recording together."""
    random = np.random.default_rng(0)
    speaker = random.integers(0, speakers, rows)
    return {"speaker": speaker.tolist(), "recording": random.integers(0, sessions, rows).tolist()}


def test_a_parliament_fails_and_says_what_weaker_groupings_cost() -> None:
    with pytest.raises(LeakyError) as caught:
        plan_splits(task_of(parliament(), {TEST: 100, DEV: 100}))
    costs = {cost.keys: cost for cost in caught.value.costs}
    assert set(costs) == {("speaker",), ("recording",)}
    assert costs["speaker",].possible
    assert costs["speaker",].loss == 0
    assert costs["speaker",].crossing == {"recording": 1.0}
    assert "100% of dev and test share a recording with train" in str(costs["speaker",])


def test_a_small_overlap_is_set_aside_and_counted() -> None:
    """A chain through all speakers joins everything, but costs little to cut."""
    keys = {"speaker": [i // 10 for i in range(400)], "recording": list(range(400))}
    keys["recording"] = [i - 1 if i % 10 == 0 and i else i for i in keys["recording"]]
    task = task_of(keys, {TEST: 20, DEV: 20})
    plan = plan_splits(task)
    assert plan.way == "first_key"
    assert (plan.splits == TEST).sum() == 20
    assert (plan.splits == DEV).sum() == 20
    assert 0 < plan.loss <= 0.02
    assert (plan.leaks[plan.leaks > 0] == 2).all()
    assert leaking(task, plan) == []
    assert "joins too much" in plan.statements[0]


def test_counts_that_groups_do_not_allow_are_refused_or_stated() -> None:
    keys = {"speaker": [i // 50 for i in range(1000)]}
    with pytest.raises(CountError, match=r"the nearest are test 100 and dev 50") as caught:
        plan_splits(task_of(keys, {TEST: 80, DEV: 50}))
    assert caught.value.counts == [{"test": 50, "dev": 50}, {"test": 100, "dev": 50}]
    plan = plan_splits(task_of(keys, {TEST: 80, DEV: 50}, tolerance=0.25))
    assert (plan.splits == TEST).sum() == 100
    assert (plan.splits == DEV).sum() == 50
    assert plan.statements == ("test has 100 utterances, not 80: groups do not add up to it",)


def test_few_speakers_say_what_can_be_met_and_what_less_costs() -> None:
    """Speakers of 1, 36, 60 and 300 utterances; 10 and 10 are not to be had without splitting one of them."""
    speaker = [0] + [1] * 36 + [2] * 60 + [3] * 300
    keys = {"speaker": speaker, "recording": list(range(397))}
    with pytest.raises(CountError) as caught:
        plan_splits(task_of(keys, {TEST: 10, DEV: 10}))
    assert {"test": 1, "dev": 36} in caught.value.counts and {"test": 36, "dev": 60} in caught.value.counts
    for counts in caught.value.counts:
        plan = plan_splits(task_of(keys, {TEST: counts["test"], DEV: counts["dev"]}))
        assert ((plan.splits == TEST).sum(), (plan.splits == DEV).sum()) == (counts["test"], counts["dev"])
    weaker = next(cost for cost in caught.value.costs if cost.keys == ("recording",))
    assert weaker.counts == {"test": 10, "dev": 10} and weaker.crossing["speaker"] > 0.8


def test_one_speaker_cannot_be_split() -> None:
    with pytest.raises(LeakyError, match="grouping by speaker leaves no dev and test"):
        plan_splits(task_of({"speaker": [0] * 100, "recording": list(range(100))}, {TEST: 10, DEV: 10}))


def test_guarded_rows_push_leaks_out_of_train() -> None:
    fixed = np.array([TEST, FREE, FREE, FREE], np.int8)
    keys = {"speaker": [0, 1, 1, 2], "sentence": [5, 5, 6, 7]}
    plan = plan_splits(task_of(keys, {}, fixed=fixed, guarded=fixed == TEST, max_leak_loss=0.5))
    assert plan.splits.tolist() == [TEST, FREE, TRAIN, TRAIN]
    assert plan.leaks.tolist() == [0, 2, 0, 0]


def test_new_splits_never_take_what_was_trained_on() -> None:
    """Rows that are train already, and their groups, stay out of a split that is chosen later."""
    fixed = np.array([TRAIN] * 10 + [FREE] * 10, np.int8)
    keys = {"speaker": [0] * 5 + [1] * 5 + [0] * 5 + [2, 3, 4, 5, 6]}
    plan = plan_splits(task_of(keys, {TEST: 3}, fixed=fixed))
    assert (plan.splits[:15] == TRAIN).all()
    assert (plan.splits[15:] == TEST).sum() == 3
