"""Recordings with timed text beside them: SRT, VTT, Praat TextGrid, ELAN EAF."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from govor.corpora.beside import spoken_row
from govor.corpora.caption_files import CaptionFiles, captioned
from govor.corpora.cues import read_cues
from govor.corpora.elan import Annotations, Media, media_of, read_elan
from govor.corpora.lines import rejected_line
from govor.corpora.names import AUDIO_SUFFIXES
from govor.corpora.neighbours import Neighbours
from govor.corpora.reader import Chunk, Reading, Source, chunked
from govor.corpora.rows import Row
from govor.corpora.splits import split_in
from govor.corpora.textgrid import read_textgrid
from govor.corpora.tier_report import TierReport, refuse_unclear
from govor.corpora.tiers import Choice, NoSpokenTierError, SpokenCue, choose, utterances
from govor.corpora.timed_text import TimedTextError
from govor.corpora.word_times import RELATIVE
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "subtitles"
NEEDS = "recordings with .srt, .vtt, .TextGrid or .eaf files of the same name beside them"
SETTINGS: tuple[str, ...] = ("text",)
SUFFIXES = (".srt", ".vtt", ".textgrid", ".eaf")


def recognise(path: Path) -> str | None:
    """Looks for files with times that have a recording beside them; an EAF names its own."""
    near = Neighbours()
    for file in timed_files(path):
        audio = near.beside(file)
        if audio is not None and file.suffix.lower() != ".eaf":
            return f"{file.name} is beside {audio}"
        if file.suffix.lower() == ".eaf" and (media := media_of(file)):
            return f"{file.name} names {media[0].name}"
    return None


def read(source: Source) -> Reading:
    """Opens all files with times below a folder; ``--text TIER`` chooses a tier of TextGrid and EAF.

    Raises:
        CorpusError: there is none, or a recording has captions in several languages and none is asked for;
            later, where several tiers could be the speech.
    """
    files = timed_files(source.path)
    if not files:
        raise CorpusError(f"{source.path} holds no subtitles: it needs {NEEDS}")
    root = source.folder
    near = Neighbours()
    chosen = captioned(files, near, source.config.language, ask=not source.listing)
    remarks = list(chosen.remarks)
    notes: dict[str, object] = {"files": len(files)}
    work = _SubtitleWork(source, root, near)
    chunks = _all_chunks(work, chosen, notes, remarks)
    return Reading(chunks, source.audio_root(root), notes=notes, remarks=remarks, word_times=RELATIVE)


def timed_files(path: Path) -> list[Path]:
    """The files with times that a path means: itself, or all below it."""
    files = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() else []
    return [file for file in files if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")]


@dataclass
class _SubtitleWork:
    """What reading the files of a source needs, and what it has met.

    Attributes:
        tiers: what was taken of the tiers.
        rolled: cues of rolling captions that showed lines of the one before.
        interpolated: annotations of tiers taken whose time lies between others'.
        untimed: annotations of tiers taken without any time.
    """

    source: Source
    root: Path
    near: Neighbours
    tiers: TierReport = field(default_factory=TierReport)
    rolled: int = 0
    interpolated: int = 0
    untimed: int = 0

    def told(self) -> list[str]:
        """Sentences for people, at the end."""
        facts = (
            (self.rolled, "captions roll (they repeat lines of the caption before): each line is taken once"),
            (
                self.interpolated,
                "annotations without times of their own were spread evenly between their neighbours",
            ),
            (self.untimed, "annotations have no time at all and were set aside"),
        )
        return [*self.tiers.told(), *(f"{count:,} {what}" for count, what in facts if count)]


def _all_chunks(
    work: _SubtitleWork, chosen: CaptionFiles, notes: dict[str, object], remarks: list[str]
) -> Iterator[Chunk]:
    if chosen.rejections:
        yield Chunk(pl.DataFrame(), work.root, chosen.rejections)
    for file, language in chosen.files:
        yield from chunked(file, _rows(work, file, language))
    remarks += work.told()
    notes |= {"tiers": listed} if (listed := work.tiers.listed()) else {}


def _rows(work: _SubtitleWork, file: Path, language: str | None) -> Iterator[Row | Rejection]:
    suffix = file.suffix.lower()
    try:
        if suffix in (".srt", ".vtt"):
            yield from _caption_rows(work, file, language)
        elif suffix == ".eaf":
            yield from _annotation_rows(work, file, read_elan(file))
        else:
            yield from _annotation_rows(work, file, Annotations(read_textgrid(file), {}, []))
    except TimedTextError as error:
        yield rejected_line(file, error.line, f"bad_{suffix.lstrip('.')}", error.problem)
    except NoSpokenTierError as error:
        yield Rejection(file.name, "import", "no_spoken_tier", f"{file}: {error}")
    except OSError as error:
        yield Rejection(file.name, "import", "unreadable_file", f"{file}: {error.strerror}")


def _caption_rows(work: _SubtitleWork, file: Path, language: str | None) -> Iterator[Row | Rejection]:
    found = read_cues(file)
    work.rolled += found.rolled
    audio, split = _audio(file, [], work)[0], _split(file, work.root)
    reason = f"bad_{file.suffix.lower().lstrip('.')}"
    for number, line in found.bad:
        yield rejected_line(file, number, reason, f"these times cannot be read: {line[:60]!a}")
    if not found.cues and not found.bad:
        yield rejected_line(file, 1, "no_cues", "it has no line with times and text")
    for cue in found.cues:
        yield _row(SpokenCue(cue), audio, split) | {"language": language or found.language}


def _annotation_rows(work: _SubtitleWork, file: Path, found: Annotations) -> Iterator[Row | Rejection]:
    config = work.source.config
    choice = choose(found.tiers, config.text, found.parents, config.language)
    work.tiers.add(found.tiers, choice)
    if not work.source.listing:
        refuse_unclear(file, found.tiers, choice)
    yield from _untimed(work, file, found, choice)
    audio, origin_s = _audio(file, found.media, work)
    split = _split(file, work.root)
    for item in utterances(choice, config.text):
        row = _row(item, audio, split)
        yield row | {"start": row["start"] + origin_s, "end": row["end"] + origin_s}


def _untimed(work: _SubtitleWork, file: Path, found: Annotations, choice: Choice) -> Iterator[Rejection]:
    for tier in choice.taken:
        work.interpolated += found.interpolated.get(tier.name, 0)
        for name in found.untimed.get(tier.name, ()):
            work.untimed += 1
            detail = f"{file}: annotation {name} of tier {tier.name} has no time"
            yield Rejection(f"{file.name}:{name}", "import", "no_times", detail)


def _split(file: Path, root: Path) -> str | None:
    return next((s for part in file.relative_to(root).parts[:-1] if (s := split_in(part))), None)


def _audio(file: Path, media: list[Media], work: _SubtitleWork) -> tuple[str, float]:
    """The recording's path and its clock's offset; where it is nowhere, a name that repair can find."""
    for item in media:
        for place in item.places:
            path = Path(os.path.normpath(file.parent / place))
            if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
                return _relative_name(path, work.root), item.origin_s
    origin_s = media[0].origin_s if media else 0.0
    name = work.near.beside(file, [item.name for item in media])
    if name is not None:
        same = (item.origin_s for item in media if Path(item.name).stem == Path(name).stem)
        return _relative_name(file.parent / name, work.root), next(same, origin_s)
    return (media[0].name if media else file.stem), origin_s


def _relative_name(path: Path, root: Path) -> str:
    inside = path.is_relative_to(root)
    return path.relative_to(root).as_posix() if inside else str(path.absolute())


def _row(item: SpokenCue, audio: str, split: str | None) -> Row:
    start, end = item.cue.start, item.cue.end
    return spoken_row(item) | {"audio": audio, "start": start, "end": end, "split": split}
