"""Arrow arrays made without pyarrow's own conversion, and what that is for: lean processes."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.prepare.arrow import binaries, integers, numbers, strings, taken


@settings(deadline=None)
@given(st.lists(st.text()))
def test_strings(values):
    assert strings(values).to_pylist() == values
    assert strings(values).type == pa.string()


@settings(deadline=None)
@given(st.lists(st.binary()))
def test_binaries(values):
    assert binaries(values).equals(pa.array(values, pa.binary()))


def test_numbers():
    assert numbers(np.array([1.5, -2.0])).equals(pa.array([1.5, -2.0]))
    assert numbers(np.array([1, 2])).equals(pa.array([1, 2]))


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5)), st.integers(0, 3), st.integers(0, 3))
def test_integers_of_pieces_and_slices(values, skip, size):
    whole = pa.array(values, pa.int32())
    column = pa.chunked_array([whole, whole[skip : skip + size]], pa.int32())
    assert integers(column).tolist() == column.to_pylist()


@settings(deadline=None)
@given(st.lists(st.integers(0, 9)))
def test_taken_rows_are_those_asked_for(rows):
    table = pa.table({"n": pa.array(range(10, 20)), "s": [None, *"abcdefghi"]})
    wanted = [table.slice(row, 1).to_pylist()[0] for row in rows]
    assert taken(table, np.array(rows, np.int64)).to_pylist() == wanted


WATCH_IMPORTS = """
import os, sys
def watch(event, args):
    if event == "import" and args[0] in ("pandas", "torch", "datasets", "matplotlib", "fsspec"):
        who = "worker" if any("govor.audio.child" in word for word in sys.orig_argv) else "parent"
        with open(os.environ["IMPORTS_SEEN"], "a") as file:
            file.write(f"{who} {args[0]}\\n")
sys.addaudithook(watch)
with open(os.environ["IMPORTS_SEEN"], "a") as file:
    file.write("started\\n")
"""


def test_no_process_imports_what_it_does_not_need(tiny_corpus, tmp_path, in_workers, monkeypatch):
    in_workers(WATCH_IMPORTS)
    monkeypatch.setenv("IMPORTS_SEEN", str(tmp_path / "seen"))
    command = [sys.executable, "-m", "govor", "prepare", tiny_corpus, "--out", tmp_path / "out"]
    subprocess.run(command, check=True, capture_output=True)
    seen = (tmp_path / "seen").read_text().split("\n")
    assert seen.count("started") >= 2
    assert set(seen) == {"started", ""}
