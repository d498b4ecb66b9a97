"""What a recipe would run, and what that would cost: bytes, memory and time, before anything is spent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, cast

from govor.config import Recipe, Workspace
from govor.console import table
from govor.machine import cores
from govor.pipeline.run import missing_for, reasons_by_stage
from govor.records import Summary
from govor.store import free_bytes, read_json, readable_bytes, readable_seconds

# Stated ceilings of preparation and the measured rate of one core (bench/RESULTS.md).
WORKER_CEILING_BYTES = 400_000_000
PARENT_CEILING_BYTES = 300_000_000
PREPARED_AUDIO_S_PER_CPU_S = 650.0
IMPORT_ROWS_PER_S = 100_000.0


@dataclass(frozen=True)
class StageProjection:
    """What one stage would cost; None where it cannot be known yet (the note says when it will be).

    Attributes:
        stage: its name.
        runs: whether it would run.
        reasons: why.
        disk_bytes: bytes written.
        memory_bytes: resident memory at the peak, all processes.
        seconds: wall time.
        note: how the figures were come by.
    """

    stage: str
    runs: bool
    reasons: tuple[str, ...]
    disk_bytes: int | None = None
    memory_bytes: int | None = None
    seconds: float | None = None
    note: str = ""

    def row(self) -> tuple[str, ...]:
        """A row of the table for people."""
        return (
            self.stage,
            "runs" if self.runs else "unchanged",
            _shown(self.disk_bytes, readable_bytes),
            _shown(self.memory_bytes, readable_bytes),
            _shown(self.seconds, readable_seconds),
            self.note or "; ".join(self.reasons),
        )


class StageCost(TypedDict, total=False):
    """What is known of a stage's cost, as `StageProjection` has it."""

    disk_bytes: int
    memory_bytes: int
    seconds: float
    note: str


@dataclass(frozen=True)
class RecipeProjection(Summary):
    """All stages of a recipe, and the disk they would write to."""

    work: str
    free_bytes: int
    stages: tuple[StageProjection, ...]
    dry_run: bool = True

    def lines(self) -> list[str]:
        """What people see."""
        header = ("stage", "", "disk", "memory", "time", "")
        rows = table([stage.row() for stage in self.stages], header)
        return [*rows, f"work folder {self.work}, {readable_bytes(self.free_bytes)} free"]


def project(recipe: Recipe, *, first: str | None = None, last: str | None = None) -> RecipeProjection:
    """What `recipe` would run from `first` to `last`; changes nothing on disk."""
    root = Workspace.of(recipe).root
    found = []
    for stage, reasons in reasons_by_stage(recipe, first, last):
        cost = _COSTS.get(stage.name, _cheap)(recipe) if reasons else StageCost()
        if reasons and (missing := missing_for(stage)):
            cost = {"note": f"{stage.name} would stop: {missing}"}
        found.append(StageProjection(stage.name, bool(reasons), tuple(reasons), **cost))
    return RecipeProjection(str(root), free_bytes(root), tuple(found))


def _shown(value: float | None, show: Any) -> str:
    return "?" if value is None else show(value)


def _cheap(recipe: Recipe) -> StageCost:
    rows = _rows(recipe)
    if rows is None:
        return {"note": "known after import"}
    return {
        "disk_bytes": rows * 200,
        "memory_bytes": PARENT_CEILING_BYTES,
        "seconds": rows / IMPORT_ROWS_PER_S,
    }


def _import(recipe: Recipe) -> StageCost:
    from govor.corpora.registry import is_anywhere

    missing = [
        one.source for one in recipe.corpora or (recipe.corpus,) if not is_anywhere(one.source, one.format)
    ]
    return {"note": f"{', '.join(missing)} is not there: import would stop"} if missing else _cheap(recipe)


def _rows(recipe: Recipe) -> int | None:
    corpus = _newest_corpus(recipe)
    return int(read_json(corpus / "corpus.json")["read"]) if corpus else None


def _newest_corpus(recipe: Recipe) -> Path | None:
    place = Workspace.of(recipe)
    return next((p for p in (place.selected, place.corpus) if (p / "corpus.json").exists()), None)


def _prepare(recipe: Recipe) -> StageCost:
    from govor.corpora.folder import Corpus
    from govor.prepare import projected

    corpus = _newest_corpus(recipe)
    if corpus is None:
        return {"note": "known after import"}
    workers = recipe.prepare.workers or cores()
    projection = projected(Corpus.open(corpus), recipe.prepare)
    memory_bytes = workers * WORKER_CEILING_BYTES + PARENT_CEILING_BYTES
    seconds = projection.seconds / PREPARED_AUDIO_S_PER_CPU_S / workers
    return {"disk_bytes": projection.bytes, "memory_bytes": memory_bytes, "seconds": seconds}


def _preflight(recipe: Recipe) -> StageCost:
    return {"seconds": recipe.preflight.minutes * 60, "note": "at most, its time budget"}


def _train(recipe: Recipe) -> StageCost:
    report = Workspace.of(recipe).run / "preflight" / "report.json"
    measured: StageCost | None = read_json(report).get("projection") if report.exists() else None
    if not measured:
        return {"note": "measured by preflight"}
    known = cast(
        StageCost, {key: value for key, value in measured.items() if key in StageCost.__annotations__}
    )
    return {**known, "note": "as preflight measured it"}


_COSTS: Mapping[str, Callable[[Recipe], StageCost]] = {
    "import": _import,
    "prepare": _prepare,
    "preflight": _preflight,
    "train": _train,
}
