"""Files appear whole or not at all; locks go with their process; fingerprints are stable."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from govor.errors import BusyError, DiskFullError, InputError, MachineError
from govor.store import (
    atomic_path,
    fingerprint,
    free_bytes,
    free_place,
    is_there,
    locked,
    read_json,
    readable_bytes,
    readable_seconds,
    require_space,
    require_writable,
    scratch_folder,
    write_json,
    write_text,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), atomic_path(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_scratch_folder_goes_whatever_happens_in_it(tmp_path):
    with pytest.raises(RuntimeError), scratch_folder(tmp_path, "rows") as folder:
        assert folder.parent == tmp_path
        (folder / "half").write_text("half")
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_a_scratch_folder_among_everybodys_files_is_this_users_alone():
    with scratch_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_a_full_disk_is_one_clear_sentence(tmp_path):
    with (
        pytest.raises(DiskFullError, match=r"no space left while writing .*a\.txt"),
        atomic_path(tmp_path / "a.txt"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_room_is_checked_before_it_is_spent(tmp_path):
    require_space(tmp_path / "not" / "yet", 1, "a test")
    with pytest.raises(DiskFullError, match=r"a test needs .* are free"):
        require_space(tmp_path, free_bytes(tmp_path) * 10, "a test")


def test_a_second_process_is_told_who_holds_the_folder(tmp_path):
    code = f"""
from pathlib import Path
from govor.store import locked
with locked(Path({str(tmp_path)!r})):
    print("held", flush=True)
    input()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=str(holder.pid)), locked(tmp_path):
            pass
        holder.kill()
    with locked(tmp_path):  # the lock went with its process
        pass


def test_fingerprints_do_not_depend_on_key_order():
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


def test_broken_json_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(InputError, match=r"x\.json is not valid JSON"):
        read_json(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (1_300_000_000_000, "1.3 TB"), (740e6, "740 MB")]
)
def test_bytes_for_people(count, text):
    assert readable_bytes(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(1.25, "1.2 s"), (200, "3 min 20 s"), (18_600, "5 h 10 min")])
def test_seconds_for_people(seconds, text):
    assert readable_seconds(seconds) == text


def test_a_full_disk_is_known_in_errors_of_other_kinds(tmp_path):
    """safetensors has an error of its own, and so has SQLite."""
    rust = "Error while serializing: I/O error: No space left on device (os error 28)"
    for text in (rust, "database or disk is full"):
        with pytest.raises(DiskFullError, match="no space left"), atomic_path(tmp_path / "a"):
            raise RuntimeError(text)


def test_a_page_that_polars_could_not_write_is_a_full_disk_where_the_disk_is_full(tmp_path, monkeypatch):
    """Where there is room, the same text is about what was read meanwhile."""

    def written():
        with atomic_path(tmp_path / "a"):
            raise pl.exceptions.ComputeError(
                "parquet: File out of specification: Invalid thrift: transport error"
            )

    with pytest.raises(pl.exceptions.ComputeError):
        written()
    monkeypatch.setattr("govor.store.free_bytes", lambda folder: 4096)
    with pytest.raises(DiskFullError, match=r"no space left while writing .*a: free some"):
        written()


def test_a_target_whose_name_is_not_utf8_is_one_sentence(tmp_path):
    target = tmp_path / "caf\udce9" / "table"
    with pytest.raises(MachineError, match="its name is not UTF-8"), atomic_path(target) as partial:
        str(partial).encode()


def test_names_that_are_not_utf8_come_back_out_of_json(tmp_path):
    write_json(tmp_path / "a.json", {"audio": "na\udcefve.wav"})
    assert read_json(tmp_path / "a.json") == {"audio": "na\udcefve.wav"}


def test_errors_of_libraries_in_rust_are_known_by_their_text(tmp_path):
    full = OSError("No space left on device (os error 28)")
    assert full.errno is None
    with pytest.raises(DiskFullError, match="no space left"), atomic_path(tmp_path / "a"):
        raise full
    with pytest.raises(MachineError, match="cannot be written"), atomic_path(tmp_path / "a"):
        raise OSError("Permission denied (os error 13)")


def test_a_read_only_disk_is_one_sentence(tmp_path, monkeypatch):
    """It refuses even the removal of a file that is not there."""

    def refused(self, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    for call in ("open", "unlink"):
        monkeypatch.setattr(Path, call, refused)
    target = tmp_path / "words.arpa"
    with pytest.raises(MachineError) as caught:
        write_text(target, "text")
    assert str(caught.value) == f"{target} cannot be written (Read-only file system): choose another target"


def test_a_folder_that_cannot_be_written_is_named_itself(tmp_path, monkeypatch):
    require_writable(tmp_path / "a" / "clips")
    assert (tmp_path / "a" / "clips").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match=r"file/clips cannot be written \(Not a directory\)"):
        require_writable(tmp_path / "file" / "clips")
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(MachineError, match="a/clips cannot be written: choose another target"):
        require_writable(tmp_path / "a" / "clips")


def test_what_no_file_can_be_called_is_not_there(tmp_path):
    assert is_there(tmp_path) and not is_there(tmp_path / "a") and not is_there(tmp_path / ("a" * 5000))


def test_the_first_free_number_is_taken(tmp_path):
    assert free_place(tmp_path, "run-before") == tmp_path / "run-before-1"
    (tmp_path / "run-before-1").mkdir()
    (tmp_path / "run-before-3").write_text("")
    assert free_place(tmp_path, "run-before") == tmp_path / "run-before-2"
