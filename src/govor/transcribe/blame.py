"""Whatever goes wrong with one recording is an error of it: the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from govor.errors import AudioError, GovorError
from govor.shown import with_class


@contextmanager
def blamed(source: str, path: Path, length: str) -> Iterator[None]:
    """Around the work on one recording; errors have the name that people know.

    Args:
        source: that name.
        path: where the recording is.
        length: the flag that makes windows shorter.

    Raises:
        AudioError: it cannot be decoded, or the model fails on it.
    """
    try:
        yield
    except AudioError as error:
        raise AudioError(str(error).replace(str(path), source), error.code) from error
    except (GovorError, OSError, ImportError):
        raise
    except Exception as error:
        raise AudioError(
            f"{source}: the model fails on it ({with_class(error)}): a shorter {length} "
            "or another model may work",
            "model_failed",
        ) from error
