"""``govor select``: filters, budgets and leak-free splits, in two passes over the corpus."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shlex import quote

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.config import SelectConfig
from govor.console import say
from govor.corpora.easing import easing, figure_models
from govor.corpora.easing import easings as earlier_easings
from govor.corpora.folder import Corpus, CorpusSummary, CorpusWriter
from govor.corpora.tidy import by_reason
from govor.curate.exclusion import Exclusions
from govor.curate.groups import seeded_order, sharing
from govor.curate.leaks import crossings, family, leaking
from govor.curate.measure import SPLIT_CODES, CorpusMeasures, CutCounts, frames, limits_of, measure
from govor.curate.sheet_utterances import SheetUtterances
from govor.curate.splits import (
    DEV,
    FREE,
    NAMES,
    TEST,
    TRAIN,
    CountError,
    LeakyError,
    SplitPlan,
    SplitTask,
    plan_splits,
)
from govor.curate.withdrawal import Withdrawals
from govor.errors import CorpusError, InputError, LimitError, UsageError
from govor.records import Easing, as_json

REASONS = (
    "",
    "withdrawn",
    "excluded",
    "no_second_transcript",
    "low_similarity",
    "high_similarity",
    "low_confidence",
    "low_agreement",
    "unknown_duration",
    "too_short",
    "too_long",
    "over_count",
    "over_budget",
    "machine_text",
)
"""Why an utterance is set aside, in the order in which it is looked at; ``leak_<key>`` come behind these."""
UNSURE = (
    *("no_second_transcript", "low_similarity", "high_similarity"),
    *("low_confidence", "low_agreement"),
)
"""Those that a model's figures decide."""
SECONDS_AN_HOUR = 3600.0
ROUNDING_S = 1e-3


@dataclass(frozen=True)
class SelectSummary(CorpusSummary):
    """That of an import, and how the splits were made.

    Attributes:
        leak_loss: share of train rows that were set aside.
        statements: what should be known about the splits.
        way: see `govor.curate.splits.SplitPlan`.
        cut: long utterances, and the pieces they became.
    """

    leak_loss: float
    statements: Sequence[str]
    way: str
    cut: CutCounts


def select_corpus(corpus: Path, out: Path, config: SelectConfig) -> SelectSummary:
    """Makes a new corpus of what passes the filters, fits the budgets, and falls into leak-free splits.

    Args:
        corpus: an existing corpus folder; it is only read.
        out: folder of the new corpus.
        config: the settings of ``[select]``.

    Returns:
        The summary that ``--json`` prints.

    Raises:
        CorpusError: a column, a speaker or a list that is named does not exist, or durations are missing.
        LimitError: no split without leaks within ``max_leak_loss``; nothing is written.
    """
    if out.resolve() == corpus.resolve():
        raise UsageError(f"--out {out} is the corpus itself: choose another folder")
    source = Corpus.open(corpus)
    exclusions = Exclusions.read(config.exclude, config.codes)
    exclusions.settle_numbers(source)
    if config.exclude_sampled:
        exclusions.exact |= set(SheetUtterances.read(corpus).ids())
    withdrawals = Withdrawals.read(config.exclude_speakers, config.exclude_recordings)
    withdrawals.settle(source)
    measures = measure(source, config, exclusions, withdrawals)
    reasons = _filtered(source, config, measures)
    plan = _planned(source, config, measures, reasons)
    statements = [
        *withdrawals.told(),
        *_unmet_exclusions(exclusions),
        *_unknown_speakers(measures, reasons, plan),
        *plan.statements,
    ]
    if config.limits_on == "train":
        _mark_unsure(reasons, config, measures, plan.splits < DEV)
        eased = None
    else:
        eased = _easing(source, measures, plan, reasons)
        statements += _too_low_warning(eased, plan)
    leaking = (reasons == 0) & (plan.leaks > 0)
    reasons[leaking] = plan.leaks[leaking] + len(REASONS) - 1
    statements += _without_machine_texts(measures, plan, reasons)
    statements += _keep_to_counts(config, measures, plan, reasons)
    statements += _leaking(measures, plan, reasons)
    _keep_to_budget(config, measures, plan, reasons)
    for statement in statements:
        say(f"select: {statement}")
    return _write_selection(source, out, config, measures, plan, reasons, statements, eased)


def _within_limits(config: SelectConfig, measures: CorpusMeasures) -> NDArray[np.bool_] | None:
    """Which utterances the limits would keep, where they hold for train alone and so leave the others in."""
    if config.limits_on != "train" or not _has_limits(config):
        return None
    reasons = np.zeros(len(measures.order), np.int8)
    _mark_unsure(reasons, config, measures, np.ones(len(reasons), bool))
    within: NDArray[np.bool_] = reasons == 0
    return within


