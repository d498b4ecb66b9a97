"""A saved model in a fresh process: what it decodes, and how much memory and time a training step takes.

``python -m govor.preflight.child JOB.json`` prints one JSON object on its last line. A process of its own,
because only there a missing file shows, and because running out of memory ends it and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from govor.errors import GovorError
from govor.memory import fits, is_out_of_memory
from govor.shown import with_class

KILLED = -9


@dataclass(frozen=True)
class DecodeJob:
    """Opens a model and decodes ``wave0``, ``wave1`` … of a file; the answer has texts and dtypes."""

    model: str
    device: str
    precision: str
    waves: str
    languages: Sequence[str | None]
    windows: str = "full"


@dataclass(frozen=True)
class Trial:
    """A batch of clips of these lengths (seconds), in such encoder windows."""

    windows: str
    clips: Sequence[float]


@dataclass(frozen=True)
class StepJob:
    """Takes training steps on batches of given clip lengths, as the run takes them.

    The answer has the seconds of each, and the peak of memory.
    """

    model: str
    device: str
    precision: str
    threads: int
    recipe: Mapping[str, object]
    batches: Sequence[Trial]
    texts: Sequence[str]


@dataclass(frozen=True)
class Answer:
    """What a job came to.

    Attributes:
        texts: hypotheses, or None where none were made.
        dtypes: of the weights.
        seconds: of each step, or None where none was taken.
        peak_bytes: most memory that was held.
        error: why it failed.
        killed: whether memory ended it.
        late: whether it took longer than it may.
        fitted: clips of the largest batch that fit where it did not, by halving; 0 where not even one did, or
            nothing says so.
    """

    texts: Sequence[str] | None = None
    dtypes: Sequence[str] = ()
    seconds: Sequence[float] | None = None
    peak_bytes: int = 0
    error: str = ""
    killed: bool = False
    late: bool = False
    fitted: int = 0


def run_child(job: DecodeJob | StepJob, scratch: Path, timeout_s: float) -> Answer:
    """Runs a job in a fresh process, for no longer than `timeout_s`."""
    task = "decode" if isinstance(job, DecodeJob) else "step"
    path = scratch / f"{task}.json"
    path.write_text(json.dumps({"task": task, "job": asdict(job)}), encoding="utf-8")
    command = [sys.executable, "-m", "govor.preflight.child", str(path)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=max(1.0, timeout_s), check=False
        )
    except subprocess.TimeoutExpired:
        return Answer(late=True)
    if done.returncode == KILLED:
        return Answer(killed=True)
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not answers:
        last = done.stderr.strip().splitlines()[-1:] or [f"it ended with status {done.returncode}"]
        return Answer(error=last[0][:300])
    return Answer(**json.loads(answers[-1]))


def main(path: Path) -> Answer:
    """Does the job in `path`."""
    asked = json.loads(path.read_text(encoding="utf-8"))
    _die_first()
    try:
        if asked["task"] == "decode":
            return decode(DecodeJob(**asked["job"]))
        batches = [Trial(**one) for one in asked["job"]["batches"]]
        return step(StepJob(**{**asked["job"], "batches": batches}))
    except GovorError as error:
        return Answer(error=str(error))
    except Exception as error:
        if is_out_of_memory(error):
            return Answer(killed=True)
        return Answer(error=with_class(error))


def _die_first() -> None:
    """If memory runs out, the kernel ends this process rather than another one."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def decode(job: DecodeJob) -> Answer:
    """Opens the model and decodes."""
    from govor.models import open_model
    from govor.models.base import DecodeOptions, Weighted, sounds

    recogniser = open_model(job.model, device=job.device, precision=job.precision, masters=True)
    with np.load(job.waves) as stored:
        waves = [stored[f"wave{index}"] for index in range(len(job.languages))]
    options = DecodeOptions(windows=job.windows)
    found = recogniser.recognise(sounds(waves, job.languages), options)
    weights = recogniser.model.parameters() if isinstance(recogniser, Weighted) else ()
    dtypes = sorted({str(weight.dtype) for weight in weights})
    return Answer(texts=[one.text for one in found], dtypes=dtypes)


def step(job: StepJob) -> Answer:
    """Takes the steps.

    A first one, on the last batch, is not counted: with it the optimiser gets its state, which lies in memory
    at every later one.
    """
    import torch

    from govor.config import recipe_from
    from govor.models.build import adjust_model, resume_model

    recipe = recipe_from(dict(job.recipe))
    family: Any = resume_model(recipe.model, Path(job.model), device=job.device, precision=job.precision)
    adjust_model(family.model, recipe.train)
    if job.threads:
        torch.set_num_threads(job.threads)
    family.model.train()
    trained = [p for p in family.model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-6, fused=True)  # fused, as training has it

    def timed(batch: Trial) -> float:
        return _timed_step(family, optimiser, batch, job.texts)

    seconds: list[float] = []
    timed(job.batches[-1])
    if not fits(lambda: seconds.append(timed(job.batches[0]))):
        return Answer(killed=True, fitted=largest_that_fits(timed, job.batches[0]))
    seconds += [timed(batch) for batch in job.batches[1:]]
    return Answer(seconds=seconds, peak_bytes=_peak_bytes(family.device))


def largest_that_fits(attempt: Callable[[Trial], object], batch: Trial) -> int:
    """Clips of a batch that did not fit which do, halved until they do; 0 where not even one does."""
    clips = batch.clips
    while len(clips) > 1:
        clips = clips[: len(clips) // 2]
        part = Trial(batch.windows, clips)
        if fits(lambda part=part: attempt(part)):  # type: ignore[misc]
            return len(clips)
    return 0


def _timed_step(family: Any, optimiser: Any, batch: Trial, texts: Sequence[str]) -> float:
    """Seconds of one step on ``clips`` (lengths in seconds) in encoder ``windows``."""
    import torch

    from govor.models.base import EncoderWindows

    windows = EncoderWindows(batch.windows)
    examples = [_noise(family, clip_s, texts[n % len(texts)]) for n, clip_s in enumerate(batch.clips)]
    start_s = time.perf_counter()
    loss, units = family.loss(family.collate(examples, windows))
    if loss.requires_grad:
        torch.autograd.backward(loss / max(units, 1))
    optimiser.step()
    optimiser.zero_grad()
    if family.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start_s


def _noise(family: Any, clip_s: float, text: str) -> Any:
    from govor.features import Example

    generator = np.random.default_rng(0)
    wave = (0.1 * generator.standard_normal(round(clip_s * family.sample_rate))).astype(np.float32)
    features = family.extractor(wave)
    labels = tuple(family.encode_text(text, None, clip_s))
    return Example("noise", features, labels, clip_s, padding=family.extractor.padding(features))


def _peak_bytes(device: Any) -> int:
    import torch

    if device.type == "cuda":
        return int(torch.cuda.max_memory_reserved(device))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    print(json.dumps(asdict(main(Path(sys.argv[1])))))
