"""Decoding of a split that survives kills: parts on disk, fixed batches, one file at the end.

Every worker plans the batches of all rows alike and takes its own in turn, so neither the number of workers
nor a kill changes which clips are padded together, and so not one hypothesis either.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from govor.console import Progress, progress, say
from govor.errors import DatasetError, GovorError, MachineError
from govor.evaluate.decode import ClipResult, Clips, batch_seconds, decode_batches, plan_for
from govor.evaluate.hypotheses import Appender, HypothesisLine, as_line, read_lines
from govor.load.workers import signals_held
from govor.models.base import ModelFacts, PromptFacts, prompt_of, require_language
from govor.store import atomic_path, fingerprint, read_json, write_json
from govor.waiting import end_with_parent

if TYPE_CHECKING:
    from govor.models.base import DecodeOptions, Recogniser

POLL_S = 0.5


@dataclass(frozen=True)
class SplitDecoding:
    """What is decoded, and how.

    Attributes:
        model: spec that `govor.models.open_model` takes.
        dataset: path or URL of the data set.
        split: of the data set.
        options: how hypotheses are made.
        language: of all clips; None: each clip's own.
        batch_s: computed seconds decoded together; None: what suits the device.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        identity: what decides the hypotheses: model, data, options.
        revision: of a Hub model.
    """

    model: str
    dataset: str
    split: str
    options: DecodeOptions
    language: str | None
    batch_s: float | None
    device: str
    identity: Mapping[str, object]
    revision: str | None = None

    @property
    def settings(self) -> dict[str, object]:
        """How the clips are decoded, as it is recorded beside their hypotheses."""
        return {"language": self.language, **asdict(self.options)}

    @property
    def fingerprint(self) -> str:
        """Of everything that decides the hypotheses."""
        return fingerprint({**self.identity, "split": self.split, "options": self.settings})


@dataclass(frozen=True)
class DecodingFolder:
    """Where a job's files are: ``hypotheses.jsonl``, ``decoding.json``, and parts while it runs."""

    folder: Path
    job: SplitDecoding

    @property
    def final(self) -> Path:
        """All hypotheses, in the order of the split."""
        return self.folder / "hypotheses.jsonl"

    @property
    def record(self) -> Path:
        """What `final` was made from."""
        return self.folder / "decoding.json"

    @property
    def parts(self) -> Path:
        """Folder of the parts."""
        return self.folder / "hypotheses.parts" / self.job.fingerprint

    @property
    def facts(self) -> Path:
        """What the first worker knows about the model."""
        return self.parts / "facts.json"

    def part(self, worker: int) -> Path:
        """The part that `worker` appends to."""
        return self.parts / f"part-{worker:03d}.jsonl"

    def is_finished(self) -> bool:
        """Whether `final` holds this job's hypotheses."""
        if not (self.final.exists() and self.record.exists()):
            return False
        return bool(read_json(self.record).get("fingerprint") == self.job.fingerprint)

    def done(self) -> dict[str, HypothesisLine]:
        """Finished lines by id, of all parts."""
        found: dict[str, HypothesisLine] = {}
        for path in sorted(self.parts.glob("part-*.jsonl")):
            found.update((line["id"], line) for line in read_lines(path))
        return found


