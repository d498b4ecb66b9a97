"""Who may ask the review's server, and what they get."""

import json
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from govor.errors import MachineError
from govor.review import ReviewSettings, make_server


class Client:
    """Asks as a page's script does."""

    def __init__(self, url: str, name: str = "Ana", key: str = "") -> None:
        self.url, self.headers = url, {"X-Reviewer": name, "Authorization": f"Bearer {key}"}

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        return self._answer(urllib.request.Request(self.url + path, headers=self.headers | headers))

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        headers = self.headers | {"Content-Type": "application/json"} | headers
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method="POST")
        status, content = self._answer(request)
        return status, json.loads(content) if status == 200 else content.decode()

    def _answer(self, request: urllib.request.Request) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@pytest.fixture
def serve(session: Any) -> Any:
    servers = []

    def begin(**settings: Any) -> tuple[str, Any]:
        server, reviewers = make_server(session(**settings))
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/", reviewers

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_verdict_is_on_the_disk_when_the_next_comes(serve: Any, tmp_path: Path) -> None:
    client = Client(serve()[0], "%C5%A0ime")
    _, view = client.post("next", {})
    status, after = client.post("verdict", {"id": view["current"]["id"], "verdict": "keep", "seconds": 3})
    line = (tmp_path / "corpus-review" / "journal.jsonl").read_text().strip()
    assert (json.loads(line)["reviewer"], json.loads(line)["id"]) == ("Šime", view["current"]["id"])
    assert status == 200 and after["current"]["id"] != view["current"]["id"]
    assert after["progress"] == {"done": 1, "total": 8, "mine": 1, "pace_s": 3.0, "left_s": 21.0}
    assert client.post("undo", {})[1]["current"]["id"] == view["current"]["id"]


def test_the_page_holds_no_text_and_fetches_nothing_from_elsewhere(serve: Any) -> None:
    content = Client(serve()[0]).get("")[1].decode()
    assert "jedan dva tri" not in content and "WaveSurfer" in content
    assert 'src="http' not in content and "default-src 'none'" in content


def test_clips(serve: Any) -> None:
    client = Client(serve()[0])
    status, content = client.get("clip?id=u1&joined=0")
    assert status == 200 and content[:4] == b"RIFF"
    assert len(client.get("clip?id=u0&joined=2")[1]) > len(content)
    assert client.get("clip?id=nobody&joined=0")[0] == 400
    assert client.get("clip?id=u1&joined=0", Range="bytes=0-3") == (206, b"RIFF")


def test_a_recording_that_is_gone_is_said(serve: Any, tmp_path: Path) -> None:
    client = Client(serve()[0])
    (tmp_path / "r0.wav").unlink()
    status, message = client.get("clip?id=u1&joined=0")
    assert status == 507 and b"there is no such file" in message


def test_other_sites_and_other_names_are_refused(serve: Any) -> None:
    client = Client(serve()[0])
    assert client.get("", Host="evil.example")[0] == 403
    assert client.post("next", {}, Origin="https://evil.example")[0] == 403
    assert client.get("session.json")[0] == 404
    assert client.post("next", {}, **{"Content-Type": "text/plain"})[0] == 404


@pytest.mark.parametrize(
    "body", [[], {}, {"id": "u1"}, {"id": "u1", "verdict": "rm"}, {"id": 1, "verdict": []}]
)
def test_what_is_no_verdict_is_refused(serve: Any, body: Any, tmp_path: Path) -> None:
    client = Client(serve()[0])
    assert client.post("verdict", body)[0] == 400
    assert (tmp_path / "corpus-review" / "journal.jsonl").read_text() == ""


def test_a_name_is_needed(serve: Any) -> None:
    url, _ = serve()
    assert Client(url, "").post("next", {})[0] == 401


def test_links_with_keys_stay_and_open_for_nobody_else(serve: Any, tmp_path: Path) -> None:
    settings = {"reviewers": ("Ana", "Ben"), "allowed_hosts": ("review.example.org",), "double": 0.0}
    url, reviewers = serve(**settings)
    assert Client(url, "Ana").post("next", {})[0] == 401
    assert Client(url, "Ana", "wrong").get("clip?id=u1&joined=0")[0] == 401
    client = Client(url, "Ana", reviewers.keys["Ben"])
    assert (
        client.post("next", {}, Host="review.example.org", Origin="http://review.example.org")[1]["reviewer"]
        == "Ben"
    )
    assert reviewers.link("Ana", url) == f"{url}#key={reviewers.keys['Ana']}"
    assert (tmp_path / "corpus-review" / "reviewers.json").stat().st_mode & 0o077 == 0
    assert serve(**settings)[1].keys == reviewers.keys


def test_joining_what_another_has_is_a_conflict(serve: Any) -> None:
    url, _ = serve()
    Client(url, "Ben").post("next", {})
    pieces = [{"start": 1.0, "end": 8.0, "text": "sve"}]
    body = {"id": "u4", "verdict": "fixed", "pieces": pieces, "joined": ["u5"]}
    assert Client(url).post("verdict", body)[0] == 409


def test_a_taken_port_is_said(serve: Any, session: Any, corpus: Path) -> None:
    url, _ = serve()
    review = session(work=corpus.parent / "other", port=int(url.rstrip("/").rpartition(":")[2]))
    with pytest.raises(MachineError, match="--port"):
        make_server(review)
    assert ReviewSettings(corpus).folder == corpus.parent / "corpus-review"
