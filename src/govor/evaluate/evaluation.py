"""``govor evaluate``: model and data set to hypotheses, scores, summary and report."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from govor.config import EvaluateConfig
from govor.errors import DatasetError, InputError, LimitError, UsageError
from govor.evaluate.decoding import Job, Place, Ranks, decode_split
from govor.evaluate.hypotheses import Line, read_foreign
from govor.evaluate.intervals import Grouping, grouping
from govor.evaluate.looks import looks, record_look, run_of
from govor.evaluate.paired import compare_scores, detectable_alone
from govor.evaluate.scores import Scores, score
from govor.evaluate.slices import slice_scores
from govor.store import atomic_path, file_sha256, fingerprint, locked, read_json, write_json

if TYPE_CHECKING:
    from govor.load import Dataset
    from govor.text import Normaliser

Summary = dict[str, Any]
WEIGHT_ENDINGS = (".safetensors", ".bin", ".onnx", ".json", ".txt", ".model")
KNOWN_SHARE = 0.5
"""Speakers (or recordings) are resampled when at least this share of the rows names them."""


@dataclass(frozen=True)
class System:
    """One system's output on a split.

    Attributes:
        name: model, or file of hypotheses.
        lines: what it said by id, as in ``hypotheses.jsonl``.
        facts: model, normaliser, load time, decoding settings; empty for hypotheses from outside.
        fingerprint: of the decoding.
    """

    name: str
    lines: Mapping[str, Line]
    facts: Mapping[str, Any]
    fingerprint: str = ""

    @property
    def texts(self) -> dict[str, str]:
        """Hypotheses by id; clips that could not be decoded have none."""
        return {name: line["text"] for name, line in self.lines.items() if "text" in line}

    @property
    def faults(self) -> dict[str, str]:
        """Clips that could not be decoded, with the reason."""
        return {name: line["fault"] for name, line in self.lines.items() if "fault" in line}


def evaluate(
    model: str | Path | None,
    dataset: str | Path,
    out: Path,
    config: EvaluateConfig,
    *,
    device: str = "auto",
    workers: int = 1,
    hypotheses: Path | None = None,
    long_form: bool = False,
) -> Summary:
    """Decodes a split (or reads hypotheses), scores it, and writes the evaluation's folder.

    Args:
        model: run, checkpoint, folder or Hub id; None with `hypotheses`.
        dataset: path or URL of a data set.
        out: folder of the evaluation; what was decoded into it before is not decoded again.
        config: settings.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        workers: processes that decode.
        hypotheses: file with another system's hypotheses.
        long_form: also transcribe whole recordings, as ``govor transcribe`` does.

    Returns:
        The summary, as in ``summary.json``; empty on all but the first process of a launcher.

    Raises:
        DatasetError: no such split, or no clip in it.
        InputError: hypotheses with unknown ids.
        LimitError: a metric is above its ``require``d bound.
    """
    if model is None and hypotheses is None:
        raise UsageError("name a model, or give --hypotheses FILE with what another system said")
    if config.sets:
        return _evaluate_sets(model, str(dataset), out, config, device, workers)
    first = Ranks.here().rank == 0
    with locked(out) if first else nullcontext():
        data = _open(str(dataset), config.split)
        system = _system(model, data, str(dataset), out, config, device, workers, hypotheses)
        baseline = None
        if config.baseline:
            baseline = _decoded(
                config.baseline, data, str(dataset), out / "baseline", config, device, workers
            )
        if not first:
            return {}
        summary = _write(data, system, baseline, out, config)
    require(summary, config.require)
    return summary


def _evaluate_sets(
    model: str | Path | None, dataset: str, out: Path, config: EvaluateConfig, device: str, workers: int
) -> Summary:
    found: dict[str, Summary] = {}
    for name, where in config.sets.items():
        folder, split = _set_place(str(where), dataset)
        alone = dataclasses.replace(config, sets={}, split=split, require={})
        found[name] = evaluate(model, folder, out / _safe(name), alone, device=device, workers=workers)
    if Ranks.here().rank:
        return {}
    summary = {**next(iter(found.values())), "sets": found, "out": str(out)}
    write_json(out / "summary.json", summary)
    for one in (summary, *found.values()):
        require(one, config.require)
    return summary


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


def _system(
    model: str | Path | None,
    data: Dataset,
    dataset: str,
    out: Path,
    config: EvaluateConfig,
    device: str,
    workers: int,
    hypotheses: Path | None,
) -> System:
    if hypotheses is None:
        return _decoded(str(model), data, dataset, out, config, device, workers)
    texts = read_foreign(hypotheses, data.table(config.split)["id"].to_list())
    lines = {name: {"id": name, "text": text} for name, text in texts.items()}
    return System(str(hypotheses), lines, {}, fingerprint(texts))


def _decoded(
    model: str, data: Dataset, dataset: str, folder: Path, config: EvaluateConfig, device: str, workers: int
) -> System:
    from govor.models import open_model
    from govor.models.base import DecodeOptions

    options = DecodeOptions(
        language=config.language,
        beam_size=config.beam_size,
        lm=config.lm,
        lm_weight=config.lm_weight,
        word_bonus=config.word_bonus,
    )
    identity = {"model": model_identity(model), "dataset": data.fingerprint}
    job = Job(model, dataset, config.split, options, config.batch_s, device, identity)
    place = Place(folder, job)
    lines = decode_split(place, data, lambda: open_model(model, device=device), workers)
    facts = read_json(place.record) if place.record.exists() else {}
    return System(model, lines, facts, job.fingerprint)


def model_identity(model: str) -> str:
    """Fingerprint of a model's files; of its name where it is no local folder."""
    path = Path(model).expanduser()
    if not path.is_dir():
        return fingerprint(model)
    if (path / "model").is_dir():
        path = path / "model"
    files = [file for file in sorted(path.rglob("*")) if file.suffix in WEIGHT_ENDINGS and file.is_file()]
    return fingerprint([(str(file.relative_to(path)), file_sha256(file)) for file in files])


