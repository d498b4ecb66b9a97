"""``govor evaluate``: model and data set to hypotheses, scores, summary and report."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor.config import EvaluateConfig
from govor.config.evaluate import BETTER_THAN_BASE
from govor.console import say
from govor.errors import DatasetError, LimitError, UsageError
from govor.evaluate.base import Base, base_of
from govor.evaluate.hypotheses import HypothesisLine, read_foreign
from govor.evaluate.looks import looks, record_look, run_of
from govor.evaluate.parts import DecodingFolder, Launch, SplitDecoding, decode_split
from govor.evaluate.results import COMING, require_columns, write_results
from govor.evaluate.summary import EvaluationSummary, SetsSummary, System, require
from govor.store import fingerprint, given_path, locked, read_json, write_json

if TYPE_CHECKING:
    from govor.load import Dataset
    from govor.models.base import DecodeOptions, Recogniser


def evaluate(
    model: str | Path | None,
    dataset: str | Path,
    out: Path,
    config: EvaluateConfig,
    *,
    device: str = "auto",
    workers: int = 1,
    hypotheses: Path | None = None,
) -> EvaluationSummary | None:
    """Decodes a split (or reads hypotheses), scores it, and writes the evaluation's folder.

    Args:
        model: run, checkpoint, folder or Hub id; None with `hypotheses`.
        dataset: path or URL of a data set.
        out: folder of the evaluation; what was decoded into it before is not decoded again.
        config: settings.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        workers: processes that decode.
        hypotheses: file with another system's hypotheses.

    Returns:
        The summary; None on all but the first process of a launcher.

    Raises:
        DatasetError: no such split, or no clip in it.
        InputError: hypotheses with unknown ids.
        LimitError: a metric is above its ``require``d bound.
    """
    _require_model(model, hypotheses, config)
    base = _base(model, bool(config.baseline or config.require.get(BETTER_THAN_BASE)))
    if config.require.get(BETTER_THAN_BASE):
        config = _with_base(config, base)
    if config.sets:
        return _evaluate_sets(model, str(dataset), out, config, device, workers)
    with locked(out) if Launch.here().rank == 0 else nullcontext():
        work = _SetWork(str(dataset), _open(str(dataset), config.split), out, config, device, workers)
        summary = work.summary(model, hypotheses, base)
    if summary:
        require(summary, config.require)
    return summary


def _require_model(model: str | Path | None, hypotheses: Path | None, config: EvaluateConfig) -> None:
    if model is None and hypotheses is None:
        raise UsageError("name a model, or give --hypotheses FILE with the hypotheses of another system")
    if config.long_form and model is None:
        raise UsageError("--long-form transcribes, so it needs a model, not --hypotheses alone")


@dataclass(frozen=True)
class _SetWork:
    """One split of a data set that is evaluated, and how."""

    dataset: str
    data: Dataset
    out: Path
    config: EvaluateConfig
    device: str
    workers: int

    def summary(
        self, model: str | Path | None, hypotheses: Path | None, base: Base
    ) -> EvaluationSummary | None:
        """Everything that is written; None on all but the first process of a launcher."""
        config = self.config
        require_columns(self.data.table(config.split), config, coming=COMING)
        system = self._read(hypotheses) if hypotheses else self._decoded(str(model), self.out)
        baseline = None
        if config.baseline:
            revision = base.revision if base.is_at(config.baseline) else None
            baseline = self._decoded(config.baseline, self.out / "baseline", revision)
        if Launch.here().rank:
            return None
        looked = _looks(system, self.data, config.split, self.out)
        is_base = base.is_at(config.baseline) or bool(config.require.get(BETTER_THAN_BASE))
        return write_results(self.data, system, baseline, self.out, config, looked, base, is_base)

    def _read(self, hypotheses: Path) -> System:
        """Another system's hypotheses."""
        texts = read_foreign(hypotheses, self.data.table(self.config.split)["id"].to_list())
        lines = {name: HypothesisLine(id=name, text=text) for name, text in texts.items()}
        return System(str(hypotheses), lines, {}, fingerprint(texts))

    def _decoded(self, model: str, folder: Path, revision: str | None = None) -> System:
        """A model's hypotheses, decoded unless `folder` holds them."""
        from govor.models import open_model
        from govor.models.identity import model_identity

        @cache
        def open_here() -> Recogniser:
            return open_model(model, device=self.device, revision=revision)

        config = self.config
        job = SplitDecoding(
            model,
            self.dataset,
            config.split,
            _options(config),
            config.language,
            config.batch_s,
            self.device,
            {"model": model_identity(model), "dataset": self.data.fingerprint}
            | ({"revision": revision} if revision else {}),
            revision,
        )
        place = DecodingFolder(folder, job)
        lines = decode_split(place, self.data, open_here, self.workers)
        facts = read_json(place.record) if place.record.exists() else {}
        return System(model, lines, facts, job.fingerprint, open_here)


