"""Speakers and recordings that are to be removed: matched by id, or by hash as Common Voice has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.corpora.folder import Corpus
from govor.curate.exclusion import ID_COLUMNS, Exclusions, listed

SPEAKER_COLUMNS = ("speaker", "client_id", "speaker_id", *ID_COLUMNS)
_HASH = re.compile(r"[0-9a-f]{16,128}")
"""Hashes are matched in any case, and by their beginning where a mail or a table has cut them."""


@dataclass
class Withdrawals:
    """What is to go.

    Attributes:
        speakers: as they are listed.
        recordings: files, recordings or utterances, as `Exclusions` matches them.
        gone: the corpus's own names of the speakers that are listed.
        unmet: listed speakers that the corpus does not have.
    """

    speakers: tuple[str, ...]
    recordings: Exclusions
    gone: frozenset[str] = frozenset()
    unmet: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, speakers: Iterable[str], recordings: Sequence[str]) -> Withdrawals:
        """Reads lists of both kinds: a name a line, or a table.

        Raises:
            CorpusError: a list is missing or cannot be read.
        """
        names = (name.strip() for file in speakers for name in listed(Path(file), SPEAKER_COLUMNS))
        return cls(tuple(dict.fromkeys(name for name in names if name)), Exclusions.read(recordings))

    def settle(self, corpus: Corpus) -> None:
        """Finds the listed speakers among those of the corpus."""
        if not self.speakers:
            return
        known = corpus.scan().select(pl.col("speaker").drop_nulls().unique()).collect()["speaker"].to_list()
        found = {name: _meant(name, known) for name in self.speakers}
        self.gone = frozenset(speaker for speakers in found.values() for speaker in speakers)
        self.unmet = [name for name, speakers in found.items() if not speakers]

    def matches(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """Which utterances go, ``[N]``."""
        speakers = frame["speaker"].is_in(self.gone).fill_null(False).to_numpy()
        return speakers | self.recordings.matches(frame)

    def told(self) -> list[str]:
        """What was listed and not found; a withdrawal that meets nothing must not pass for done."""
        lists = (
            ("speakers", len(self.speakers), self.unmet),
            ("recordings", len(self.recordings.entries), self.recordings.unmet()),
        )
        return [
            f"{len(unmet)} of {wanted} {kind} to withdraw are not in this corpus, such as {unmet[0]}"
            for kind, wanted, unmet in lists
            if unmet
        ]


def _meant(name: str, known: Iterable[str]) -> list[str]:
    """Speakers that a listed name means: itself; for a hash also another case, or its whole."""
    lower = name.lower()
    if not _HASH.fullmatch(lower):
        return [speaker for speaker in known if speaker == name]
    return [speaker for speaker in known if speaker == name or speaker.lower().startswith(lower)]
