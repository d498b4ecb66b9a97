"""Ctrl-C reaches who waits for a lock or is deep in a library; what is in hand comes to its end."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from govor.interrupts import about, at_last, in_hand

BEGIN = """
import hashlib, os, sys, threading, time
from govor import interrupts, store
from pathlib import Path

def farewell():
    print("farewell", flush=True)
    return 42

interrupts.watch(farewell)

def deep_in_a_library():
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # many minutes without a look at signals

def ready():
    print("ready", flush=True)
"""
STOPPING = "govor: stopping; press Ctrl-C again to stop at once\n"


def interrupted(body, presses=1, apart_s=0.2):
    """(exit status, what was printed, what was said) of a program to which Ctrl-C comes when it is ready."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", BEGIN + body], **pipes) as process:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        for _ in range(presses):
            time.sleep(apart_s)
            process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=60)
    return process.returncode, printed, said


def test_a_wait_that_the_system_takes_up_again_is_broken_off():
    """As polars leaves its handler: a signal does not end the wait for a lock."""
    body = """
import polars, signal
signal.siginterrupt(signal.SIGINT, False)
lock = threading.Lock()
lock.acquire()
ready()
try:
    lock.acquire()
except KeyboardInterrupt:
    print("left")
"""
    assert interrupted(body) == (0, "left\n", STOPPING)


@pytest.mark.parametrize("presses", [1, 2])
def test_a_library_that_does_not_return_is_left(presses):
    status, printed, said = interrupted("ready()\ndeep_in_a_library()", presses)
    assert (status, printed, said) == (42, "farewell\n", STOPPING)


def test_what_polars_called_is_left_alone():
    """Rust panics at an exception in it: it is raised a moment later, in code of ours."""
    body = """
done = []
lines = [
    "def called():",
    " ready()",
    " while not interrupts.pressed(): pass",
    " end_s = time.monotonic() + 0.3",
    " while time.monotonic() < end_s: pass",
    " done.append(True)",
]
exec(compile(chr(10).join(lines), os.sep.join(("", "x", "polars", "io.py")), "exec"), globals())
try:
    called()
    time.sleep(10)
except KeyboardInterrupt:
    print("left", done)
"""
    assert interrupted(body) == (0, "left [True]\n", STOPPING)


def test_half_written_files_go_with_the_process(tmp_path):
    body = f"""
with store.atomic_path(Path({str(tmp_path)!r}) / "table") as partial:
    partial.write_text("half")
    ready()
    deep_in_a_library()
"""
    assert interrupted(body)[0] == 42
    assert not list(tmp_path.iterdir())


def test_scratch_folders_go_with_the_process(tmp_path):
    body = f"""
with store.scratch_folder(Path({str(tmp_path)!r}), "rows") as folder:
    (folder / "000000.arrow").write_text("half")
    ready()
    deep_in_a_library()
"""
    assert interrupted(body)[0] == 42
    assert not list(tmp_path.iterdir())


def test_a_removal_that_ctrl_c_breaks_off_is_begun_again():
    done = []

    def remove():
        done.append(len(done))
        if len(done) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), at_last(remove):
        pass
    assert done == [0, 1]


def test_what_is_to_be_removed_is_removed_behind_ctrl_c_wherever_it_came(tmp_path):
    """Between the end of a block and the removal, where nothing holds it any more."""
    body = f"""
block = interrupts.at_last(lambda: Path({str(tmp_path)!r}, "half").unlink(missing_ok=True))
block.__enter__()
Path({str(tmp_path)!r}, "half").write_text("half")
try:
    ready()
    time.sleep(60)
except KeyboardInterrupt:
    interrupts.leave(3)
"""
    assert interrupted(body)[0] == 3
    assert not list(tmp_path.iterdir())


IN_HAND = """
try:
    with interrupts.in_hand(lambda: f"saving, {interrupts.about(20.4)}"):
        ready()
        while not interrupts.pressed():
            time.sleep(0.01)
        time.sleep(WORK_S)
        print("saved", flush=True)
    print("never said")
except KeyboardInterrupt:
    print("left")
"""
SAVING = "govor: saving, about 20 s; press Ctrl-C again to stop at once\n"


def test_what_is_in_hand_comes_to_its_end():
    assert interrupted(IN_HAND.replace("WORK_S", "3")) == (0, "saved\nleft\n", SAVING)


def test_a_second_ctrl_c_breaks_it_off():
    assert interrupted(IN_HAND.replace("WORK_S", "60"), presses=2) == (0, "left\n", SAVING)


def test_an_error_that_ends_what_is_in_hand_is_not_replaced():
    body = """
try:
    with interrupts.in_hand(lambda: "saving"):
        ready()
        while not interrupts.pressed():
            time.sleep(0.01)
        raise ValueError("stopped")
except ValueError:
    time.sleep(0.5)
    print("told")
"""
    assert interrupted(body)[:2] == (0, "told\n")


def test_a_forked_process_has_pythons_own_handler():
    body = """
child = os.fork()
if not child:
    try:
        ready()
        time.sleep(60)
    except KeyboardInterrupt:
        os._exit(7)
time.sleep(0.1)
os.kill(child, 2)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
time.sleep(1)
"""
    status, printed, said = interrupted(body, presses=0)
    assert (status, printed, said) == (0, "child 7\n", "")


def test_python_callers_have_their_handler_back():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), in_hand(lambda: "saving"):
        os.kill(os.getpid(), signal.SIGINT)
        finished = True
    assert finished and signal.getsignal(signal.SIGINT) == before
    with in_hand(lambda: "saving"):  # what was pressed is forgotten
        pass


def test_outside_the_main_thread_signals_are_not_ours():
    told = []

    def work():
        with in_hand(lambda: "saving"):
            told.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == [before]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "about a second"), (20.4, "about 20 s"), (600, "about 10 min")]
)
def test_times_to_wait(seconds, said):
    assert about(seconds) == said


LATE = """
import os
from govor import interrupts
class Late:
    def __del__(self, kill=os.kill, me=os.getpid()):  # behind the end of all modules
        kill(me, 2)
interrupts.watch(lambda: 3)
kept = Late()
interrupts.leave(0)
"""


def test_ctrl_c_while_python_itself_ends_changes_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
