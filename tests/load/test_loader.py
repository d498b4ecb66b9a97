"""Batches by worker processes: the same for any number of them."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from govor.errors import MachineError
from govor.features import LogMelSpec
from govor.load import ClipWork, Dataset, Loader, epoch_batches


@dataclass(frozen=True)
class Noise:
    """Adds noise that hangs on (seed, epoch, id)."""

    seed: int = 3

    def wave(self, samples, epoch, utterance):
        key = np.array([self.seed, epoch * 1_000 + int(utterance.split("-")[1])], np.uint64)
        draw = np.random.Generator(np.random.Philox(key=key))
        return samples + draw.normal(0, 0.01, len(samples)).astype(np.float32)

    def features(self, values, epoch, utterance):
        return values + np.float32(epoch)


@dataclass(frozen=True)
class DiesOnce:
    """Kills its worker at one clip, the first time."""

    marker: str
    always: bool = False

    def wave(self, samples, epoch, utterance):
        if utterance == "train-7" and (self.always or not os.path.exists(self.marker)):
            open(self.marker, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return samples

    def features(self, values, epoch, utterance):
        return values


def loaded(folder, workers, augmenter=None, epoch=1):
    dataset = Dataset.open(folder)
    steps = epoch_batches(dataset.durations("train"), seed=0, epoch=epoch, batch_s=8.0, max_batch=8)
    work = ClipWork(dataset, "train", LogMelSpec(), augmenter)
    with Loader(work, dataset.table("train")["id"].to_list(), workers=workers) as loader:
        return list(loader.load([ranks[0] for ranks in steps], epoch))


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_change_nothing(folder, workers):
    alone = loaded(folder, 0, Noise())
    together = loaded(folder, workers, Noise())
    assert len(alone) == len(together) > 5
    for one, other in zip(alone, together, strict=True):
        assert [c.row for c in one] == [c.row for c in other]
        for a, b in zip(one, other, strict=True):
            assert np.array_equal(a.features, b.features) and a.padding == b.padding


def test_workers_never_touch_the_global_streams(folder):
    torch = pytest.importorskip("torch")
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    loaded(folder, 2, Noise())
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(numpy_before, np.random.get_state()[1])


def test_killed_worker_is_replaced(folder, tmp_path):
    clips = loaded(folder, 2, DiesOnce(str(tmp_path / "died")))
    assert (tmp_path / "died").exists()
    assert sorted(c.row for batch in clips for c in batch) == list(range(50))


def test_worker_that_always_dies_is_named(folder, tmp_path):
    with pytest.raises(MachineError, match=r"SIGKILL.*train-7"):
        loaded(folder, 1, DiesOnce(str(tmp_path / "died"), always=True))


def test_unusable_clip_is_set_aside(folder, monkeypatch):
    content = Dataset.clip_bytes

    def broken(self, split, row):
        return b"fLaC" if row == 4 else content(self, split, row)

    monkeypatch.setattr(Dataset, "clip_bytes", broken)
    clips = {c.row: c for batch in loaded(folder, 0) for c in batch}
    assert clips[4].features is None and clips[4].reason and "row 4" in clips[4].detail
    assert sum(c.features is None for c in clips.values()) == 1


def test_leaving_early_and_going_on(folder):
    dataset = Dataset.open(folder)
    work = ClipWork(dataset, "train", LogMelSpec())
    ids = dataset.table("train")["id"].to_list()
    with Loader(work, ids, workers=2) as loader:
        for clips in loader.load([[0], [1], [2], [3], [4]], epoch=0):
            assert clips[0].row == 0
            break
        assert [c[0].row for c in loader.load([[7], [8], [9]], epoch=0)] == [7, 8, 9]


def test_workers_end_with_their_parent(folder, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from govor.features import LogMelSpec
from govor.load import ClipWork, Dataset, Loader
if __name__ == "__main__":
    dataset = Dataset.open({str(folder)!r})
    loader = Loader(ClipWork(dataset, "train", LogMelSpec()), dataset.table("train")["id"].to_list())
    stream = loader.load([[0], [1], [2], [3], [4], [5]], epoch=0)
    next(stream)
    print(*[w._process.pid for w in loader._workers], flush=True)
    time.sleep(60)
"""
    )
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    children = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(children) == 2
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while any(_alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in children)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.parametrize("guarded", [True, False])
def test_the_documented_script_runs_and_says_what_it_must_not_leave_out(folder, tmp_path, guarded):
    text = (Path(__file__).parents[2] / "docs" / "load.md").read_text()
    code = text.partition("```python\n")[2].partition("```")[0].replace("fsdd/dataset", str(folder))
    if not guarded:
        code = code.replace('if __name__ == "__main__":', "if True:")
    (tmp_path / "script.py").write_text(code)
    ran = subprocess.run(
        [sys.executable, tmp_path / "script.py"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == (0 if guarded else 1)
    assert (
        guarded
        or "put the code that starts a Loader under if __name__ == '__main__':" in ran.stderr.splitlines()[-1]
    )
