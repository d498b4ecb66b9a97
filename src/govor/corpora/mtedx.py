"""Multilingual TEDx: ``data/SPLIT/txt/segments`` and ``SPLIT.LANGUAGE``, line by line, beside ``wav/``.

``segments`` has utterance, recording, start and end, as Kaldi's; the text of each stands in the same line of
the file that is called by the language. A language pair (``es-en``) has the translation beside it, which is
left unless ``--text en`` asks for it. A talk has one speaker as a rule, who is called by the talk's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from govor.corpora.beside import in_chunks
from govor.corpora.lines import rejected_line
from govor.corpora.nist import is_number
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.splits import split_in
from govor.corpora.timed_text import TimedTextError, decode
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "mtedx"
NEEDS = "mTEDx: data/train/txt/segments and train.es ... beside data/train/wav/"
SETTINGS: tuple[str, ...] = ("text",)


def recognise(path: Path) -> str | None:
    """Looks for segments with a text of a language."""
    found = next(iter(_segments(path)), None)
    return f"{found.relative_to(path)} beside {_texts(found)[0].name}" if found else None


def read(source: Source) -> Reading:
    """Opens all splits of a language, or of several."""
    files = _segments(source.path)
    if not files:
        raise CorpusError(f"{source.path} is not an mTEDx folder: it needs {NEEDS}")
    wanted = source.config.text
    rows = (row for file in files for row in _rows(file, _text(file, wanted), source.path))
    left = sorted({text.suffix[1:] for file in files for text in _texts(file) if text != _text(file, wanted)})
    remarks = [f"texts in other languages were left: {', '.join(left)} (--text takes one)"] if left else []
    root = source.audio_root(source.path)
    return Reading(in_chunks(rows), root, notes={"tables": len(files)}, remarks=remarks)


def _segments(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    found = [f for depth in ("", "data/", "*/data/") for f in path.glob(f"{depth}*/txt/segments")]
    return [file for file in sorted(found) if _texts(file)]


def _texts(segments: Path) -> list[Path]:
    """The texts of a split, ``train.es`` first where the folder is ``es-en``."""
    split = segments.parent.parent.name
    found = [t for t in sorted(segments.parent.glob(f"{split}.*")) if 3 <= len(t.suffix) <= 4]
    pair = next((p for p in reversed(segments.parts) if "-" in p and len(p) <= 7), "")
    return sorted(found, key=lambda text: text.suffix[1:] != pair.split("-")[0])


def _text(segments: Path, wanted: str | None) -> Path:
    texts = _texts(segments)
    chosen = next((text for text in texts if wanted in (None, text.suffix[1:])), None)
    if chosen is None:
        there = ", ".join(text.suffix[1:] for text in texts)
        raise CorpusError(f"{segments.parent} has no text {wanted}; it has {there}")
    return chosen


def _rows(segments: Path, text: Path, root: Path) -> Iterator[Row | Rejection]:
    try:
        spans, said = (decode(file).rstrip("\n").split("\n") for file in (segments, text))
    except TimedTextError as error:
        yield rejected_line(segments, error.line, "bad_segment", error.problem)
        return
    if len(spans) != len(said):
        detail = f"it has {len(spans):,} lines, but {text.name} has {len(said):,}: which belong together?"
        yield rejected_line(segments, 1, "lines_differ", detail)
        return
    talk = segments.parent.parent
    audio = f"{(talk / 'wav').relative_to(root).as_posix()}/"
    common = {"split": split_in(talk.name), "language": text.suffix[1:], "_file": str(segments)}
    for number, (span, line) in enumerate(zip(spans, said, strict=True), 1):
        fields = span.split()
        if len(fields) != 4 or not (is_number(fields[2]) and is_number(fields[3])):
            detail = "it needs utterance, recording, start and end"
            yield rejected_line(segments, number, "bad_segment", detail)
            continue
        row: Row = {"id": fields[0], "recording": fields[1], "speaker": fields[1], "text": line.strip()}
        row |= {"audio": f"{audio}{fields[1]}.flac", "start": float(fields[2]), "end": float(fields[3])}
        yield common | row | {"_line": number}
