"""The first pass over a corpus: everything that choosing needs, a few numbers an utterance.

Texts are read in pieces and left behind; what stays is about 60 bytes an utterance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.config import SelectConfig
from govor.corpora.folder import SPLITS, Corpus, duration_column
from govor.corpora.text_source import HUMAN, MACHINE, TEXT_SOURCE, source_of
from govor.curate.cutting import WORD_COLUMNS, cut_frame
from govor.curate.exclusion import Exclusions
from govor.curate.groups import Codes, seeded_order
from govor.curate.leaks import codes_of_hashes, family, leak_value, value_hash
from govor.curate.sentences import letters, with_sentence
from govor.curate.withdrawal import Withdrawals
from govor.errors import CorpusError
from govor.text import similarities

BATCH_ROWS = 32_768
NEEDED = ("id", "recording", "audio", "start", "end", "duration", "text", "speaker", "split")
SPLIT_CODES: dict[str | None, int] = {None: 0, **{name: number for number, name in enumerate(SPLITS, 1)}}


@dataclass(frozen=True)
class CutCounts:
    """Long utterances that were cut, and the pieces they became."""

    utterances: int
    pieces: int


@dataclass(frozen=True)
class CorpusMeasures:
    """Facts of every utterance, in the order of the corpus; N utterances.

    Attributes:
        order: seeded random numbers ``[N]``.
        families: the same by the utterance that it is a part of, else by its own ``[N]``.
        duration: seconds, NaN where unknown ``[N]``.
        sure: what the limits of sureness are held against, by column: the values, NaN where a person stands
            for the text or there is none, -inf where a machine text has none ``[N]`` each.
        machine: texts that a model wrote and nobody looked at ``[N]``.
        similarity: to the second transcript, NaN where there is none; None when not asked for ``[N]``.
        splits: numbers of the splits they came with, 0 for none ``[N]``.
        held_out: speakers that are held out ``[N]``.
        excluded: listed for exclusion ``[N]``.
        withdrawn: of speakers and recordings that were withdrawn ``[N]``.
        keys: group numbers by key ``[N]`` each.
        cut: utterances that were cut, and the pieces they became.
    """

    order: NDArray[np.uint64]
    families: NDArray[np.uint64]
    duration: NDArray[np.float64]
    similarity: NDArray[np.float64] | None
    sure: Mapping[str, NDArray[np.float64]]
    machine: NDArray[np.bool_]
    splits: NDArray[np.int8]
    held_out: NDArray[np.bool_]
    excluded: NDArray[np.bool_]
    withdrawn: NDArray[np.bool_]
    keys: Mapping[str, Codes]
    cut: CutCounts


def second_transcript(corpus: Corpus, config: SelectConfig) -> str | None:
    """Column that similarity is measured to: the one asked for, else the importer's, or None."""
    noted = corpus.info.notes.get("second_transcript")
    return config.similarity_to or (noted if isinstance(noted, str) else None)


def wants_similarity(config: SelectConfig) -> bool:
    """Whether any setting needs the similarity."""
    asked = (config.min_similarity, config.max_similarity, config.similarity_to)
    return any(setting is not None for setting in asked)


def limits_of(config: SelectConfig) -> dict[str, float]:
    """Least values that are asked for, by the column that has them."""
    asked = {"confidence": config.min_confidence, "agreement": config.min_agreement}
    return {name: least for name, least in asked.items() if least is not None}


def keys_needed(corpus: Corpus, config: SelectConfig) -> tuple[str, ...]:
    """The keys of groups, none where no split is to be made and none came with the corpus."""
    splits = config.dev or config.test or config.hold_out or config.keep_splits
    return config.group_by if splits or (config.official_splits and _has_splits(corpus)) else ()


def _has_splits(corpus: Corpus) -> bool:
    return bool(corpus.scan().select(pl.col("split").is_not_null().any()).collect().item())


def frames(
    corpus: Corpus, config: SelectConfig, columns: list[str] | None = None, *, compared: bool = False
) -> Iterator[pl.DataFrame]:
    """The utterances in pieces, long ones cut where that is asked for; the same rows on every call.

    Args:
        corpus: the corpus.
        config: the settings.
        columns: read only these.
        compared: also measure the similarity (of the whole utterance, where one is cut).
    """
    second = second_transcript(corpus, config)
    for frame in corpus.frames(columns, BATCH_ROWS):
        if compared and second:
            frame = frame.with_columns(_similarity(frame, config, second))
        if config.split_at_words and config.max_duration is not None:
            frame = cut_frame(frame, config.max_duration, second)
        yield frame


