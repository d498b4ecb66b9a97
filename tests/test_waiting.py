"""Waits in pieces come to the same as one long wait."""

import multiprocessing
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from govor.waiting import LOOK_S, join, receive, result_of


def later(act):
    timer = threading.Timer(1.5 * LOOK_S, act)
    timer.start()
    return timer


def test_a_result_comes_when_it_comes():
    with ThreadPoolExecutor(1) as pool:
        event = threading.Event()
        later(event.set)
        assert result_of(pool.submit(lambda: event.wait() and 5)) == 5


def test_what_the_work_raises_is_raised_be_it_a_time_out():
    def fail():
        raise TimeoutError("of the work")

    with ThreadPoolExecutor(1) as pool, pytest.raises(TimeoutError, match="of the work"):
        result_of(pool.submit(fail))


def test_threads_and_pipes():
    said = []
    join(later(lambda: said.append(1)))
    assert said == [1]
    ours, theirs = multiprocessing.Pipe()
    later(lambda: theirs.send("said"))
    assert receive(ours) == "said"
    theirs.close()
    with pytest.raises(EOFError):
        receive(ours)


CHILD = """
import os, time
from govor.waiting import end_with_parent
end_with_parent(lambda: os._exit(0))
print("begun", flush=True)
time.sleep(60)
os.write(2, b"too late")
"""
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
"""


def test_a_process_ends_with_the_one_that_started_it():
    """The pipe of errors is at its end when both are gone."""
    ran = subprocess.run([sys.executable, "-c", PARENT, CHILD], capture_output=True, text=True)
    assert ran.stderr == ""
