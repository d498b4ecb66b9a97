"""What was taken of the tiers of a source and what was left, told once for all its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from govor.corpora.tiers import UNCLEAR, Choice, example_of
from govor.corpora.timed_text import Tier
from govor.errors import CorpusError
from govor.findings import count_of, some
from govor.shown import shortened

MOST_SHOWN = 12
LONGEST_EXAMPLE = 60


@dataclass
class ListedTier:
    """A tier as ``--list`` shows it: for ``corpus.json``, what it was taken for."""

    name: str
    role: str
    taken: bool
    files: int
    labels: int
    example: str


@dataclass
class TierReport:
    """Tiers by name: what they were taken for, in how many files, with how many labels, and an example."""

    _found: dict[tuple[str, bool], ListedTier] = field(default_factory=dict)

    def add(self, tiers: Sequence[Tier], choice: Choice) -> None:
        """The tiers of one more file."""
        taken = {tier.name for tier in choice.taken}
        for tier in tiers:
            role = choice.roles.get(tier.name)
            if role is None:
                continue
            name = tier.name.split("@")[0] + ("@…" if "@" in tier.name else "")
            known = self._found.setdefault(
                (name, tier.name in taken),
                ListedTier(name, role, tier.name in taken, 0, 0, _example(tier)),
            )
            known.files += 1
            known.labels += sum(1 for cue in tier.cues if cue.text.strip())

    def listed(self) -> list[Mapping[str, object]]:
        """For ``corpus.json`` and ``--list``, those that were taken first."""
        return [asdict(tier) for tier in self._in_order()]

    def _in_order(self) -> list[ListedTier]:
        return sorted(self._found.values(), key=lambda tier: (not tier.taken, -tier.labels, tier.name))

    def told(self) -> list[str]:
        """A sentence for people; none where no file has tiers."""
        if not self._found:
            return []
        taken = [f"{t.name} ({count_of(t.labels, 'label')})" for t in self._in_order() if t.taken]
        left = [f"{t.name} ({t.role})" for t in self._in_order() if not t.taken]
        rest = f"; left: {some(left, MOST_SHOWN)}" if left else ""
        return [f"tiers taken: {some(taken, MOST_SHOWN) or 'none'}{rest}; --text TIER takes another"]


def refuse_unclear(file: Path, tiers: Sequence[Tier], choice: Choice) -> None:
    """Stops where several tiers could be the speech.

    Raises:
        CorpusError: it lists the tiers, an example of each, and what to type.
    """
    if not choice.unclear:
        return
    by_name = {tier.name: tier for tier in tiers}
    lines = [f"  {n} ({role}): {_example(by_name[n])}" for n, role in choice.roles.items()]
    first = next(name for name, role in choice.roles.items() if role == UNCLEAR)
    raise CorpusError(
        f"{file} has several tiers that may hold the speech: name the one to take, such as "
        f'--text "{first}", or several between commas. Its tiers:\n' + "\n".join(lines)
    )


def _example(tier: Tier) -> str:
    return shortened(example_of(tier), LONGEST_EXAMPLE)
