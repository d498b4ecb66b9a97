"""Findings: what a check saw, where, why it matters and what to type; with the one table of their codes.

Check, preflight, doctor and the model families speak of faults in this one form, so that every table, report
and ``--json`` reads the same. A fact has one code, whoever finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Gravest first: training would be harmed or fail; something to look at; something to know."""
SHOWN_NAMES = 5


@dataclass(frozen=True)
class Code:
    """A fact that findings are about.

    Attributes:
        name: stable snake_case name, as ``--accept``, ``--fail-on`` and ``--codes`` take it.
        level: how serious it usually is; a finding may be milder where it is about little.
        by: the commands that look for it.
        meaning: the fact, written after a number.
        remedy: what to type or to set.
        once: its earlier name, which is still accepted wherever people write codes; "" for none.
    """

    name: str
    level: Severity
    by: tuple[str, ...]
    meaning: str
    remedy: str
    once: str = ""


@cache
def codes() -> dict[str, Code]:
    """All codes by name, in the order in which reports list them; ``codes.toml`` declares them."""
    import tomllib

    table = tomllib.loads(Path(__file__).with_name("codes.toml").read_text(encoding="utf-8"))
    return {name: Code(name, **{**said, "by": tuple(said["by"])}) for name, said in table.items()}


@dataclass(frozen=True)
class Places:
    """The utterances of a corpus that a finding is about.

    Attributes:
        rows: those to look at, worst first.
        measured: what was measured at each of `rows`, or nothing.
        everywhere: all of them, ascending ``[N]``.
    """

    rows: NDArray[np.int64]
    measured: tuple[str, ...]
    everywhere: NDArray[np.int64]


@dataclass(frozen=True)
class Finding:
    """One fault, or one thing that could not be found out.

    Attributes:
        code: one of `codes`.
        severity: ``error`` stops a run, the others do not.
        where: what is at fault: a file, split, setting or token; empty where `measured` says it.
        measured: what was seen, with its unit.
        limit: what it was held against.
        why: what would happen if nobody acted.
        fix: what to type or to set; the remedy of `codes` where nothing is said.
        samples: a few instances, such as utterances with their text.
        count: how many recordings, utterances, … it is about, where they were counted.
        places: where in the corpus they stand, where that is known.
        ids: of the utterances that it is about, where they are known by name.
    """

    code: str
    severity: Severity
    where: str = ""
    measured: str = ""
    limit: str = ""
    why: str = ""
    fix: str = ""
    samples: tuple[str, ...] = ()
    count: int | None = None
    places: Places | None = field(default=None, compare=False, repr=False)
    ids: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.code not in codes():
            raise ValueError(f"the code {self.code} is not declared in codes.toml")
        if not self.fix:
            object.__setattr__(self, "fix", codes()[self.code].remedy)

    @property
    def message(self) -> str:
        """One sentence: where, what was measured, against which limit, and why it matters."""
        where = f"{self.where}: " if self.where else ""
        limit = f" ({self.limit})" if self.limit else ""
        return f"{where}{self.measured}{limit}{'; ' if self.why else ''}{self.why}"

    def as_dict(self) -> dict[str, object]:
        """All attributes but `places` and `ids`, and the message, as ``--json`` and reports keep them."""
        kept = [one.name for one in fields(self) if one.name not in ("places", "ids")]
        named = {name: getattr(self, name) for name in kept}
        return {**named, "samples": list(self.samples), "message": self.message}


def counted(code: str, count: int, detail: str = "", places: Places | None = None) -> Finding:
    """A finding in the words of `codes`, behind its count.

    Args:
        code: one of `codes`.
        count: how many it is about.
        detail: what stands behind the sentence.
        places: of the utterances.
    """
    said = f"{count:,} {codes()[code].meaning}"
    measured = _singular(said) if count == 1 else said
    return Finding(code, codes()[code].level, "", measured, detail, count=count, places=places)


_VERBS = {
    **{"are": "is", "have": "has", "were": "was", "do": "does", "mix": "mixes", "go": "goes"},
    **{
        verb: f"{verb}s"
        for verb in (
            "hold",
            "play",
            "state",
            "begin",
            "end",
            "overlap",
            "agree",
            "repeat",
            "say",
            "name",
            "occur",
        )
    },
}


def _singular(said: str) -> str:
    """The sentence about one: the first plural noun and its verb change."""
    words = said.split(" ")
    for place, word in enumerate(words):
        if word in ("recordings", "utterances", "texts", "ids", "rates"):
            words[place] = word[:-1]
        elif word in _VERBS:
            words[place] = _VERBS[word]
            break
        elif word == "cannot":
            break
    return " ".join(words)


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then warnings; within these as `codes` lists them."""
    order = list(codes())
    return sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), order.index(f.code)))


def spoken(findings: Iterable[Finding]) -> list[str]:
    """Findings for people in the midst of other work: errors first, each with what to type."""
    listed = ranked(findings)
    lines = [
        f"{one.severity} {one.code}: {one.message}; do: {one.fix}" for one in listed if one.severity != "info"
    ]
    more = sum(one.severity == "info" for one in listed)
    return [*lines, f"and {count_of(more, 'remark')} in the report"] if more else lines


def codes_of(command: str) -> tuple[str, ...]:
    """The codes that a command may find."""
    return tuple(name for name, code in codes().items() if command in code.by)


def renamed(names: Iterable[str], say: Callable[[str], None] = lambda _: None) -> tuple[str, ...]:
    """Codes that people wrote, under today's names; `say` is told of every one that had another."""
    now = {code.once: name for name, code in codes().items() if code.once}
    written = tuple(names)
    for name in written:
        if name in now:
            say(f"the code {name} is now called {now[name]}")
    return tuple(now.get(name, name) for name in written)


def declare(code: Code) -> None:
    """Adds a code that another package's check gives.

    Raises:
        ValueError: there is one of this name, or there was.
    """
    if renamed([code.name])[0] in codes():
        raise ValueError(f"the code {code.name} is declared twice")
    codes()[code.name] = code


def some(names: Iterable[str], shown: int = SHOWN_NAMES) -> str:
    """A few names and how many more there are: ``a, b, c and 12 more``."""
    listed = list(names)
    rest = len(listed) - shown
    text = ", ".join(listed[:shown])
    return f"{text} and {rest:,} more" if rest > 0 else text


def count_of(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: ``1 clip``, ``12 clips``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def share_of(number: int, total: int) -> str:
    """A part of a whole for people: ``3 of 1,200 (0.25%)``, ``7 of 30 (23%)``."""
    percent = 100 * number / max(total, 1)
    shown = f"{percent:.0f}" if percent >= 1 else f"{percent:.2g}"
    return f"{number:,} of {total:,} ({shown}%)"
