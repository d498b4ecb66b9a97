"""All durations and all labels against what the model can take."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from govor.config import TrainConfig
from govor.findings import Finding, Severity, share_of
from govor.models.base import Family
from govor.preflight.clips import Tables
from govor.preflight.registry import check

DEFAULTS = TrainConfig()


def severity_of(split: str, found: int, total: int, training: TrainConfig) -> Severity:
    """An error where training would stop at so many clips that it cannot use; dev and test are only decoded.

    Up to `[train] max_skipped` of the split (one clip, if that is more) is left out by training and counted.
    """
    allowed = max(1.0, training.max_skipped * total)
    return "error" if split == training.train_split and found > allowed else "warning"


@check("too_long")
def clips_fit_the_window(
    family: Family, tables: Tables, training: TrainConfig = DEFAULTS
) -> Iterator[Finding]:
    """No clip is longer than what the model hears."""
    window_s = family.max_window_s
    for split, table in tables.items() if window_s else ():
        long = table.filter(pl.col("duration") > window_s).sort("duration", descending=True)
        if long.height:
            yield Finding(
                "too_long",
                severity_of(split, long.height, table.height, training),
                f"split {split}",
                f"{share_of(long.height, table.height)} clips are longer, up to {long['duration'][0]:.1f} s",
                f"the model hears {window_s:g} s",
                "training leaves them out: a model that hears the beginning and has to write the whole text"
                " learns to invent"
                if split == training.train_split
                else "they are cut at pauses and decoded in windows, which can cost words at the seams",
                f"set [select] max_duration = {window_s:g}, with split_at_words = true if word times are"
                " known; then prepare again",
                tuple(f"{row['id']}: {row['duration']:.1f} s" for row in long.head(5).iter_rows(named=True)),
                ids=tuple(long["id"]),
            )


@check("very_long_text")
def labels_fit_the_decoder(
    family: Family, labels: Tables, training: TrainConfig = DEFAULTS
) -> Iterator[Finding]:
    """No transcript has more tokens than the model can write."""
    limit = family.max_labels
    for split, table in labels.items() if limit else ():
        long = table.filter(pl.col("tokens") > limit).sort("tokens", descending=True)
        if long.height:
            yield Finding(
                "very_long_text",
                severity_of(split, long.height, table.height, training),
                f"split {split}",
                f"{share_of(long.height, table.height)} texts have up to {long['tokens'][0]} tokens",
                f"the decoder writes at most {limit}, special tokens included",
                "training leaves them out"
                if split == training.train_split
                else "the rest of these texts counts as errors, because the model cannot write it",
                "leave these ids out with [select] exclude, or cut them with [select] max_duration and"
                " split_at_words = true",
                tuple(f"{row['id']}: {row['tokens']} tokens" for row in long.head(5).iter_rows(named=True)),
                ids=tuple(long["id"]),
            )


@check("too_few_frames")
def labels_fit_the_frames(
    family: Family, labels: Tables, training: TrainConfig = DEFAULTS
) -> Iterator[Finding]:
    """Every clip has as many output frames as its labels need."""
    if family.label_frames(1.0) is None:
        return
    for split, table in labels.items():
        have = [family.label_frames(seconds) for seconds in table["duration"].to_list()]
        short = table.with_columns(pl.Series("have", have, dtype=pl.Int64)).filter(
            pl.col("have") < pl.col("frames")
        )
        if short.height:
            yield _too_few_frames(split, table.height, short, training)


def _too_few_frames(split: str, total: int, short: pl.DataFrame, training: TrainConfig) -> Finding:
    severity = severity_of(split, short.height, total, training)
    less = (
        "take a model with less subsampling ([model] from_scratch subsampling_factor = 4), or labels of"
        " several characters"
    )
    fix = (
        "listen to one with govor inspect: the clip is cut too short, or the transcript is of another one;"
        f" leave these ids out with [select] exclude, or {less}"
        if severity == "warning"
        else f"{less}; check a few of these clips with govor inspect"
    )
    return Finding(
        "too_few_frames",
        severity,
        f"split {split}",
        f"{share_of(short.height, total)} clips have fewer output frames than labels plus repeats",
        "CTC needs a frame for every label and one more between equal neighbours",
        "their loss is infinite; left out silently, the loss looks small while nothing is learnt",
        fix,
        tuple(
            f"{row['id']}: {row['have']} frames, {row['frames']} needed ({row['duration']:.2f} s)"
            for row in short.head(5).iter_rows(named=True)
        ),
        ids=tuple(short["id"]),
    )
