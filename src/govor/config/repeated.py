"""What may be said once on a command line, and was said twice: the last would win in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from govor.errors import UsageError


def require_once(names: Iterable[str], where: str) -> None:
    """Refuses a name that occurs more than once.

    Args:
        names: flags, settings or metrics in the order in which they were given.
        where: what they belong to, for the message: ``govor train``, ``--set``.

    Raises:
        UsageError: one is there twice.
    """
    for name, count in Counter(names).items():
        if count > 1:
            times = "twice" if count == 2 else f"{count} times"
            raise UsageError(f"{where}: {name} is given {times}, and it takes one value: name {name} once")
