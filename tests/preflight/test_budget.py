"""What is begun, and what is not, when the budget comes to its end."""

from dataclasses import replace

import pytest

from govor.findings import Finding
from govor.preflight import budget as budget_module
from govor.preflight.budget import LAST_SHARE, Budget, OutOfTimeError
from govor.preflight.registry import all_checks
from govor.preflight.run import note_unfinished
from govor.preflight.summary import CheckOutcome


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


def test_checks_without_time_are_told_by_that_not_by_what_is_said() -> None:
    """A check's own finding stays, however it words its limit."""
    checks = all_checks()[:3]
    outcomes = [CheckOutcome(one) for one in checks]
    own = Finding(
        "inconclusive", "warning", "its own", "too little", "[preflight] minutes = 3", "why", "what"
    )
    for outcome in outcomes[:2]:
        outcome.late = True
        outcome.findings = [own, replace(own, where="the budget")]
    outcomes[2].findings = [own]
    note_unfinished(outcomes, Budget(3))
    assert [found.where for found in outcomes[0].findings] == ["its own", "2 of 3 checks"]
    assert outcomes[1].findings == outcomes[2].findings == [own]
    assert f"{checks[0].name}, {checks[1].name}" in outcomes[0].findings[-1].why
