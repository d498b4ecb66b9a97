"""SIGKILL at any moment, to anybody, any number of times: the same bytes at the end."""

import itertools
import random
import time

import pytest

from govor.config import PrepareConfig
from govor.prepare import prepare_corpus
from prepare_helpers import Run, noise_corpus, tree, wait_until

KILLS, KILLS_IN_WRITES = 27, 5
SHARD = "--shard-bytes", "400000"


class Killer:
    """Starts runs on one target and kills them at random moments, half of them in the middle of a write."""

    def __init__(self, corpus, seed, whole_s):
        self.corpus, self.rng, self.whole_s = corpus, random.Random(seed), whole_s
        self.kills = {"group": 0, "worker": 0, "parent": 0}
        self.in_writes = 0

    def start(self, out):
        return Run(self.corpus, out, *SHARD, "--workers", str(self.rng.randint(1, 3)))

    def _writes(self, run, known):
        partial = run.out.glob("data/.*partial*")
        return run.ended() or any(path.name not in known for path in partial)

    def wait(self, run, known, how):
        """Lets `run` come to its last moment; True when it is writing then."""
        if how == "worker":
            wait_until(lambda: run.ended() or run.workers())
        if self.rng.random() < 0.5:
            wait_until(lambda: self._writes(run, known))
            return True
        wait_until(run.ended, self.rng.uniform(0.2, 0.9 * self.whole_s))
        return False

    def strike(self, out):
        """One run, killed; False when it had ended before."""
        known = {path.name for path in out.glob("data/.*partial*")}
        how = min(self.kills, key=self.kills.get)
        run = self.start(out)
        writing = self.wait(run, known, how)
        if run.ended() or (how == "worker" and not run.kill_worker(self.rng.randrange(9))):
            status, _, err = run.finish()
            assert status == 0, err
            return False
        if how == "group":
            run.kill_group()
        elif how == "parent":
            assert run.kill_parent(), "orphans went on"
        else:
            status, _, err = run.finish()
            assert status == 0, err
        self.kills[how] += 1
        self.in_writes += writing
        return how != "worker"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_any_kills_give_the_bytes_of_an_undisturbed_run(tmp_path):
    corpus = noise_corpus(tmp_path, recordings=8, seconds=60)
    begun_s = time.monotonic()
    assert Run(corpus, tmp_path / "calm", *SHARD, "--workers", "2").finish()[0] == 0
    killer = Killer(corpus, seed=0, whole_s=time.monotonic() - begun_s)
    wanted = tree(tmp_path / "calm")
    for target in itertools.count():  # always a new one: on a finished target there is nobody left to kill
        if sum(killer.kills.values()) >= KILLS and killer.in_writes >= KILLS_IN_WRITES:
            break
        out = tmp_path / f"after{target}"
        for _ in range(6):
            if not killer.strike(out):
                break
        status, _, err = killer.start(out).finish()
        assert status == 0, err
        assert tree(out) == wanted
        assert not list((out / ".prepare" / "verdicts").iterdir())
    print(killer.kills, killer.in_writes)
    assert min(killer.kills.values()) >= KILLS // 3


@pytest.mark.slow
def test_a_second_run_on_the_same_target_stops(tmp_path):
    corpus = noise_corpus(tmp_path, recordings=6, seconds=60)
    first = Run(corpus, tmp_path / "out", *SHARD)
    assert wait_until(lambda: (tmp_path / "out" / "data").exists())
    status, _, err = Run(corpus, tmp_path / "out", *SHARD).finish()
    assert status == 1 and "is being written by process" in err and "Traceback" not in err
    assert first.finish()[0] == 0


def test_a_lost_worker_is_replaced(noise, tmp_path):
    run = Run(noise, tmp_path / "out", "--workers", "1")
    assert wait_until(lambda: run.kill_worker(0))
    status, _, err = run.finish()
    assert status == 0, err
    prepare_corpus(noise, str(tmp_path / "calm"), PrepareConfig(workers=1))
    assert tree(tmp_path / "out") == tree(tmp_path / "calm")
