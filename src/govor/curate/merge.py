"""``govor merge``: several corpora as one, in two passes, whatever their columns.

What is the same stays the same: a recording that two corpora point at is one recording, so that rules against
leaks hold across them. What only has the same name is kept apart: ids and recordings get their corpus's name
before them where two corpora use one for different things.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.config import MergeConfig
from govor.console import say
from govor.corpora.folder import CORE_SCHEMA, Corpus, CorpusInfo, CorpusSummary, CorpusWriter
from govor.corpora.spool import common_schema, conform
from govor.corpora.text_source import with_sources
from govor.curate.measure import BATCH_ROWS
from govor.curate.sheet_utterances import SheetUtterances
from govor.errors import CorpusError, UsageError
from govor.findings import count_of, some

OF, LICENSE = "corpus", "license"
"""Columns that say where an utterance comes from, and under which licence."""


@dataclass(frozen=True)
class MergePart:
    """One of the corpora.

    Attributes:
        name: what it is called in the merged one.
        corpus: it.
        license: of its rows that name none.
    """

    name: str
    corpus: Corpus
    license: str | None = None


@dataclass(frozen=True)
class MergedNames:
    """How what several corpora have is called.

    Attributes:
        root: folder that audio paths are taken from.
        distinct: ids of all corpora together.
        shared_ids: hashes of ids that several corpora have, sorted.
        recordings: ``_part``, ``recording``, ``audio`` (from `root`) and ``_recording``, the new name.
        shared_speakers: speakers that several corpora name and who are not the same person.
    """

    root: Path
    distinct: int
    shared_ids: NDArray[np.uint64]
    recordings: pl.DataFrame
    shared_speakers: frozenset[str]


@dataclass(frozen=True)
class MergeSummary(CorpusSummary):
    """That of an import, utterances by corpus, and how many ids were renamed."""

    corpora: Mapping[str, int]
    renamed: int


def merge_corpora(corpora: Mapping[str, Path], out: Path, config: MergeConfig) -> MergeSummary:
    """Makes one corpus of several; these are only read.

    Every row keeps its columns, its language, its split and its licence; the column ``corpus`` names where it
    comes from.

    Args:
        corpora: their folders by name.
        out: folder of the new corpus.
        config: what of the same name is the same, and licences.

    Returns:
        The summary that ``--json`` prints.

    Raises:
        CorpusError: a folder is not a corpus, or speakers of the same name may be one person or two.
    """
    parts = _open_parts(corpora, out, config)
    names = _names(parts, config)
    heads = [_kinds(frame, part.corpus) for part in parts for frame in _frames(part, names, head=True)]
    schema = {name: kind for name, kind in common_schema(heads).items() if name != "_renamed"}
    renamed, hashes = 0, [np.empty(0, np.uint64)]
    with CorpusWriter(out, _info(parts, names.root, config)) as writer:
        for part in parts:
            for frame in part.corpus.rejected_batches():
                writer.reject_frame(frame)
            for frame in _frames(part, names):
                renamed += int(frame["_renamed"].sum())
                hashes.append(frame["id"].hash(seed=0).to_numpy())
                writer.write(with_sources(conform(frame.drop("_renamed"), schema)))
        _require_distinct(names, np.concatenate(hashes))
    SheetUtterances(pl.concat([_sampled(part, names) for part in parts])).write(out)
    if renamed:
        say(
            f"merge: {count_of(renamed, 'id')} of several corpora: the name of their corpus was "
            "put before them"
        )
    counts = {part.name: part.corpus.info.kept for part in parts}
    return MergeSummary(**vars(writer.info.summary(out)), corpora=counts, renamed=renamed)


def _kinds(frame: pl.DataFrame, corpus: Corpus) -> dict[str, pl.DataType]:
    """The type of each column; none where a corpus has no value, for it keeps such a column as text."""
    texts = [name for name, kind in corpus.scan().collect_schema().items() if kind == pl.String]
    empty = corpus.scan().select(pl.col(texts).is_null().all()).collect().row(0, named=True)
    kinds: dict[str, pl.DataType] = dict(frame.schema)
    return {
        name: pl.Null() if empty.get(name) and name not in CORE_SCHEMA else kind
        for name, kind in kinds.items()
    }


def _require_distinct(names: MergedNames, hashes: NDArray[np.uint64]) -> None:
    """Ids that were apart in their corpora are still apart."""
    if len(np.unique(hashes)) < names.distinct:
        raise CorpusError("ids of one corpus look like another's with its name before them: rename a folder")


def named_apart(folders: Sequence[Path]) -> dict[str, Path]:
    """Corpora by the shortest ends of their paths that tell them apart."""
    paths = [folder.resolve() for folder in folders]
    for one, other in combinations(paths, 2):
        if one == other:
            raise UsageError(f"{one} is named twice: name each corpus once")
    depth = 1
    while len({path.parts[-depth:] for path in paths}) < len(paths):
        depth += 1
    return {"-".join(path.parts[-depth:]): folder for path, folder in zip(paths, folders, strict=True)}


def _open_parts(corpora: Mapping[str, Path], out: Path, config: MergeConfig) -> list[MergePart]:
    if len(corpora) < 2:
        raise UsageError("govor merge makes one corpus of several: name two or more")
    for name, folder in corpora.items():
        if folder.resolve() == out.resolve():
            raise UsageError(f"--out {out} is the corpus {name} itself: choose another folder")
    unknown = set(config.licenses) - set(corpora)
    if unknown:
        raise UsageError(
            f"--license {some(unknown, 1)}: there is no such corpus; there are {', '.join(corpora)}"
        )
    return [
        MergePart(name, Corpus.open(folder), config.licenses.get(name)) for name, folder in corpora.items()
    ]


def _names(parts: Sequence[MergePart], config: MergeConfig) -> MergedNames:
    root = _common_root(parts)
    tables = [_recordings(part, root) for part in parts]
    recordings = _with_recording_names(pl.concat(tables))
    ids = [np.unique(_id_hashes(part)) for part in parts]
    distinct = sum(map(len, ids))
    return MergedNames(root, distinct, _in_several(ids), recordings, _shared_speakers(parts, config))


def _common_root(parts: Sequence[MergePart]) -> Path:
    """The deepest folder above all recordings' folders."""
    return Path(os.path.commonpath([Path(part.corpus.info.audio_root).absolute() for part in parts]))


