"""An epoch as legs: whatever the layouts, every clip comes once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.config import Recipe
from govor.errors import StoppedError
from govor.train import train
from govor.train.epoch import BatchLayout, Leg, plan_epoch
from govor.train.feed import FedBatch
from govor.train.step import Stepper
from govor.train.stop import Stopper

layouts = st.builds(
    BatchLayout,
    batch_s=st.floats(4, 60),
    max_batch=st.integers(1, 16),
    world_size=st.integers(1, 4),
    accumulate=st.integers(1, 3),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.2, 20), min_size=1, max_size=80),
    st.lists(st.tuples(layouts, st.floats(0, 1)), max_size=4),
    layouts,
)
def test_no_clip_is_lost_or_seen_twice(
    durations: list[float], stretches: list[tuple[BatchLayout, float]], last: BatchLayout
) -> None:
    seconds, legs, seen = np.array(durations), [], []
    for layout, share in stretches:
        plan = plan_epoch(seconds, 3, 1, legs, layout)
        groups = plan.groups()
        done = groups[: int(share * len(groups))]
        seen += [row for group in done for ranks in group for batch in ranks for row in batch]
        steps = plan.legs[-1].steps + sum(len(group) for group in done)
        legs = [*plan.legs[:-1], Leg(layout, steps)]
    plan = plan_epoch(seconds, 3, 1, legs, last)
    seen += [row for ranks in plan.batches for batch in ranks for row in batch]
    assert sorted(seen) == list(range(len(durations)))


def test_continuing_with_the_same_layout_takes_the_rest_as_planned() -> None:
    seconds, layout = np.linspace(1, 9, 50), BatchLayout(20.0, 8, 2, 2)
    whole = plan_epoch(seconds, 0, 0, (), layout)
    rest = plan_epoch(seconds, 0, 0, [Leg(layout, 4)], layout)
    assert all(
        np.array_equal(a, b)
        for one, other in zip(whole.batches[4:], rest.batches, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_groups_hold_what_is_accumulated() -> None:
    plan = plan_epoch(np.full(10, 5.0), 0, 0, (), BatchLayout(5.0, 4, 1, 4))
    assert [len(group) for group in plan.groups()] == [4, 4, 2]


def test_a_run_continued_with_another_batch_size_loses_nothing(
    recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    """Stopped in the middle of an epoch, continued with other batches: every clip of the epoch once."""
    ids: list[str] = []
    step = Stepper.step

    def watched(self: Stepper, batches: list[FedBatch], *rest: Any) -> Any:
        ids.extend(i for fed in batches for i in fed.ids)
        return step(self, batches, *rest)

    monkeypatch.setattr(Stepper, "step", watched)
    one_epoch = {"steps": None, "epochs": 1.0}
    with monkeypatch.context() as patch:
        patch.setattr(Stopper, "asked", lambda self: len(ids) > 10)
        with pytest.raises(StoppedError):
            train(recipe(max_batch=6, **one_epoch), device="cpu")
    assert 10 < len(ids) < 48
    summary = train(recipe(max_batch=4, batch_s=5.0, accumulate=2, **one_epoch), device="cpu")
    assert summary["epochs"] == 1.0 and summary["complete"]
    assert Counter(ids) == Counter(f"train-{n:03d}" for n in range(48))
    said = capfd.readouterr().err
    assert "train.max_batch 6 became 4" in said and "train.batch_s 12.0 became 5.0" in said
