"""Checks: small functions that take what they need by name and give findings.

A check is registered with `check`; its parameters are names of `govor.preflight.materials.Materials`, and
only what a check names is made for it. A package of its own adds checks with the entry-point group
``govor.preflight`` (see docs/preflight-checks.md).
"""

from __future__ import annotations

import difflib
import importlib.metadata
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from govor.errors import UsageError
from govor.findings import Finding

CheckFunction = Callable[..., Iterable[Finding] | None]
COMMON_CODES = ("inconclusive", "check_failed", "model_unusable")
"""Codes that any check may lead to."""


@dataclass(frozen=True)
class Check:
    """A registered check.

    Attributes:
        name: the function's name.
        title: first line of its docstring.
        codes: codes of the findings it may give.
        needs: names of the materials it takes.
        run: the function.
    """

    name: str
    title: str
    codes: tuple[str, ...]
    needs: tuple[str, ...]
    run: CheckFunction


REGISTRY: dict[str, Check] = {}
"""All checks by name, in the order in which they run."""


def check(*codes: str) -> Callable[[CheckFunction], CheckFunction]:
    """Registers a function as a check that may give findings with `codes`."""

    def register(function: CheckFunction) -> CheckFunction:
        name = function.__name__  # type: ignore[attr-defined]
        title = (inspect.getdoc(function) or name).partition("\n")[0].rstrip(".")
        needs = tuple(inspect.signature(function).parameters)
        REGISTRY[name] = Check(name, title, codes, needs, function)
        return function

    return register


def all_checks() -> list[Check]:
    """The checks of govor in order, then those of other installed packages."""
    importlib.import_module("govor.preflight.checks")
    for point in importlib.metadata.entry_points(group="govor.preflight"):
        point.load()
    return list(REGISTRY.values())


def known_codes() -> tuple[str, ...]:
    """Every code that ``--accept`` may name."""
    return tuple(dict.fromkeys([*(code for one in all_checks() for code in one.codes), *COMMON_CODES]))


def require_known(codes: Iterable[str]) -> None:
    """Checks the codes to accept.

    Raises:
        UsageError: a code that no check gives; the nearest one is named.
    """
    known = known_codes()
    for code in codes:
        if code not in known:
            near = difflib.get_close_matches(code, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            raise UsageError(f"no check gives the code {code}{hint}")
