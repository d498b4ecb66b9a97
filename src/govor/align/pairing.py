"""Which text belongs to which recording: by a list, by names, or by what was heard."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from govor.align.documents import READERS
from govor.corpora.beside import is_audio
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
DELIMITERS = (",", "\t", ";")
"""Of tables of pairs; the first that finds the most pairs."""


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
    """Files whose names without suffixes are the same, case and normal form aside.

    Where several folders have the name, those belong together whose folders are named alike.
    """
    by_stem: dict[str, list[str]] = {}
    for text in texts:
        by_stem.setdefault(_stem(text), []).append(text)
    found = [Pair(recording, text) for recording in recordings for text in by_stem.get(_stem(recording), ())]
    alike = {pair: _folders_alike(pair) for pair in found}
    best: dict[str, int] = {}
    for pair, count in alike.items():
        for name in (f"r{pair.recording}", f"t{pair.text}"):
            best[name] = max(best.get(name, 0), count)
    return [p for p in found if alike[p] == best[f"r{p.recording}"] == best[f"t{p.text}"]]


def _folders_alike(pair: Pair) -> int:
    """How many folders above the two files have the same names, from the files upwards."""
    above = [[_plain(part) for part in Path(name).parts[-2::-1]] for name in (pair.recording, pair.text)]
    return sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(*above, strict=False)))


def _stem(name: str) -> str:
    return _plain(Path(name).stem)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def read_pairs(file: Path, recordings: Sequence[str], texts: Sequence[str]) -> list[Pair]:
    """The pairs of a table: a recording and a text in each line; a line of titles may come first.

    Cells stand between tabs, commas or semicolons. Paths count from here, or from the table's folder.

    Raises:
        CorpusError: the file cannot be read, or a line names a file that is not among those given, or that
            could be several.
    """
    try:
        lines = [line for line in decode(file).split("\n") if line.strip()]
    except (OSError, TimedTextError) as error:
        why = getattr(error, "strerror", None) or error
        raise CorpusError(f"--pairs {file} cannot be read ({why}): check its name") from None
    known = _KnownFiles(file.parent, recordings), _KnownFiles(file.parent, texts)
    tables = [_table(lines, mark, file) for mark in DELIMITERS]
    rows = max(tables, key=lambda table: sum(all(_meant(row, known)) for row in table))
    found = [pair for number, row in enumerate(rows, 1) if (pair := _pair(file, number, row, known))]
    if not found:
        raise CorpusError(f"--pairs {file} has no pair: write a recording, a comma and a text in each line")
    return list(dict.fromkeys(found))


def _table(lines: Sequence[str], mark: str, file: Path) -> list[list[str]]:
    try:
        return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)]
    except csv.Error as error:
        raise CorpusError(f"--pairs {file} cannot be read as a table ({error}): look at its quotes") from None


def _meant(row: Sequence[str], known: tuple[_KnownFiles, _KnownFiles]) -> list[list[str]]:
    """The files that a row's recording and text may mean."""
    if len(row) < 2:
        return [[], []]
    return [files.meant(cell) for cell, files in zip(row[:2], known, strict=True)]


def _pair(file: Path, number: int, row: Sequence[str], known: tuple[_KnownFiles, _KnownFiles]) -> Pair | None:
    """The pair of a row; None for a line of titles.

    Raises:
        CorpusError: the row names no pair.
    """
    meant = _meant(row, known)
    told = f"--pairs {file}, line {number}"
    for cell, names in zip(row[:2], meant, strict=False):
        if len(names) > 1:
            raise CorpusError(f"{told}: {cell!r} could be {' or '.join(names[:3])}: write more of its path")
    if all(meant):
        if any(known[1].meant(cell) for cell in row[2:]):
            raise CorpusError(
                f"{told} names several texts: write each beside the recording in a line of its own"
            )
        return Pair(meant[0][0], meant[1][0])
    if number == 1 and not any(meant) and not any(map(_is_file_name, row[:2])):
        return None
    raise CorpusError(
        f"{told}: {shortened(', '.join(row), MOST_SHOWN)!r} names no recording and text of those given: "
        "write a recording, a comma and a text"
    )


def _is_file_name(cell: str) -> bool:
    return is_audio(cell) or Path(cell).suffix.lower() in READERS


class _KnownFiles:
    """Files that cells of a table may name.

    Args:
        folder: of the table.
        names: the files as they were given.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._by_place: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        for name in names:
            self._by_place.setdefault(_place(Path(name)), []).append(name)
            self._by_name.setdefault(_nfc(Path(name).name), []).append(name)
            self._by_name.setdefault(_nfc(Path(name).stem), []).append(name)

    def meant(self, cell: str) -> list[str]:
        """The files that a cell may mean: by its path, by the end of it, or by a name without suffix."""
        if not cell:
            return []
        places = (_place(folder / cell) for folder in (Path(), self._folder))
        found = [name for place in places for name in self._by_place.get(place, ())]
        if found:
            return found[:1]
        path = Path(cell if "/" in cell else cell.replace("\\", "/"))
        parts = tuple(map(_nfc, path.parts))
        near = list(dict.fromkeys(self._by_name.get(_nfc(path.name), ())))
        return [name for name in near if tuple(map(_nfc, Path(name).parts))[-len(parts) :] == parts] or (
            near if len(parts) == 1 else []
        )


def _place(path: Path) -> str:
    """Where a file is, links not followed."""
    return _nfc(os.path.abspath(path))  # noqa: PTH100


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


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
