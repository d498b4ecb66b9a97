"""Folders, resuming, bad files, addresses, the command."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from govor.config import TranscribeConfig
from govor.errors import AudioError, InputError, LimitError
from govor.transcribe import transcribe_files
from govor.transcribe.inputs import find_inputs
from govor.transcribe.journal import Journal, TranscribedFile, key_of

RATE = 16_000
CONFIG = TranscribeConfig(format=("txt", "json"))


def talk(path, seconds: float = 3.0, seed: int = 0):
    random = np.random.default_rng(seed)
    envelope = np.repeat(random.uniform(0, 0.2, 20), round(seconds * RATE) // 20 + 1)
    samples = random.normal(0, 1, round(seconds * RATE)) * envelope[: round(seconds * RATE)]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, RATE)
    return path


@pytest.fixture
def talks(tmp_path):
    """Two folders deep, a name twice, one file that is no audio."""
    folder = tmp_path / "talks"
    talk(folder / "a.wav", seed=1)
    talk(folder / "a.flac", seed=2)
    talk(folder / "day2" / "b.wav", seed=3)
    (folder / "broken.mp3").write_bytes(b"this is no audio" * 100)
    (folder / "notes.txt").write_text("no recording")
    return folder


def test_inputs_get_names_of_their_own(talks):
    stems = [item.stem for item in find_inputs([str(talks), str(talks / "a.wav")])]
    assert stems == ["a.flac", "a.wav", "broken", "day2/b", "a.wav-2"]
    assert find_inputs(["https://x.org/talk%20one.mp3?x=1"])[0].stem == "talk one"


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        find_inputs([str(tmp_path / "nowhere.mp3")])
    with pytest.raises(InputError, match="holds no audio"):
        find_inputs([str(tmp_path)])


def test_a_folder_with_a_bad_file_is_done_but_for_that_one(talks, tiny_ctc, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(LimitError) as caught:
        transcribe_files(tiny_ctc, [talks], out, CONFIG, device="cpu")
    summary = caught.value.summary
    assert [f["audio"].rsplit("/", 1)[1] for f in summary["files"]] == ["a.flac", "a.wav", "b.wav"]
    assert summary["failed"][0]["audio"].endswith("broken.mp3") and summary["failed"][0]["reason"]
    assert (out / "day2" / "b.json").exists() and (out / "a.wav.txt").exists()
    written = (out / "a.flac.json").read_text()
    data = json.loads(written)
    assert written == json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    assert data["duration"] == pytest.approx(3.0, abs=0.01)
    assert set(data["timing"]) == {"load_s", "decode_s", "rtf"}


def test_the_same_again_does_nothing_and_a_change_does_that_one(talks, tiny_ctc, tmp_path, monkeypatch):
    import govor.transcribe.files as files

    done = []
    whole = files._Run._one
    monkeypatch.setattr(
        files._Run, "_one", lambda run, own, item, bar: done.append(item.stem) or whole(run, own, item, bar)
    )
    (talks / "broken.mp3").unlink()
    run = partial(transcribe_files, tiny_ctc, [talks], tmp_path / "out", device="cpu")
    first = run(config=CONFIG)
    assert len(done) == 3
    done.clear()
    assert run(config=CONFIG)["files"] == first["files"]
    assert done == []
    talk(talks / "a.wav", seconds=2.0, seed=9)
    (tmp_path / "out" / "day2" / "b.txt").unlink()
    run(config=CONFIG)
    assert done == ["a.wav", "day2/b"]
    done.clear()
    run(config=TranscribeConfig(format=("txt", "json"), chunk=1.0))
    assert len(done) == 3


def test_a_changed_language_model_makes_new_transcripts(talks, tiny_ctc, tmp_path):
    from govor.lm.entry import make_lm

    (tmp_path / "said.txt").write_text("a b c\n")
    config = TranscribeConfig(format=("txt",), lm=str(tmp_path / "words.arpa"))
    item = find_inputs([str(talks / "a.wav")])[0]
    keys = set()
    for order in (2, 3):
        make_lm(tmp_path / "said.txt", tmp_path / "words.arpa", order)
        keys.add(key_of(item, str(tiny_ctc), config))
    (tmp_path / "words.json").write_text('{"lm_weight": 0.9}')
    keys.add(key_of(item, str(tiny_ctc), config))
    assert len(keys) == 3


def test_what_another_recording_has_overwritten_is_done_again(talks, tiny_ctc, tmp_path, capsys):
    other = talk(tmp_path / "other" / "a.wav", seconds=2.0, seed=7)
    run = partial(transcribe_files, tiny_ctc, out=tmp_path / "out", config=CONFIG, device="cpu")

    def heard_s():
        return json.loads((tmp_path / "out" / "a.json").read_text())["duration"]

    run([talks / "a.wav"])
    run([other])
    assert heard_s() == pytest.approx(2.0, abs=0.01)
    assert "has taken the place of" in capsys.readouterr().err
    run([talks / "a.wav"])
    assert heard_s() == pytest.approx(3.0, abs=0.01)


NAMES = st.sampled_from(["a.wav", "a.flac", "a.wav.mp3", "a-2.wav", "a.wav-2.mp3", "a.wav-2.wav", "b/a.wav"])


@given(st.lists(st.tuples(st.sampled_from("xyz"), NAMES), min_size=1, max_size=12))
def test_no_two_recordings_share_outputs(named):
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, *pair) for pair in named]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        stems = [item.stem for item in find_inputs([*map(str, paths), *{str(p.parent) for p in paths[:1]}])]
        assert len(set(stems)) == len(stems)


def test_what_a_mac_leaves_behind_is_no_recording(talks):
    (talks / "._a.wav").write_bytes(b"\0\x05\x16\7")
    assert not any("._" in item.source for item in find_inputs([str(talks)]))


@pytest.mark.slow
def test_a_killed_folder_goes_on_where_it_was(tmp_path, tiny_ctc):
    folder, out = tmp_path / "talks", tmp_path / "out"
    for number in range(12):
        talk(folder / f"{number:02d}.wav", seconds=20, seed=number)
    command = [sys.executable, "-m", "govor", "transcribe", str(tiny_ctc), str(folder), "--out", str(out)]
    command += ["--format", "txt,json", "--device", "cpu", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = out / "transcribe.jsonl"
    while process.poll() is None and not (journal.exists() and journal.read_text().count("\n") >= 2):
        time.sleep(0.005)
    process.kill()
    process.wait()
    finished = {path: path.stat().st_mtime_ns for path in out.glob("0[01].*")}
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["files"]) == 12 == len(list(out.glob("*.txt")))
    assert len(finished) == 4 and all(path.stat().st_mtime_ns == at for path, at in finished.items())
    fresh = transcribe_files(tiny_ctc, [folder], tmp_path / "fresh", CONFIG, device="cpu")
    for file in fresh["files"]:
        text = Path(file["outputs"][0])
        assert text.read_text() == (out / text.name).read_text()


CONTAINERS = {
    "wav": "pcm_s16le",
    "mp3": "libmp3lame",
    "ogg": "vorbis",
    "opus": "libopus",
    "flac": "flac",
    "m4a": "aac",
    "mp4": "aac",
    "webm": "libopus",
}


def written(path, codec: str, samples, rate: int) -> None:
    """A file of one mono stream, as PyAV writes it."""
    import av

    with av.open(path, "w") as made:
        sound = made.add_stream(codec, rate=rate)
        sound.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        fitting = av.AudioResampler(sound.format, "mono", rate, frame_size=sound.frame_size or 0)
        for piece in [*fitting.resample(frame), *fitting.resample(None)]:
            made.mux(sound.encode(piece))
        made.mux(sound.encode())


@pytest.mark.parametrize("kind", sorted(CONTAINERS))
def test_every_container_is_taken_from_a_folder(kind, tiny_ctc, tmp_path):
    samples, rate = soundfile.read(talk(tmp_path / "talk.wav"), dtype="float32")
    folder = tmp_path / "talks"
    folder.mkdir()
    if CONTAINERS[kind] == "vorbis":  # PyAV cannot write it
        soundfile.write(folder / f"a.{kind}", samples, rate, format="OGG", subtype="VORBIS")
    else:
        written(folder / f"a.{kind}", CONTAINERS[kind], np.repeat(samples, 3), 48_000)
    summary = transcribe_files(tiny_ctc, [folder], tmp_path / "out", CONFIG, device="cpu")
    assert summary["files"][0]["duration_s"] == pytest.approx(3.0, abs=0.15)
    assert (tmp_path / "out" / "a.json").exists()


def test_a_torn_journal_line_costs_one_recording(talks, tiny_ctc, tmp_path):
    (talks / "broken.mp3").unlink()
    out = tmp_path / "out"
    transcribe_files(tiny_ctc, [talks], out, CONFIG, device="cpu")
    journal = out / "transcribe.jsonl"
    journal.write_bytes(journal.read_bytes()[:-25])
    assert len(transcribe_files(tiny_ctc, [talks], out, CONFIG, device="cpu")["files"]) == 3
    assert len(transcribe_files(tiny_ctc, [talks], out, CONFIG, device="cpu")["files"]) == 3


def test_the_journal_takes_names_that_are_not_utf8(tmp_path):
    name = os.fsdecode(b"tw\xe9.wav")
    Journal(tmp_path).add("k" * 8, TranscribedFile(name, [os.fsdecode(b"tw\xe9.txt")]))
    (tmp_path / os.fsdecode(b"tw\xe9.txt")).write_text("dan")
    assert Journal(tmp_path).finished("k" * 8).audio == name


def test_one_bad_file_alone_is_an_error(talks, tiny_ctc, tmp_path):
    with pytest.raises(AudioError, match="broken"):
        transcribe_files(tiny_ctc, [talks / "broken.mp3"], tmp_path / "out", CONFIG, device="cpu")


@pytest.fixture
def web(talks):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    (talks / "page.html").write_text("<html>no recording</html>")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(talks)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_an_address_is_fetched_and_forgotten(web, tiny_ctc, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    summary = transcribe_files(tiny_ctc, [f"{web}/a.wav"], tmp_path / "out", CONFIG, device="cpu")
    assert summary["files"][0]["duration_s"] == pytest.approx(3.0, abs=0.01)
    assert (tmp_path / "out" / "a.txt").exists()
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(("path", "message"), [("missing.wav", "404"), ("page.html", "yt-dlp")])
def test_an_address_without_a_recording_is_one_sentence(web, tiny_ctc, tmp_path, path, message):
    with pytest.raises(AudioError, match=message):
        transcribe_files(tiny_ctc, [f"{web}/{path}"], tmp_path / "out", CONFIG, device="cpu")


def test_the_transcriber_itself_fetches_nothing(tiny_ctc):
    from govor.models import open_model
    from govor.transcribe import Transcriber

    with pytest.raises(AudioError, match="there is no such file"):
        Transcriber(open_model(tiny_ctc, device="cpu")).transcribe("http://127.0.0.1:9/a.wav")


def govor(*arguments, **settings):
    command = [sys.executable, "-m", "govor", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **settings)


def test_the_command_prints_one_object(talks, tiny_ctc, tmp_path):
    done = govor(
        "transcribe", tiny_ctc, talks / "a.wav", "--format", "srt,vtt,tsv", "--json", "--device", "cpu",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (file,) = json.loads(done.stdout)["files"]
    assert set(file) >= {"audio", "duration_s", "rtf", "outputs"}
    assert file["outputs"] == ["transcripts/a.srt", "transcripts/a.vtt", "transcripts/a.tsv"]
    assert "rtf" in done.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ["--format", "doc"],
        ["--chunk", "2", "--stride", "1"],
        ["--stride", "1"],
        ["--then", "sing"],
        ["--chunk", "-5", "--stride", "-10"],
        ["--chunk", "nan"],
        ["--beam-size", "0"],
        ["--lm-weight", "0.4"],
        ["--compare", "chunk=5", "stride=-1"],
        ["--compare", "chunk=inf"],
    ],
)
def test_flags_that_make_no_sense_exit_2(talks, tiny_ctc, tmp_path, flags):
    done = govor("transcribe", tiny_ctc, talks / "a.wav", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_texts_of_good_recordings_are_passed_on_although_one_is_bad(talks, tiny_ctc, tmp_path, capsys):
    from govor.commands import transcribe
    from govor.commands.flags import Overrides

    class Short:
        name = "short"

        def write(self, task, text, instruction):
            yield "kratko"

        def room(self, text):
            return 1_000

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("govor.transcribe.then.open_text_model", lambda *_: Short())
        patch.setattr("govor.transcribe.then._text_of", lambda _: "nešto")
        with pytest.raises(LimitError) as caught:
            transcribe.command(
                str(tiny_ctc),
                [str(talks)],
                Overrides(TranscribeConfig, {}, {}),
                Overrides(transcribe.TextModelFlags, {"then": "summarize"}, {"then": "--then"}),
                Overrides(transcribe.ComparisonFlags, {}, {}),
                out=tmp_path / "out",
                device="cpu",
            )
    assert [Path(f["then"]["output"]).read_text() for f in caught.value.summary["files"]] == ["kratko\n"] * 3
    assert "a.flac" in capsys.readouterr().out


def test_a_file_whose_end_is_damaged_is_transcribed_up_to_there(tmp_path, tiny_ctc, capsys):
    path = talk(tmp_path / "talk.flac", seconds=8.0)
    content = bytearray(path.read_bytes())
    content[-3_000:] = bytes(3_000)
    path.write_bytes(content)
    summary = transcribe_files(tiny_ctc, [path], tmp_path / "out", CONFIG, device="cpu")
    (file,) = summary["files"]
    assert 4 < file["duration_s"] <= 8 and file["damage"]
    assert "up to" in capsys.readouterr().err
    stored = json.loads((tmp_path / "out" / "talk.json").read_text())
    assert stored["damage"] == file["damage"] and stored["duration"] == file["duration_s"]


def test_a_recording_that_the_model_fails_on_stops_no_other(talks, tiny_ctc, tmp_path, monkeypatch):
    from govor.models.ctc.model import CtcFamily

    real = CtcFamily.recognise

    def recognise(self, sounds, options):
        if any(len(sound.wave) == 2 * RATE for sound in sounds):
            raise IndexError("index 448 is out of bounds")
        return real(self, sounds, options)

    monkeypatch.setattr(CtcFamily, "recognise", recognise)
    talk(talks / "a.wav", seconds=2.0)
    (talks / "broken.mp3").unlink()
    with pytest.raises(LimitError) as caught:
        transcribe_files(tiny_ctc, [talks], tmp_path / "out", CONFIG, device="cpu")
    summary = caught.value.summary
    assert len(summary["files"]) == 2
    (failed,) = summary["failed"]
    assert failed["reason"] == "model_failed" and "index 448" in failed["detail"]


def test_one_channel_that_is_to_be_split_is_said(talks, tiny_ctc, tmp_path, capsys):
    config = TranscribeConfig(format=("txt",), channels="split")
    transcribe_files(tiny_ctc, [talks / "a.wav"], tmp_path / "out", config, device="cpu")
    assert "a.wav has one channel" in capsys.readouterr().err


def test_a_recording_without_speech_says_so(tmp_path, tiny_ctc, capsys):
    soundfile.write(tmp_path / "still.wav", np.zeros(2 * RATE), RATE)
    transcribe_files(tiny_ctc, [tmp_path / "still.wav"], tmp_path / "out", CONFIG, device="cpu")
    assert "still.wav: no speech was found in its 2.00 s" in capsys.readouterr().err