def _normaliser(system: System, config: EvaluateConfig, data: Dataset) -> Normaliser:
    from govor.config import TextConfig
    from govor.text import Normaliser

    stored = system.facts.get("normaliser")
    language = stored["language"] if stored else _main_language(data, config.split)
    if config.rules is not None:
        return Normaliser.of(TextConfig(rules=config.rules), language)
    return Normaliser.from_dict(stored) if stored else Normaliser.of(TextConfig(), language)


def _main_language(data: Dataset, split: str) -> str | None:
    table = data.table(split)
    if "language" not in table.columns or table["language"].null_count() == table.height:
        return None
    return str(table["language"].drop_nulls().mode().sort()[0])


def _write(
    data: Dataset, system: System, baseline: System | None, out: Path, config: EvaluateConfig
) -> Summary:
    table = data.table(config.split)
    _require_columns(table, config)
    normaliser = _normaliser(system, config, data)
    groups = groups_of(table)
    scores = _scored(system, table, normaliser, groups, config.seed)
    other = _scored(baseline, table, normaliser, groups, config.seed) if baseline else None
    comparison = compare_scores(scores, other) if other else None
    summary = {
        **_rates(system, scores, table, config),
        "normaliser": normaliser.as_dict(),
        "test_looks": _looks(system, data, config.split, out),
        "slices": slice_scores(scores, table, config.slices),
        "baseline": _rates(baseline, other, table, config) if baseline and other else None,
        "comparison": comparison.as_dict(scores.ids) if comparison else None,
        "dataset": {"path": str(data.path), "fingerprint": data.fingerprint},
        "out": str(out),
    }
    _write_scores(out / "scores.parquet", scores, system, table, config.split, other)
    summary = dict(finite(summary))
    write_json(out / "summary.json", summary)
    return summary


def _require_columns(table: pl.DataFrame, config: EvaluateConfig) -> None:
    for name in config.slices:
        if name not in table.columns:
            known = ", ".join(table.columns)
            raise DatasetError(f"the data set has no column {name!r} to slice by; it has {known}")


def _scored(
    system: System, table: pl.DataFrame, normaliser: Normaliser, groups: Grouping, seed: int
) -> Scores:
    ids = table["id"].to_list()
    languages = (
        dict(zip(ids, table["language"].to_list(), strict=True)) if "language" in table.columns else {}
    )
    references = dict(zip(ids, (text or "" for text in table["text"].to_list()), strict=True))
    if len(references) != len(ids):
        raise InputError("the split has an id twice, so hypotheses cannot be joined to it: prepare it again")
    return score(references, system.texts, normaliser, groups, seed, languages=languages)


def groups_of(table: pl.DataFrame) -> Grouping:
    """Speakers where known, else recordings, else utterances."""
    for column in ("speaker", "recording"):
        if column not in table.columns:
            continue
        names = [name or None for name in table[column].to_list()]
        if sum(name is not None for name in names) >= max(1.0, KNOWN_SHARE * len(names)):
            found = grouping(len(names), names, column)
            if column == "speaker" or found.count < len(names):
                return found
    return grouping(table.height)


