"""A small Hub on 127.0.0.1: repositories, LFS uploads, commits, trees, downloads, and a real one's faults.

It keeps everything in a folder, so that several processes (and a killed and repeated upload) meet the same
Hub. The tests run it in a thread, with ``HF_ENDPOINT`` pointing at it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from hub_rules import errors_of

TOKEN = "hf_fake_token_of_the_tests"
LFS_OVER_BYTES = 10_000
KINDS = {"": "models", "datasets/": "datasets", "spaces/": "spaces"}
NAME = r"(?P<repo>[\w.-]+/[\w.-]+)"
KIND = r"(?P<kind>models|datasets|spaces)"
PREFIX = r"(?P<prefix>datasets/|spaces/|)"


@dataclass
class Faults:
    """What goes wrong on purpose.

    Attributes:
        fail: path pattern -> how many more times it answers 503.
        drop: path pattern -> how many more times the connection is closed without an answer.
        quota_bytes: most bytes stored; beyond it an upload answers 413.
        gated: repositories that answer 403 with a gate.
        answer: path pattern -> status and sentence that the Hub refuses it with.
        before: called with (method, path) before each request.
    """

    fail: dict[str, int] = field(default_factory=dict)
    drop: dict[str, int] = field(default_factory=dict)
    quota_bytes: int | None = None
    gated: set[str] = field(default_factory=set)
    answer: dict[str, tuple[int, str]] = field(default_factory=dict)
    before: Callable[[str, str], None] | None = None


class FakeHub:
    """State of the Hub: ``repos/<kind>/<name>/{info.json,files/…}`` and ``lfs/<sha256>`` below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults = Faults()
        self.log: list[tuple[str, str]] = []
        self.uploaded: Counter[str] = Counter()
        self.secrets: dict[str, dict[str, str]] = {}
        self.lock = threading.RLock()
        (root / "lfs").mkdir(parents=True, exist_ok=True)

    def repo(self, kind: str, name: str) -> Path:
        return self.root / "repos" / kind / name

    def info(self, kind: str, name: str) -> dict[str, Any]:
        return json.loads((self.repo(kind, name) / "info.json").read_text())

    def create(self, kind: str, name: str, private: bool, sdk: str | None = None) -> None:
        (self.repo(kind, name) / "files").mkdir(parents=True, exist_ok=True)
        self._save(kind, name, {"private": private, "sha": "0" * 40, "commits": [], "sdk": sdk})

    def _save(self, kind: str, name: str, info: dict[str, Any]) -> None:
        (self.repo(kind, name) / "info.json").write_text(json.dumps(info))

    def commit(self, kind: str, name: str, lines: list[dict[str, Any]]) -> str:
        """Applies the lines of a commit; returns its id."""
        with self.lock:
            info, files = self.info(kind, name), self.repo(kind, name) / "files"
            for line in lines:
                self._apply(line["key"], line["value"], files)
            sha = hashlib.sha1(json.dumps([info["sha"], self.tree(kind, name)]).encode()).hexdigest()
            summary = next((line["value"]["summary"] for line in lines if line["key"] == "header"), "")
            info["sha"] = sha
            info["commits"].append({"sha": sha, "summary": summary, "paths": self._paths(lines)})
            self._save(kind, name, info)
            return sha

    @staticmethod
    def _paths(lines: list[dict[str, Any]]) -> list[str]:
        return [line["value"]["path"] for line in lines if "path" in line["value"]]

    def _apply(self, key: str, value: dict[str, Any], files: Path) -> None:
        if key == "file":
            self._put(files / value["path"], base64.b64decode(value["content"]))
        elif key == "lfsFile":
            target = files / value["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.root / "lfs" / value["oid"], target)
        elif key == "deletedFile":
            (files / value["path"]).unlink()
        elif key == "deletedFolder":
            shutil.rmtree(files / value["path"])

    @staticmethod
    def _put(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def tree(self, kind: str, name: str, below: str = "") -> list[dict[str, Any]]:
        files = self.repo(kind, name) / "files"
        paths = sorted(path for path in files.rglob("*") if path.is_file())
        found = [_entry(path, str(path.relative_to(files))) for path in paths]
        return [entry for entry in found if not below or entry["path"].startswith(f"{below}/")]

    def stored_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())


def _entry(path: Path, name: str) -> dict[str, Any]:
    content = path.read_bytes()
    entry = {"type": "file", "path": name, "size": len(content), "oid": _git_oid(content)}
    if len(content) > LFS_OVER_BYTES:
        entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return entry


def _listing(files: list[dict[str, Any]], below: str, recursive: bool) -> list[dict[str, Any]]:
    """Files and folders below a folder: all of them, or its own entries alone."""
    depth = below.count("/") + 1 if below else 0
    folders: dict[str, None] = {}
    for entry in files:
        parts = entry["path"].split("/")[:-1]
        for end in range(depth + 1, len(parts) + 1):
            folders["/".join(parts[:end])] = None
    entries = [{"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in folders]
    everything = [*entries, *files]
    return everything if recursive else [e for e in everything if e["path"].count("/") == depth]


def _sibling_lfs(entry: dict[str, Any]) -> dict[str, Any] | None:
    lfs = entry.get("lfs")
    return {**lfs, "sha256": lfs["oid"]} if lfs else None


def _git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def log_message(self, *args: Any) -> None: ...

    def _route(self) -> None:
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        path = unquote(parts.path)
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.hub.log.append((self.command, path))
        if self.hub.faults.before:
            self.hub.faults.before(self.command, path)
        if self._faulty(path):
            return
        for method, pattern, action in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.command in method:
                action(self, **match.groupdict())
                return
        self._json({"error": f"the fake Hub has no {self.command} {path}"}, 404)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _route  # noqa: N815

    def _faulty(self, path: str) -> bool:
        for pattern, (status, sentence) in self.hub.faults.answer.items():
            if re.search(pattern, path):
                self._json({"error": sentence}, status)
                return True
        for pattern, left in self.hub.faults.drop.items():
            if left and re.search(pattern, path):
                self.hub.faults.drop[pattern] -= 1
                self.close_connection = True
                self.connection.close()
                return True
        for pattern, left in self.hub.faults.fail.items():
            if left and re.search(pattern, path):
                self.hub.faults.fail[pattern] -= 1
                self._json({"error": "busy"}, 503)
                return True
        return False

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._bytes(
            json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})}
        )

    def _bytes(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _may_write(self) -> bool:
        if self.headers.get("authorization") == f"Bearer {TOKEN}":
            return True
        self._json({"error": "Invalid username or password."}, 401)
        return False

    def _known(self, kind: str, repo: str) -> bool:
        private = self.hub.repo(kind, repo).exists() and self.hub.info(kind, repo)["private"]
        hidden = private and self.headers.get("authorization") != f"Bearer {TOKEN}"
        if repo in self.hub.faults.gated:
            headers = {"X-Error-Code": "GatedRepo", "X-Error-Message": f"Access to {repo} is restricted."}
            self._json({"error": "gated"}, 403, headers)
            return False
        if self.hub.repo(kind, repo).exists() and not hidden:
            return True
        headers = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
        self._json({"error": "Repository not found"}, 404, headers)
        return False

    # one method a route ---------------------------------------------------------------------------

    def whoami(self) -> None:
        if self._may_write():
            self._json(
                {"type": "user", "name": "tester", "auth": {"accessToken": {"role": "write"}}, "orgs": []}
            )

    def create(self) -> None:
        if not self._may_write():
            return
        asked = json.loads(self.body)
        kind = f"{asked.get('type') or 'model'}s"
        name = f"{asked.get('organization') or 'tester'}/{asked['name']}"
        url = f"http://{self.headers['host']}/{'' if kind == 'models' else kind + '/'}{name}"
        if self.hub.repo(kind, name).exists():
            self._json({"error": "You already created this repo", "url": url}, 409)
            return
        private = bool(asked.get("private") or asked.get("visibility") == "private")
        self.hub.create(kind, name, private, asked.get("sdk"))
        self._json({"url": url, "name": name, "id": name})

    def show(self, kind: str, repo: str, revision: str = "main") -> None:
        if not self._known(kind, repo):
            return
        info = self.hub.info(kind, repo)
        files = [
            {"rfilename": e["path"], "size": e["size"], "lfs": _sibling_lfs(e)}
            for e in self.hub.tree(kind, repo)
        ]
        shown = {"id": repo, "sha": info["sha"], "private": info["private"], "siblings": files, "tags": []}
        self._json({**shown, "lastModified": "2026-01-01T00:00:00.000Z", "downloads": 0, "gated": False})

    def preupload(self, kind: str, repo: str, revision: str) -> None:
        if not (self._may_write() and self._known(kind, repo)):
            return
        there = {entry["path"]: entry["oid"] for entry in self.hub.tree(kind, repo)}
        files = [self._mode(asked, there) for asked in json.loads(self.body)["files"]]
        self._json({"files": files})

    @staticmethod
    def _mode(asked: dict[str, Any], there: dict[str, str]) -> dict[str, Any]:
        mode = "lfs" if asked["size"] > LFS_OVER_BYTES else "regular"
        return {
            "path": asked["path"],
            "uploadMode": mode,
            "shouldIgnore": False,
            "oid": there.get(asked["path"]),
        }

    def batch(self, prefix: str, repo: str) -> None:
        if not self._may_write():
            return
        objects = [self._object(asked) for asked in json.loads(self.body)["objects"]]
        answer = {"objects": objects, "transfer": "basic"}
        self._json(answer, headers={"Content-Type": "application/vnd.git-lfs+json"})

    def _object(self, asked: dict[str, Any]) -> dict[str, Any]:
        known = {"oid": asked["oid"], "size": asked["size"]}
        if (self.hub.root / "lfs" / asked["oid"]).exists():
            return known
        href = f"http://{self.headers['host']}/lfs-store/{asked['oid']}"
        return {**known, "actions": {"upload": {"href": href}}}

    def store(self, oid: str) -> None:
        quota = self.hub.faults.quota_bytes
        if quota is not None and self.hub.stored_bytes() + len(self.body) > quota:
            self._json({"error": "Storage quota exceeded"}, 413)
            return
        if hashlib.sha256(self.body).hexdigest() != oid:
            self._json({"error": "hash differs"}, 400)
            return
        self.hub._put(self.hub.root / "lfs" / oid, self.body)
        self.hub.uploaded[oid] += 1
        self._json({})

    def commit(self, kind: str, repo: str, revision: str) -> None:
        if not (self._may_write() and self._known(kind, repo)):
            return
        lines = [json.loads(line) for line in self.body.splitlines() if line.strip()]
        parent = next((ln["value"].get("parentCommit") for ln in lines if ln["key"] == "header"), None)
        if parent and parent != self.hub.info(kind, repo)["sha"]:
            self._json({"error": "A commit has happened since. Please refresh and try again."}, 412)
            return
        if told := self._refused_card(kind, lines):
            self._json({"error": f"Invalid metadata in README.md. {told}"}, 400)
            return
        gone = [ln["value"]["path"] for ln in lines if ln["key"] == "deletedFile"]
        files = self.hub.repo(kind, repo) / "files"
        if any(not (files / path).is_file() for path in gone):
            self._json({"error": f"Entry not found: {gone}"}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        sha = self.hub.commit(kind, repo, lines)
        url = f"http://{self.headers['host']}/{repo}/commit/{sha}"
        self._json({"success": True, "commitUrl": url, "commitOid": sha, "hookOutput": ""})

    @staticmethod
    def _refused_card(kind: str, lines: list[dict[str, Any]]) -> str:
        """A commit with a card that the Hub does not take is refused as a whole."""
        cards = [ln["value"] for ln in lines if ln["key"] == "file" and ln["value"]["path"] == "README.md"]
        contents = [base64.b64decode(card["content"]).decode() for card in cards]
        return " ".join(told for content in contents for told in errors_of(content, kind.rstrip("s")))

    def tree(self, kind: str, repo: str, revision: str, below: str | None = None) -> None:
        if not self._known(kind, repo):
            return
        below = (below or "").strip("/")
        files = self.hub.tree(kind, repo, below)
        recursive = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        self._json(_listing(files, below, recursive))

    def paths_info(self, kind: str, repo: str, revision: str) -> None:
        if not self._known(kind, repo):
            return
        form = json.loads(self.body) if self.body.startswith(b"{") else parse_qs(self.body.decode())
        wanted = set(form["paths"])
        self._json([entry for entry in self.hub.tree(kind, repo) if entry["path"] in wanted])

    def refs(self, kind: str, repo: str) -> None:
        if self._known(kind, repo):
            sha = self.hub.info(kind, repo)["sha"]
            branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": sha}
            self._json({"branches": [branch], "tags": [], "converts": []})

    def resolve(self, prefix: str, repo: str, revision: str, path: str) -> None:
        kind = KINDS[prefix]
        if not self._known(kind, repo):
            return
        file = self.hub.repo(kind, repo) / "files" / path
        if not file.is_file():
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.hub.info(kind, repo)["sha"]}
            self._json({"error": "Entry not found"}, 404, headers)
            return
        content = file.read_bytes()
        entry = _entry(file, path)
        etag = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
        headers = {
            "ETag": f'"{etag}"',
            "X-Repo-Commit": self.hub.info(kind, repo)["sha"],
            "X-Linked-Size": str(len(content)),
            "X-Linked-Etag": f'"{etag}"',
            "Accept-Ranges": "bytes",
        }
        self._ranged(content, headers)

    def _ranged(self, content: bytes, headers: dict[str, str]) -> None:
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        if not match:
            self._bytes(content, 200, headers)
            return
        first = int(match[1])
        last = min(int(match[2]) if match[2] else len(content) - 1, len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self._bytes(content[first : last + 1], 206, headers)

    def yaml(self) -> None:
        asked = json.loads(self.body)
        errors = [{"message": told} for told in errors_of(asked["content"], asked.get("repoType", "model"))]
        self._json({"errors": errors, "warnings": []}, 400 if errors else 200)

    def secret(self, repo: str) -> None:
        if not (self._may_write() and self._known("spaces", repo)):
            return
        asked = json.loads(self.body)
        self.hub.secrets[repo] = {**self.hub.secrets.get(repo, {}), asked["key"]: asked["value"]}
        self._json({})


REVISION = r"(?P<revision>[^/]+)"
ROUTES = [
    ("GET", r"/api/whoami-v2", Handler.whoami),
    ("POST", r"/api/validate-yaml", Handler.yaml),
    ("POST", r"/api/repos/create", Handler.create),
    ("POST", rf"/api/spaces/{NAME}/secrets", Handler.secret),
    ("GET", rf"/api/{KIND}/{NAME}", Handler.show),
    ("GET", rf"/api/{KIND}/{NAME}/revision/{REVISION}", Handler.show),
    ("GET", rf"/api/{KIND}/{NAME}/refs", Handler.refs),
    ("POST", rf"/api/{KIND}/{NAME}/preupload/{REVISION}", Handler.preupload),
    ("POST", rf"/api/{KIND}/{NAME}/commit/{REVISION}", Handler.commit),
    ("GET", rf"/api/{KIND}/{NAME}/tree/{REVISION}(?P<below>/.*)?", Handler.tree),
    ("POST", rf"/api/{KIND}/{NAME}/paths-info/{REVISION}", Handler.paths_info),
    ("POST", rf"/{PREFIX}{NAME}\.git/info/lfs/objects/batch", Handler.batch),
    ("PUT", r"/lfs-store/(?P<oid>[0-9a-f]{64})", Handler.store),
    ("GET HEAD", rf"/{PREFIX}{NAME}/resolve/{REVISION}/(?P<path>.+)", Handler.resolve),
]


@contextmanager
def running(root: Path):
    """Yields ``(hub, url)`` of a Hub that serves until the block ends."""
    hub = FakeHub(root)
    handler = type("BoundHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
