"""What a worker tells while it lives, and what counts when it is lost."""

import pyarrow as pa

from govor.audio.guard import WorkerLostError
from govor.prepare.facts import Finished, ShardFacts
from govor.prepare.settings import Settings
from govor.prepare.supervisor import Supervisor
from govor.prepare.task import Task

RATE = 16_000
SETTINGS = Settings("flac", RATE, 10**8, 10**8, 3_600.0, 30.0, {})


class NoVerdicts:
    def codes(self):
        return {}


class DiesOnce:
    """A worker that dies when it has finished one of two shards and begun the other."""

    def __init__(self):
        self.tasks = []

    def call(self, target, task, *, on_message, stopped):
        self.tasks.append(task)
        for number in sorted(task.shards):
            on_message(("beat", 5.0, 0))
            if len(self.tasks) == 1 and number == 1:
                raise WorkerLostError("was killed", "killed")
            facts = ShardFacts("key", 1, 5 * RATE, "content", [])
            on_message(("shard", Finished(task.shards[number][0], facts, ())))
        return 7


def test_seconds_lost_with_a_worker_count_once():
    supervisor = Supervisor(NoVerdicts(), 60.0, 0, lambda: False)
    supervisor._worker = worker = DiesOnce()
    shards = {0: ("zero", "key"), 1: ("one", "key")}
    heard, arrived = [], []
    task = Task(shards, b"", pa.schema([]), "/audio", "/out", SETTINGS)
    peak = supervisor.run(task, lambda seconds, _: heard.append(seconds), lambda f: arrived.append(f.name))
    assert (peak, arrived) == (7, ["zero", "one"])
    assert heard == [5.0, 5.0, -5.0, 5.0]
    assert [sorted(task.shards) for task in worker.tasks] == [[0, 1], [1]] and worker.tasks[1].careful