def _has_limits(config: SelectConfig) -> bool:
    return (config.min_similarity, config.max_similarity) != (None, None) or bool(limits_of(config))


def _without_machine_texts(measures: CorpusMeasures, plan: SplitPlan, reasons: NDArray[np.int8]) -> list[str]:
    """Sets texts aside that nobody looked at, where they would be scored."""
    scored = measures.machine & (plan.splits >= DEV) & (reasons == 0)
    _mark(reasons, "machine_text", scored)
    count = int(scored.sum())
    if not count:
        return []
    return [f"{count:,} texts that a model wrote are left out of dev and test: nobody has checked them"]


def _unmet_exclusions(exclusions: Exclusions) -> list[str]:
    unmet = exclusions.unmet()
    if not unmet:
        return []
    shown = ", ".join(unmet[:3])
    return [
        f"{len(unmet)} of {len(exclusions.entries)} entries to exclude match nothing here, such as {shown}"
    ]


def _unknown_speakers(measures: CorpusMeasures, reasons: NDArray[np.int8], plan: SplitPlan) -> list[str]:
    """Splits by speaker where some are not known: nobody can say that they are free of leaks."""
    speaker = measures.keys.get("speaker")
    unknown = 0 if speaker is None else int(((speaker < 0) & (reasons == 0)).sum())
    if not unknown or plan.way == "given":
        return []
    return [
        f"{unknown:,} of {int((reasons == 0).sum()):,} utterances name no speaker, so govor "
        "cannot tell whether "
        "splits share speakers; import again with --speaker-from folder, name or column, if one of "
        "them names the speaker"
    ]


def _leaking(measures: CorpusMeasures, plan: SplitPlan, reasons: NDArray[np.int8]) -> list[str]:
    """What splits that came with the corpus share with train: they are kept, which is said."""
    splits = np.where(reasons == 0, plan.splits, FREE).astype(np.int8)
    shared = {
        key: leaking(crossings(codes, splits), len(splits)).sum() for key, codes in measures.keys.items()
    }
    told = ", ".join(f"{count:,} share a {key} with train" for key, count in shared.items() if count)
    if not told:
        return []
    held = int((splits >= DEV).sum())
    return [
        f"the corpus's own splits are kept, but they leak: of {held:,} dev and test utterances {told}; "
        "--resplit with --dev and --test makes splits without leaks"
    ]


def _filtered(source: Corpus, config: SelectConfig, measures: CorpusMeasures) -> NDArray[np.int8]:
    """Number of the reason for every utterance that filters set aside, else 0 ``[N]``."""
    reasons = np.zeros(len(measures.order), np.int8)
    duration = measures.duration
    _mark(reasons, "withdrawn", measures.withdrawn)
    _mark(reasons, "excluded", measures.excluded)
    if config.limits_on == "all":
        _mark_unsure(reasons, config, measures, np.ones(len(reasons), bool))
    if _needs_durations(config):
        _require_durations(source, config, measures, reasons)
        _mark(reasons, "unknown_duration", np.isnan(duration))
    _mark(reasons, "too_short", duration < _or(config.min_duration, -np.inf))
    _mark(reasons, "too_long", duration > _or(config.max_duration, np.inf))
    return reasons


def _mark_unsure(
    reasons: NDArray[np.int8], config: SelectConfig, measures: CorpusMeasures, among: NDArray[np.bool_]
) -> None:
    """Sets aside, among some rows, those whose measures of certainty miss a limit."""
    similarity = measures.similarity
    if similarity is not None and (config.min_similarity, config.max_similarity) != (None, None):
        _mark(reasons, "no_second_transcript", among & np.isnan(similarity))
        _mark(reasons, "low_similarity", among & (similarity < _or(config.min_similarity, -np.inf)))
        _mark(reasons, "high_similarity", among & (similarity > _or(config.max_similarity, np.inf)))
    for column, least in limits_of(config).items():
        _mark(reasons, f"low_{column}", among & (measures.sure[column] < least))


def _easing(
    source: Corpus, measures: CorpusMeasures, plan: SplitPlan, reasons: NDArray[np.int8]
) -> Easing | None:
    """How much of dev and test, or of what they were drawn from, the limits of sureness took."""
    if not ((plan.splits >= DEV) & (reasons == 0)).any():
        return None
    among = plan.splits >= DEV if plan.way == "given" else np.ones(len(reasons), bool)
    gone = int((np.isin(reasons, [REASONS.index(name) for name in UNSURE]) & among).sum())
    return easing(gone, int(among.sum()), figure_models(source.info.notes)) if gone else None


