"""Children of the server are guarded as others are, and each is a fresh one."""

import os
import resource
import signal
import sys
import threading
import time

import pytest

from govor.audio.fork_server import ForkServer
from govor.audio.guard import GuardedWorker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the fork server")


def test_limits_are_the_childs_own(server):
    with GuardedWorker(memory_bytes=10**9, cpu_s=60, start=server.start) as bound:
        assert bound.call("resource:getrlimit", resource.RLIMIT_AS)[0] <= 10**9
        assert bound.call("resource:getrlimit", resource.RLIMIT_CPU)[0] <= 60
    with GuardedWorker(memory_bytes=0, start=server.start) as free:
        for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU):
            assert free.call("resource:getrlimit", kind) == resource.getrlimit(kind)


def test_what_one_does_to_its_child_the_next_does_not_see(server):
    with GuardedWorker(start=server.start) as first:
        first.call("os:chdir", "/tmp")
        assert first.call("os:getcwd") == "/tmp"
        pid = first.pid
    with GuardedWorker(start=server.start) as second:
        assert second.pid != pid
        assert second.call("os:getcwd") == os.getcwd() != "/tmp"


def test_a_child_holds_nothing_of_its_siblings(server):
    with GuardedWorker(start=server.start) as first:
        alone = len(first.call("os:listdir", "/proc/self/fd"))
        with GuardedWorker(start=server.start) as second:
            assert len(second.call("os:listdir", "/proc/self/fd")) == alone


def test_a_server_that_was_ended_is_started_again(server):
    with GuardedWorker(start=server.start) as worker:
        parent = int(worker.call("os:getppid"))
        os.kill(parent, signal.SIGKILL)
        assert worker.call("operator:add", 2, 3) == 5
    with GuardedWorker(start=server.start) as worker:
        assert worker.call("operator:add", 2, 3) == 5
        assert worker.call("os:getppid") != parent


def test_what_is_said_to_the_whole_group_is_for_the_parent_to_obey(server):
    with GuardedWorker(start=server.start) as worker:
        parent = int(worker.call("os:getppid"))
        for pid in (parent, worker.pid):
            for number in (signal.SIGINT, signal.SIGTERM):
                os.kill(pid, number)
        assert worker.call("os:getppid") == parent


def test_children_outlive_a_closed_server_but_not_their_parent():
    server = ForkServer()
    with GuardedWorker(start=server.start) as worker:
        worker.call("operator:add", 2, 3)
        server.close()
        assert worker.call("operator:add", 2, 3) == 5
        pid = worker.pid
    deadline_s = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{pid}")


def test_many_threads_start_children_at_once(server):
    found = []

    def work(number):
        with GuardedWorker(start=server.start) as worker:
            found.append(worker.call("operator:add", number, 1))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, 9))
