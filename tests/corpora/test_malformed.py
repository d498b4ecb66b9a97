"""Every reader has its malformed twins: what is wrong is named by file and line, the rest is kept."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import ten_seconds
from corpus_sources import Imported, touch_audio, write_json_lines, write_text

from govor.corpora import lines
from govor.errors import CorpusError

Importer = Callable[..., Imported]


def replace_in(file: Path, old: str, new: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert old in text
    return write_text(file, text.replace(old, new, 1))


def append(file: Path, data: bytes) -> Path:
    with file.open("ab") as more:
        more.write(data)
    return file


def cv(tmp_path: Path) -> Path:
    return ten_seconds.source("common-voice", tmp_path / "src")


# Common Voice


def test_common_voice_without_a_column_names_it(tmp_path: Path, imported: Importer) -> None:
    folder = cv(tmp_path)
    file = replace_in(folder / "train.tsv", "sentence\t", "phrase\t")
    with pytest.raises(CorpusError, match=f"{file}:1: the header has no sentence"):
        imported(folder)


def test_common_voice_bad_rows_are_set_aside(tmp_path: Path, imported: Importer) -> None:
    folder = cv(tmp_path)
    row = (folder / "train.tsv").read_bytes().splitlines()[1]
    append(
        folder / "train.tsv",
        b"too\tfew\n" + row.replace(b"Dobar", b"\xe8obar") + b"\n" + row.replace(b"a", b"\0"),
    )
    append(folder / "dev.tsv", b"who\tgone.mp3\tx\tNema me.\t2\t0\t\t\t\t\thr\t\n")
    got = imported(folder)
    assert (got.summary["read"], got.summary["kept"]) == (8, 4)
    assert got.reasons == {
        "train.tsv:4": "wrong_columns",
        "train.tsv:5": "not_utf8",
        "train.tsv:6": "nul_character",
        "gone": "missing_audio",
    }
    assert f"{folder}/train.tsv:4: 2 fields where the header has 12" in got.details
    assert f"{folder}/dev.tsv:3: there is no audio file gone.mp3 under {folder}/clips" in got.details


def test_a_utf16_table_says_so(tmp_path: Path, imported: Importer) -> None:
    file = tmp_path / "all.tsv"
    file.write_bytes("audio\ttext\na.wav\thej\n".encode("utf-16"))
    with pytest.raises(CorpusError, match=f"{file} is UTF-16: import it with --encoding utf-16"):
        imported(file, format="table")


def archive_with(tmp_path: Path, name: str, link: str | None = None) -> Path:
    """A release's archive with one more member."""
    archive = ten_seconds.source("common-voice-archive", tmp_path / "src")
    plain = tmp_path / "hostile.tar.gz"
    with tarfile.open(archive) as old, tarfile.open(plain, "w:gz") as new:
        for member in old:
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
        extra = tarfile.TarInfo(name)
        extra.type = tarfile.SYMTYPE if link else tarfile.REGTYPE
        extra.linkname, extra.size = link or "", 0 if link else 4
        new.addfile(extra, io.BytesIO(b"evil"))
    return plain


@pytest.mark.parametrize(
    ("name", "link"),
    [("../../outside.mp3", None), ("cv/clips/x.mp3", "/etc/passwd"), ("cv/clips/../../../up.mp3", None)],
)
def test_an_archive_that_leaves_its_folder_is_refused(
    tmp_path: Path, imported: Importer, name: str, link: str | None
) -> None:
    archive = archive_with(tmp_path, name, link)
    with pytest.raises(CorpusError, match=r"hostile\.tar\.gz is refused"):
        imported(archive)
    assert not list(tmp_path.glob("**/outside.mp3")) + list(tmp_path.glob("**/up.mp3"))
    assert not (tmp_path / ".corpus-out" / "corpus.json").exists()


def test_an_archive_cut_short_says_so(tmp_path: Path, imported: Importer) -> None:
    archive = ten_seconds.source("common-voice-archive", tmp_path / "src")
    archive.write_bytes(archive.read_bytes()[:-5000])
    with pytest.raises(CorpusError, match="is damaged or cut short"):
        imported(archive)


