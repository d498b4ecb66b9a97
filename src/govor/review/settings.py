"""What is reviewed, by whom, and where it is kept."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from govor.errors import UsageError
from govor.hosts import LOCAL_NAMES
from govor.store import read_record, write_json

RECORD = "session.json"
MOST_NAME = 40


@dataclass(frozen=True)
class ReviewSettings:
    """What is reviewed, by whom, and where it is kept.

    Attributes:
        corpus: folder of the corpus.
        work: folder of the journal; None: beside the corpus.
        sample: utterances drawn at random, judged without any model's text; None: the queue of all.
        blank: whether people write from nothing.
        split: only this split.
        seed: of the draw, of the double share, and of the order among equals.
        double: share of the utterances that two people judge, the second blind to the first.
        check: folder of ``govor check``, whose findings put utterances into the queue.
        evaluation: folder of ``govor evaluate``, whose outliers do.
        reviewers: names; each gets a link with a key. None: whoever reaches the page gives a name.
        host: address to listen on.
        port: 0 takes a free one.
        allowed_hosts: further names of the server, such as a proxy's.
    """

    corpus: Path
    work: Path | None = None
    sample: int | None = None
    blank: bool = False
    split: str | None = None
    seed: int = 0
    double: float = 0.0
    check: Path | None = None
    evaluation: Path | None = None
    reviewers: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 0
    allowed_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.reviewers:
            require_name(name)
        if self.sample is not None and self.sample < 1:
            raise UsageError(f"--sample {self.sample}: give the number of utterances to draw")
        if not 0 <= self.double <= 1:
            raise UsageError(f"--double {self.double:g}: give a share between 0 and 1")
        if not self.reviewers and (self.host not in LOCAL_NAMES or self.allowed_hosts):
            raise UsageError(
                "everybody who can reach the page could give verdicts: name the people with --reviewer NAME, "
                "and each gets a link with a key"
            )

    @property
    def mode(self) -> str:
        """``queue``, ``estimate`` or ``blank``."""
        return "blank" if self.blank else "queue" if self.sample is None else "estimate"

    @property
    def is_drawn(self) -> bool:
        """Whether chance alone says what is judged."""
        return self.mode != "queue"

    @property
    def folder(self) -> Path:
        """Where the journal is."""
        end = {"queue": "review"}.get(self.mode, self.mode)
        corpus = self.corpus.resolve()
        return self.work or self.corpus.parent / f"{corpus.name}-{end}"


@dataclass(frozen=True)
class SessionRecord:
    """What ``session.json`` holds: what a journal is about.

    Attributes:
        corpus: fingerprint of the corpus.
        mode: of the settings.
        sample: of the settings.
        split: of the settings.
        seed: of the settings.
        double: of the settings.
    """

    corpus: str
    mode: str
    sample: int | None
    split: str | None
    seed: int
    double: float


def keep_record(folder: Path, record: SessionRecord) -> None:
    """Writes what a new journal is about, and looks whether an old one is about the same.

    Raises:
        UsageError: it is about something else; the difference is named.
    """
    path = folder / RECORD
    if not path.exists():
        write_json(path, asdict(record))
        return
    before, now = asdict(read_record(path, SessionRecord)), asdict(record)
    for name, value in now.items():
        if before[name] != value:
            raise UsageError(
                f"{folder} was begun with {name} {before[name]}, not {value}: use the same settings, or "
                "another folder with --work"
            )


def mode_of(folder: Path) -> str:
    """The mode of a review's folder."""
    return read_record(folder / RECORD, SessionRecord).mode


def require_name(name: str) -> str:
    """A reviewer's name.

    Raises:
        UsageError: it is empty, too long, or holds what cannot be seen.
    """
    name = re.sub(r"\s+", " ", name).strip()
    if not (0 < len(name) <= MOST_NAME and name.isprintable()):
        raise UsageError(f"a reviewer's name has 1 to {MOST_NAME} printable characters, not {name[:60]!r}")
    return name
