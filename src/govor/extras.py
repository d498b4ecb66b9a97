"""Which extra of the package brings a module that is not installed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, requires

from govor.errors import MissingExtraError

NAMES = {"yaml": "pyyaml", "espeakng_loader": "espeakng-loader", "multipart": "python-multipart"}
"""Modules that are called otherwise than their packages."""
REQUIREMENT = re.compile(r"^(?P<package>[\w.-]+).*extra == ['\"](?P<extra>[\w-]+)['\"]")
FOR_DEVELOPERS = ("test", "docs", "bench", "all")


@contextmanager
def required(module: str = "") -> Iterator[None]:
    """Around the imports of what an extra brings.

    Args:
        module: what is meant where the import fails by another name, or without any.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        missing = missing_extra(module or error.name)
        if missing is None:
            raise
        raise missing from error


def missing_extra(module: str | None) -> MissingExtraError | None:
    """The sentence for a module that some extra brings; None where none does.

    Args:
        module: as the failed import names it, such as ``torch.nn``.
    """
    if not module:
        return None
    package = _package_of(module.split(".")[0])
    extra = _extras().get(package)
    return MissingExtraError(package, extra) if extra else None


def _package_of(module: str) -> str:
    return NAMES.get(module, module).lower().replace("_", "-")


def _extras() -> dict[str, str]:
    """Packages, and of the extras that bring each the smallest, as the installed package declares them."""
    try:
        lines = requires("govor") or []
    except PackageNotFoundError:
        lines = []
    named = [match for line in lines if (match := REQUIREMENT.match(line))]
    sizes = Counter(match["extra"] for match in named if match["extra"] not in FOR_DEVELOPERS)
    largest_first = sorted(named, key=lambda match: -sizes[match["extra"]])
    return {_package_of(match["package"]): match["extra"] for match in largest_first if sizes[match["extra"]]}