def _rates(system: System, scores: Scores, table: pl.DataFrame, config: EvaluateConfig) -> Summary:
    seconds = float(table["duration"].sum())
    decode_s = sum(line.get("decode_s", 0.0) for line in system.lines.values())
    return {
        "model": system.name,
        "split": config.split,
        "utterances": len(scores.ids),
        "hours": seconds / 3600,
        "wer": scores.wer.as_dict(),
        "cer": scores.cer.as_dict(),
        "raw": {name: rate.as_dict() for name, rate in scores.raw.items()},
        "counts": {
            name: dataclasses.asdict(level.counts)
            for name, level in (
                ("words", scores.words),
                ("characters", scores.chars),
                ("raw_words", scores.raw_words),
                ("raw_characters", scores.raw_chars),
            )
        },
        "groups": _group_facts(scores.groups),
        "detectable_difference": detectable_alone(scores),
        "missing": len(scores.missing),
        "undecodable": len(system.faults),
        "empty_references": {
            "count": len(scores.empty_references),
            "insertions": int(scores.words.errors[scores.empty_references].sum()),
        },
        "rtf": decode_s / seconds if decode_s and seconds else None,
        "decoding": {
            key: value for key, value in system.facts.items() if key not in ("normaliser", "identity")
        },
    }


def _group_facts(groups: Grouping) -> dict[str, Any]:
    return {"unit": groups.unit, "count": groups.count, "method": groups.method, "note": groups.note}


def _looks(system: System, data: Dataset, split: str, out: Path) -> int | None:
    run = run_of(system.name) if system.facts else None
    if run is None:
        return None
    identity = {"dataset": data.fingerprint, "split": split}
    record_look(run, identity, system.fingerprint, out.absolute())
    return looks(run, identity)


def _write_scores(
    path: Path, scores: Scores, system: System, table: pl.DataFrame, split: str, other: Scores | None
) -> None:
    lines = [system.lines.get(name, {}) for name in scores.ids]
    frame = pl.DataFrame(
        {
            **scores.utterances(),
            "confidence": pl.Series([line.get("confidence") for line in lines], dtype=pl.Float64),
            "level_db": pl.Series([line.get("level_db") for line in lines], dtype=pl.Float64),
            "heard_language": pl.Series([line.get("language") for line in lines], dtype=pl.String),
            "split": split,
        }
    )
    if other is not None:
        frame = frame.with_columns(
            baseline_hypothesis=pl.Series(list(other.texts.hypotheses), dtype=pl.String),
            baseline_normal_hypothesis=pl.Series(list(other.texts.normal_hypotheses), dtype=pl.String),
            baseline_wer=pl.Series(other.words.rates),
            baseline_cer=pl.Series(other.chars.rates),
        )
    further = [name for name in table.columns if name not in (*frame.columns, "text")]
    with atomic_path(path) as partial:
        frame.hstack(table.select(further)).write_parquet(partial)


def require(summary: Mapping[str, Any], bounds: Mapping[str, float]) -> None:
    """Checks metrics against their upper bounds.

    Args:
        summary: of an evaluation.
        bounds: ``wer``, ``cer``, ``raw.wer``, ``wer.high``, ``slices.speaker.NAME.wer`` … to the
            greatest value allowed.

    Raises:
        LimitError: one is above its bound.
        UsageError: no such metric.
    """
    for name, bound in bounds.items():
        value = _metric(summary, name)
        if not value <= bound:
            raise LimitError(
                f"{name} is {value:.4f}, above the required {bound:g} ({summary['split']}, "
                f"{summary['utterances']} utterances)",
                dict(summary),
            )


def _metric(summary: Mapping[str, Any], name: str) -> float:
    value: Any = summary
    for key in name.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise UsageError(
                f"--require {name}: no such metric; there are wer, cer, raw.wer, wer.high, rtf …"
            )
        value = value[key]
    if isinstance(value, Mapping) and "value" in value:
        value = value["value"]
    if value is None:
        return math.inf
    if not isinstance(value, (int, float)):
        raise UsageError(f"--require {name} is not a number: name one, such as wer or {name}.wer")
    return float(value)


def finite(value: Any) -> Any:
    """`value` as JSON can hold it: numbers that are not finite become None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
