"""YODAS and YODAS 2: ``data/LANGUAGE/audio/00000000.tar.gz`` with ``text/00000000.txt`` or ``.json``.

In release 1 a line has an id and a text, and the archive a clip for each. In release 2 the archive has whole
videos; the ids end with the span, ``VIDEO-00003-00001234-00001567`` in hundredths of a second. Archives are
unpacked beside the corpus, byte for byte; unpacked ones (``audio/00000000/``) are read where they lie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from govor.corpora.archive import require_room, stream
from govor.corpora.beside import files_below, in_chunks, is_audio
from govor.corpora.embedded import AudioUnpacker
from govor.corpora.json_items import JsonItems
from govor.corpora.lines import read_lines, rejected_line
from govor.corpora.names import is_unicode
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.timed_text import TimedTextError
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "yodas"
NEEDS = "YODAS: text/00000000.txt or .json beside audio/00000000.tar.gz, for a language or several"
SETTINGS: tuple[str, ...] = ()
_SHARD = "[0-9]" * 8
_SPAN = re.compile(r"(.+)-(\d+)-(\d{8})-(\d{8})")
_HUNDREDTHS = 100
_LANGUAGE = re.compile(r"([a-z]{2,3})\d{3}")


def recognise(path: Path) -> str | None:
    """Looks for a shard's text and its audio."""
    text = next(iter(_texts(path)), None)
    return f"{text.relative_to(path)} is a shard of YODAS" if text else None


def read(source: Source) -> Reading:
    """Opens all shards below a folder.

    Raises:
        CorpusError: there are none, or an archive is damaged or would write outside its folder.
        DiskFullError: the audio does not fit.
    """
    texts = _texts(source.path)
    if not texts:
        raise CorpusError(f"{source.path} is not a YODAS folder: it needs {NEEDS}")
    folder = source.out / "audio"
    archives = [archive for text in texts if (archive := _audio(text)).is_file()]
    if archives and not source.listing:
        require_room(folder, archives)
    folder.mkdir(parents=True, exist_ok=True)
    rows = (row for text in texts for row in _rows(text, source, folder))
    notes = {"shards": len(texts), "unpacked": str(folder)}
    return Reading(in_chunks(rows), source.audio_root(folder), notes=notes)


def _texts(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    found = [t for depth in ("", "*/", "data/*/") for t in path.glob(f"{depth}text/{_SHARD}.*")]
    return sorted(t for t in found if t.suffix in (".txt", ".json") and _audio(t).exists())


def _audio(text: Path) -> Path:
    """The archive of a shard, or the folder that somebody unpacked it to."""
    archive = text.parent.parent / "audio" / f"{text.stem}.tar.gz"
    return archive if archive.is_file() else archive.with_name(text.stem)


def _rows(text: Path, source: Source, folder: Path) -> Iterator[Row | Rejection]:
    language = text.parent.parent.name
    tag = match[1] if (match := _LANGUAGE.fullmatch(language)) else None
    audio = _recordings(_audio(text), AudioUnpacker(folder), f"{language}/{text.stem}", not source.listing)
    lines = _objects(text) if text.suffix == ".json" else _lines(text)
    for item in lines:
        if isinstance(item, Rejection):
            yield item
            continue
        line, recording, id, said = item
        span = _SPAN.fullmatch(id) if recording is not None else None
        row: Row = {"id": id, "audio": audio.get(recording or id), "text": said, "language": tag}
        if recording is not None and span is None:
            detail = f"{id} does not end with its span, such as -00001234-00001567"
            yield rejected_line(text, line, "bad_times", detail, id)
            continue
        if row["audio"] is None:
            yield rejected_line(text, line, "missing_audio", f"the shard has no audio {recording or id}", id)
            continue
        if span:
            row |= {"start": int(span[3]) / _HUNDREDTHS, "end": int(span[4]) / _HUNDREDTHS}
        yield row | {"recording": recording, "_line": line, "_file": str(text)}


def _recordings(audio: Path, unpacker: AudioUnpacker, place: str, unpack: bool) -> dict[str, str]:
    """Paths of a shard's audio by name without extension."""
    if audio.is_dir():
        return {n.rsplit(".", 1)[0]: str(Path(f, n).absolute()) for f, n in files_below(audio) if is_audio(n)}
    paths: dict[str, str] = {}
    for member, source in stream(audio):
        name = PurePosixPath(member.name).name
        if is_audio(name) and is_unicode(name):
            number = len(paths)
            path = unpacker.copy(source, member.size, place, number, name) if unpack else name
            paths[name.rsplit(".", 1)[0]] = path
    return paths


def _lines(file: Path) -> Iterator[tuple[int, str | None, str, str] | Rejection]:
    """Line, None, id and text of release 1."""
    for lines in read_lines(file):
        yield from lines.rejections
        for number, line in zip(lines.numbers, lines.texts, strict=True):
            id, *text = line.split(None, 1)
            yield number, None, id, "".join(text).strip()


def _objects(file: Path) -> Iterator[tuple[int, str | None, str, Any] | Rejection]:
    """Line, video, id and text of release 2."""
    try:
        for item in JsonItems(file):
            value = item.value if isinstance(item.value, dict) else {}
            video, texts = value.get("audio_id"), value.get("text")
            if not isinstance(video, str) or not isinstance(texts, dict):
                detail = "audio_id and text with ids are expected"
                yield rejected_line(file, item.line, "bad_recording", detail)
                continue
            for id, text in texts.items():
                yield item.line, video, id, text if isinstance(text, str) else None
    except TimedTextError as error:
        yield rejected_line(file, error.line, "bad_json", error.problem)
