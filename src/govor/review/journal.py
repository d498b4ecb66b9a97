"""Every verdict as one line of JSON, on the disk before anything else happens. Nothing is ever rewritten."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from govor.errors import InputError
from govor.shape import ShapeError, fitted, parsed
from govor.store import readable_error

FILE = "journal.jsonl"
KEEP, DROP, FIXED, UNSURE, UNDO, JOINED = "keep", "drop", "fixed", "unsure", "undo", "joined"
GIVEN = (KEEP, DROP, FIXED, UNSURE)


@dataclass(frozen=True)
class ReviewPiece:
    """A stretch of the recording and what is said in it.

    Attributes:
        start: seconds into the recording; None: its beginning.
        end: seconds; None: its end.
        text: what is said.
    """

    start: float | None
    end: float | None
    text: str


@dataclass(frozen=True)
class VerdictEntry:
    """One act of one reviewer.

    Attributes:
        at: when, in UTC.
        reviewer: who.
        id: of the utterance.
        verdict: one of `GIVEN`, or `UNDO`, which takes the reviewer's verdict back.
        pieces: the utterance as it should be, where that is not as it is; several where it was split.
        joined: ids of the utterances behind it that became part of it.
        comment: whatever else was written.
        seconds: that it took.
        settles: whether it decides between two others.
    """

    at: str
    reviewer: str
    id: str
    verdict: str
    pieces: tuple[ReviewPiece, ...] = ()
    joined: tuple[str, ...] = ()
    comment: str = ""
    seconds: float = 0.0
    settles: bool = False

    @property
    def text(self) -> str:
        """All that is said."""
        return " ".join(piece.text for piece in self.pieces if piece.text)


@dataclass
class VerdictJournal:
    """The file, and all that is in it.

    Attributes:
        path: of the file.
        entries: so far, in order.
    """

    path: Path
    entries: list[VerdictEntry] = field(default_factory=list)
    _file: int = -1

    @classmethod
    def open(cls, path: Path) -> VerdictJournal:
        """Reads it, and opens it for more. A last line that a killed writer left half written goes.

        Raises:
            InputError: a line is damaged.
            MachineError: it cannot be written.
        """
        entries = read_entries(path) if path.exists() else []
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(file, _whole_bytes(path))
            os.lseek(file, 0, os.SEEK_END)
        except OSError as error:
            raise readable_error(error, path) from error
        return cls(path, entries, file)

    def append(self, entry: VerdictEntry) -> None:
        """Adds a line; it is on the disk when this returns.

        Raises:
            DiskFullError: there is no room; the file is as it was.
        """
        line = json.dumps(asdict(entry), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        size = os.fstat(self._file).st_size
        try:
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)
            os.lseek(self._file, size, os.SEEK_SET)
            raise readable_error(error, self.path) from error
        self.entries.append(entry)

    def close(self) -> None:
        """No more is added."""
        os.close(self._file)


def _whole_bytes(path: Path) -> int:
    """Bytes of the lines that are whole."""
    content = path.read_bytes()
    return content.rfind(b"\n") + 1


def read_entries(path: Path) -> list[VerdictEntry]:
    """All whole lines of a journal.

    Raises:
        InputError: one is damaged; it is named.
    """
    entries = []
    for number, line in enumerate(path.read_bytes()[: _whole_bytes(path)].splitlines(), 1):
        try:
            entries.append(fitted(parsed(line), VerdictEntry))
        except (ValueError, ShapeError) as error:
            raise InputError(
                f"{path}, line {number} is damaged ({error}): copy the file again, or remove that line"
            ) from error
    return entries
