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

from govor import console
from govor.errors import UsageError
from govor.findings import Code, Finding, declare, renamed
from govor.findings import codes as declared

CheckFunction = Callable[..., Iterable[Finding] | None]
COSTS = ("text", "audio", "model", "decoding", "training")
"""What checks cost, cheapest first: rows alone (always run); a sample of audio read; the model opened; dev
decoded; steps trained and processes started."""
COST_OF = {
    "clips": "audio",
    "sources": "audio",
    "repeats": "audio",
    "family": "model",
    "labels": "model",
    "hearings": "decoding",
    "base": "decoding",
    "practice_clips": "training",
    "practice": "training",
    "saved_model": "training",
}
"""What making a material costs; one that is not named costs text."""
COMMON_CODES = ("inconclusive", "check_failed", "model_unusable", "not_checked")
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
        after: a check whose figures it looks at, and behind which it runs; "" for none.
    """

    name: str
    title: str
    codes: tuple[str, ...]
    needs: tuple[str, ...]
    run: CheckFunction
    after: str = ""

    @property
    def doing(self) -> str:
        """The title inside a sentence."""
        return self.title[:1].lower() + self.title[1:]

    @property
    def cost(self) -> str:
        """The cost class of the dearest material that it needs, one of `COSTS`."""
        return max((COST_OF.get(name, "text") for name in self.needs), key=COSTS.index, default="text")


REGISTRY: dict[str, Check] = {}
"""All checks by name, in the order in which they were registered."""


def check(*codes: str, after: str = "") -> Callable[[CheckFunction], CheckFunction]:
    """Registers a function as a check that may give findings with `codes`.

    Args:
        codes: of its findings.
        after: a check whose figures this one looks at.
    """

    def register(function: CheckFunction) -> CheckFunction:
        name = function.__name__  # type: ignore[attr-defined]
        title = (inspect.getdoc(function) or name).partition("\n")[0].rstrip(".")
        needs = tuple(inspect.signature(function).parameters)
        for code in (one for one in codes if one not in declared()):
            declare(Code(code, "warning", ("preflight",), f"findings against: {title}", "see the check"))
        REGISTRY[name] = Check(name, title, codes, needs, function, after)
        return function

    return register


def all_checks() -> list[Check]:
    """All checks, govor's and those of other installed packages, in the order in which they run: by cost.

    So no check that needs no model waits for one; a check that looks at another's figures follows it.
    """
    importlib.import_module("govor.preflight.checks")
    for point in importlib.metadata.entry_points(group="govor.preflight"):
        point.load()
    return sorted(REGISTRY.values(), key=_place)


def chosen_checks(only: Iterable[str]) -> list[Check]:
    """The checks of these names, or that give these codes, with those whose figures they look at; none: all.

    Raises:
        UsageError: there is no such check and no such code; the nearest one is named.
    """
    every = all_checks()
    wanted: set[str] = set()
    for name in renamed(only, console.say):
        mine = {one.name for one in every if name == one.name or name in one.codes}
        if not mine:
            known = [*(one.name for one in every), *known_codes()]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else f"; checks are {', '.join(known[: len(every)])}"
            raise UsageError(f"--only {name}: there is no such check{hint}")
        wanted |= mine
    wanted |= {one.after for one in every if one.name in wanted}
    return [one for one in every if not wanted or one.name in wanted]


def _place(one: Check) -> int:
    leader = REGISTRY.get(one.after, one)
    return max(COSTS.index(one.cost), COSTS.index(leader.cost))


def known_codes() -> tuple[str, ...]:
    """Every code that ``--accept`` may name."""
    return tuple(dict.fromkeys([*(code for one in all_checks() for code in one.codes), *COMMON_CODES]))


def require_known(codes: Iterable[str]) -> None:
    """Checks the codes to accept.

    Raises:
        UsageError: a code that no check gives; the nearest one is named.
    """
    known = known_codes()
    for code in renamed(codes, console.say):
        if code not in known:
            near = difflib.get_close_matches(code, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            raise UsageError(f"no check gives the code {code}{hint}")