def measure(
    corpus: Corpus, config: SelectConfig, exclusions: Exclusions, withdrawals: Withdrawals
) -> CorpusMeasures:
    """Reads the corpus once.

    Raises:
        CorpusError: a column that the settings name is missing.
    """
    columns, keys = _columns(corpus, config), keys_needed(corpus, config)
    parts: dict[str, list[NDArray[Any]]] = {}
    cut = np.zeros(2, np.int64)
    for frame in frames(corpus, config, columns, compared=wants_similarity(config)):
        for name, values in _measured(frame, config, (exclusions, withdrawals), keys).items():
            parts.setdefault(name, []).append(values)
        if "cut_from" in frame.columns:
            pieces = frame["cut_from"].drop_nulls()
            cut += (pieces.n_unique(), len(pieces))
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    return _assembled(joined, config, keys, CutCounts(*cut.tolist()))


def _assembled(
    joined: dict[str, NDArray[Any]], config: SelectConfig, names: Sequence[str], cut: CutCounts
) -> CorpusMeasures:
    def column(name: str, kind: type) -> NDArray[Any]:
        return joined.get(name, np.empty(0)).astype(kind, copy=False)

    keys = {key: codes_of_hashes(joined.pop(f"key:{key}", np.empty(0, np.uint64))) for key in names}
    return CorpusMeasures(
        order=column("order", np.uint64),
        families=column("families", np.uint64),
        duration=column("duration", np.float64),
        similarity=column("similarity", np.float64) if wants_similarity(config) else None,
        sure={name: column(name, np.float64) for name in limits_of(config)},
        machine=column("machine", np.bool_),
        splits=column("splits", np.int8),
        held_out=column("held_out", np.bool_),
        excluded=column("excluded", np.bool_),
        withdrawn=column("withdrawn", np.bool_),
        keys=keys,
        cut=cut,
    )


def _columns(corpus: Corpus, config: SelectConfig) -> list[str]:
    """Columns that the first pass reads."""
    present = corpus.scan().collect_schema().names()
    second = second_transcript(corpus, config)
    named = [key for key in config.group_by if key != "sentence"]
    if wants_similarity(config):
        if second is None:
            raise CorpusError(
                f"{corpus.folder} has no second transcript to measure similarity to: name its column with "
                f"--similarity-to; it has {', '.join(present)}"
            )
        named += [second, config.similarity_of]
    named += limits_of(config)
    for name in named:
        if name not in present:
            raise CorpusError(f"{corpus.table} has no column {name!r}; it has {', '.join(present)}")
    words = [c for c in chain.from_iterable(WORD_COLUMNS) if c in present and config.split_at_words]
    kept = [name for name in ("parent", TEXT_SOURCE) if name in present]
    return list(dict.fromkeys([*NEEDED, *named, *words, *kept]))


def _measured(
    frame: pl.DataFrame, config: SelectConfig, lists: tuple[Exclusions, Withdrawals], keys: Sequence[str]
) -> dict[str, NDArray[Any]]:
    split = pl.col("split").replace_strict(SPLIT_CODES, default=0, return_dtype=pl.Int8)
    lazy = with_sentence(frame.lazy()) if "sentence" in keys else frame.lazy()
    found = lazy.select(
        duration_column().cast(pl.Float64).fill_null(float("nan")).alias("duration"),
        split.alias("splits"),
        pl.col("speaker").is_in(config.hold_out).fill_null(False).alias("held_out"),
        (source_of(frame) == MACHINE).alias("machine"),
        *[_sureness(frame, name) for name in limits_of(config)],
        *[value_hash(leak_value(key)).alias(f"key:{key}") for key in keys],
    ).collect()
    measured = {name: found[name].to_numpy() for name in found.columns}
    measured["order"] = measured["families"] = seeded_order(frame["id"].to_list(), config.seed)
    if "parent" in frame.columns:
        measured["families"] = seeded_order(frame.select(family())["id"].to_list(), config.seed)
    measured["excluded"], measured["withdrawn"] = (one.matches(frame) for one in lists)
    if "similarity" in frame.columns:
        measured["similarity"] = frame["similarity"].fill_null(float("nan")).to_numpy()
    return measured


def _sureness(frame: pl.DataFrame, column: str) -> pl.Expr:
    """A measure of machine texts, and of others that have it; what a person checked is not measured by it."""
    source, value = source_of(frame), pl.col(column).cast(pl.Float64)
    known = pl.when(source == MACHINE).then(value.fill_null(-np.inf)).when(source == HUMAN).then(value)
    return known.fill_null(float("nan")).alias(column)


def _similarity(frame: pl.DataFrame, config: SelectConfig, second: str) -> pl.Series:
    form = letters if config.compare == "letters" else (lambda column: column)
    both = frame.select(
        form(pl.col(config.similarity_of).cast(pl.String)).alias("a"),
        form(pl.col(second).cast(pl.String)).alias("b"),
    )
    known = both.select((pl.col("a").is_not_null() & pl.col("b").is_not_null()).alias("k"))["k"]
    values = similarities(both["a"].fill_null("").to_list(), both["b"].fill_null("").to_list())
    values = np.where(known.to_numpy(), values, np.nan)
    return pl.Series("similarity", values).fill_nan(None)
