"""Which of the files with times beside one recording are read: one language, and one of several copies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from govor.corpora.lines import rejected_names
from govor.corpora.neighbours import Neighbours
from govor.errors import CorpusError
from govor.findings import some
from govor.records import Rejection

RICHEST_FIRST = (".eaf", ".textgrid", ".vtt", ".srt")
"""Of files of one name, the later are exports of the earlier."""
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_NO_TAGS = frozenset(
    ["sdh", "cc", "sub", "subs", "srt", "vtt", "asr", "wav", "mp3", "new", "old", "fix", "raw", "txt", "bak"]
)


@dataclass
class CaptionFiles:
    """The files to read.

    Attributes:
        files: each with the language that its name tells, or None.
        rejections: files of another language than the one asked for, and others that cannot be read.
        remarks: what was left, for people.
    """

    files: list[tuple[Path, str | None]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def captioned(
    files: Sequence[Path], near: Neighbours, language: str | None, *, ask: bool = True
) -> CaptionFiles:
    """The files to read, of those there are.

    Args:
        files: with times.
        near: the recordings.
        language: BCP 47 tag of the corpus, or None.
        ask: several languages of one recording are an error where none is asked for.

    Raises:
        CorpusError: a recording has captions in several languages and `language` does not tell which.
    """
    found = CaptionFiles()
    groups: dict[tuple[Path, str], list[tuple[Path, str | None]]] = {}
    usable: list[Path] = []
    found.rejections += rejected_names(files, usable)
    for file in usable:
        audio, tail = near.with_tail(file)
        key = (file.parent, audio or file.stem if file.suffix.lower() != ".eaf" else f"{file.stem}\0eaf")
        groups.setdefault(key, []).append((file, tag_in(tail)))
    left: list[str] = []
    for (_, audio), group in groups.items():
        kept = _of_language(audio.split("\0")[0], group, language, found, ask=ask)
        found.files += _without_copies(kept, left)
    if left:
        found.remarks.append(f"left, as copies of richer files of the same name: {some(left)}")
    found.files.sort()
    return found


def tag_in(tail: str) -> str | None:
    """The language tag in what follows a recording's name (``hr``, ``auto.en-US``), or None."""
    for part in tail.split("."):
        if _TAG.fullmatch(part) and part.lower() not in _NO_TAGS:
            return part.replace("_", "-").removesuffix("-orig")
    return None


def _of_language(
    audio: str, group: list[tuple[Path, str | None]], language: str | None, found: CaptionFiles, *, ask: bool
) -> list[tuple[Path, str | None]]:
    tags = {tag for _, tag in group}
    if language is None:
        if len(tags) > 1 and ask:
            names = ", ".join(file.name for file, _ in group)
            raise CorpusError(
                f"{audio} has captions in several languages ({names}), and only one language is spoken: "
                f"name it with --language, such as --language {sorted(filter(None, tags))[0]}"
            )
        return group
    kept = _matching(group, language)
    for file, tag in group:
        if (file, tag) not in kept:
            detail = f"{file}: its name says {tag or 'no language'}, and --language {language}"
            found.rejections.append(
                Rejection(file.name, "import", "other_language", detail)
            ) if not kept else None
    return kept


def _matching(group: list[tuple[Path, str | None]], language: str) -> list[tuple[Path, str | None]]:
    """The files of exactly that language, else of its other regions, else those that name none."""
    wanted = language.lower()
    exact = [item for item in group if (item[1] or "").lower() == wanted]
    near = [item for item in group if (item[1] or "").lower().split("-")[0] == wanted.split("-")[0]]
    if not exact and len({tag for _, tag in near}) > 1:
        names = ", ".join(file.name for file, _ in near)
        raise CorpusError(f"--language {language} could be several of {names}: name one of them in full")
    return exact or near or [item for item in group if item[1] is None]


def _without_copies(group: list[tuple[Path, str | None]], left: list[str]) -> list[tuple[Path, str | None]]:
    best: dict[str, tuple[Path, str | None]] = {}
    for file, tag in sorted(group, key=lambda item: RICHEST_FIRST.index(item[0].suffix.lower())):
        if file.stem in best:
            left.append(file.name)
        best.setdefault(file.stem, (file, tag))
    return list(best.values())
