"""Preflight's findings as a file for programs, a page, and a table on the terminal."""

from __future__ import annotations

from pathlib import Path

from govor import console, store
from govor.findings import count_of
from govor.pages import render
from govor.preflight.summary import PreflightSummary, ReportedFinding
from govor.shown import interval_text, shortened
from govor.store import readable_seconds

LONGEST_SHOWN = 90
"""Characters of a finding in the table."""
BADGES = {"passed": "ok", "findings": "error", "inconclusive": "warning", "skipped": "info"}


def write_report(summary: PreflightSummary, out: Path, name: str) -> None:
    """Writes ``report.html`` and then ``report.json`` into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    page = render(
        "preflight/report.html",
        summary=dict(summary),
        name=name,
        verdict=closing_line(summary),
        ran=_ran(summary),
        badge=BADGES,
        interval_text=interval_text,
    )
    store.write_text(out / "report.html", page)
    store.write_json(out / "report.json", summary)


def terminal_lines(summary: PreflightSummary) -> list[str]:
    """The findings for people: a table of all, then for each why it matters and what to type."""
    findings = summary.findings
    ending = [*_not_looked_at(summary), closing_line(summary)]
    if not findings:
        return ending
    rows = [
        (_label(one), one["code"], shortened(f"{one['where']}: {one['measured']}", LONGEST_SHOWN))
        for one in findings
    ]
    lines = console.table(rows, ("severity", "code", "found"))
    for one in findings:
        lines += ["", f"{one['code']} ({one['where']}): {one['measured']}"]
        lines += [f"  held against: {one['limit']}"] if one["limit"] else []
        lines += [f"  why:          {one['why']}", f"  do:           {one['fix']}"]
        lines += [f"    {sample}" for sample in one["samples"]]
    if summary.listing:
        lines += ["", f"ids: {summary.listing} (govor select … --exclude it --codes CODE)"]
    return [*lines, "", *ending]


def _not_looked_at(summary: PreflightSummary) -> list[str]:
    """What no finding says: that voices are not compared."""
    speakers = summary.facts.get("speakers")
    return [f"speakers: {speakers}"] if speakers else []


def _label(finding: ReportedFinding) -> str:
    return "accepted" if finding["accepted"] else str(finding["severity"])


def _ran(summary: PreflightSummary) -> int:
    return sum(one.status != "skipped" for one in summary.checks)


def closing_line(summary: PreflightSummary) -> str:
    """How many checks ran, what they came to, how long it took."""
    ran = f"preflight: {_ran(summary)} checks in {readable_seconds(summary.wall_s)}"
    if not summary.findings:
        return f"{ran}, nothing to correct"
    accepted = f", accepted: {', '.join(summary.accepted)}" if summary.accepted else ""
    errors, warnings = count_of(summary.errors, "error"), count_of(summary.warnings, "warning")
    counts = f"{errors}, {warnings}{accepted}"
    return f"{ran}: {counts}; {summary.out}/report.html"
