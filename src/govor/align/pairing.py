"""Which text belongs to which recording: by a list, by names, or by what was heard."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from govor.corpora.timed_text import TimedTextError, decode
from govor.errors import CorpusError
from govor.shown import shortened

SIZE = 7
"""Letters of the n-grams that texts are compared by."""
MOST_TEXTS = 2
"""Texts that may hold an n-gram: those of more say nothing."""
LEAST_SCORE = 0.03
"""Share of a recording's telling n-grams that its text must hold."""
MOST_SHOWN = 120
"""Characters of a wrong line that are repeated."""
LEAD = 2.0
"""Times as many as the next text."""


@dataclass(frozen=True)
class Pair:
    """A recording and a text of it."""

    recording: str
    text: str


@dataclass(frozen=True)
class Proposal:
    """The text that is likeliest for a recording.

    Attributes:
        recording: the recording.
        text: the likeliest text, or None where none shares anything with it.
        score: share of what was heard that points at the text and at no other, 0 to 1.
        second: the same of the next best text.
    """

    recording: str
    text: str | None
    score: float
    second: float

    @property
    def sure(self) -> bool:
        """Whether it is used with ``--pair auto``."""
        return self.text is not None and self.score >= LEAST_SCORE and self.score >= LEAD * self.second


def pairs_by_stem(recordings: Iterable[str], texts: Iterable[str]) -> list[Pair]:
    """Files whose names without suffixes are the same, case and normal form aside."""
    by_stem: dict[str, list[str]] = {}
    for text in texts:
        by_stem.setdefault(_stem(text), []).append(text)
    return [Pair(recording, text) for recording in recordings for text in by_stem.get(_stem(recording), ())]


def _stem(name: str) -> str:
    return unicodedata.normalize("NFC", Path(name).stem).casefold()


def read_pairs(file: Path, recordings: Sequence[str], texts: Sequence[str]) -> list[Pair]:
    """The pairs of a CSV or TSV file: a recording and a text in each line; a line of titles may come first.

    Raises:
        CorpusError: the file cannot be read, or a line names a file that is not among those given.
    """
    try:
        lines = [line for line in decode(file).split("\n") if line.strip()]
    except (OSError, TimedTextError) as error:
        raise CorpusError(f"--pairs {file} cannot be read ({error}): check its name") from None
    tabs = bool(lines) and "\t" in lines[0]
    try:
        rows = list(csv.reader(lines, delimiter="\t" if tabs else ","))
    except csv.Error as error:
        raise CorpusError(f"--pairs {file} cannot be read as a table ({error}): look at its quotes") from None
    found = []
    for number, row in enumerate(rows, 1):
        names = [
            _file_meant(cell.strip(), known) for cell, known in zip(row, (recordings, texts), strict=False)
        ]
        if len(names) == 2 and names[0] and names[1]:
            found.append(Pair(names[0], names[1]))
        elif number > 1 or any(names):
            raise CorpusError(
                f"--pairs {file}, line {number}: {shortened(', '.join(row), MOST_SHOWN)!r} names no "
                "recording and text of those given: write a recording, a comma and a text"
            )
    if not found:
        raise CorpusError(f"--pairs {file} has no pair: write a recording, a comma and a text in each line")
    return found


def _file_meant(cell: str, known: Sequence[str]) -> str | None:
    """The one known file that a cell means: its path, the end of it, or its name without suffix."""
    for fits in (
        lambda name: name == cell,
        lambda name: Path(name).parts[-len(Path(cell).parts) :] == Path(cell).parts,
        lambda name: _stem(name) == _stem(cell) and Path(cell).name == cell,
    ):
        found = [name for name in known if fits(name)]
        if len(found) == 1:
            return found[0]
    return None


def proposals(heard: Mapping[str, str], texts: Mapping[str, str]) -> list[Proposal]:
    """The likeliest text of every recording, by the n-grams that few texts hold.

    Args:
        heard: folded letters heard, by recording.
        texts: folded letters, by text.
    """
    grams = {name: _grams(text) for name, text in texts.items()}
    holders = Counter(gram for found in grams.values() for gram in found)
    telling = {name: {g for g in found if holders[g] <= MOST_TEXTS} for name, found in grams.items()}
    return [_proposal(recording, _grams(letters), telling) for recording, letters in heard.items()]


def _grams(letters: str) -> set[str]:
    return {letters[at : at + SIZE] for at in range(len(letters) - SIZE + 1)}


def _proposal(recording: str, heard: set[str], telling: Mapping[str, set[str]]) -> Proposal:
    shared = sorted(((len(heard & grams), name) for name, grams in telling.items()), reverse=True)
    if not shared or not shared[0][0]:
        return Proposal(recording, None, 0.0, 0.0)
    second = shared[1][0] if len(shared) > 1 else 0
    return Proposal(recording, shared[0][1], shared[0][0] / len(heard), second / len(heard))


def groups_of(pairs: Sequence[Pair]) -> list[tuple[list[str], list[str]]]:
    """Recordings and texts that hang together, in the order of the pairs."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for pair in pairs:
        parent[root(("text", pair.text))] = root(("recording", pair.recording))
    found: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for pair in pairs:
        recordings, texts = found.setdefault(root(("recording", pair.recording)), ([], []))
        if pair.recording not in recordings:
            recordings.append(pair.recording)
        if pair.text not in texts:
            texts.append(pair.text)
    return list(found.values())
