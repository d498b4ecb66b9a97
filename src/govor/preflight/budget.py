"""The time that preflight may take."""

from __future__ import annotations

import time

LAST_SHARE = 0.1
"""Of the budget: what takes a model is not begun in it; nothing ends it between two looks at the clock."""


class OutOfTimeError(Exception):
    """The budget is used up; the check that meets this is inconclusive, never passed."""


class Budget:
    """Minutes that are shared by all checks.

    Attributes:
        total_s: seconds in all.
    """

    def __init__(self, minutes: float) -> None:
        self.total_s = minutes * 60
        self._start_s = time.monotonic()

    @property
    def used_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._start_s

    @property
    def left_s(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.total_s - self.used_s)

    def share_s(self, share: float) -> float:
        """Seconds for a check that may use `share` of the budget: the rest of the budget, if that is less."""
        return min(self.left_s, share * self.total_s)

    def begin(self) -> None:
        """Call before anything whose first part may take long: it is not begun at the end of the budget.

        Raises:
            OutOfTimeError: less than `LAST_SHARE` is left.
        """
        if self.left_s <= LAST_SHARE * self.total_s:
            raise OutOfTimeError

    def spend(self) -> None:
        """Call between the steps of anything long.

        Raises:
            OutOfTimeError: nothing is left.
        """
        if not self.left_s:
            raise OutOfTimeError
