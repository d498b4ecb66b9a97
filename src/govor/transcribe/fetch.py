"""A recording behind an http(s) address, for the command line only; the server never calls this."""

from __future__ import annotations

import http.client
import importlib.util
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from govor.errors import AudioError
from govor.store import scratch_folder

LARGEST_BYTES = 20_000_000_000
BLOCK_BYTES = 1 << 20
TIMEOUT_S = 60
PAGE_TYPES = ("text/html", "application/xhtml")


class _HttpOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but never away from http(s)."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urlparse(newurl).scheme not in ("http", "https"):
            raise AudioError(
                f"{req.full_url} leads to {newurl}, which is not an http(s) address", "unreachable"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def fetched(address: str, folder: Path) -> Iterator[Path]:
    """A local copy of what stands at `address`, removed when the block ends.

    A file is taken as it is; of a page, yt-dlp (where installed) takes the sound.

    Raises:
        AudioError: it cannot be reached, or is a page and yt-dlp is not installed.
    """
    with scratch_folder(folder, "fetched") as work:
        yield _fetch(address, work)


def _fetch(address: str, work: Path) -> Path:
    request = urllib.request.Request(address, headers={"User-Agent": "govor"})
    opener = urllib.request.build_opener(_HttpOnly)
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            if not answer.headers.get_content_type().startswith(PAGE_TYPES):
                return _save(address, answer, work)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise AudioError(f"{address} cannot be fetched ({error})", "unreachable") from error
    return _sound_of_page(address, work)


def _save(address: str, answer: Any, work: Path) -> Path:
    suffix = Path(urlparse(answer.geturl()).path).suffix
    path = work / f"recording{suffix if suffix[1:].isalnum() and len(suffix) < 10 else ''}"
    too_large = AudioError(f"{address} is larger than {LARGEST_BYTES} bytes", "too_large")
    declared = int(answer.headers.get("Content-Length") or 0)
    if declared > LARGEST_BYTES:
        raise too_large
    total = 0
    with path.open("wb") as file:
        while block := answer.read(BLOCK_BYTES):
            total += len(block)
            if total > LARGEST_BYTES:
                raise too_large
            file.write(block)
    if total < declared:
        raise AudioError(
            f"{address} ended after {total} of {declared} bytes: the same command tries again", "unreachable"
        )
    return path


def _sound_of_page(address: str, work: Path) -> Path:
    if importlib.util.find_spec("yt_dlp") is None:
        raise AudioError(f"{address} is a page: pip install yt-dlp to take its sound", "no_recording")
    import yt_dlp

    settings = {
        "format": "bestaudio/best",
        "outtmpl": str(work / "sound.%(ext)s"),
        "noplaylist": True,
        "playlist_items": "1",
        "max_filesize": LARGEST_BYTES,
        "socket_timeout": TIMEOUT_S,
        "cachedir": False,
        "quiet": True,
        "noprogress": True,  # it would go to standard output, among the JSON
        "no_warnings": True,
        "no_color": True,
    }
    try:
        with yt_dlp.YoutubeDL(settings) as downloader:
            downloader.download([address])
    except yt_dlp.utils.DownloadError as error:
        reason = str(error).removeprefix("ERROR: ").partition("; ")[0]
        raise AudioError(f"{address}: yt-dlp found no recording there ({reason})", "no_recording") from error
    files = sorted(work.glob("sound.*"))
    if not files:
        raise AudioError(f"{address}: yt-dlp found no recording there", "no_recording")
    return files[0]
