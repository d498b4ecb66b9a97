"""What is begun, and what is not, when the budget comes to its end."""

import pytest

from govor.preflight import budget as budget_module
from govor.preflight.budget import LAST_SHARE, Budget, OutOfTimeError


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands at ``clock["s"]``."""
    now = {"s": 0.0}
    monkeypatch.setattr(budget_module.time, "monotonic", lambda: now["s"])
    return now


def test_a_model_is_not_asked_for_anything_new_at_the_end(clock) -> None:
    budget = Budget(3)
    for s in (0.0, 100.0, 180 * (1 - LAST_SHARE) - 1):
        clock["s"] = s
        budget.begin()
    clock["s"] = 180 * (1 - LAST_SHARE) + 1
    with pytest.raises(OutOfTimeError):
        budget.begin()
    budget.spend()
    clock["s"] = 181.0
    with pytest.raises(OutOfTimeError):
        budget.spend()


def test_no_minutes_begin_nothing(clock) -> None:
    with pytest.raises(OutOfTimeError):
        Budget(0).begin()
