"""File names of a manifest brought together with the files on the disk.

Names that differ only in white space, Unicode normal form, case, extension, folder or in the strokes of
Windows (``clips\\a.wav``) are resolved by canonical keys, all of them in one join a step; nothing is compared
pairwise. What could mean two files means none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from govor.errors import CorpusError

_SUFFIXES = (
    "wav flac mp3 ogg oga opus m4a aac mp4 webm wma aif aiff aifc au snd sph nist amr caf w64 rf64 mka mkv"
    " mov 3gp ac3 mp2 spx wv ape"
)
AUDIO_SUFFIXES = frozenset(f".{suffix}" for suffix in re.findall(r"\S+", _SUFFIXES))
MOST_FOLDERS_STRIPPED = 12


@dataclass(frozen=True)
class Resolution:
    """What became of the names.

    Attributes:
        frame: ``name``, ``path`` (relative to the root where it lies below it; null if not found), ``reason``
            and ``detail`` where not found, ``repaired``.
    """

    frame: pl.DataFrame

    @property
    def repairs(self) -> pl.DataFrame:
        """``from`` and ``to`` of the names that were repaired, sorted."""
        changed = self.frame.filter(pl.col("repaired"))
        return changed.select(pl.col("name").alias("from"), pl.col("path").alias("to")).sort("from")


def resolve(names: pl.Series, root: Path) -> Resolution:
    """Finds the file of every name.

    Args:
        names: distinct audio names: relative to `root`, absolute, or URIs (left alone).
        root: the folder with the recordings.

    Returns:
        One row a name. Steps, the first that finds exactly one file wins: the exact path; white space and
        Unicode form; case; extension; leading folders taken away; the bare file name. From case on, a file
        that two names claim belongs to neither, unless one has its exact name.
    """
    frame = names.rename("name").to_frame().unique(maintain_order=True)
    exact = _exact(frame, root)
    missing = exact.filter(pl.col("path").is_null()).select("name")
    if not missing.height:
        return Resolution(exact.with_columns(_result_columns()))
    found = exact.filter(pl.col("path").is_not_null()).with_columns(_result_columns())
    repaired = _repaired(missing, index_files(root, _suffixes(missing)), found, root)
    return Resolution(pl.concat([found, repaired]))


def index_files(root: Path, suffixes: frozenset[str] = AUDIO_SUFFIXES) -> pl.DataFrame:
    """All audio files below `root`, as ``path`` relative to it; hidden ones are left out."""
    return pl.DataFrame({"path": sorted(_walk(root, suffixes))}, schema={"path": pl.String})


def canonical_spacing(column: str) -> pl.Expr:
    """Names without white space, in Unicode form NFC."""
    return pl.col(column).str.normalize("NFC").str.replace_all(r"[\s\u00a0\u200b\ufeff]+", "")


def canonical_case(column: str) -> pl.Expr:
    """Also without differences in case."""
    return canonical_spacing(column).str.to_lowercase()


def canonical_stem(column: str) -> pl.Expr:
    """Also without the extension."""
    return canonical_case(column).str.replace(r"\.[a-z0-9]{1,5}$", "")


KEYS = {"spacing": canonical_spacing, "case": canonical_case, "stem": canonical_stem}


def _result_columns() -> list[pl.Expr]:
    none = pl.lit(None, pl.String)
    return [none.alias("reason"), none.alias("detail"), pl.lit(False).alias("repaired")]


def _suffixes(missing: pl.DataFrame) -> frozenset[str]:
    named = missing["name"].str.extract(r"(\.[A-Za-z0-9]{1,5})$").str.to_lowercase().drop_nulls().unique()
    return AUDIO_SUFFIXES | frozenset(named)


def _exact(frame: pl.DataFrame, root: Path) -> pl.DataFrame:
    """``path`` of the names that exist as they are; each folder is listed once."""
    base = str(root.absolute())
    parts = frame.with_columns(
        pl.col("name").str.extract(r"^(.*/)").fill_null("").alias("_folder"),
        pl.col("name").str.replace(r"^.*/", "").alias("_file"),
        pl.col("name").str.contains("://", literal=True).alias("_uri"),
    )
    folders = parts.filter(~pl.col("_uri"))["_folder"].unique(maintain_order=True)
    there = [
        pl.DataFrame({"_file": _files(root / folder)}, schema={"_file": pl.String}) for folder in folders
    ]
    named = [files.with_columns(pl.lit(f).alias("_folder")) for f, files in zip(folders, there, strict=True)]
    empty = pl.DataFrame(schema={"_file": pl.String, "_folder": pl.String})
    listed = pl.concat([empty, *named]).with_columns(pl.lit(True).alias("_there"))
    parts = parts.join(listed, on=["_folder", "_file"], how="left", maintain_order="left")
    tidy = pl.col("name").str.strip_prefix(base + "/").str.replace_all(r"^(\./+)+", "")
    path = pl.when("_uri").then("name").when(pl.col("_there").fill_null(False)).then(tidy)
    return parts.select("name", path.alias("path"))


def _files(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if is_unicode(entry.name) and entry.is_file()]
    except (OSError, ValueError):
        return []


def is_unicode(name: str) -> bool:
    """Whether a file's name is valid Unicode; a table cannot hold other names."""
    return name.isascii() or name.encode("utf-8", "replace").decode("utf-8") == name


