"""What crosses splits, and which split chooses the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from govor.config import Recipe
from govor.curate.sentences import with_sentence
from govor.findings import Finding, Severity, share_of, some
from govor.preflight.clips import Tables
from govor.preflight.registry import check

SENTENCE = "_sentence"
"""The key of `govor.curate.sentences`: none where a text is too short to mean a leak, as select has it."""
NO_NAMES = ("", "unknown", "none", "null", "n/a", "na", "-", "?")
"""What sources write where they do not know the speaker."""


@dataclass(frozen=True)
class _Kind:
    code: str
    column: str
    noun: str
    group: str
    always_error: bool
    why: str


KINDS = (
    _Kind(
        "split_same_id", "id", "ids", "", True, "the same utterance is learnt and scored, the WER is a lie"
    ),
    _Kind(
        "split_same_audio",
        "audio_sha256",
        "recordings of the same samples",
        "",
        True,
        "the same sound is learnt and scored, the WER is a lie",
    ),
    _Kind(
        "split_same_recording",
        "recording",
        "recordings",
        "recording",
        False,
        "voice, room and topic of the scored clips are known from training, the WER is too good",
    ),
    _Kind(
        "split_same_speaker",
        "speaker",
        "speakers",
        "speaker",
        False,
        "the WER holds for voices heard in training, not for new ones",
    ),
    _Kind(
        "split_same_sentence",
        SENTENCE,
        "sentences",
        "sentence",
        False,
        "the model can answer from memory, the WER is too good",
    ),
)
PAIRS = (("train", "test"), ("train", "dev"), ("dev", "test"))


@dataclass(frozen=True)
class _Shared:
    """Rows of one split that share something with another split."""

    first: str
    second: str
    rows: pl.DataFrame
    total: int

    def __str__(self) -> str:
        return f"{share_of(self.rows.height, self.total)} {self.second} rows with {self.first}"


@check(*(kind.code for kind in KINDS))
def nothing_crosses_splits(tables: Tables, recipe: Recipe) -> Iterator[Finding]:
    """No id, audio, recording, speaker or sentence is in two splits."""
    for kind in KINDS:
        pairs = PAIRS if kind.always_error else PAIRS[:2]
        keyed = {name: _keyed(table, kind.column) for name, table in tables.items()}
        found = [shared for first, second in pairs if (shared := _shared(kind, keyed, first, second))]
        if found:
            yield _crossing(kind, found, recipe)


def _shared(kind: _Kind, tables: Tables, first: str, second: str) -> _Shared | None:
    if first not in tables or second not in tables or kind.column not in tables[first].columns:
        return None
    left, right = _named(tables[first], kind.column), _named(tables[second], kind.column)
    rows = right.join(left, on=kind.column, how="semi")
    return _Shared(first, second, rows, tables[second].height) if rows.height else None


def _crossing(kind: _Kind, found: list[_Shared], recipe: Recipe) -> Finding:
    severity, origin = _severity(kind, recipe)
    values = found[0].rows[kind.column].unique(maintain_order=True).to_list()
    return Finding(
        kind.code,
        severity,
        f"splits {some(dict.fromkeys(name for one in found for name in (one.first, one.second)))}",
        f"{kind.noun} are shared by {'; '.join(map(str, found))} ({some(map(str, values), 3)})",
        f"none in {origin}" if severity == "error" else f"none; {origin}",
        kind.why,
        _fix(kind, found[0].first, found[0].second, severity),
        tuple(map(str, found[0].rows["id"].head(5))),
    )


def _keyed(table: pl.DataFrame, column: str) -> pl.DataFrame:
    """The table, with the key of sentences where that is asked for."""
    return with_sentence(table.lazy(), "normal").collect() if column == SENTENCE else table


def _named(table: pl.DataFrame, column: str) -> pl.DataFrame:
    rows = table.filter(pl.col(column).is_not_null())
    if rows.schema[column] == pl.String:
        rows = rows.filter(~pl.col(column).str.to_lowercase().str.strip_chars().is_in(NO_NAMES))
    return rows.select(pl.col("id"), pl.col(column)) if column != "id" else rows.select("id")


def _severity(kind: _Kind, recipe: Recipe) -> tuple[Severity, str]:
    if kind.always_error:
        return "error", "any split"
    own = recipe.select.dev is not None or recipe.select.test is not None
    if own and kind.group in recipe.select.group_by:
        return "error", f"a split made with [select] group_by = {list(recipe.select.group_by)}"
    return "warning", "the split of the source" if not own else f"[select] group_by leaves {kind.group} out"


def _fix(kind: _Kind, first: str, second: str, severity: Severity) -> str:
    if kind.always_error:
        return f"leave the ids out of {first} with [select] exclude, or split anew with [select] dev and test"
    if severity == "error":
        return "run govor select again; a data set prepared from an older split is made anew by govor prepare"
    return (
        f"split anew with [select] dev, test and group_by including '{kind.group}',"
        f" or say beside the WER that {second} shares {kind.noun} with {first}"
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
        f"set [select] dev = {min(200, max(1, tables['train'].height // 10))} (utterances), or give the"
        f" source's own rows for it the split {choosing}"
        if "train" in tables
        else "prepare a data set with a train and a dev split",
    )


def _scored_on(choosing: str) -> Finding:
    return Finding(
        "selection_on_test",
        "error",
        "[train] dev_split and [evaluate] split",
        f"{choosing} chooses the model and is the only split that is scored",
        "the split that is scored chose nothing",
        "the best of several checkpoints on a split is the luckiest there: its WER is too good",
        "set [train] dev_split = 'dev' and [evaluate] split = 'test'",
    )
