"""How the source's text files are read, and what was found while reading them.

The settings hold for one import; readers need not pass them on. `govor.corpora.lines`,
`govor.corpora.timed_text` and `govor.corpora.delimited` follow them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

MOST_SAMPLES = 200
FEWEST_FOREIGN_LINES = 3
"""So many lines that are not UTF-8, and none that needs it, are not an accident."""


@dataclass
class UndecodableLines:
    """Lines of one file that are not in the encoding it was read in.

    Attributes:
        lines: how many.
        samples: the first of them, raw.
        beyond_ascii: whether other lines of the file hold letters beyond ASCII and could be read.
    """

    lines: int = 0
    samples: list[bytes] = field(default_factory=list)
    beyond_ascii: bool = False

    def add(self, raw: bytes) -> None:
        """One more line."""
        self.lines += 1
        if len(self.samples) < MOST_SAMPLES:
            self.samples.append(raw)


@dataclass
class TextSettings:
    """What an import says about its text files, and what it found.

    Attributes:
        encoding: as ``--encoding`` names it, or None for UTF-8.
        quoting: ``csv`` or ``none`` as ``--quoting`` says, or None to decide by each file.
        undecoded: by file.
        quoted: what was decided on the quotes of each file that has some.
    """

    encoding: str | None = None
    quoting: str | None = None
    undecoded: dict[Path, UndecodableLines] = field(default_factory=dict)
    quoted: dict[Path, str] = field(default_factory=dict)

    def note_undecoded(self, file: Path, raw: bytes) -> None:
        """A line of `file` is not in its encoding."""
        self.undecoded.setdefault(file, UndecodableLines()).add(raw)

    def note_beyond_ascii(self, file: Path) -> None:
        """Some line of `file` holds letters beyond ASCII, and could be read."""
        self.undecoded.setdefault(file, UndecodableLines()).beyond_ascii = True


_current: ContextVar[TextSettings | None] = ContextVar("text_settings", default=None)


def text_settings() -> TextSettings:
    """Those of the import that is going on; the defaults outside of one."""
    return _current.get() or TextSettings()


@contextmanager
def reading_text(encoding: str | None = None, quoting: str | None = None) -> Iterator[TextSettings]:
    """The settings for all text files that are read in the block."""
    settings = TextSettings(encoding, quoting)
    token = _current.set(settings)
    try:
        yield settings
    finally:
        _current.reset(token)