def path_of_url(url: str) -> str:
    """``file:///data/a%20b.wav`` as ``/data/a b.wav``; a relative URL as it is, ``\\\\`` as ``/``."""
    path = re.sub(r"^file:/+(?=[A-Za-z]:)|^file://(?:localhost)?(?=/)|^file:", "", url.replace("\\", "/"))
    return unquote(path).replace("\0", "")


def _walk(root: Path, suffixes: frozenset[str]) -> Iterator[str]:
    if not root.is_dir():
        raise CorpusError(f"{root} is not a folder: name the folder with the recordings (--audio-root)")
    seen: set[tuple[int, int]] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        state = Path(folder).stat()
        if (state.st_dev, state.st_ino) in seen:
            folders.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(folder).relative_to(root).as_posix()
        before = "" if inside == "." else f"{inside}/"
        for file in files:
            suffix = file[file.rfind(".") :].lower()
            if suffix in suffixes and not file.startswith(".") and is_unicode(before + file):
                yield before + file


def _repaired(missing: pl.DataFrame, files: pl.DataFrame, found: pl.DataFrame, root: Path) -> pl.DataFrame:
    strokes = pl.col("name").str.replace_all("\\", "/", literal=True)
    left = missing.with_columns(strokes.str.replace_all(r"^(\./+)+", "").alias("_key"))
    done, index = [], _Index(files)
    for kind, keyed in _steps(left):
        hits = _hits(keyed.join(left, on="name", how="semi"), index, kind)
        done.append(hits)
        left = left.join(hits, on="name", how="anti")
        if not left.height:
            break
    hits = pl.concat(done)
    hits = _undisputed(hits, found)
    absent = left.select(
        "name", pl.lit(None, pl.String).alias("path"), pl.lit("missing_audio").alias("reason")
    )
    absent = absent.with_columns(
        pl.format(f"there is no audio file {{}} under {_plain(root)}", "name").alias("detail")
    )
    columns = ["name", "path", "reason", "detail", "repaired"]
    return pl.concat([hits.select(columns), absent.with_columns(repaired=False).select(columns)])


def _plain(root: Path) -> str:
    return str(root).replace("{", "{{").replace("}", "}}")


def _steps(left: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The ways to look a name up, strictest first; keys are made of ``_key``, in which ``\\\\`` is ``/``."""
    for kind in KEYS:
        yield f"path {kind}", left
    key = pl.col("_key")
    deepest = int(left["_key"].str.count_matches("/").max() or 0)  # type: ignore[arg-type]
    for folders in range(1, min(deepest, MOST_FOLDERS_STRIPPED) + 1):
        shorter = key.str.replace(rf"^(?:[^/]*/){{{folders}}}", "")
        stripped = left.filter(key.str.count_matches("/") >= folders).with_columns(shorter.alias("_key"))
        for kind in ("spacing", "stem"):
            yield f"folders {kind}", stripped
    for kind in KEYS:
        yield f"base {kind}", left.with_columns(key.str.replace(r"^.*/", "").alias("_key"))


class _Index:
    """The files by their keys; every kind of key is made once."""

    def __init__(self, files: pl.DataFrame) -> None:
        self._files = files
        self._groups: dict[tuple[bool, str], pl.DataFrame] = {}

    def by(self, kind: str, base: bool) -> pl.DataFrame:
        """``_k``, the first and the last path that has it, and how many have it."""
        if (base, kind) not in self._groups:
            target = pl.col("path").str.replace(r"^.*/", "") if base else pl.col("path")
            keyed = self._files.with_columns(target.alias("_target")).with_columns(
                KEYS[kind]("_target").alias("_k")
            )
            self._groups[base, kind] = keyed.group_by("_k").agg(
                pl.col("path").first(), pl.col("path").last().alias("_other"), pl.len().alias("_n")
            )
        return self._groups[base, kind]


def _hits(left: pl.DataFrame, files: _Index, step: str) -> pl.DataFrame:
    """Names of `left` that one or several files answer to, in this step."""
    where, kind = step.split()
    keys = left.select("name", KEYS[kind]("_key").alias("_k"))
    hits = keys.join(files.by(kind, where == "base"), on="_k", how="inner")
    invisible = where == "path" and kind == "spacing"
    return hits.with_columns(pl.lit(invisible).alias("_invisible")).drop("_k")


def _undisputed(hits: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Rejects names that answer to several files, and files that several names claim."""
    claims = pl.concat([found.select("path", "name"), hits.select("path", "name")])
    claims = claims.group_by("path").agg(pl.len().alias("_claims"), pl.col("name").sort().alias("_names"))
    hits = hits.join(claims, on="path", how="left")
    several = pl.col("_n") > 1
    disputed = ~pl.col("_invisible") & (pl.col("_claims") > 1)
    names = pl.col("_names").list.head(3).list.join(", ")
    detail = (
        pl.when(several)
        .then(pl.format("{} could be {} or {}", "name", "path", "_other"))
        .when(disputed)
        .then(pl.format("{} could be {}, which answers to several names: {}", "name", "path", names))
    )
    bad = several | disputed
    return hits.with_columns(
        pl.when(bad).then(pl.lit("ambiguous_audio")).alias("reason"),
        detail.alias("detail"),
        pl.when(~bad).then("path").alias("path"),
        (~bad).alias("repaired"),
    )
