"""Every error that govor raises on purpose, as one tree: each branch has its exit status.

    GovorError
    ├── InputError            something the user gave is at fault            exit 1
    │   ├── RecipeError           a recipe or a --set value
    │   ├── CorpusError           a corpus folder, or a source being imported
    │   ├── DatasetError          a prepared data set
    │   ├── AudioError            one recording or clip (set aside, counted)
    │   ├── ModelError            a model folder, run or checkpoint
    │   └── LanguageError         a language that the model does not know
    ├── MachineError          the environment is at fault                    exit 1
    │   ├── MissingExtraError     an optional dependency is not installed
    │   ├── DiskFullError         no space, or a quota
    │   └── BusyError             another process works on the same target
    ├── UsageError            flags that do not go together                  exit 2
    ├── InterruptError        Ctrl-C, and nothing to go on with              exit 130
    └── LimitError            ended, but a stated limit was passed           exit 3
        └── StoppedError          stopped early on request, work is safe

A message is one sentence that names the thing, the value, the limit and what to do next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

BREAKS_LINE = re.compile(r"\n(?!  )|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""Whatever a file or a name holds, a message stays one line (a list below it is indented by two spaces)."""


class GovorError(Exception):
    """Base of all errors that are shown as one sentence instead of a traceback."""

    exit_status: ClassVar[int] = 1

    def __str__(self) -> str:
        """The sentence; characters that would break its line, or move a terminal's cursor, as ``\\x1b``."""
        return BREAKS_LINE.sub(lambda odd: odd[0].encode("unicode_escape").decode(), super().__str__())


class InputError(GovorError):
    """Something the user gave is at fault."""


class RecipeError(InputError):
    """A recipe file or a ``--set`` value is at fault."""


class CorpusError(InputError):
    """A corpus folder, or a source being imported, is at fault."""


class DatasetError(InputError):
    """A prepared data set is at fault."""


class AudioError(InputError):
    """One recording or clip cannot be used.

    Args:
        message: the sentence for people.
        code: stable snake_case reason, as it stands in ``rejected.parquet``.
    """

    def __init__(self, message: str, code: str = "unreadable") -> None:
        super().__init__(message)
        self.code = code


class ModelError(InputError):
    """A model folder, run or checkpoint is at fault."""


class LanguageError(InputError):
    """The model does not know the language that was asked for."""


class MachineError(GovorError):
    """The environment is at fault."""


class MissingExtraError(MachineError):
    """An optional dependency is not installed.

    Args:
        package: what failed to import.
        extra: the extra of govor that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}, which is not installed: pip install 'govor[{extra}]'")


class DiskFullError(MachineError):
    """There is no space left, or a quota is used up."""


class BusyError(MachineError):
    """Another process works on the same target."""


class UsageError(GovorError):
    """Flags that do not go together."""

    exit_status = 2


class InterruptError(GovorError):
    """Ended by Ctrl-C; the same command begins again."""

    exit_status = 130  # as shells have it


class LimitError(GovorError):
    """Work ended, but a stated limit was passed.

    Args:
        message: the sentence for people.
        summary: what ``--json`` prints all the same.
    """

    exit_status = 3

    def __init__(self, message: str, summary: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.summary: Mapping[str, object] = {} if summary is None else summary


class StoppedError(LimitError):
    """Stopped early on request; what was done is safe and the same command continues."""
