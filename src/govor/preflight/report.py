"""Preflight's findings as a file for programs, a page, and a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from govor import store
from govor.store import readable_seconds


def write_report(summary: Mapping[str, Any], out: Path) -> None:
    """Writes ``report.json`` into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    store.write_json(out / "report.json", summary)


def terminal_lines(summary: Mapping[str, Any]) -> list[str]:
    """The findings for people: what, where, why, what to type."""
    lines = []
    for one in summary["findings"]:
        label = "accepted" if one["accepted"] else one["severity"]
        lines += [f"{label.upper():9}{one['code']}", f"  {one['message']}"]
        lines += [f"    {sample}" for sample in one["samples"]]
        lines += [f"  -> {one['fix']}", ""]
    return [*lines, closing_line(summary)]


def closing_line(summary: Mapping[str, Any]) -> str:
    """How many checks ran, what they came to, how long it took."""
    status = [one["status"] for one in summary["checks"]]
    ran = len(status) - status.count("skipped")
    took = readable_seconds(summary["wall_s"])
    if not summary["findings"]:
        return f"preflight: {ran} checks in {took}, nothing to mend"
    counts = f"{summary['errors']} errors, {summary['warnings']} warnings"
    return f"preflight: {ran} checks in {took}: {counts}; {summary['out']}/report.html"
