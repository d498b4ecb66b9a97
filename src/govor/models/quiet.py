"""Libraries that say only what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from govor.errors import GovorError, ModelError
from govor.shown import first_line


@contextmanager
def quiet() -> Iterator[None]:
    """No notes and progress bars of transformers; its settings are afterwards as they were."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def readable(place: Path | str) -> Iterator[None]:
    """Errors of transformers and the Hub as one sentence; their notes stay silent.

    Raises:
        ModelError: whatever kept the model from opening, by name.
    """
    try:
        with quiet():
            yield
    except (GovorError, MemoryError):
        raise
    except Exception as error:  # a file of somebody else's can be wrong in any way
        if _is_gated(error):
            raise ModelError(
                f"the model {place} is gated: accept its conditions at https://huggingface.co/{place}, "
                "then hf auth login with the same account"
            ) from error
        raise ModelError(f"the model {place} cannot be opened: {first_line(error)}") from error


def _is_gated(error: BaseException) -> bool:
    """Whether the Hub refused because its conditions were not accepted."""
    seen: BaseException | None = error
    while seen is not None:
        if type(seen).__name__ == "GatedRepoError" or "gated repo" in str(seen).lower():
            return True
        seen = seen.__cause__ or seen.__context__
    return False
