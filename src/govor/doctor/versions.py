"""Installed versions against what govor asks for, and against combinations known to break."""

from __future__ import annotations

import importlib.metadata as metadata
import re
from collections.abc import Mapping

from govor.findings import Finding

MAIN_EXTRAS = ("", "train")
"""Extras that the main job (a corpus to a recogniser) needs."""
SHOWN = ("torch", "transformers", "datasets", "soundfile", "av", "soxr", "numpy", "polars", "pyarrow")
CLASHES = (
    ("pyctcdecode", "0.5", "numpy", "2", "pip uninstall -y pyctcdecode"),
    ("optimum-onnx", "0.1", "transformers", "5", "pip uninstall -y optimum-onnx"),
)
"""(package, its major version, other package, its first clashing version, remedy): seen to break."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def installed(package: str) -> str | None:
    """Version of an installed package, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def shown_versions() -> dict[str, str | None]:
    """Versions that matter most when something breaks."""
    return {package: installed(package) for package in SHOWN}


def requirement_findings() -> list[Finding]:
    """What is missing, or older or newer than govor's own requirements."""
    found: dict[str, Finding] = {}
    for requirement in _requirements():
        extra = (re.findall(r"extra == ['\"]([\w-]+)['\"]", requirement) or [""])[0]
        finding = _requirement(requirement.partition(";")[0].strip(), extra)
        if extra in MAIN_EXTRAS and finding:
            found.setdefault(finding.where, finding)
    return list(found.values())


def _requirements() -> list[str]:
    try:
        return metadata.requires("govor") or []
    except metadata.PackageNotFoundError:  # run from a source tree that was not installed
        return []


def _requirement(spec: str, extra: str) -> Finding | None:
    name = _NAME.match(spec)
    package = name.group() if name else spec
    version = None if package == "govor" else installed(package)
    if package == "govor" or (version and _fits(spec, version)):
        return None
    install = f"pip install 'govor[{extra}]'" if extra and not version else f"pip install '{spec}'"
    return Finding(
        "package_missing" if version is None else "package_version",
        "error",
        package,
        "not installed" if version is None else f"version {version}",
        spec,
        "the main job cannot run" if version is None else "govor was never tested with it",
        install,
    )


def _fits(spec: str, version: str) -> bool:
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return True
    return bool(Requirement(spec).specifier.contains(version, prereleases=True))


def clash_findings(imports: Mapping[str, str | None]) -> list[Finding]:
    """Packages that are installed but do not load, and pairs known to clash.

    Args:
        imports: by package, what happened when it was imported (None: not installed, empty: fine).
    """
    broken = [_broken(name, error) for name, error in imports.items() if error]
    return broken + [found for clash in CLASHES if (found := _clash(*clash))]


def _broken(package: str, error: str) -> Finding:
    fix = (
        f"pip uninstall -y {package}  (govor does not need it)"
        if package in ("torchaudio", "torchcodec")
        else f"pip install --force-reinstall '{package}'"
    )
    return Finding(
        "package_broken",
        "error",
        package,
        f"installed {installed(package) or ''}, but import fails: {error}",
        "what is installed imports",
        "transformers imports it if it is installed, and training stops with the same error",
        fix,
    )


def _clash(package: str, release: str, other: str, first: str, fix: str) -> Finding | None:
    have, against = installed(package), installed(other)
    if not have or not against or not have.startswith(release + "."):
        return None
    if int(against.split(".")[0]) < int(first):
        return None
    return Finding(
        "packages_clash",
        "warning",
        f"{package} {have}",
        f"{other} {against} is installed beside it",
        f"{package} {release} needs {other} before {first}",
        "it fails when it is imported or used",
        fix,
    )