def test_an_archive_is_not_unpacked_where_it_does_not_fit(
    tmp_path: Path, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from govor.errors import DiskFullError

    monkeypatch.setattr("govor.store.free_bytes", lambda path: 1000)
    archive = ten_seconds.source("common-voice-archive", tmp_path / "src")
    with pytest.raises(DiskFullError, match=r"unpacking 4 audio files .* needs .* but 1 kB are free"):
        imported(archive)
    assert not list((tmp_path / ".corpus-out" / "audio").glob("*.mp3"))


# Tables


def test_a_table_without_a_text_column_names_its_columns(tmp_path: Path, imported: Importer) -> None:
    file = write_text(tmp_path / "all.csv", "audio,words_said\na.wav,hej\n")
    with pytest.raises(
        CorpusError, match=r"no column for text: name it with --columns text=COLUMN; it has audio, words"
    ):
        imported(file, format="table")
    touch_audio(tmp_path / "a.wav")
    assert imported(file, format="table", columns={"text": "words_said"}).rows["text"].to_list() == ["hej"]


def test_columns_that_are_not_there_are_named(tmp_path: Path, imported: Importer) -> None:
    file = write_text(tmp_path / "all.csv", "audio,text\na.wav,hej\n")
    with pytest.raises(CorpusError, match=r"speaker=who: .* has no column who; it has audio, text"):
        imported(file, columns={"speaker": "who"})
    with pytest.raises(CorpusError, match="talker is not a column of a corpus"):
        imported(file, columns={"talker": "text"})


def test_rows_of_a_table_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav", seconds=2)
    header = "id,audio,start,end,text,split,channel"
    rows = [
        "ok,a.wav,0,1,dobro,train,0",
        "swapped,a.wav,1,0,x,train,",
        "empty,a.wav,1,1,x,train,",
        "before,a.wav,-1,1,x,train,",
        "words,a.wav,one,2,x,train,",
        "nan,a.wav,nan,2,x,train,",
        "inf,a.wav,0,inf,x,train,",
        "silent,a.wav,0,1,,train,",
        "blank,a.wav,0,1,  ,train,",
        "deaf,,0,1,x,train,",
        "odd,a.wav,0,1,x,holdout,",
        "left,a.wav,0,1,x,train,-1",
        "ok,a.wav,1,2,again,train,",
        "wide,a.wav,0,1,x,train,,,",
    ]
    file = write_text(tmp_path / "all.csv", "\n".join([header, *rows]) + "\n")
    got = imported(file)
    assert got.rows["text"].to_list() == ["dobro"]
    assert got.reasons == {
        "swapped": "times_swapped",
        "empty": "no_duration",
        "before": "negative_time",
        "words": "bad_times",
        "nan": "bad_times",
        "inf": "bad_times",
        "silent": "no_text",
        "blank": "empty_text",
        "deaf": "no_audio",
        "odd": "unknown_split",
        "left": "bad_channel",
        "ok": "duplicate_id",
        "all.csv:15": "wrong_columns",
    }
    assert got.summary["read"] == got.summary["kept"] + got.summary["rejected"] == len(rows)
    for line in range(3, 16):
        assert f"{file}:{line}: " in got.details


def test_a_quote_that_never_ends_does_not_swallow_the_file_silently(
    tmp_path: Path, imported: Importer
) -> None:
    touch_audio(tmp_path / "a.wav")
    file = write_text(tmp_path / "all.csv", 'audio,text\na.wav,prva\na.wav,"druga\na.wav,treća\n')
    got = imported(file)
    assert got.rows["text"].to_list() == ["prva", '"druga', "treća"]


def test_a_header_that_names_a_column_twice(tmp_path: Path, imported: Importer) -> None:
    file = write_text(tmp_path / "all.csv", "audio,text,text\na.wav,hej,hej\n")
    with pytest.raises(CorpusError, match=f"{file}:1: the header names text twice"):
        imported(file)


def test_broken_parquet_is_named(tmp_path: Path, imported: Importer) -> None:
    file = tmp_path / "all.parquet"
    pl.DataFrame({"audio": ["a.wav"], "text": ["hej"]}).write_parquet(file)
    file.write_bytes(b"PAR1" + b"\0" * 50 + file.read_bytes()[-60:])
    with pytest.raises(CorpusError, match=str(file)):
        imported(file, format="table")


def test_nothing_that_can_be_used_is_an_error_with_examples(tmp_path: Path, imported: Importer) -> None:
    file = write_text(tmp_path / "all.csv", "audio,text\ngone.wav,hej\n")
    with pytest.raises(
        CorpusError, match=r"none of the 1 rows .* missing_audio 1 \(first: .*all.csv:2: there is no"
    ):
        imported(file)
    assert not (tmp_path / ".corpus-out" / "corpus.json").exists()


# JSON lines


@pytest.mark.parametrize("name", ["nemo", "parlaspeech", "lhotse-cuts", "table-json-lines"])
def test_bad_json_is_named_by_its_line(name: str, tmp_path: Path, imported: Importer) -> None:
    folder = ten_seconds.source(name, tmp_path / "src")
    file = next(
        f
        for f in sorted(folder.iterdir())
        if (".json" in f.name and "train" in f.name) or f.suffix == ".jsonl"
    )
    if file.suffix == ".gz":
        import gzip

        file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + b'{"id": \n'))
    else:
        append(file, b'{"id": \n')
    got = imported(folder)
    assert (got.summary["kept"], list(got.reasons.values())) == (4, ["bad_json"])
    assert f"{file}:" in got.details


