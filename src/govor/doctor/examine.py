"""Everything doctor tries, and what it makes of it."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from govor import __version__, console
from govor.doctor import containers, machine, versions
from govor.findings import Finding
from govor.records import Summary
from govor.store import readable_bytes


@dataclass(frozen=True)
class Examination(Summary):
    """What ``govor doctor`` prints."""

    errors: int
    warnings: int
    findings: tuple[Finding, ...]
    decoders: tuple[containers.ContainerTrial, ...]
    devices: tuple[machine.Device, ...]
    room: machine.Room
    versions: Mapping[str, str | None]
    python: str
    system: str
    govor: str


def examine(place: Path = Path()) -> Examination:
    """Tries decoders, devices and versions on this machine.

    Args:
        place: folder whose disk would be used.
    """
    trials = _decoders()
    torch = machine.probe_torch()
    room = machine.room(place)
    found = (
        *containers.findings_of(trials),
        *versions.requirement_findings(),
        *_torch_findings(torch),
        *versions.clash_findings(torch.imports),
        *machine.room_findings(room.ram_available_bytes, room.disk_free_bytes, place.absolute()),
    )
    return Examination(
        errors=sum(one.severity == "error" for one in found),
        warnings=sum(one.severity == "warning" for one in found),
        findings=found,
        decoders=tuple(trials),
        devices=torch.devices,
        room=room,
        versions=versions.shown_versions(),
        python=platform.python_version(),
        system=platform.platform(),
        govor=__version__,
    )


def _decoders() -> list[containers.ContainerTrial]:
    trials = []
    with console.progress("decoders", len(containers.CONTAINERS), "containers") as bar:
        for container in containers.CONTAINERS:
            trials.append(containers.try_container(container))
            bar.advance(1, container.name)
    return trials


def _torch_findings(torch: machine.TorchProbe) -> list[Finding]:
    if not torch.error or versions.installed("torch") is None:
        return []
    return [
        Finding(
            "package_broken",
            "error",
            "torch",
            f"installed {versions.installed('torch')}, but import fails: {torch.error}",
            "what is installed imports",
            "no model can be trained or run",
            "pip install --force-reinstall torch",
        )
    ]


def lines(summary: Examination) -> list[str]:
    """The summary for people."""
    room = summary.room
    trials = [
        (t.container, t.decoder or "-", "whole" if t.ok else "FAILS", t.detail) for t in summary.decoders
    ]
    installed = [(name, version or "not installed") for name, version in summary.versions.items()]
    text = [
        f"govor {summary.govor}, Python {summary.python}, {summary.system}",
        f"{room.cores:g} cores, {readable_bytes(room.ram_available_bytes)} of"
        f" {readable_bytes(room.ram_bytes)} memory available,"
        f" {readable_bytes(room.disk_free_bytes)} of disk free",
        "",
        *console.table(trials, ("container", "decoder", "decoded", "note")),
        "",
        *console.table([_device(one) for one in summary.devices], ("device", "memory", "precision")),
        "",
        *console.table(installed, ("package", "version")),
        "",
    ]
    return [*text, *_remedies(summary.findings), _verdict(summary)]


def _remedies(findings: Sequence[Finding]) -> list[str]:
    """Findings, those with one remedy together, each remedy once."""
    by_fix: dict[str, list[Finding]] = {}
    for one in findings:
        by_fix.setdefault(one.fix, []).append(one)
    return [
        line
        for fix, found in by_fix.items()
        for line in (*(f"{one.severity}: {one.message}" for one in found), f"  do: {fix}")
    ]


def _device(one: machine.Device) -> tuple[str, str, str]:
    memory = readable_bytes(one.memory_bytes) if one.memory_bytes is not None else "the machine's"
    return f"{one.name} {one.model or ''}".strip(), memory, ", ".join(one.precisions)


def _verdict(summary: Examination) -> str:
    if summary.errors:
        return "doctor: the main job cannot run here yet; each line above ends with its remedy"
    return "doctor: the main job can run here"
