"""What crosses splits, and which split chooses the model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from govor.config import Recipe
from govor.curate.leaks import (
    GROUPS,
    SAME_ID,
    SAME_SOUND,
    LeakRule,
    codes_of_hashes,
    crossings,
    leak_value,
    value_hash,
)
from govor.curate.measure import SPLIT_CODES
from govor.curate.sentences import with_sentence
from govor.curate.splits import NAMES
from govor.findings import Finding, Severity, count_of, share_of, some
from govor.preflight.clips import Tables
from govor.preflight.materials import Facts
from govor.preflight.registry import check
from govor.preflight.repeats import Repeat

RULES = (SAME_ID, SAME_SOUND, *GROUPS)


@check(*(rule.code for rule in RULES))
def nothing_crosses_splits(tables: Tables, recipe: Recipe) -> Iterator[Finding]:
    """No id, audio, recording, speaker or sentence is in two splits."""
    numbers = [np.full(table.height, SPLIT_CODES.get(name, 0), np.int8) for name, table in tables.items()]
    splits = np.concatenate([np.empty(0, np.int8), *numbers])
    for rule in RULES:
        if all(rule.key == "sentence" or rule.key in table.columns for table in tables.values()):
            rows = pl.concat([_keyed(table, rule) for table in tables.values()])
            codes = codes_of_hashes(rows["hash"].to_numpy())
            shared = {pair: rows.filter(at) for pair, at in crossings(codes, splits, rule.pairs).items()}
            if shared:
                yield _crossing(rule, shared, tables, recipe)


def _keyed(table: pl.DataFrame, rule: LeakRule) -> pl.DataFrame:
    """Ids, values of a key, and their hashes."""
    lazy = with_sentence(table.lazy(), "normal") if rule.key == "sentence" else table.lazy()
    keyed = lazy.select(pl.col("id"), leak_value(rule.key).alias("value"))
    return keyed.with_columns(value_hash(pl.col("value")).alias("hash")).collect()


def _crossing(
    rule: LeakRule, shared: dict[tuple[int, int], pl.DataFrame], tables: Tables, recipe: Recipe
) -> Finding:
    severity, origin = _severity(rule, recipe)
    pairs = [(str(NAMES[one]), str(NAMES[other])) for one, other in shared]
    told = [
        f"{share_of(rows.height, tables[second].height)} {second} rows with {first}"
        for (first, second), rows in zip(pairs, shared.values(), strict=True)
    ]
    rows = next(iter(shared.values()))
    return Finding(
        rule.code,
        severity,
        f"splits {some(dict.fromkeys(name for pair in pairs for name in pair))}",
        f"{rule.noun} are shared by {'; '.join(told)} ({some(rows['value'].unique(maintain_order=True), 3)})",
        f"none in {origin}" if severity == "error" else f"none; {origin}",
        rule.why,
        _fix(rule, pairs[0], severity),
        tuple(rows["id"].cast(pl.String).head(5)),
        ids=tuple(pl.concat(list(shared.values()))["id"].cast(pl.String).unique(maintain_order=True)),
    )


def _severity(rule: LeakRule, recipe: Recipe) -> tuple[Severity, str]:
    if rule.always_wrong:
        return "error", "any split"
    own = recipe.select.dev is not None or recipe.select.test is not None
    if own and rule.key in recipe.select.group_by:
        return "error", f"a split made with [select] group_by = {list(recipe.select.group_by)}"
    return "warning", "the split of the source" if not own else f"[select] group_by leaves {rule.key} out"


def _fix(rule: LeakRule, pair: tuple[str, str], severity: Severity) -> str:
    first, second = pair
    if rule.always_wrong:
        return (
            f"leave the ids out of {first} with [select] exclude, or split again with [select] dev and test"
        )
    if severity == "error":
        return (
            "run govor select again; a data set prepared from an older split is made again by govor prepare"
        )
    return (
        f"split again with [select] dev, test and group_by including '{rule.key}',"
        f" or say beside the WER that {second} shares {rule.noun} with {first}"
    )


@check(SAME_SOUND.code)
def no_recording_is_encoded_again(repeats: list[Repeat], facts: Facts) -> Iterator[Finding]:
    """No recording stands in two splits through two codecs."""
    if not repeats:
        return
    again = [one for one in repeats if one.again]
    facts["same_sentences"] = (
        f"{count_of(len(repeats), 'pair')} of clips of about one length in two splits say one sentence:"
        f" {len(again):,} are one recording encoded again, {len(repeats) - len(again):,} were recorded again"
    )
    if again:
        yield _encoded_again(again, len(repeats))


def _encoded_again(again: list[Repeat], total: int) -> Finding:
    pair = again[0].splits
    return Finding(
        SAME_SOUND.code,
        "error",
        f"splits {some(dict.fromkeys(split for one in again for split in one.splits))}",
        f"{share_of(len(again), total)} pairs of clips that say one sentence are one recording, encoded again"
        f" (their loudness over time correlates by {min(one.agreement for one in again):.3f} or more)",
        "none; the same sentence recorded again correlates by less than 0.9",
        SAME_SOUND.why,
        f"leave these ids of {pair[0]} out with govor select --exclude findings.parquet"
        f" --codes {SAME_SOUND.code}",
        tuple(f"{one.first} ({one.splits[0]}) = {one.second} ({one.splits[1]})" for one in again[:5]),
        count=len(again),
        ids=tuple(dict.fromkeys(one.first for one in again)),
    )


@check("selection_on_test", "no_dev_split")
def the_test_split_chooses_nothing(tables: Tables, recipe: Recipe) -> Iterator[Finding]:
    """The split that is scored at the end is not the one that chooses the model."""
    choosing = recipe.train.dev_split
    if choosing not in tables:
        yield _no_dev(tables, choosing)
    elif not scored_splits(recipe) - {choosing}:
        yield _scored_on(choosing)


def scored_splits(recipe: Recipe) -> set[str]:
    """Splits that `[evaluate]` decodes of the recipe's own data set."""
    sets = recipe.evaluate.sets
    if not sets:
        return {recipe.evaluate.split}
    return {str(where).rpartition(":")[2] or "test" for where in sets.values()}


def _no_dev(tables: Tables, choosing: str) -> Finding:
    return Finding(
        "no_dev_split",
        "error",
        "data set",
        f"its splits are {some(tables)}",
        f"a split {choosing} of its own",
        "checkpoints and settings would be chosen on the test split, whose WER is then too good",
        _dev_of(tables, choosing),
    )


def _dev_of(tables: Tables, choosing: str) -> str:
    """Where the split that chooses can come from."""
    if "dev" in tables:
        return "set [train] dev_split = 'dev'"
    if "train" not in tables:
        return "prepare a data set with a train and a dev split"
    return (
        f"set [select] dev = {min(200, max(1, tables['train'].height // 10))} (utterances), or give the"
        f" source's own rows for it the split {choosing}"
    )


def _scored_on(choosing: str) -> Finding:
    return Finding(
        "selection_on_test",
        "error",
        "[train] dev_split and [evaluate] split",
        f"{choosing} chooses the model and is the only split that is scored",
        "the split that is scored is used for no choice",
        "the best of several checkpoints on a split is partly chosen by luck: its WER is too good",
    )