def _too_low_warning(eased: Easing | None, plan: SplitPlan) -> list[str]:
    """That what limits took makes every WER too low."""
    if eased is None:
        return []
    models = ", ".join(eased["models"])
    whose = f", most of all that of {models}, whose own figures decide" if models else ""
    what = (
        "utterances of dev and test" if plan.way == "given" else "utterances before dev and test were drawn"
    )
    return [
        f"limits of similarity, confidence or agreement took {eased['taken']:,} of {eased['of']:,} {what}: "
        f"these hold only what is easy, and a WER on them is too low{whose}; --limits-on train spares them"
    ]


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _mark(reasons: NDArray[np.int8], reason: str, rows: NDArray[np.bool_]) -> None:
    reasons[(reasons == 0) & rows] = REASONS.index(reason)


def _needs_durations(config: SelectConfig) -> bool:
    needing = (config.min_duration, config.max_duration, config.hours, config.max_bytes)
    return any(value is not None for value in needing)


def _require_durations(
    source: Corpus, config: SelectConfig, measures: CorpusMeasures, reasons: NDArray[np.int8]
) -> None:
    unknown = int((np.isnan(measures.duration) & (reasons == 0)).sum())
    if unknown and "check" not in source.info.notes:
        raise CorpusError(
            f"{unknown} of {len(reasons)} utterances of {source.folder} have no known duration, which the "
            f"duration and size limits need: run govor check {quote(str(source.folder))}, which fills it in"
        )


def _planned(
    source: Corpus, config: SelectConfig, measures: CorpusMeasures, reasons: NDArray[np.int8]
) -> SplitPlan:
    """The splits of all utterances; those that filters set aside play no part."""
    named = measures.splits if config.official_splits else np.zeros_like(measures.splits)
    kept = _kept_assignment(config, measures)
    _require_speakers(source, config)
    open_counts = {
        split: count
        for split, count in ((TEST, config.test), (DEV, config.dev))
        if count and not (kept == split).any() and not (named == split).any()
    }
    if not (open_counts or config.hold_out or config.keep_splits):
        return _as_given(source, named)
    fixed = np.where(kept > FREE, kept, np.where(named > TRAIN, named, FREE)).astype(np.int8)
    fixed[measures.held_out] = TEST
    keeps = (reasons == 0) & ~measures.machine
    _require_texts_to_score(source, reasons, measures, keeps)
    task = SplitTask(
        {name: codes[keeps] for name, codes in measures.keys.items()},
        measures.order[keeps],
        fixed[keeps],
        (measures.held_out | (kept > TRAIN))[keeps],
        open_counts,
        config.max_leak_loss,
        config.count_tolerance,
    )
    try:
        plan = plan_splits(task)
    except LeakyError as error:
        raise _leaky(config, error) from None
    except CountError as error:
        raise _miscounted(error) from None
    splits, leaks = np.zeros_like(fixed), np.zeros_like(fixed)
    splits[keeps], leaks[keeps] = plan.splits, plan.leaks
    _place_machine_texts((reasons == 0) & measures.machine, measures, fixed, splits, leaks)
    return replace(plan, splits=splits, leaks=leaks)


def _require_texts_to_score(
    source: Corpus, reasons: NDArray[np.int8], measures: CorpusMeasures, keeps: NDArray[np.bool_]
) -> None:
    machine = int(((reasons == 0) & measures.machine).sum())
    if machine and not keeps.any():
        raise CorpusError(
            f"a model wrote all {machine:,} texts of {source.folder}, and dev and test need texts that "
            "people wrote or checked: have some checked (govor sample, govor review), or merge a corpus "
            "that has such texts"
        )


def _place_machine_texts(
    machine: NDArray[np.bool_],
    measures: CorpusMeasures,
    fixed: NDArray[np.int8],
    splits: NDArray[np.int8],
    leaks: NDArray[np.int8],
) -> None:
    """Machine texts go to train, or where they are bound to; those that share a key with dev or test leak."""
    splits[machine] = np.where(fixed[machine] > TRAIN, fixed[machine], TRAIN)
    held = np.where(leaks == 0, splits, FREE)
    for number, codes in enumerate(measures.keys.values(), 1):
        shared = sharing(codes, (held >= DEV) & ~machine) & machine & (splits == TRAIN)
        leaks[shared & (leaks == 0)] = number


