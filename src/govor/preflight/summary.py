"""What preflight tells: the findings, what became of each check, and what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from govor.findings import Finding, Severity
from govor.preflight.registry import Check
from govor.records import Summary


class ReportedFinding(TypedDict):
    """A `govor.findings.Finding` as reports keep it, and whether the recipe lets it through."""

    code: str
    severity: Severity
    where: str
    measured: str
    limit: str
    why: str
    fix: str
    samples: Sequence[str]
    message: str
    check: str
    accepted: bool


@dataclass
class CheckOutcome:
    """What became of one check.

    Attributes:
        check: which.
        status: ``passed``, ``findings``, ``inconclusive`` or ``skipped``.
        seconds: wall time.
        findings: what it found.
        note: why it was skipped, or did not finish.
        lacks: the package that is not installed and that it needs; "" for none.
        late: it had no time; its last finding says so.
    """

    check: Check
    status: str = "passed"
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    note: str = ""
    lacks: str = ""
    late: bool = False

    def as_dict(self) -> Mapping[str, str | float]:
        """As reports keep it."""
        return {
            "check": self.check.name,
            "title": self.check.title,
            "cost": self.check.cost,
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "note": self.note,
        }


@dataclass(frozen=True)
class PreflightSummary(Summary):
    """What ``govor preflight`` prints.

    Attributes:
        errors: how many stop the run.
        warnings: how many there are.
        accepted: codes of errors that were let through.
        findings: gravest first, each with ``check`` and ``accepted``.
        checks: what became of each.
        facts: what they tell, by name.
        projection: of the run: ``seconds``, ``memory_bytes``, ``disk_bytes``.
        wall_s: seconds that it took.
        out: the folder.
        listing: the table of all utterances of all findings; "" where they name none.
        fingerprint: of settings and data, see `fingerprint_of`.
    """

    errors: int
    warnings: int
    accepted: Sequence[str]
    findings: Sequence[ReportedFinding]
    checks: Sequence[CheckOutcome]
    facts: Mapping[str, object]
    projection: Mapping[str, float]
    wall_s: float
    out: str
    listing: str = ""
    fingerprint: str = ""
