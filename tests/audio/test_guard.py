"""A child that crashes, hangs or eats memory is named and replaced."""

import os
import signal
import subprocess
import sys
import time

import pytest
from guarded import code_of

from govor.audio.guard import GuardedWorker
from govor.errors import AudioError


def test_a_worker_survives_everything_it_is_given(start):
    with GuardedWorker(stall_s=0.5, start=start) as worker:
        assert code_of(worker, "os:abort") == "crashed"
        assert code_of(worker, "time:sleep", 60) == "stalled"
        assert code_of(worker, "numpy:zeros", 10**10) == "out_of_memory"
        assert code_of(worker, "signal:raise_signal", signal.SIGKILL) == "killed"
        assert worker.call("operator:add", 2, 3) == 5


def test_what_is_said_to_the_whole_group_is_for_the_parent_to_obey(start):
    with GuardedWorker(start=start) as worker:
        for number in (signal.SIGINT, signal.SIGTERM):
            worker.call("signal:raise_signal", number)
        assert worker.call("operator:add", 2, 3) == 5


def test_audio_errors_come_through_with_their_code(tmp_path, start):
    with GuardedWorker(start=start) as worker, pytest.raises(AudioError) as caught:
        worker.call("govor.audio:probe", str(tmp_path / "none.wav"))
    assert caught.value.code == "missing"


def test_an_orphan_ends_by_itself():
    script = (
        "import os, time, threading\n"
        "from govor.audio.guard import GuardedWorker\n"
        "w = GuardedWorker(); w.call('operator:add', 1, 1); print(w.pid, flush=True)\n"
        "w.call('time:sleep', 600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline_s = time.monotonic() + 10
    while _alive(child) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert not _alive(child)


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