def _as_given(source: Corpus, named: NDArray[np.int8]) -> SplitPlan:
    """The corpus's own splits; where only some utterances have one, the others are for training."""
    splits, said = named.copy(), []
    without = int((named == FREE).sum())
    if named.any() and without:
        splits[named == FREE] = TRAIN
        said = [
            f"{without} utterances of {source.folder} have no split while others have one: govor "
            "puts them into train"
        ]
    return SplitPlan(splits, np.zeros_like(named), "given", 0.0, tuple(said))


def _require_speakers(source: Corpus, config: SelectConfig) -> None:
    if not config.hold_out:
        return
    known = set(source.scan().select(pl.col("speaker").unique()).collect()["speaker"].drop_nulls())
    for speaker in config.hold_out:
        if speaker not in known:
            near = difflib.get_close_matches(speaker, known, n=1)
            hint = (
                f"did you mean {near[0]}?" if near else f"there are {len(known)}, such as {sorted(known)[:3]}"
            )
            raise CorpusError(
                f"hold_out names the speaker {speaker!r}, but {source.folder} has no such speaker; {hint}"
            )


def _kept_assignment(config: SelectConfig, measures: CorpusMeasures) -> NDArray[np.int8]:
    """Splits of an earlier corpus for utterances that it has too, else `FREE` ``[N]``."""
    kept = np.zeros(len(measures.order), np.int8)
    if not config.keep_splits:
        return kept
    rows = Corpus.open(Path(config.keep_splits)).scan()
    own = family() if "parent" in rows.collect_schema() else pl.col("id")
    old = rows.select(own, "split").collect()
    codes = old["split"].replace_strict(SPLIT_CODES, default=0, return_dtype=pl.Int8).to_numpy()
    if not codes.any():
        raise CorpusError(f"{config.keep_splits} has no splits to keep: name a corpus that govor select made")
    hashes = seeded_order(old["id"].to_list(), config.seed)
    ranks = np.argsort(hashes)
    places = np.searchsorted(hashes, measures.families, sorter=ranks).clip(max=len(hashes) - 1)
    found = ranks[places]
    return np.where(hashes[found] == measures.families, codes[found], 0).astype(np.int8)


def _leaky(config: SelectConfig, error: LeakyError) -> LimitError:
    costs = "\n".join(f"  {cost}" for cost in error.costs)
    choice = (
        f"choose a weaker grouping, or allow more with --max-leak-loss:\n{costs}"
        if costs
        else ("ask for fewer, or allow more with --max-leak-loss")
    )
    message = f"no split without leaks by {', '.join(config.group_by)}: {error.reason}; {choice}"
    return LimitError(message, {"group_by": list(config.group_by), "groupings": as_json(error.costs)})


def _miscounted(error: CountError) -> CorpusError:
    """Groups that do not add up: what can be met, and what weaker groupings would cost."""
    flags = (" ".join(f"--{split} {count}" for split, count in counts.items()) for counts in error.counts)
    asked = [f"  {counts}" for counts in flags]
    choice = "ask for numbers that can be met, " if asked else ""
    weaker = [f"  {cost}" for cost in error.costs]
    lines = [*asked, *(["or group by less:", *weaker] if weaker else [])]
    allow = f"{choice}allow more with --count-tolerance{', or group by less' if weaker and not asked else ''}"
    return CorpusError("\n".join([f"{error.reason}; {allow}:", *lines]))


def _keep_to_counts(
    config: SelectConfig, measures: CorpusMeasures, plan: SplitPlan, reasons: NDArray[np.int8]
) -> list[str]:
    """Cuts given splits down to the number asked for."""
    said: list[str] = []
    if not config.official_splits or config.keep_splits:
        return said
    for split, wanted in ((TEST, config.test), (DEV, config.dev)):
        own = measures.splits == split
        rows = np.flatnonzero(own & (plan.splits == split) & (reasons == 0) & ~measures.held_out)
        if not wanted or not own.any():
            continue
        if len(rows) > wanted:
            surplus = rows[np.argsort(measures.order[rows])][wanted:]
            reasons[surplus] = REASONS.index("over_count")
        elif len(rows) < wanted:
            said.append(
                f"the corpus's own {NAMES[split]} has {len(rows)} utterances, not {wanted}: kept as it is"
            )
    return said


