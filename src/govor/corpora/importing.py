"""The entry: a source of any format becomes a corpus folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govor.config import CorpusConfig
from govor.console import say
from govor.corpora import copied
from govor.corpora.copied import is_corpus
from govor.corpora.encodings import refuse_foreign_text, told_encodings
from govor.corpora.folder import INFO, TABLE, CorpusInfo, CorpusSummary
from govor.corpora.gather import gather
from govor.corpora.lines import readable
from govor.corpora.names import is_unicode
from govor.corpora.reader import Reader, Reading, Source
from govor.corpora.registry import Recognition, choose_reader
from govor.corpora.text_settings import TextSettings, reading_text
from govor.errors import CorpusError, LimitError
from govor.store import given_path


@dataclass(frozen=True)
class ImportSummary(CorpusSummary):
    """What `import_corpus` returns.

    Attributes:
        format: of the source.
        recognised: by what.
        remarks: what its reader has to say.
    """

    format: str
    recognised: str
    remarks: list[str]


def import_corpus(config: CorpusConfig, out: Path) -> ImportSummary:
    """Reads a corpus and writes it as a corpus folder; the audio stays where it is.

    Args:
        config: source, format, and what the source does not say itself.
        out: the corpus folder.

    Raises:
        CorpusError: the source is missing, its format is unknown, it can be read in two ways, or holds
            nothing that can be used.
        LimitError: more than ``max_rejected`` of the rows were set aside; the corpus is whole all the same.
    """
    if config.format == "auto" and is_corpus(given_path(config.source)):
        return _copied(config, out)
    with reading_text(config.encoding, config.quoting) as text:
        chosen, reading = open_source(config, out)
        info = CorpusInfo(chosen.reader.name, config.source, str(reading.audio_root))
        written = gather(reading, config, out, info, lambda read: _notes(config, chosen, reading, text, read))
    remarks = _remarks(written)
    for remark in remarks:
        say(remark)
    summary = ImportSummary(
        **vars(written.summary(out)),
        format=chosen.reader.name,
        recognised=readable(chosen.why),
        remarks=remarks,
    )
    _check_rejected(summary, config)
    return summary


def _copied(config: CorpusConfig, out: Path) -> ImportSummary:
    path = given_path(config.source)
    why = f"{INFO} beside {TABLE}"
    say(f"{config.source}: {copied.NAME} ({why}); it is copied with all that it notes")
    info = copied.copy(config, path, out)
    return ImportSummary(**vars(info.summary(out)), format=copied.NAME, recognised=why, remarks=[])


def open_source(config: CorpusConfig, out: Path, *, listing: bool = False) -> tuple[Recognition, Reading]:
    """The reader of a source, and the source opened with it; says which reader it is.

    Raises:
        CorpusError: the source is missing or its format is not known, or a setting fits no such source.
    """
    path = given_path(config.source)
    if "://" in config.source and not path.exists():
        raise CorpusError(
            f"{config.source} is a URL: import reads what is on this machine, and Hub ids; fetch it, or "
            "import a table whose audio column holds URLs (s3://, gs://, https://)"
        )
    if not is_unicode(str(path.absolute())):
        raise CorpusError(
            f"the path {str(path)!r} is not UTF-8, so it cannot be written to a corpus: rename it"
        )
    chosen = choose_reader(path, config.format, bool(config.columns))
    _refuse_idle_settings(config, chosen.reader)
    say(f"{config.source}: {chosen.reader.name} ({chosen.why})")
    reading = chosen.reader.read(Source(path, config, out, listing))
    if not is_unicode(str(reading.audio_root.absolute())):
        raise CorpusError(
            f"the path {readable(reading.audio_root)} is not UTF-8, so it cannot be written to a "
            "corpus: rename it"
        )
    return chosen, reading


def _notes(
    config: CorpusConfig, chosen: Recognition, reading: Reading, text: TextSettings, read: int
) -> Mapping[str, object]:
    """What goes to ``corpus.json``, once all is read; a source in another encoding is refused now."""
    refuse_foreign_text(text, config, read)
    remarks = [*reading.remarks, *text.quoted.values(), *told_encodings(text, config.language)]
    noted = {"recognised": chosen.why, **reading.notes, **({"remarks": remarks} if remarks else {})}
    noted = storable(noted)
    second = {"second_transcript": reading.second_transcript} if reading.second_transcript else {}
    return {"import": noted, **second}


def _remarks(written: CorpusInfo) -> list[str]:
    noted = written.notes["import"]
    found = noted.get("remarks") if isinstance(noted, dict) else None
    return found if isinstance(found, list) else []


def storable(value: Any) -> Any:
    """`value` with names that JSON in UTF-8 can hold."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, (list, tuple)) else value


def _refuse_idle_settings(config: CorpusConfig, reader: Reader) -> None:
    """A setting that a format does not follow is a mistake, not a wish to be passed over."""
    for name in ("text", "status"):
        if getattr(config, name) and name not in reader.settings:
            raise CorpusError(f"the format {reader.name} does not use {name}: leave it out")


def _check_rejected(summary: ImportSummary, config: CorpusConfig) -> None:
    if summary.rejected > config.max_rejected * summary.read:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in summary.reasons.items())
        raise LimitError(
            f"{summary.rejected:,} of {summary.read:,} rows were set aside ({reasons}), more than "
            f"--max-rejected {config.max_rejected:g} allows; the corpus is complete without them: look at "
            f"{summary.out}/rejected.parquet, correct the source and import it again, or allow more",
            summary,
        )
