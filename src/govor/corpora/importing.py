"""The entry: a source of any format becomes a corpus folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from govor.config import CorpusConfig
from govor.console import say
from govor.corpora.folder import CorpusInfo
from govor.corpora.gather import gather
from govor.corpora.reader import Reader, Source
from govor.corpora.registry import choose_reader
from govor.errors import CorpusError


def import_corpus(config: CorpusConfig, out: Path) -> dict[str, Any]:
    """Reads a corpus and writes it as a corpus folder; the audio stays where it is.

    Args:
        config: source, format, and what the source does not say itself.
        out: the corpus folder.

    Returns:
        The summary that ``--json`` prints: ``read``, ``kept``, ``rejected``, ``repaired``, ``hours``,
        ``splits``, ``reasons``, ``format``, ``recognised``, ``out``.

    Raises:
        CorpusError: the source is missing, of no known format, or holds nothing that can be used.
    """
    path = Path(config.source).expanduser()
    chosen = choose_reader(path, config.format, bool(config.columns))
    _refuse_idle_settings(config, chosen.reader)
    say(f"{config.source}: {chosen.reader.name} ({chosen.why})")
    reading = chosen.reader.read(Source(path, config, out))
    notes: dict[str, Any] = {"import": {"recognised": chosen.why, **reading.notes}}
    if reading.second_transcript:
        notes["second_transcript"] = reading.second_transcript
    info = CorpusInfo(chosen.reader.name, config.source, str(reading.audio_root), notes=notes)
    written = gather(reading, config, out, info)
    return {**written.summary(out), "format": chosen.reader.name, "recognised": chosen.why}


def _refuse_idle_settings(config: CorpusConfig, reader: Reader) -> None:
    """A setting that a format does not follow is a mistake, not a wish to be passed over."""
    for name in ("text", "status"):
        if getattr(config, name) and name not in reader.settings:
            raise CorpusError(f"the format {reader.name} has nothing to choose with {name}: leave it out")
