"""``govor report``: the same page on this machine, with every clip playable and verdicts saved as given.

Only this machine may ask: the server listens on 127.0.0.1, checks the Host header (so that no web page can
reach it under another name), and takes verdicts from its own page only.
"""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from govor.curate.sheet import neutral
from govor.errors import GovorError, InputError, MachineError
from govor.evaluate.remake import remake_report
from govor.evaluate.report import SHEET, mime_of
from govor.evaluate.stored import is_finished, read_scores, read_summary
from govor.hosts import OwnNames
from govor.store import atomic_path, read_json, write_json

Verdict = dict[str, str]
CHOICES = ("model", "transcript", "audio")
REASONS = {"model": "model wrong", "transcript": "transcript wrong", "audio": "audio bad"}
MOST_BODY_BYTES = 64_000_000
COLUMNS = ("id", "verdict", "corrected", "comment")
"""Of the sheet, as ``govor review`` reads it."""
NAMES = OwnNames()


class Report:
    """An evaluation's folder as the server sees it.

    Args:
        folder: of the evaluation.

    Raises:
        InputError: it holds no evaluation.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "report.html").exists() and is_finished(folder):
            remake_report(folder)
        if not (folder / "report.html").exists():
            raise InputError(f"{folder} has no report.html: make one with govor evaluate … --out {folder}")
        self.folder = folder
        summary = read_summary(folder)
        self.split, self.dataset = str(summary["split"]), str(summary["dataset"]["path"])
        self._fingerprint = summary["dataset"]["fingerprint"]
        self._lock = threading.Lock()
        self._data: Any = None

    def page(self) -> bytes:
        """The page."""
        return (self.folder / "report.html").read_bytes()

    def clip(self, row: int) -> bytes:
        """Encoded audio of one row of the split.

        Raises:
            GovorError: the data set is gone or has changed, or has no such row.
        """
        with self._lock:
            if self._data is None:
                self._data = self._opened()
            return bytes(self._data.clip_bytes(self.split, row))

    def _opened(self) -> Any:
        from govor.load import Dataset

        data = Dataset.open(self.dataset)
        if data.fingerprint != self._fingerprint:
            raise InputError(f"{self.dataset} has changed since this evaluation: evaluate again")
        return data

    def verdicts(self) -> list[Verdict]:
        """Verdicts given so far."""
        path = self.folder / "verdicts.json"
        try:
            return checked(read_json(path)) if path.exists() else []
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}): remove it, and judge again") from error

    def save(self, verdicts: Sequence[Verdict]) -> None:
        """Keeps verdicts, and writes the sheet that ``govor review`` reads."""
        with self._lock:
            write_json(self.folder / "verdicts.json", list(verdicts))
            self._write_sheet(verdicts)

    def _write_sheet(self, verdicts: Sequence[Verdict]) -> None:
        references = dict(read_scores(self.folder).select("id", "reference").iter_rows())
        with (
            atomic_path(self.folder / SHEET) as partial,
            partial.open("w", encoding="utf-8-sig", newline="") as file,
        ):
            sheet = csv.writer(file)
            sheet.writerow(COLUMNS)
            for one in verdicts:
                cells = (one["id"], *decision(one, references), REASONS[one["choice"]])
                sheet.writerow([neutral(cell) for cell in cells])


def decision(verdict: Verdict, references: dict[str, str]) -> tuple[str, str]:
    """(``keep``, ``drop`` or ``correct``; corrected text) of one verdict.

    A wrong model keeps the utterance; a wrong transcript is corrected where another text was given, else
    dropped; bad audio is dropped.
    """
    text = verdict["text"].strip()
    if verdict["choice"] == "model":
        return "keep", ""
    if verdict["choice"] == "transcript" and text and text != references.get(verdict["id"]):
        return "correct", text
    return "drop", ""


def checked(value: Any) -> list[Verdict]:
    """Verdicts as the page sends them.

    Raises:
        ValueError: they are something else.
    """
    if not isinstance(value, list):
        raise ValueError("not a list")
    verdicts = []
    for entry in value:
        verdict = {key: entry[key] for key in ("id", "choice", "text")}
        if verdict["choice"] not in CHOICES or not all(isinstance(v, str) for v in verdict.values()):
            raise ValueError("not a verdict")
        verdicts.append(verdict)
    return verdicts


def make_server(folder: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server for one report on 127.0.0.1, not yet running.

    Args:
        folder: of the evaluation.
        port: 0 takes a free one.

    Raises:
        InputError: there is no report.
        MachineError: the port is taken.
    """
    report = Report(folder)

    class Handler(_Handler):
        pass

    Handler.report = report
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise MachineError(
            f"port {port} cannot be used ({error.strerror}): choose another with --port"
        ) from error


class _Handler(BaseHTTPRequestHandler):
    report: Report
    protocol_version = "HTTP/1.1"
    server_version = "govor"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not shown."""

    def _answer(self, work: Callable[[], tuple[int, str, bytes]]) -> None:
        try:
            status, kind, content = (
                work() if self._is_local() else (403, "text/plain", b"only on this machine")
            )
        except (ValueError, KeyError, TypeError) as error:
            status, kind, content = 400, "text/plain", str(error).encode()
        except GovorError as error:
            status, kind, content = 404, "text/plain", str(error).encode()
        self._send(status, kind, content)

    def _is_local(self) -> bool:
        return NAMES.refusal(self.headers.get("Host", ""), self.headers.get("Origin")) is None

    def _get(self) -> tuple[int, str, bytes]:
        address = urlsplit(self.path)
        if address.path == "/":
            return 200, "text/html; charset=utf-8", self.report.page()
        if address.path == "/verdicts":
            return 200, "application/json", json.dumps(self.report.verdicts()).encode()
        if address.path == "/clip":
            content = self.report.clip(int(parse_qs(address.query)["row"][0]))
            return 200, mime_of(content), content
        return 404, "text/plain", b"there is only the report here"

    def _post(self) -> tuple[int, str, bytes]:
        length = int(self.headers.get("Content-Length", "0"))
        if length > MOST_BODY_BYTES:
            self.close_connection = True
            return 413, "text/plain", b"too large"
        body = self.rfile.read(length)
        if self.path != "/verdicts" or self.headers.get("Content-Type") != "application/json":
            return 404, "text/plain", b"only verdicts are taken"
        self.report.save(checked(json.loads(body)))
        return 200, "application/json", b"{}"

    def _send(self, status: int, kind: str, content: bytes) -> None:
        start, stop = 0, len(content)
        wanted = self.headers.get("Range", "")
        if status == 200 and kind.startswith("audio/") and wanted.startswith("bytes="):
            status, start, stop = _range(wanted, stop)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(stop - start))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if kind.startswith("audio/"):
            self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[start:stop])


def _range(wanted: str, length: int) -> tuple[int, int, int]:
    first, _, last = wanted.removeprefix("bytes=").split(",")[0].partition("-")
    if not first.strip().isdigit():
        return 200, 0, length
    start = min(int(first), length)
    stop = min(int(last) + 1, length) if last.strip().isdigit() else length
    return (206, start, stop) if start < stop else (200, 0, length)
