"""What a worker tells while it lives, and what counts when it is lost."""

import pyarrow as pa

from govor.audio.guard import WorkerLostError
from govor.config import PrepareConfig
from govor.prepare.provenance import stored_recordings
from govor.prepare.schema import ShardFacts
from govor.prepare.settings import Settings
from govor.prepare.supervisor import Supervisor
from govor.prepare.target import LocalTarget
from govor.prepare.task import Beat, Opening, Restart, ShardDone, Task
from govor.prepare.verdicts import Verdicts

RATE = 16_000
SETTINGS = Settings("flac", RATE, 10**8, 10**8, 3_600.0, 30.0, {})


def done(name):
    return ShardDone(name, ShardFacts("key", 1, 5 * RATE, "content", []), (), 7)


class DiesOnce:
    """A worker that dies when it has finished one of two shards and begun the other."""

    def __init__(self):
        self.tasks = []

    def messages(self, target, task, *, stopped):
        self.tasks.append(task)
        for number in sorted(task.shards):
            yield Beat(5.0)
            if len(self.tasks) == 1 and number == 1:
                raise WorkerLostError("was killed", "killed")
            yield done(task.shards[number][0])


def supervised(worker, tmp_path):
    target = LocalTarget(tmp_path)
    supervisor = Supervisor(target, Verdicts(target), PrepareConfig())
    supervisor._worker = worker
    shards = {0: ("zero", "key"), 1: ("one", "key")}
    return target, list(supervisor.run(Task(shards, b"", pa.schema([]), "/audio", "/out", SETTINGS)))


def test_seconds_lost_with_a_worker_count_once(tmp_path):
    worker = DiesOnce()
    target, events = supervised(worker, tmp_path)
    beats_s = [event.seconds for event in events if isinstance(event, Beat)]
    assert beats_s == [5.0, 5.0, -5.0, 5.0]
    assert [event.name for event in events if isinstance(event, ShardDone)] == ["zero", "one"]
    assert [sorted(task.shards) for task in worker.tasks] == [[0, 1], [1]] and worker.tasks[1].careful
    assert stored_recordings(target, "one") == []


class ChangesDecoders:
    """A worker that begins its task anew."""

    def messages(self, target, task, *, stopped):
        yield from (Opening("a"), Beat(3.0), Restart(), Beat(5.0), done("zero"), Beat(5.0), done("one"))


def test_what_only_the_supervisor_needs_stays_with_it(tmp_path):
    _, events = supervised(ChangesDecoders(), tmp_path)
    assert [type(event) for event in events] == [Beat, Beat, Beat, ShardDone, Beat, ShardDone]
    assert sum(event.seconds for event in events if isinstance(event, Beat)) == 10.0
