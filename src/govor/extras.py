"""Which extra of the package installs a module that is missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec

from govor.errors import MissingExtraError

NAMES = {"yaml": "pyyaml", "espeakng_loader": "espeakng-loader", "multipart": "python-multipart"}
"""Modules that are called otherwise than their packages."""
REQUIREMENT = re.compile(r"^(?P<package>[\w.-]+).*extra == ['\"](?P<extra>[\w-]+)['\"]")
FOR_DEVELOPERS = ("test", "docs", "bench", "all")


@contextmanager
def required(module: str = "", extra: str = "") -> Iterator[None]:
    """Around the imports of what an extra brings.

    Args:
        module: what is meant where the import fails by another name, or without any.
        extra: the one to name where several bring it; without it the smallest.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        missing = missing_extra(module or error.name, extra)
        if missing is None:
            raise
        raise missing from error


def first_missing(packages: Iterable[str], extra: str) -> MissingExtraError | None:
    """The sentence for the first of some packages that is not installed; none of them is imported.

    Args:
        packages: names to import, without dots.
        extra: the one that brings them.
    """
    absent = next((name for name in packages if find_spec(name) is None), None)
    return missing_extra(absent, extra)


def missing_extra(module: str | None, wanted: str = "") -> MissingExtraError | None:
    """The sentence for a module that some extra brings; None where none does.

    Args:
        module: as the failed import names it, such as ``torch.nn``.
        wanted: the extra to name where several bring it.
    """
    if not module:
        return None
    package = _package_of(module.split(".")[0])
    bring_it = _extras().get(package)
    if not bring_it:
        return None
    return MissingExtraError(package, wanted if wanted in bring_it else bring_it[0])


def _package_of(module: str) -> str:
    return NAMES.get(module, module).lower().replace("_", "-")


def _extras() -> dict[str, list[str]]:
    """Packages, and the extras that bring each, the smallest first, as installed govor declares them."""
    try:
        lines = requires("govor") or []
    except PackageNotFoundError:
        lines = []
    named = [match for line in lines if (match := REQUIREMENT.match(line))]
    sizes = Counter(match["extra"] for match in named if match["extra"] not in FOR_DEVELOPERS)
    found: dict[str, list[str]] = {}
    for match in sorted(named, key=lambda match: sizes[match["extra"]]):
        if sizes[match["extra"]]:
            found.setdefault(_package_of(match["package"]), []).append(match["extra"])
    return found
