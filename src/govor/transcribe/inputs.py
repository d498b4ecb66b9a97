"""What the command line names (files, folders, addresses) to recordings with names for their outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import unquote, urlparse

from govor.errors import InputError

_AUDIO = "wav flac mp3 ogg oga opus m4a m4b aac wma aif aiff amr caf"
_VIDEO = "mp4 webm mkv mov avi ts"
AUDIO_SUFFIXES = frozenset(f".{name}" for name in f"{_AUDIO} {_VIDEO}".split())

LONGEST_STEM = 80
"""Characters of an address that name its outputs: files' names are at most 255 bytes."""


@dataclass(frozen=True)
class Input:
    """One recording to transcribe.

    Attributes:
        source: path or http(s) address.
        stem: its outputs' path below the output folder, without suffix.
    """

    source: str
    stem: str

    @property
    def is_address(self) -> bool:
        """It has to be fetched first."""
        return is_address(self.source)


def is_address(source: str) -> bool:
    """Whether `source` is an http(s) address."""
    return source.lower().startswith(("http://", "https://"))


def find_inputs(sources: Sequence[str]) -> list[Input]:
    """Recordings behind `sources`; folders are searched for audio and video files, in order of name.

    Raises:
        InputError: one does not exist, or a folder holds no recording.
    """
    found: list[tuple[str, str, str]] = []
    for source in sources:
        found += [_named_address(source)] if is_address(source) else _named_paths(Path(source))
    taken = Counter(stem for _, stem, _ in found)
    inputs = [Input(s, stem if taken[stem] == 1 else f"{stem}{suffix}") for s, stem, suffix in found]
    return _told_apart(inputs)


def local_inputs(sources: Sequence[str]) -> list[Input]:
    """The same, of commands that fetch nothing.

    Raises:
        InputError: one does not exist, is an address, or a folder holds no recording.
    """
    inputs = find_inputs(sources)
    if addresses := [item.source for item in inputs if item.is_address]:
        raise InputError(f"{addresses[0]} is an address: fetch the recording first, and name the file")
    return inputs


def _told_apart(inputs: list[Input]) -> list[Input]:
    """Numbers where even names with suffixes are the same, such as one file from two folders."""
    taken = {item.stem for item in inputs}
    seen: set[str] = set()
    result = []
    for item in inputs:
        stem = item.stem
        if stem in seen:
            stem = next(name for n in count(2) if (name := f"{item.stem}-{n}") not in taken | seen)
        seen.add(stem)
        result.append(Input(item.source, stem))
    return result


def _named_address(address: str) -> tuple[str, str, str]:
    parsed = urlparse(address)
    name = Path(unquote(parsed.path)).name or parsed.netloc
    return address, Path(name).stem[:LONGEST_STEM] or "recording", Path(name).suffix


def _is_recording(path: Path) -> bool:
    """By its suffix; what a Mac leaves on other disks (``._talk.mp3``) has the suffix, but no sound.

    A link that leads nowhere is one too: that it cannot be read is said, as of any other.
    """
    named = path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith("._")
    return named and (path.is_file() or (path.is_symlink() and not path.exists()))


def _named_paths(path: Path) -> list[tuple[str, str, str]]:
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if _is_recording(p))
        if not files:
            raise InputError(f"{path} holds no audio or video file: name the files themselves")
        return [(str(p), str(p.relative_to(path).with_suffix("")), p.suffix) for p in files]
    if not path.exists():
        raise InputError(f"{path} does not exist: name a recording, a folder of them, or an http(s) address")
    return [(str(path), path.stem, path.suffix)]