def _audio(part: MergePart, root: Path) -> pl.Expr:
    """Paths of recordings from the common root."""
    own = Path(part.corpus.info.audio_root).absolute()
    before = "" if own == root else f"{own.relative_to(root).as_posix()}/"
    audio = pl.col("audio")
    elsewhere = audio.str.starts_with("/") | audio.str.contains("://", literal=True)
    below = audio.str.strip_prefix(f"{root}/") if root != Path("/") else audio
    return pl.when(elsewhere).then(below).otherwise(pl.lit(before) + audio).alias("audio")


def _recordings(part: MergePart, root: Path) -> pl.DataFrame:
    table = part.corpus.scan().select("recording", _audio(part, root)).unique(maintain_order=True)
    return table.collect().with_columns(pl.lit(part.name).alias("_part"))


def _with_recording_names(table: pl.DataFrame) -> pl.DataFrame:
    """Names of recordings: one name for one file, and of several files' one name each corpus's before it."""
    first = table.group_by("audio", maintain_order=True).agg(pl.col("recording").first().alias("_same"))
    table = table.join(first, on="audio", maintain_order="left")
    files = table.group_by("_same").agg(
        pl.col("_part").n_unique().alias("_parts"), pl.col("audio").n_unique().alias("_files")
    )
    owner = table.group_by("audio", maintain_order=True).agg(pl.col("_part").first().alias("_owner"))
    table = table.join(files, on="_same", maintain_order="left").join(
        owner, on="audio", maintain_order="left"
    )
    apart = (pl.col("_parts") > 1) & (pl.col("_files") > 1)
    name = pl.when(apart).then(pl.concat_str("_owner", pl.lit("/"), "_same")).otherwise("_same")
    return table.select("_part", "recording", "audio", name.alias("_recording"))


