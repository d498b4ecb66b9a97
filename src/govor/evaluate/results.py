"""Systems' output to scores, diagnosis, summary and report, in the evaluation's folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from govor.config import EvaluateConfig
from govor.corpora.text_source import TEXT_MODEL, checked_texts_of
from govor.errors import DatasetError, InputError
from govor.evaluate.base import Base
from govor.evaluate.calibration import error_auc
from govor.evaluate.diagnosis import Diagnosis, diagnose
from govor.evaluate.intervals import Grouping, grouping
from govor.evaluate.long_form import long_form_scores, plan_recordings, transcribe_recordings
from govor.evaluate.paired import compare_scores
from govor.evaluate.released import released
from govor.evaluate.report import Material, write_report
from govor.evaluate.scores import Scores, TextNormaliser, score
from govor.evaluate.slices import slice_scores
from govor.evaluate.stored import as_stored
from govor.evaluate.summary import EvaluationSummary, System, rates_of
from govor.records import Easing, finite
from govor.store import atomic_path, given_path, write_json

if TYPE_CHECKING:
    from govor.load import Dataset


COMING = ("bandwidth_hz",)
"""Columns to slice by that are measured while decoding."""
KNOWN_SHARE = 0.5
"""Speakers (or recordings) are resampled when at least this share of the rows names them."""


def own_texts(system: System, table: pl.DataFrame) -> int:
    """Clips of a split whose first text the system, or a model that it came from, wrote.

    Args:
        system: what is measured; hypotheses from outside have no model that is known.
        table: the split.
    """
    if not system.facts or TEXT_MODEL not in table.columns:
        return 0
    from govor.models.identity import lineage

    return checked_texts_of(table, lineage(system.name))


def own_limits(system: System, data: Dataset) -> Easing | None:
    """What limits took by the figures of the system, or of a model that it came from."""
    found = data.info.get("easings") if system.facts else None
    if not found:
        return None
    from govor.models.identity import lineage

    own = set(lineage(system.name))
    return next((one for one in found if own & set(one["fingerprints"])), None)


def write_results(
    data: Dataset,
    system: System,
    baseline: System | None,
    out: Path,
    config: EvaluateConfig,
    test_looks: int | None,
    base: Base | None = None,
    is_base: bool = False,
) -> EvaluationSummary:
    """Scores a system (and a baseline with the same normaliser) and writes everything but the hypotheses.

    Args:
        data: the data set.
        system: what is judged.
        baseline: what it is compared with.
        out: folder of the evaluation.
        config: settings.
        test_looks: how often the run was scored on this split; None for what is not a run.
        base: the model that the system was fine-tuned from.
        is_base: whether `baseline` is that one.
    """
    table, split = _with_bandwidth(data.table(config.split), system), config.split
    require_columns(table, config)
    normaliser = _normaliser(system, config, data)
    scores = score_table(table, "text", system.texts, normaliser, config.seed)
    other = score_table(table, "text", baseline.texts, normaliser, config.seed) if baseline else None
    diagnosis = _diagnosed(system, scores, table)
    comparison = compare_scores(scores, other) if other else None
    found = {
        **rates_of(system, scores, table, split),
        "normaliser": normaliser.as_dict(),
        "test_looks": test_looks,
        "slices": slice_scores(scores, table, config.slices),
        "diagnosis": diagnosis.as_dict(scores.ids),
        "confidence_auc": error_auc(scores, _column(system, scores, "confidence")),
        "baseline": rates_of(baseline, other, table, split) if baseline and other else None,
        "comparison": comparison.as_dict(scores.ids) if comparison else None,
        "better_than_base": comparison.better
        if comparison and is_base and scores.words.units.any()
        else None,
        "base_on_dev": base.on_dev if base else None,
        "long_form": _long_form(data, system, scores, baseline, other, normaliser, out, config),
        "dataset": {"path": _lasting(data.url), "fingerprint": data.fingerprint},
        "own_texts": own_texts(system, table),
        "own_limits": own_limits(system, data),
        "seed": config.seed,
        "out": str(out),
    }
    summary = EvaluationSummary(**finite(found))
    _write_scores(out / "scores.parquet", scores, system, table, split, other, diagnosis)
    write_json(out / "summary.json", summary)
    confidences = _column(system, scores, "confidence")
    key = f"{data.fingerprint[:12]}-{split}-{system.fingerprint[:12]}"
    material = Material(as_stored(summary), scores, diagnosis, table, confidences, system.faults, other, key)
    write_report(out / "report.html", material, lambda row: data.clip_bytes(split, row), config.audio_bytes)
    return summary


def _lasting(url: str) -> str:
    """A path that ``govor report`` finds from any folder."""
    return url if "://" in url else str(given_path(url).absolute())


def _long_form(
    data: Dataset,
    system: System,
    scores: Scores,
    baseline: System | None,
    other: Scores | None,
    normaliser: TextNormaliser,
    out: Path,
    config: EvaluateConfig,
) -> dict[str, object] | None:
    if not config.long_form:
        return None
    planned, kind = plan_recordings(data.table(config.split), data.durations(config.split))
    found: dict[str, object] = {}
    for key, one, clips, folder in (
        ("", system, scores, out),
        ("baseline", baseline, other, out / "baseline"),
    ):
        if one is None or clips is None or one.open_here is None:
            continue
        lines = transcribe_recordings(folder, one.fingerprint, data, planned, config, one.open_here)
        rates = long_form_scores(planned, kind, lines, clips, normaliser, normaliser.language)
        found.update({key: rates} if key else rates)
    return found or None


def _diagnosed(system: System, scores: Scores, table: pl.DataFrame) -> Diagnosis:
    return diagnose(
        scores,
        confidences=_column(system, scores, "confidence"),
        levels_db=_column(system, scores, "level_db"),
        languages=table["language"].to_list() if "language" in table.columns else None,
        heard_languages=_column(system, scores, "language"),
    )


def _column(system: System, scores: Scores, key: str) -> list[Any]:
    lines: Mapping[str, Mapping[str, object]] = system.lines
    return [lines.get(name, {}).get(key) for name in scores.ids]


def _normaliser(system: System, config: EvaluateConfig, data: Dataset) -> TextNormaliser:
    from govor.config import TextConfig
    from govor.text import Normaliser

    stored = system.facts.get("normaliser")
    if others := released(config.rules):
        return others
    known = Normaliser.from_dict(stored) if isinstance(stored, Mapping) and stored else None
    language = known.language if known else _main_language(data, config.split)
    if config.rules is not None:
        return Normaliser.of(TextConfig(rules=config.rules), language)
    return known or Normaliser.of(TextConfig(), language)


def stored_normaliser(data: Mapping[str, object]) -> TextNormaliser:
    """The normaliser that a ``summary.json`` describes."""
    from govor.text import Normaliser

    return released(data.get("rules")) or Normaliser.from_dict(data)


def _main_language(data: Dataset, split: str) -> str | None:
    table = data.table(split)
    if "language" not in table.columns or table["language"].null_count() == table.height:
        return None
    return str(table["language"].drop_nulls().mode().sort()[0])


def _with_bandwidth(table: pl.DataFrame, system: System) -> pl.DataFrame:
    """The table with the bandwidth that was measured while decoding, unless it has one."""
    found = [line.get("bandwidth_hz") if (line := system.lines.get(name)) else None for name in table["id"]]
    if "bandwidth_hz" in table.columns or not any(found):
        return table
    return table.with_columns(bandwidth_hz=pl.Series(found, dtype=pl.Float64))


def require_columns(table: pl.DataFrame, config: EvaluateConfig, coming: Sequence[str] = ()) -> None:
    """Every column that is asked for is there, or comes with decoding.

    Raises:
        DatasetError: one is not.
    """
    for name in {"id", "text"} - set(table.columns):
        raise DatasetError(f"the data set has no column {name}: prepare it with govor")
    for name in missing_columns(table, config, coming):
        known = ", ".join(table.columns)
        raise DatasetError(f"the data set has no column {name!r} to slice by; it has {known}")


def missing_columns(table: pl.DataFrame, config: EvaluateConfig, coming: Sequence[str] = COMING) -> list[str]:
    """Columns to slice by that are not there and do not come with decoding."""
    return [name for name in config.slices if name not in table.columns and name not in coming]


def score_table(
    table: pl.DataFrame,
    column: str,
    hypotheses: Mapping[str, str],
    normaliser: TextNormaliser,
    seed: int,
) -> Scores:
    """Scores hypotheses by id against the references in a column of `table`, with its groups and languages.

    Raises:
        InputError: an id is there twice.
    """
    ids = table["id"].to_list()
    references = dict(zip(ids, table[column].fill_null("").to_list(), strict=True))
    if len(references) != len(ids):
        raise InputError("the split has an id twice, so hypotheses cannot be joined to it: prepare it again")
    languages = (
        dict(zip(ids, table["language"].to_list(), strict=True)) if "language" in table.columns else {}
    )
    return score(references, hypotheses, normaliser, groups_of(table), seed, languages=languages)


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


def _write_scores(
    path: Path,
    scores: Scores,
    system: System,
    table: pl.DataFrame,
    split: str,
    other: Scores | None,
    diagnosis: Diagnosis,
) -> None:
    frame = pl.DataFrame(
        {
            **scores.utterances(),
            "confidence": pl.Series(_column(system, scores, "confidence"), dtype=pl.Float64),
            "level_db": pl.Series(_column(system, scores, "level_db"), dtype=pl.Float64),
            "heard_language": pl.Series(_column(system, scores, "language"), dtype=pl.String),
            "split": split,
            "kinds": pl.Series(_kinds(diagnosis), dtype=pl.List(pl.String)),
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


def _kinds(diagnosis: Diagnosis) -> Sequence[list[str]]:
    return [
        [code for bit, code in enumerate(diagnosis.codes) if flags >> bit & 1] for flags in diagnosis.flags
    ]
