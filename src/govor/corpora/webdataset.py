"""WebDataset: tar archives whose members share a key, ``key.flac`` with ``key.txt`` or ``key.json``.

Emilia's archives are of this kind. Archives are read once, in order; the audio is unpacked beside the corpus,
byte for byte, under names of its own. Source: the WebDataset format (https://github.com/webdataset/webdataset).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from govor.corpora.archive import SUFFIXES, MemberContent, is_archive, member_names, require_room, stream
from govor.corpora.beside import first_files, in_chunks, is_audio, transcript_files
from govor.corpora.embedded import AudioUnpacker
from govor.corpora.folder import CORE_SCHEMA
from govor.corpora.lines import rejected_line
from govor.corpora.names import is_unicode
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.splits import split_in
from govor.corpora.tables import matching, named_columns
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "webdataset"
NEEDS = "tar archives with key.wav (flac, mp3 ...) and key.txt or key.json"
SETTINGS: tuple[str, ...] = ("text",)
TEXTS = ("txt", "text", "transcript", "transcription", "normalized.txt", "lab", "cls")
MAX_TEXT_BYTES = 4 << 20
MOST_ARCHIVES_LOOKED_AT = 3


@dataclass
class Sample:
    """The members of one key.

    Attributes:
        key: name up to the first dot of its last part.
        number: of the sample in its archive, from 1.
        audio: where its audio was put, relative to the folder with the audio; further ones are left.
        texts: the other members, by extension, as far as they are wanted.
        too_large: extensions of members that are larger than any text.
    """

    key: str
    number: int
    audio: list[str] = field(default_factory=list)
    texts: dict[str, bytes] = field(default_factory=dict)
    too_large: list[str] = field(default_factory=list)


def recognise(path: Path) -> str | None:
    """Looks at the first members of the first archives for audio and a text of one key."""
    archives = [path] if is_archive(path) else first_files(path, SUFFIXES) if path.is_dir() else []
    for archive, _ in zip(archives, range(MOST_ARCHIVES_LOOKED_AT), strict=False):
        if _of_shar(archive):
            continue
        names = [_key(name) for name in member_names(archive)]
        texts = {key for key, end in names if end == "json" or end in TEXTS}
        pairs = [key for key, end in names if is_audio(f".{end}") and key in texts]
        if pairs:
            return f"{archive.name} has audio and text of one key ({pairs[0]})"
    return None


def read(source: Source) -> Reading:
    """Opens all archives below a folder; ``--text`` names an extension, or a key of the JSON.

    Raises:
        CorpusError: there are none, or one is damaged or would write outside its folder.
        DiskFullError: the audio does not fit.
    """
    archives = [each for each in transcript_files(source.path, SUFFIXES) if not _of_shar(each)]
    if not archives:
        raise CorpusError(f"{source.path} holds no archives: it needs {NEEDS}")
    folder = source.out / "audio"
    if not source.listing:
        require_room(folder, archives)
        folder.mkdir(parents=True, exist_ok=True)
    rows = (row for archive in archives for row in _rows(archive, source, folder))
    notes = {"archives": len(archives), "unpacked": str(folder)}
    return Reading(in_chunks(rows), source.audio_root(folder), renamed=True, notes=notes)


def _of_shar(archive: Path) -> bool:
    """Whether an archive is one of Lhotse Shar, whose texts are in a file beside it."""
    return archive.name.startswith("recording.") and any(archive.parent.glob("cuts*.jsonl*"))


def _key(name: str) -> tuple[str, str]:
    """Key and extension of a member: ``a/b`` and ``normalized.txt`` of ``a/b.normalized.txt``."""
    path = PurePosixPath(name)
    stem, _, end = path.name.partition(".")
    return (path.parent / stem).as_posix(), end.lower()


def _rows(archive: Path, source: Source, folder: Path) -> Iterator[Row | Rejection]:
    name = archive.name.removesuffix(".gz").removesuffix(".tar").removesuffix(".tgz")
    inside = archive.parent.relative_to(source.folder).as_posix()
    shard = name if inside == "." else f"{inside}/{name}"
    split = next((s for part in (*Path(inside).parts, name) if (s := split_in(part))), None)
    for sample in _samples(archive, AudioUnpacker(folder), shard, unpack=not source.listing):
        row = _row(archive, sample, source)
        if not isinstance(row, Rejection):
            row = {"split": split} | row | {"recording": f"{shard}/{sample.key}", "_file": str(archive)}
        yield row


def _samples(archive: Path, audio: AudioUnpacker, shard: str, *, unpack: bool) -> Iterator[Sample]:
    sample: Sample | None = None
    number = 0
    for member, source in stream(archive):
        key, end = _key(member.name)
        if not end or PurePosixPath(member.name).name.startswith(".") or not is_unicode(member.name):
            continue
        if sample is None or sample.key != key:
            if sample:
                yield sample
            number += 1
            sample = Sample(key, number)
        if is_audio(f".{end}"):
            path = f"{shard}/{member.name}"
            sample.audio.append(
                audio.copy(source, member.size, shard, number - 1, member.name) if unpack else path
            )
        else:
            _keep(sample, end, member.size, source)
    if sample:
        yield sample


def _keep(sample: Sample, end: str, size: int, source: MemberContent) -> None:
    if size > MAX_TEXT_BYTES:
        sample.too_large.append(end)
    else:
        sample.texts[end] = source.read()


def _row(archive: Path, sample: Sample, source: Source) -> Row | Rejection:
    def reject(reason: str, detail: str) -> Rejection:
        return rejected_line(archive, sample.number, reason, f"sample {sample.key}: {detail}")

    if len(sample.audio) != 1:
        several = "it has several audio files" if sample.audio else "it has no audio"
        return reject("ambiguous_audio" if sample.audio else "no_audio", several)
    if sample.too_large:
        limit = f"its .{sample.too_large[0]} is larger than {MAX_TEXT_BYTES >> 20} MiB"
        return reject("text_too_long", limit)
    try:
        told = json.loads(sample.texts["json"]) if "json" in sample.texts else {}
    except (ValueError, RecursionError) as error:
        return reject("bad_json", f"its JSON cannot be read ({str(error)[:80]})")
    if not isinstance(told, dict):
        return reject("bad_json", f"its JSON is a {type(told).__name__}, not an object")
    row = _columns(told, source)
    asked = source.config.text
    end = next((e for e in ((asked,) if asked in sample.texts else TEXTS) if e in sample.texts), None)
    if end is not None and (asked == end or asked is None):
        try:
            row["text"] = " ".join(sample.texts[end].decode("utf-8-sig").split())
        except UnicodeDecodeError as error:
            return reject("not_utf8", f"its .{end} is not UTF-8 (byte {error.start + 1})")
    return row | {"audio": sample.audio[0], "_line": sample.number}


def _columns(told: Mapping[str, object], source: Source) -> Row:
    """The members of a sample's JSON under our names; times tell where the clip was cut from."""
    named = {ours: theirs for ours, theirs in named_columns(source).items() if theirs in told}
    mapping = matching([key for key in told if key != "audio"], named)
    mapping.pop("audio", None)
    theirs = {their: our for our, their in mapping.items()}
    row: Row = {}
    for key, value in told.items():
        name = theirs.get(key, f"source_{key}" if key in CORE_SCHEMA else key)
        name = f"orig_{name}" if name in ("start", "end") else name
        if not name.startswith("_"):
            row[name] = value
    return row