def _in_several(ids: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Hashes that more than one corpus has."""
    hashes = np.sort(np.concatenate(ids))
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _id_hashes(part: MergePart) -> NDArray[np.uint64]:
    batches = part.corpus.frames(["id"], BATCH_ROWS)
    return np.concatenate(
        [np.empty(0, np.uint64), *(frame["id"].hash(seed=0).to_numpy() for frame in batches)]
    )


def _shared_speakers(parts: Sequence[MergePart], config: MergeConfig) -> frozenset[str]:
    """Speakers whom several corpora name and who are to be kept apart.

    Raises:
        CorpusError: the settings do not say whether they are the same.
    """
    if config.speakers == "same":
        return frozenset()
    seen = [_speakers(part) for part in parts]
    shared: set[str] = set().union(*(one & other for one, other in combinations(seen, 2)))
    if shared and not config.speakers:
        raise CorpusError(
            f"{count_of(len(shared), 'name')} of speakers ({some(sorted(shared), 3)}) occur in several "
            "corpora: use --speakers same (in a recipe [merge] speakers) if a name is one person everywhere, "
            "or apart if it is not"
        )
    return frozenset(shared)


def _speakers(part: MergePart) -> set[str]:
    found = part.corpus.scan().select(pl.col("speaker").drop_nulls().unique()).collect()
    return set(found["speaker"])


def _frames(part: MergePart, names: MergedNames, *, head: bool = False) -> Iterator[pl.DataFrame]:
    """The utterances as the merged corpus has them, with ``_renamed``; only the first ones for `head`."""
    mine = names.recordings.filter(pl.col("_part") == part.name).drop("_part")
    for frame in part.corpus.frames(None, 1 if head else BATCH_ROWS):
        frame = frame.with_columns(_audio(part, names.root))
        frame = frame.join(
            mine, on=["recording", "audio"], how="left", maintain_order="left", nulls_equal=True
        )
        shared = _among(frame["id"], names.shared_ids).alias("_renamed")
        apart = pl.col("speaker").is_in(names.shared_speakers)
        frame = frame.with_columns(_family(part, frame, shared, names))
        given = pl.col(LICENSE).cast(pl.String) if LICENSE in frame.columns else pl.lit(None, pl.String)
        yield frame.with_columns(
            shared,
            pl.when(shared).then(_before(part, "id")).otherwise("id").alias("id"),
            pl.coalesce("_recording", "recording").alias("recording"),
            pl.when(apart).then(_before(part, "speaker")).otherwise("speaker").alias("speaker"),
            pl.coalesce(given, pl.lit(part.license, pl.String)).alias(LICENSE),
            pl.lit(part.name).alias(OF),
        ).drop("_recording")
        if head:
            return


def _family(part: MergePart, frame: pl.DataFrame, shared: pl.Series, names: MergedNames) -> list[pl.Expr]:
    """What a part of a split utterance says that it is a part of is renamed with it."""
    if "parent" not in frame.columns:
        return []
    theirs = _among(frame["parent"], names.shared_ids)
    renamed = (shared | theirs) & frame["parent"].is_not_null()
    return [pl.when(renamed).then(_before(part, "parent")).otherwise("parent").alias("parent")]


def _among(ids: pl.Series, hashes: NDArray[np.uint64]) -> pl.Series:
    """Which ids have one of these hashes."""
    return pl.Series(np.isin(ids.hash(seed=0).to_numpy(), hashes, kind="sort"), dtype=pl.Boolean)


def _before(part: MergePart, column: str) -> pl.Expr:
    return pl.concat_str(pl.lit(f"{part.name}/"), column)


def _sampled(part: MergePart, names: MergedNames) -> pl.DataFrame:
    """Who was sent to people, under the new ids."""
    table = SheetUtterances.read(part.corpus.folder).table
    shared = _among(table["id"], names.shared_ids)
    return table.with_columns(pl.when(shared).then(_before(part, "id")).otherwise("id").alias("id"))


def _info(parts: Sequence[MergePart], root: Path, config: MergeConfig) -> CorpusInfo:
    infos = [part.corpus.info for part in parts]
    notes: dict[str, object] = {
        "merge": {
            "speakers": config.speakers,
            "corpora": {
                part.name: {
                    "folder": str(part.corpus.folder),
                    "format": part.corpus.info.format,
                    "source": part.corpus.info.source,
                    "license": part.license,
                    "fingerprint": part.corpus.info.fingerprint,
                    "notes": dict(part.corpus.info.notes),
                }
                for part in parts
            },
        }
    }
    if all("check" in info.notes for info in infos):
        notes["check"] = {"probed": True}
    if any("review" in info.notes for info in infos):
        notes["review"] = {part.name: part.corpus.info.notes.get("review") for part in parts}
    second = {info.notes.get("second_transcript") for info in infos}
    if len(second) == 1 and None not in second:
        notes["second_transcript"] = second.pop()
    elif second != {None}:
        say("merge: no second transcript is common to all: name one with select --similarity-to")
    source = ", ".join(info.source for info in infos)
    return CorpusInfo("merged", source, str(root), repaired=sum(info.repaired for info in infos), notes=notes)