def _keep_to_budget(
    config: SelectConfig, measures: CorpusMeasures, plan: SplitPlan, reasons: NDArray[np.int8]
) -> None:
    """Takes train utterances in seeded order until the budget is full."""
    limits = [SECONDS_AN_HOUR * config.hours] if config.hours is not None else []
    limits += [config.max_bytes / config.bytes_per_s] if config.max_bytes is not None else []
    if not limits:
        return
    kept, held = reasons == 0, plan.splits >= DEV
    left = min(limits) - float(measures.duration[kept & held].sum())
    if left < 0:
        raise InputError(
            f"dev and test alone have {(min(limits) - left) / SECONDS_AN_HOUR:.2f} h, more than the "
            f"{min(limits) / SECONDS_AN_HOUR:.2f} h of the budget: ask for fewer utterances or for more hours"
        )
    rows = np.flatnonzero(kept & ~held)
    rows = rows[np.argsort(measures.order[rows])]
    over = rows[np.cumsum(measures.duration[rows]) > left + ROUNDING_S]
    reasons[over] = REASONS.index("over_budget")


def _write_selection(
    source: Corpus,
    out: Path,
    config: SelectConfig,
    measures: CorpusMeasures,
    plan: SplitPlan,
    reasons: NDArray[np.int8],
    statements: list[str],
    eased: Easing | None,
) -> SelectSummary:
    within = _within_limits(config, measures)
    names = [*REASONS, *(f"leak_{key}" for key in config.group_by)]
    record = {"settings": asdict(config), "way": plan.way, "leak_loss": plan.loss, "statements": statements}
    record |= {"easings": [*earlier_easings(source.info.notes), *([eased] if eased else [])]}
    info = replace(source.info, notes={**source.info.notes, "select": record})
    with CorpusWriter(out, info) as writer:
        for batch in source.rejected_batches():
            writer.reject_frame(batch)
        begin = 0
        for frame in frames(source, config):
            rows = slice(begin, begin + frame.height)
            begin += frame.height
            if measures.similarity is not None:
                known = pl.Series("similarity", measures.similarity[rows]).fill_nan(None)
                frame = frame.with_columns(known)
            if within is not None:
                frame = frame.with_columns(pl.Series("within_limits", within[rows]))
            _write(writer, frame, config, plan.splits[rows], measures.held_out[rows], reasons[rows], names)
    SheetUtterances.read(source.folder).write(out)
    corpus = vars(writer.info.summary(out))
    return SelectSummary(**corpus, leak_loss=plan.loss, statements=statements, way=plan.way, cut=measures.cut)


def _write(
    writer: CorpusWriter,
    frame: pl.DataFrame,
    config: SelectConfig,
    splits: NDArray[np.int8],
    held_out: NDArray[np.bool_],
    reasons: NDArray[np.int8],
    names: list[str],
) -> None:
    named = pl.Series("split", [NAMES[code] for code in splits.tolist()], dtype=pl.String)
    frame = frame.with_columns(named)
    if config.hold_out:
        frame = frame.with_columns(pl.Series("held_out", held_out))
    keeps = pl.Series(reasons == 0)
    writer.write(frame.filter(keeps))
    dropped = frame.filter(~keeps).with_columns(
        pl.Series("reason", [names[code] for code in reasons[reasons > 0].tolist()], dtype=pl.String)
    )
    if dropped.height:
        writer.reject_frame(
            dropped.select("id", pl.lit("select").alias("stage"), "reason", _detail(dropped, config))
        )


def _detail(frame: pl.DataFrame, config: SelectConfig) -> pl.Expr:
    """What a rejection says besides its reason."""
    similarity = pl.col("similarity") if "similarity" in frame.columns else pl.lit(None, pl.Float64)
    seconds = pl.coalesce("duration", pl.col("end") - pl.coalesce("start", pl.lit(0.0)))
    details: Mapping[str, pl.Expr] = {
        "low_similarity": pl.format(
            "similarity {} is below {}", similarity.round(4), pl.lit(config.min_similarity)
        ),
        "high_similarity": pl.format(
            "similarity {} is above {}", similarity.round(4), pl.lit(config.max_similarity)
        ),
        **{f"low_{name}": _below(name, least) for name, least in limits_of(config).items()},
        "machine_text": pl.format("nobody has checked it, and its split is {}", pl.col("split")),
        "too_short": pl.format("{} s is below {} s", seconds.round(3), pl.lit(config.min_duration)),
        "too_long": pl.format("{} s is above {} s", seconds.round(3), pl.lit(config.max_duration)),
    }
    return by_reason(pl.col("reason"), details).fill_null("").alias("detail")


def _below(column: str, least: float) -> pl.Expr:
    value = pl.col(column).cast(pl.Float64).round(4).cast(pl.String).fill_null("none")
    return pl.format("{} {} is below {}", pl.lit(column), value, pl.lit(least))