def _options(config: EvaluateConfig) -> DecodeOptions:
    from govor.lm import fusion_settings
    from govor.models.base import DecodeOptions

    weight, bonus = fusion_settings(config.lm, config.lm_weight, config.word_bonus)
    return DecodeOptions(
        timestamps=config.timestamps,
        beam_size=config.beam_size,
        lm=config.lm,
        lm_weight=weight,
        word_bonus=bonus,
    )


def _base(model: str | Path | None, asked: bool) -> Base:
    """What the model was fine-tuned from; a model that is not here is only looked up where that is needed."""
    if model is None or not (asked or given_path(model).is_dir()):
        return Base(why_none="no model is named")
    return base_of(str(model))


def _with_base(config: EvaluateConfig, base: Base) -> EvaluateConfig:
    """Has the base decoded too, unless it is named; without one the requirement does not apply.

    Raises:
        UsageError: another baseline is named. One may stand for a base that is no longer where it was.
    """
    if base.name is None:
        say(f"require.{BETTER_THAN_BASE} does not apply: there is no base to compare with, {base.why_none}")
        others = {key: value for key, value in config.require.items() if key != BETTER_THAN_BASE}
        return dataclasses.replace(config, require=others)
    if config.baseline and not base.is_at(config.baseline):
        if not base.is_gone:
            raise UsageError(
                f"require.{BETTER_THAN_BASE} compares with {base.name}, which the model was fine-tuned from, "
                f"but the baseline is {config.baseline}: leave one of the two out"
            )
        say(f"the base {base.name} is no longer there: govor compares with {config.baseline} instead")
    return dataclasses.replace(config, baseline=config.baseline or base.name)


def _evaluate_sets(
    model: str | Path | None, dataset: str, out: Path, config: EvaluateConfig, device: str, workers: int
) -> SetsSummary | None:
    found: dict[str, Mapping[str, Any]] = {}
    for name, where in config.sets.items():
        folder, split = _set_place(str(where), dataset)
        own = {key: value for key, value in config.require.items() if key == BETTER_THAN_BASE}
        alone = dataclasses.replace(config, sets={}, split=split, require=own)
        found[name] = _evaluate_set(model, folder, out / _safe(name), alone, device, workers)
    if Launch.here().rank:
        return None
    summary = SetsSummary(**{**next(iter(found.values())), "sets": found, "out": str(out)})
    write_json(out / "summary.json", summary)
    for one in (summary, *found.values()):
        require(one, config.require)
    return summary


def _evaluate_set(
    model: str | Path | None, dataset: str, out: Path, config: EvaluateConfig, device: str, workers: int
) -> Mapping[str, Any]:
    """One set of several; what it must hold is checked when all are done."""
    try:
        return evaluate(model, dataset, out, config, device=device, workers=workers) or {}
    except LimitError as error:
        return error.summary


def _set_place(where: str, dataset: str) -> tuple[str, str]:
    folder, colon, split = where.rpartition(":")
    if not colon or "/" in split:
        return where, "test"
    return folder or dataset, split


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".") or "set"


def _open(dataset: str, split: str) -> Dataset:
    from govor.load import Dataset

    data = Dataset.open(dataset)
    if split not in data.splits:
        known = ", ".join(data.splits) or "none"
        raise DatasetError(f"{dataset} has no split {split!r}; it has {known}: name one with --split")
    return data


def _looks(system: System, data: Dataset, split: str, out: Path) -> int | None:
    run = run_of(system.name) if system.facts else None
    if run is None:
        return None
    identity = {"dataset": data.fingerprint, "split": split}
    record_look(run, identity, system.fingerprint, out.absolute())
    return looks(run, identity)
