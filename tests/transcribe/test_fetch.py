"""Recordings behind addresses: files, redirections, pages."""

from __future__ import annotations

import http.server
import importlib.util
import io
import json
import threading
from fractions import Fraction

import numpy as np
import pytest
import soundfile
from known_speech import RATE, noise_words

import govor.transcribe.fetch as fetch
from govor.config import TranscribeConfig
from govor.errors import AudioError
from govor.transcribe import transcribe_files

CONFIG = TranscribeConfig(format=("txt",))


def wav() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, noise_words([(0.3, 1.2), (1.5, 2.6)], 3.0), RATE, format="WAV")
    return file.getvalue()


def film() -> bytes:
    """Two seconds of grey pictures and noise, MPEG-4 and AAC."""
    import av

    samples = noise_words([(0.2, 1.8)], 2.0)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as made:
        pictures, sound = made.add_stream("mpeg4", rate=10), made.add_stream("aac", rate=RATE)
        pictures.width = pictures.height = 64
        pictures.pix_fmt, sound.layout = "yuv420p", "mono"
        for number in range(20):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            made.mux(pictures.encode(picture))
        made.mux(pictures.encode())
        heard = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        heard.sample_rate = RATE
        made.mux(sound.encode(heard))
        made.mux(sound.encode())
    return file.getvalue()


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"  # an answer without a length ends with the connection

    def log_message(self, *args):
        pass

    def send(self, kind: str, content: bytes, length: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if length:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def lead(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.end_headers()

    def do_GET(self):
        match self.path:
            case "/talk.wav":
                self.send("audio/x-wav", wav())
            case "/unmeasured.wav":
                self.send("application/octet-stream", wav(), length=False)
            case "/broken-off.wav":
                self.send_response(200)
                self.send_header("Content-Length", str(2 * len(wav())))
                self.end_headers()
                self.wfile.write(wav())
            case "/broken-chunks.wav":
                self.protocol_version = "HTTP/1.1"
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"fff\r\n" + wav()[:100])
                self.close_connection = True
            case path if path.startswith("/long"):
                self.send("audio/x-wav", wav())
            case "/twice":
                self.lead("/once")
            case "/once":
                self.lead("/talk.wav")
            case "/round":
                self.lead("/round")
            case "/inside":
                self.lead("file:///etc/passwd")
            case "/elsewhere":
                self.lead("ftp://127.0.0.1/a.wav")
            case "/paper.pdf":
                self.send("application/pdf", b"%PDF-1.4 nothing to hear")
            case "/film.mp4":
                self.send("video/mp4", film())
            case "/page.html":
                self.send(
                    "text/html", b'<html><title>x</title><body><video src="film.mp4"></video></body></html>'
                )
            case "/empty.html":
                self.send("text/html", b"<html><body>nothing</body></html>")
            case _:
                self.send_error(404)


@pytest.fixture(scope="module")
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """Where copies are kept for a while: empty afterwards, however it ended."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def heard(site, path, model, out):
    summary = transcribe_files(model, [f"{site}/{path}"], out, CONFIG, device="cpu")
    return summary["files"][0]["duration_s"]


@pytest.mark.parametrize("path", ["talk.wav", "unmeasured.wav", "twice", "long" * 100, "long/.."])
def test_a_file_is_heard_however_it_is_sent(site, tiny_ctc, tmp_path, path):
    assert heard(site, path, tiny_ctc, tmp_path / "out") == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("gone.wav", "unreachable", "404"),
        ("round", "unreachable", "redirect"),
        ("inside", "unreachable", "not allowed"),
        ("elsewhere", "unreachable", r"not an http\(s\)"),
        ("paper.pdf", None, "^http.*/paper.pdf"),
        ("broken-off.wav", "unreachable", "ended after"),
        ("broken-chunks.wav", "unreachable", "cannot be fetched"),
    ],
)
def test_what_is_no_recording_is_one_sentence(site, tiny_ctc, tmp_path, path, code, message):
    with pytest.raises(AudioError, match=message) as caught:
        heard(site, path, tiny_ctc, tmp_path / "out")
    assert code is None or caught.value.code == code


@pytest.mark.parametrize("path", ["talk.wav", "unmeasured.wav"])
def test_what_is_too_large_is_refused_with_and_without_a_length(site, tiny_ctc, tmp_path, monkeypatch, path):
    monkeypatch.setattr(fetch, "LARGEST_BYTES", 50_000)
    with pytest.raises(AudioError, match="larger than 50000 bytes") as caught:
        heard(site, path, tiny_ctc, tmp_path / "out")
    assert caught.value.code == "too_large"


def test_a_server_that_is_not_there_is_one_sentence(tiny_ctc, tmp_path):
    with pytest.raises(AudioError, match="cannot be fetched") as caught:
        heard("http://127.0.0.1:9", "a.wav", tiny_ctc, tmp_path / "out")
    assert caught.value.code == "unreachable"


def test_a_page_needs_yt_dlp(site, tiny_ctc, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(AudioError, match="pip install yt-dlp"):
        heard(site, "page.html", tiny_ctc, tmp_path / "out")


def test_the_sound_of_a_video_page_is_heard(site, tiny_ctc, tmp_path, capfd):
    pytest.importorskip("yt_dlp")
    assert heard(site, "page.html", tiny_ctc, tmp_path / "out") == pytest.approx(2.0, abs=0.15)
    assert (tmp_path / "out" / "page.txt").exists()
    assert capfd.readouterr().out == "", "standard output is for the summary"


def test_a_page_without_a_video_is_one_sentence(site, tiny_ctc, tmp_path):
    pytest.importorskip("yt_dlp")
    with pytest.raises(AudioError, match="found no recording there") as caught:
        heard(site, "empty.html", tiny_ctc, tmp_path / "out")
    assert caught.value.code == "no_recording"
    assert "\n" not in str(caught.value) and "report this issue" not in json.dumps(str(caught.value))


def test_a_page_whose_recording_is_too_large_is_one_sentence(site, tiny_ctc, tmp_path, monkeypatch):
    pytest.importorskip("yt_dlp")
    monkeypatch.setattr(fetch, "LARGEST_BYTES", 1_000)
    with pytest.raises(AudioError, match="no recording"):
        heard(site, "page.html", tiny_ctc, tmp_path / "out")