def test_json_that_changes_its_types_is_read_all_the_same(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    rows = [
        {"audio": "a.wav", "text": "jen", "note": 1, "tags": ["x"]},
        {"audio": "a.wav", "text": "dva", "note": "two", "tags": "y"},
        {"audio": "a.wav", "text": 3, "note": {"deep": [1]}, "tags": None},
    ]
    got = imported(write_json_lines(tmp_path / "all.jsonl", rows))
    assert got.rows["text"].to_list() == ["jen", "dva", "3"]
    assert got.rows["id"].to_list() == ["a", "a_2", "a_3"]


def test_deep_json_is_refused_not_crashed(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    file = write_json_lines(tmp_path / "all.jsonl", [{"audio": "a.wav", "text": "jen"}])
    append(file, b'{"audio": "a.wav", "text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n")
    assert imported(file).reasons == {"all.jsonl:2": "bad_json"}


def test_a_lone_surrogate_does_not_become_text(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    file = write_json_lines(tmp_path / "all.jsonl", [{"audio": "a.wav", "text": "jen"}])
    append(file, b'{"audio": "a.wav", "text": "\\ud800"}\n')
    assert list(imported(file).reasons.values()) == ["lone_surrogate"]


# Long lines


def test_a_line_beyond_the_limit_is_passed_over(
    tmp_path: Path, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 64)
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 500)
    touch_audio(tmp_path / "a.wav")
    rows = ["audio,text", "a.wav,prva", "a.wav," + "x" * 5000, "a.wav,treća", "a.wav," + "y" * 300]
    file = write_text(tmp_path / "all.csv", "\n".join(rows))
    got = imported(file)
    assert [text[:5] for text in got.rows["text"]] == ["prva", "treća", "yyyyy"]
    assert got.reasons == {"all.csv:3": "line_too_long"}
    assert f"{file}:3: the line is longer than" in got.details


@pytest.mark.slow
def test_a_line_of_two_gigabytes_needs_little_memory(tmp_path: Path) -> None:
    touch_audio(tmp_path / "a.wav")
    file = write_json_lines(tmp_path / "all.jsonl", [{"audio": "a.wav", "text": "jen"}])
    with file.open("r+b") as sparse:
        sparse.truncate(2 << 30)
        sparse.seek(0, 2)
        sparse.write(b'\n{"audio": "a.wav", "text": "zadnja"}\n')
    code = (
        "import sys; from pathlib import Path; from govor.config import CorpusConfig;"
        "from govor.corpora import import_corpus; import json;"
        "config = CorpusConfig(source=sys.argv[1], max_rejected=1.0);"
        "print(json.dumps(dict(import_corpus(config, Path(sys.argv[2])))));"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    run = [sys.executable, "-c", code, str(file), str(tmp_path / "out")]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    assert json.loads(printed[0])["reasons"] == {"line_too_long": 1}
    assert json.loads(printed[0])["kept"] == 2
    assert int(printed[1]) < 600_000


# Kaldi


def test_kaldi_commands_are_never_run(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.sph", tmp_path / "b.flac", tmp_path / "c.wav")
    spoiled = tmp_path / "spoiled"
    scp = [
        "u1 sph2pipe -f wav -p -c 2 a.sph |",
        "u2 flac -c -d -s b.flac |",
        f"u3 touch {spoiled} |",
        "u4 sox c.wav -t wav - speed 0.9 |",
        "u5 wav-reverberate --x c.wav - | sox -t wav - -t wav - |",
        "u6 foo.ark:1234",
        "u7 sox c.wav -t wav -r 16k - |",
        f"u8 cat c.wav $(touch {spoiled}) |",
    ]
    file = write_text(tmp_path / "wav.scp", "\n".join(scp) + "\n")
    write_text(tmp_path / "text", "".join(f"u{n} riječ\n" for n in range(1, 10)))
    got = imported(tmp_path)
    assert not spoiled.exists()
    assert dict(got.rows.select("id", "audio").iter_rows()) == {"u1": "a.sph", "u2": "b.flac", "u7": "c.wav"}
    assert got.row("u1")["channel"] == 1
    assert got.reasons == {
        "u3": "kaldi_pipe",
        "u4": "kaldi_pipe",
        "u5": "kaldi_pipe",
        "u6": "kaldi_archive",
        "u8": "kaldi_pipe",
        "u9": "no_audio",
    }
    assert (
        f"{file}:3: govor does not run commands, and this is not one of the usual ones: "
        f"touch {spoiled} |" in got.details
    )


def test_kaldi_segments_and_texts_that_do_not_meet(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    write_text(tmp_path / "wav.scp", "rec a.wav\n")
    segments = write_text(
        tmp_path / "segments", "u1 rec 0 0.05\nu2 rec 1\nu3 rec 0.5 0.1\nu4 rec 0 0.1\nu5 gone 0 1\n"
    )
    write_text(tmp_path / "text", "u1 jen\nu2 dva\nu3 tri\nu5 pet\nu6\n")
    got = imported(tmp_path)
    assert got.rows["id"].to_list() == ["u1"]
    assert sorted(got.rejected.select("id", "reason").iter_rows()) == [
        ("u2", "bad_segment"),
        ("u2", "no_audio"),
        ("u3", "times_swapped"),
        ("u4", "no_text"),
        ("u5", "no_audio"),
        ("u6", "no_audio"),
    ]
    assert f"{segments}:2: it needs utterance, recording, start and end" in got.details


# Lhotse


def test_lhotse_commands_and_urls_are_refused(tmp_path: Path, imported: Importer) -> None:
    folder = ten_seconds.source("lhotse-manifests", tmp_path / "src")
    touch_audio(folder / "audio" / "c.wav")

    def recording(id: str, kind: str, what: str) -> dict[str, object]:
        return {
            "id": id,
            "sources": [{"type": kind, "channels": [0], "source": what}],
            "sampling_rate": 16_000,
        }

    spoiled = tmp_path / "spoiled"
    rows = [recording("ok", "file", "audio/c.wav"), recording("sh", "command", f"touch {spoiled}")]
    rows += [recording("web", "url", "http://localhost/x.wav")]
    import gzip

    (folder / "recordings.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    said = [
        {"id": f"s-{r}", "recording_id": r, "start": 0, "duration": 0.1, "channel": 0, "text": "x"}
        for r in ("ok", "sh", "web", "gone")
    ]
    (folder / "supervisions.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, said)).encode()))
    got = imported(folder)
    assert got.rows["id"].to_list() == ["s-ok"]
    assert got.reasons == {"s-sh": "unsupported_audio", "s-web": "unsupported_audio", "s-gone": "no_audio"}
    assert not spoiled.exists()
    assert "supervisions.jsonl.gz:2: its audio is a command, not a file" in got.details


# VoxPopuli, LJSpeech, audio folders


def test_voxpopuli_rows_without_raw_text(tmp_path: Path, imported: Importer) -> None:
    folder = ten_seconds.source("voxpopuli", tmp_path / "src")
    file = folder / "asr_train.tsv"
    append(file, b"x1\t\tnormalised only\tAna\ttrain\tfemale\tTrue\tNone\nshort\trow\n")
    got = imported(folder)
    assert got.reasons == {"x1": "no_raw_text", "asr_train.tsv:5": "wrong_columns"}
    assert f"{file}:4: it has no raw text" in got.details


def test_ljspeech_rows_with_a_bar_too_many(tmp_path: Path, imported: Importer) -> None:
    folder = ten_seconds.source("ljspeech", tmp_path / "src")
    append(folder / "metadata.csv", b"a|b|c|d\ngone|Nema.|nema\n")
    got = imported(folder)
    assert got.reasons == {"metadata.csv:5": "wrong_columns", "gone": "missing_audio"}
    assert f"{folder}/metadata.csv:5: 4 fields where the header has 3" in got.details


def test_an_audio_folder_with_a_missing_file(tmp_path: Path, imported: Importer) -> None:
    folder = ten_seconds.source("audiofolder", tmp_path / "src")
    append(folder / "train" / "metadata.csv", b'"gone.wav","Nema.","Ana"\n')
    got = imported(folder)
    assert list(got.reasons.values()) == ["missing_audio"]
    assert f"{folder}/train/metadata.csv:4: there is no audio file train/gone.wav" in got.details


# Subtitles

BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE x [\n<!ENTITY a "aaaaaaaaaa">\n<!ENTITY b "&a;&a;&a;&a;&a;&a;">]>\n'
    "<ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>"
)


@pytest.mark.parametrize(
    ("name", "content", "reason", "detail"),
    [
        (
            "x.srt",
            "1\n00:00:01,000 --> 00:00:02,000\nhej\n\n2\n00:00:03 -> 4\nhopp\n",
            "bad_srt",
            "6: these times cannot be read",
        ),
        ("x.srt", "1\n00:00:01,000 --> later\nhej\n", "bad_srt", "2: these times cannot be read"),
        ("x.vtt", "WEBVTT\n\nNOTE no cue\n", "no_cues", "1: it has no line with times and text"),
        ("x.TextGrid", "hello", "bad_textgrid", "1: it ends in the middle"),
        (
            "x.TextGrid",
            'File type = "ooTextFile"\n"TextGrid"\n0\n1\n<exists>\n"one"\n',
            "bad_textgrid",
            "6: a number",
        ),
        ("x.eaf", BOMB, "bad_eaf", "2: it declares a DOCTYPE"),
        ("x.eaf", "<ANNOTATION_DOCUMENT>\n<TIER>", "bad_eaf", "2: it is not XML"),
        ("x.eaf", "<html/>", "bad_eaf", "1: it is a html"),
        ("x.srt", "1\n00:00:01,000 --> 00:00:02,000\nh\0j\n", "bad_srt", "3: it holds a NUL"),
        (
            "x.srt",
            b"1\n00:00:01,000 --> 00:00:02,000\nh\xe4j\n",
            "not_utf8",
            "2: it holds bytes that are not",
        ),
    ],
)
def test_broken_files_with_times_are_set_aside(
    tmp_path: Path, imported: Importer, name: str, content: str | bytes, reason: str, detail: str
) -> None:
    folder = ten_seconds.source("srt", tmp_path / "src")
    touch_audio(folder / "x.wav")
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    got = imported(folder)
    assert (got.summary["kept"], list(got.reasons.values())) == (5 if "hopp" in str(content) else 4, [reason])
    assert f"{folder / name}:{detail}" in got.details


def test_a_textgrid_cut_short_names_its_last_line(tmp_path: Path, imported: Importer) -> None:
    folder = ten_seconds.source("textgrid-long", tmp_path / "src")
    file = sorted(folder.glob("*.TextGrid"))[0]
    file.write_text("\n".join(file.read_text().splitlines()[:20]))
    got = imported(folder)
    assert (got.summary["kept"], list(got.reasons.values())) == (2, ["bad_textgrid"])
    assert f"{file}:" in got.details


# Data sets


def test_embedded_audio_cannot_leave_its_folder(tmp_path: Path, imported: Importer) -> None:
    wave = ten_seconds._flac(ten_seconds.utterances()[0].wave)
    rows = [
        {"audio": {"bytes": wave, "path": path}, "text": f"number {n}"}
        for n, path in enumerate(
            ["../../../evil.flac", "/etc/evil.flac", "..\\evil.flac", "a.flac", "a.flac", None]
        )
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "train.parquet")
    got = imported(tmp_path)
    root = Path(got.corpus.info.audio_root)
    assert got.summary["kept"] == 6
    assert len(set(got.rows["audio"])) == 6
    for audio in got.rows["audio"]:
        assert (root / audio).resolve().is_relative_to(root.resolve())
        assert (root / audio).read_bytes() == wave


def test_a_data_set_without_a_transcript_names_its_columns(tmp_path: Path, imported: Importer) -> None:
    rows = [{"audio": {"bytes": b"RIFFxxxx", "path": "a.wav"}, "emotion": "joy"}]
    pl.DataFrame(rows).write_parquet(tmp_path / "train.parquet")
    with pytest.raises(
        CorpusError, match="no transcript: name it with --columns text=COLUMN; it has emotion"
    ):
        imported(tmp_path)


# auto


def test_auto_says_what_every_format_would_have_needed(tmp_path: Path, imported: Importer) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError) as error:
        imported(tmp_path / "empty")
    for name in ("common-voice", "kaldi", "subtitles", "wav.scp", "audio_filepath", "--format"):
        assert name in str(error.value)
    for name in ("auto", "fleurs", "kaldi", "common-voice", "table"):
        with pytest.raises(CorpusError, match="nowhere does not exist: give the folder"):
            imported(tmp_path / "nowhere", format=name)
    with pytest.raises(CorpusError, match="does not exist"):
        imported(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="there is no format cobol"):
        imported(tmp_path, format="cobol")
