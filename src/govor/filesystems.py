"""The file system behind a URL, from fsspec; one sentence says which package is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from govor.errors import MissingExtraError

S3, GOOGLE, HUB, WEB = ("s3fs", "s3"), ("gcsfs", "gcs"), ("huggingface-hub", "publish"), ("aiohttp", "http")
BRINGS = {"s3": S3, "s3a": S3, "gs": GOOGLE, "gcs": GOOGLE, "hf": HUB, "http": WEB, "https": WEB}
"""By protocol of the URLs that govor's pages name: what fsspec needs, and the extra that brings it."""


def file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system for `url` (a local path too), and the path in it.

    Raises:
        MissingExtraError: what reaches such URLs is not installed.
        ImportError: fsspec needs a package that no extra of govor brings.
        ValueError: fsspec knows no such protocol.
    """
    import fsspec

    with reaching(url):
        files, path = fsspec.core.url_to_fs(url)
    return files, str(path)


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Around what opens `url` with fsspec; it raises what `file_system` does."""
    try:
        yield
    except ImportError as error:
        protocol = url.partition("://")[0]
        if protocol not in BRINGS:
            raise
        raise MissingExtraError(*BRINGS[protocol]) from error
