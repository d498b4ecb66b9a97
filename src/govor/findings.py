"""A finding: what a check saw, where, why it matters and what to type.

Preflight, doctor and the model families speak of faults in this one form, so that every table, report and
``--json`` reads the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]
SHOWN_NAMES = 5


@dataclass(frozen=True)
class Finding:
    """One fault, or one thing that could not be found out.

    Attributes:
        code: stable snake_case name, as ``--accept`` takes it.
        severity: ``error`` stops the run, ``warning`` does not.
        where: what is at fault: a file, split, setting or token.
        measured: what was seen, with its unit.
        limit: what it was held against.
        why: what would happen if nobody acted.
        fix: what to type or to set.
        samples: a few instances, such as utterances with their text.
    """

    code: str
    severity: Severity
    where: str
    measured: str
    limit: str
    why: str
    fix: str
    samples: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """One sentence: where, what was measured, against which limit, and why it matters."""
        limit = f" ({self.limit})" if self.limit else ""
        return f"{self.where}: {self.measured}{limit}; {self.why}"

    def as_dict(self) -> dict[str, Any]:
        """All attributes and the message, as reports keep them."""
        return {**asdict(self), "samples": list(self.samples), "message": self.message}


def some(names: Iterable[str], shown: int = SHOWN_NAMES) -> str:
    """A few names and how many more there are: ``a, b, c and 12 more``."""
    listed = list(names)
    rest = len(listed) - shown
    text = ", ".join(listed[:shown])
    return f"{text} and {rest} more" if rest > 0 else text


def count_of(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: ``1 clip``, ``12 clips``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def share_of(number: int, total: int) -> str:
    """A part of a whole for people: ``3 of 1,200 (0.25%)``, ``7 of 30 (23%)``."""
    percent = 100 * number / max(total, 1)
    shown = f"{percent:.0f}" if percent >= 1 else f"{percent:.2g}"
    return f"{number:,} of {total:,} ({shown}%)"


def worst(findings: Sequence[Finding]) -> Severity | None:
    """The gravest severity among `findings`, or None without any."""
    severities = {finding.severity for finding in findings}
    return "error" if "error" in severities else "warning" if severities else None
