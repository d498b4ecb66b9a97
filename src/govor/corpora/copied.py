"""A corpus folder as a source: it is taken with everything that it notes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from govor.config import CorpusConfig
from govor.corpora.folder import INFO, SAMPLED, TABLE, Corpus, CorpusInfo, CorpusWriter
from govor.errors import CorpusError
from govor.store import write_bytes

NAME = "corpus"
SETTINGS = ("source", "name", "license", "format", "max_rejected")
"""Others would change a corpus that is as it should be."""


def is_corpus(path: Path) -> bool:
    """Whether a source is a corpus folder that govor wrote."""
    return (path / INFO).is_file() and (path / TABLE).is_file()


def copy(config: CorpusConfig, path: Path, out: Path) -> CorpusInfo:
    """Copies a corpus folder: rows, what was set aside, who was sent to people, and all notes.

    Raises:
        CorpusError: it would be copied onto itself, is damaged, or a setting would change it.
    """
    _refuse_changes(config, path)
    if out.resolve() == path.resolve():
        raise CorpusError(f"{path} is the corpus folder that is to be written: choose another --out")
    source = Corpus.open(path)
    with CorpusWriter(out, source.info) as writer:
        for rejected in source.rejected_batches():
            writer.reject_frame(rejected)
        for frame in source.frames():
            writer.write(frame)
    (out / SAMPLED).unlink(missing_ok=True)
    if (path / SAMPLED).exists():
        write_bytes(out / SAMPLED, (path / SAMPLED).read_bytes())
    return writer.info


def _refuse_changes(config: CorpusConfig, path: Path) -> None:
    usual = CorpusConfig()
    for field in fields(CorpusConfig):
        if field.name not in SETTINGS and getattr(config, field.name) != getattr(usual, field.name):
            hint = (
                "govor move points it at other recordings" if field.name == "audio_root" else "leave it out"
            )
            raise CorpusError(f"{path} is a corpus already, so {field.name} does not fit: {hint}")
