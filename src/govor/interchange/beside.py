"""The recording beside the file that annotates it, under the same name, as annotation tools want it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PLACINGS = ("link", "copy", "none")
LONGEST_NAME_BYTES = 200
_UNSAFE = re.compile(r'[\x00-\x1f<>:"|?*\\]')


@dataclass
class FileNames:
    """Names of files, one a recording; two recordings never share one, on disks that ignore case either."""

    taken: set[str] = field(default_factory=set)

    def of(self, recording: str) -> PurePosixPath:
        """A relative path without suffix for a recording's name; its folders stay."""
        parts = [part for part in PurePosixPath(recording).parts if part not in ("/", "..", ".")]
        safe = PurePosixPath(*[_safe(part) for part in parts] or ["recording"])
        made, number = safe, 1
        while made.as_posix().casefold() in self.taken:
            number += 1
            made = safe.with_name(f"{safe.name}_{number}")
        self.taken.add(made.as_posix().casefold())
        return made


def _safe(part: str) -> str:
    cleaned = _UNSAFE.sub("_", part).strip(". ") or "_"
    return cleaned.encode("utf-8", "replace")[:LONGEST_NAME_BYTES].decode("utf-8", "ignore")


def place(audio: str, file: Path, how: str) -> str | None:
    """Puts a recording beside `file`.

    Args:
        audio: absolute path or URI of the recording.
        file: the annotation.
        how: a symbolic link, a copy, or nothing.

    Returns:
        The name of the recording beside the file; None where none was wanted, where the recording lies behind
        an address, or where it is not there.
    """
    if how == "none" or "://" in audio or not Path(audio).is_file():
        return None
    target = file.with_name(file.name.removesuffix(file.suffix) + Path(audio).suffix.lower())
    if target == file or target.exists():
        return None
    if how == "link":
        target.symlink_to(Path(audio).absolute())
    else:
        shutil.copyfile(audio, target)
    return target.name