@dataclass(frozen=True)
class Launch:
    """Processes that a launcher (torchrun, accelerate) started beside this one."""

    rank: int
    world: int

    @classmethod
    def here(cls) -> Launch:
        """As the launcher's environment says; one process without a launcher."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))


def decode_split(
    place: DecodingFolder, dataset: Clips, open_here: Callable[[], Recogniser], workers: int = 1
) -> dict[str, HypothesisLine]:
    """Decodes a split, or what is left of it, and returns all its lines by id, in the order of the split.

    Args:
        place: the job, and the folder of the evaluation.
        dataset: the opened data set.
        open_here: opens the model in this process; not called when another process decodes or all is done.
        workers: processes; more than one are spawned, each with a model of its own.
    """
    if place.is_finished():
        return {line["id"]: line for line in read_lines(place.final)}
    ids = dataset.table(place.job.split)["id"].to_list()
    done = place.done()
    if not ids:
        raise DatasetError(
            f"{place.job.dataset} has no clip in its split {place.job.split!r}: choose another --split"
        )
    missing = [row for row, name in enumerate(ids) if name not in done]
    hours = float(dataset.durations(place.job.split)[missing].sum()) / 3600
    with progress(f"decode {place.job.split}", round(hours, 3), "h") as bar:
        if Launch.here().world > 1:
            _decode_as_rank(place, dataset, open_here, bar)
        elif workers > 1 and len(missing) > 1:
            _decode_spawned(place, workers, bar)
        elif missing or not place.facts.exists():
            decode_part(place, dataset, open_here, 0, 1, bar)
    if Launch.here().rank == 0:
        _finish(place, ids)
    return place.done() if Launch.here().rank else {line["id"]: line for line in read_lines(place.final)}


def _done_already(batch: Sequence[int], ids: Sequence[str], done: Mapping[str, HypothesisLine]) -> bool:
    return all(ids[row] in done for row in batch)


def decode_part(
    place: DecodingFolder,
    dataset: Clips,
    open_here: Callable[[], Recogniser],
    worker: int,
    workers: int,
    bar: Progress | None,
) -> None:
    """Decodes one worker's share of the batches and appends it to the worker's part.

    Raises:
        LanguageError: the model cannot be told the language that it is to be told.
    """
    start_s, job = time.perf_counter(), place.job
    recogniser = open_here()
    require_language(recogniser, job.language, aloud=worker == 0)
    if worker == 0:
        facts = facts_of(recogniser, time.perf_counter() - start_s)
        facts["prompt"] = prompt_of(recogniser, job.options, job.language)
        facts["batch_s"] = batch_seconds(recogniser, job.batch_s)
        write_json(place.facts, facts)
    ids, durations = dataset.table(job.split)["id"].to_list(), dataset.durations(job.split)
    batches = plan_for(recogniser, durations, range(len(ids)), job.batch_s, job.options)
    done = place.done()
    mine = [batch for batch in batches[worker::workers] if not _done_already(batch, ids, done)]
    with Appender(place.part(worker)) as part:
        for decoded in decode_batches(recogniser, dataset, job.split, mine, job.options, job.language):
            part.append(_line(ids[one.row], one) for one in decoded)
            if bar is not None:
                new = [one.row for one in decoded if ids[one.row] not in done]
                bar.advance(float(durations[new].sum()) / 3600)


class NamedModel(ModelFacts):
    """A model with its name."""

    name: str


class SystemFacts(TypedDict):
    """What a report says about a model and how it was decoded, and the normaliser that came with it."""

    model: NamedModel
    normaliser: Mapping[str, object]
    load_s: float
    prompt: NotRequired[PromptFacts | None]
    batch_s: NotRequired[float | None]


def facts_of(recogniser: Recogniser, load_s: float) -> SystemFacts:
    """What a report says about a model, and the normaliser that came with it."""
    return {
        "model": {"name": recogniser.name, **recogniser.describe()},
        "normaliser": recogniser.normaliser.as_dict(),
        "load_s": round(load_s, 3),
    }


def _line(name: str, decoded: ClipResult) -> HypothesisLine:
    if decoded.hypothesis is None:
        return {"id": name, "fault": decoded.fault or ""}
    said = decoded.hypothesis
    confidence = None if said.confidence is None else round(said.confidence, 5)
    return {
        "id": name,
        "text": said.text,
        "confidence": confidence,
        "language": said.language,
        "decode_s": round(decoded.decode_s, 5),
        "level_db": decoded.level_db,
        "bandwidth_hz": decoded.bandwidth_hz,
    }


def _decode_as_rank(
    place: DecodingFolder, dataset: Clips, open_here: Callable[[], Recogniser], bar: Progress
) -> None:
    launch = Launch.here()
    decode_part(place, dataset, open_here, launch.rank, launch.world, bar)
    if launch.rank == 0:
        wanted = len(dataset.table(place.job.split))
        for _ in _until(lambda: len(place.done()) >= wanted):
            pass


def _until(reached: Callable[[], bool]) -> Iterator[None]:
    while not reached():
        time.sleep(POLL_S)
        yield


def _decode_spawned(place: DecodingFolder, workers: int, bar: Progress) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_work, args=(place, k, workers), daemon=True) for k in range(workers)]
    with signals_held():
        for process in processes:
            process.start()
    seen_bytes = _part_bytes(place)
    try:
        for _ in _until(lambda: not any(process.is_alive() for process in processes)):
            bar.note = f"{workers} workers, {_part_bytes(place) - seen_bytes:,} bytes of hypotheses"
            bar.advance(0)
            _require_alive(processes)
        _require_alive(processes)
    finally:
        for process in processes:
            process.terminate()


def _part_bytes(place: DecodingFolder) -> int:
    return sum(path.stat().st_size for path in place.parts.glob("part-*.jsonl"))


def _require_alive(processes: Sequence[Any]) -> None:
    for number, process in enumerate(processes):
        if process.exitcode not in (None, 0):
            how = f"signal {-process.exitcode}" if process.exitcode < 0 else f"status {process.exitcode}"
            raise MachineError(
                f"worker {number} of {len(processes)} ended with {how} (out of memory, perhaps): what was "
                "decoded is kept; run the same command again, with fewer --workers or a smaller --batch-s"
            )


def _work(place: DecodingFolder, worker: int, workers: int) -> None:
    from govor.load import Dataset
    from govor.models import open_model

    end_with_parent(lambda: os._exit(1))
    job = place.job

    def open_here() -> Recogniser:
        return open_model(job.model, device=_device_of(job.device, worker), revision=job.revision)

    try:
        decode_part(place, Dataset.open(job.dataset), open_here, worker, workers, None)
    except GovorError as error:
        say(f"worker {worker}: {error}")
        raise SystemExit(error.exit_status) from None


def _device_of(device: str, worker: int) -> str:
    """Worker k takes GPU k when there are several and none was named."""
    if device not in ("auto", "cuda"):
        return device
    import torch

    count = torch.cuda.device_count()
    return f"cuda:{worker % count}" if count else "cpu"


def _finish(place: DecodingFolder, ids: Sequence[str]) -> None:
    done = place.done()
    place.record.unlink(missing_ok=True)
    with (
        atomic_path(place.final) as partial,
        partial.open("w", encoding="utf-8", errors="surrogatepass") as file,
    ):
        for name in ids:
            if name in done:
                file.write(as_line(done[name]))
    job = place.job
    record = {
        "fingerprint": job.fingerprint,
        "split": job.split,
        "options": job.settings,
        "device": job.device,
        "identity": dict(job.identity),
        **read_json(place.facts),
    }
    write_json(place.record, record)
    shutil.rmtree(place.parts, ignore_errors=True)
    if place.parts.parent.exists() and not any(place.parts.parent.iterdir()):
        place.parts.parent.rmdir()
