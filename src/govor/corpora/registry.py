"""All readers, in the order in which ``auto`` asks them: the most particular first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from govor.corpora import (
    audacity,
    audiofolder,
    chat,
    common_voice,
    ctm,
    elan_export,
    emilia,
    exmaralda,
    fleurs,
    gigaspeech,
    huggingface,
    kaldi,
    lhotse,
    librispeech,
    ljspeech,
    mailabs,
    mtedx,
    nemo,
    nlp_references,
    parlaspeech,
    shar,
    spontaneous_speech,
    stm,
    subtitles,
    tables,
    text_files,
    transcriber,
    transcript_files,
    vctk,
    voxpopuli,
    webdataset,
    yodas,
)
from govor.corpora.beside import one_look
from govor.corpora.encodings import foreign_file
from govor.corpora.reader import Reader
from govor.errors import CorpusError
from govor.store import given_path

READERS = tuple(
    Reader(module.NAME, module.NEEDS, module.recognise, module.read, module.SETTINGS)
    for module in (
        common_voice,
        spontaneous_speech,
        fleurs,
        vctk,
        mailabs,
        gigaspeech,
        yodas,
        emilia,
        mtedx,
        kaldi,
        voxpopuli,
        parlaspeech,
        shar,
        lhotse,
        nemo,
        huggingface,
        audiofolder,
        ljspeech,
        librispeech,
        webdataset,
        tables,
        stm,
        ctm,
        nlp_references,
        transcript_files,
        transcriber,
        chat,
        exmaralda,
        subtitles,
        elan_export,
        audacity,
        text_files,
    )
)


@dataclass(frozen=True)
class Recognition:
    """Which reader takes a source, and why."""

    reader: Reader
    why: str


def choose_reader(path: Path, format: str, columns_named: bool = False) -> Recognition:
    """The reader called `format`, or with ``auto`` the first that recognises `path`.

    Args:
        path: the source.
        format: a name, or ``auto``.
        columns_named: the user names columns; a table that nobody recognises is then a table all the same.

    Raises:
        CorpusError: there is no such format, no such path, or nothing recognises it; the message says what
            each format would have needed.
    """
    if format != "auto":
        named = _reader_named(format)
        if not is_anywhere(str(path), format):
            raise CorpusError(f"{path} does not exist: give the folder or the file to import")
        return Recognition(named, "as asked")
    with one_look():
        for reader in READERS:
            why = reader.recognise(path)
            if why is not None:
                return Recognition(reader, why)
    if columns_named and (path.is_file() or tables.table_files(path)):
        return Recognition(_reader_named(tables.NAME), "its columns are named")
    if not path.exists():
        raise CorpusError(f"{path} does not exist: give the folder, the file or the Hub id to import")
    if (foreign := foreign_file(path)) is not None:
        raise CorpusError(foreign)
    needs = "\n".join(f"  {reader.name}: {reader.needs}" for reader in READERS)
    raise CorpusError(
        f"{path} has no format that govor recognises: name one with --format. They need:\n{needs}"
    )


def is_anywhere(source: str, format: str) -> bool:
    """Whether a source is a path here, or may be a data set on the Hub (which is not asked)."""
    path = given_path(source)
    return path.exists() or (format in ("auto", huggingface.NAME) and huggingface.recognise(path) is not None)


def _reader_named(format: str) -> Reader:
    reader = next((r for r in READERS if r.name == format), None)
    if reader is None:
        raise CorpusError(f"there is no format {format}: use auto or one of {', '.join(format_names())}")
    return reader


def format_names() -> list[str]:
    """The names that ``--format`` takes, besides ``auto``."""
    return [reader.name for reader in READERS]
