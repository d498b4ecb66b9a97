"""Verdicts on the disk: whole lines, half lines, full disks."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from govor.errors import DiskFullError, InputError
from govor.review.journal import ReviewPiece, VerdictEntry, VerdictJournal, read_entries

ONE = VerdictEntry(
    "2026-11-29T10:00:00+00:00", "Ana", "u1", "fixed", (ReviewPiece(0.5, None, "šta\u2028god"),), ("u2",)
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = VerdictJournal.open(path)
    journal.append(ONE)
    journal.append(replace(ONE, id="u3", pieces=()))
    journal.close()
    assert read_entries(path) == [ONE, replace(ONE, id="u3", pieces=())]


def test_a_line_that_was_cut_off_goes_and_the_next_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = VerdictJournal.open(path)
    journal.append(ONE)
    journal.close()
    path.write_bytes(path.read_bytes() + b'{"at": "2026')
    journal = VerdictJournal.open(path)
    journal.append(replace(ONE, id="u9"))
    journal.close()
    assert [entry.id for entry in read_entries(path)] == ["u1", "u9"]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "j").write_text('{"at": 1}\n')
    with pytest.raises(InputError, match=r"j, line 1 is damaged"):
        read_entries(tmp_path / "j")


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = VerdictJournal.open(tmp_path / "journal.jsonl")
    journal.append(ONE)
    write = os.write

    def full(file: int, content: bytes) -> int:
        if len(content) > 10:
            return write(file, content[:10])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", lambda file, content: full(file, content))
    monkeypatch.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(DiskFullError, match="no space left"):
        journal.append(replace(ONE, id="u2"))
    monkeypatch.undo()
    journal.append(replace(ONE, id="u3"))
    journal.close()
    assert [entry.id for entry in read_entries(tmp_path / "journal.jsonl")] == ["u1", "u3"]
