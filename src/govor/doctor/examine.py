"""Everything doctor tries, and what it makes of it."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from govor import __version__, console
from govor.doctor import containers, machine, versions
from govor.findings import Finding
from govor.store import readable_bytes


def examine(place: Path = Path()) -> dict[str, Any]:
    """Tries decoders, devices and versions on this machine.

    Args:
        place: folder whose disk would be used.

    Returns:
        ``errors``, ``warnings``, ``findings``, ``decoders``, ``devices``, ``room``, ``versions``,
        ``python``, ``govor``.
    """
    trials = _decoders()
    torch = machine.probe_torch()
    room = machine.room(place)
    found = [
        *containers.findings_of(trials),
        *versions.requirement_findings(),
        *_torch_findings(torch),
        *versions.clash_findings(torch.get("imports", {})),
        *machine.room_findings(room["ram_available_bytes"], room["disk_free_bytes"], place.absolute()),
    ]
    return {
        "errors": sum(one.severity == "error" for one in found),
        "warnings": sum(one.severity == "warning" for one in found),
        "findings": [one.as_dict() for one in found],
        "decoders": [trial.as_dict() for trial in trials],
        "devices": torch.get("devices", []),
        "room": room,
        "versions": versions.shown_versions(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "govor": __version__,
    }


def _decoders() -> list[containers.Trial]:
    trials = []
    with console.progress("decoders", len(containers.CONTAINERS), "containers") as bar:
        for container in containers.CONTAINERS:
            trials.append(containers.try_container(container))
            bar.advance(1, container.name)
    return trials


def _torch_findings(torch: dict[str, Any]) -> list[Finding]:
    if "error" not in torch or versions.installed("torch") is None:
        return []
    return [
        Finding(
            "package_broken",
            "error",
            "torch",
            f"installed {versions.installed('torch')}, but import fails: {torch['error']}",
            "what is installed imports",
            "no model can be trained or run",
            "pip install --force-reinstall torch",
        )
    ]


def lines(summary: dict[str, Any]) -> list[str]:
    """The summary for people."""
    room = summary["room"]
    text = [
        f"govor {summary['govor']}, Python {summary['python']}, {summary['system']}",
        f"{room['cores']:g} cores, {readable_bytes(room['ram_available_bytes'])} of"
        f" {readable_bytes(room['ram_bytes'])} memory available,"
        f" {readable_bytes(room['disk_free_bytes'])} of disk free",
        "",
        *console.table(
            [
                (t["container"], t["decoder"] or "-", "whole" if t["ok"] else "FAILS", t["detail"])
                for t in summary["decoders"]
            ],
            ("container", "decoder", "decoded", "note"),
        ),
        "",
        *console.table([_device(one) for one in summary["devices"]], ("device", "memory", "precision")),
        "",
        *console.table(
            [(k, v or "not installed") for k, v in summary["versions"].items()], ("package", "version")
        ),
        "",
    ]
    for one in summary["findings"]:
        text += [f"{one['severity']}: {one['message']}", f"  do: {one['fix']}"]
    return [*text, _verdict(summary)]


def _device(one: dict[str, Any]) -> tuple[str, str, str]:
    name = f"{one['name']} {one.get('model', '')}".strip()
    memory = readable_bytes(one["memory_bytes"]) if "memory_bytes" in one else "the machine's"
    return name, memory, ", ".join(one["precisions"])


def _verdict(summary: dict[str, Any]) -> str:
    if summary["errors"]:
        return "doctor: the main job cannot run here yet; each line above ends with what mends it"
    return "doctor: the main job can run here"
