"""Import of a million utterances (time, peak memory), and file-name repair beside plain Python loops.

Formats with a file or an archive's member a row have a tenth of the rows.

    python bench/import_corpus.py [--rows 1000000] [--only table,parlaspeech,…]

Every import runs in a process of its own; its peak memory is that of the process. The audio files are empty:
an import looks for them and does not open them.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import polars as pl

RECORDINGS = 3_000
NAMES = 380_837
QUADRATIC_ROWS = 300
WORDS = (
    *("hvala", "lijepa", "gospodine", "predsjedniče", "poštovane", "kolegice", "i", "kolege", "danas"),
    *("raspravljamo", "o", "prijedlogu"),
)


def recording(number: int) -> str:
    return f"Sjednica {number // 60} - točka {number % 60:02}_{number:05}.mp3"


def files(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(RECORDINGS):
        (folder / recording(number)).touch()


def sentence(random_words: random.Random) -> str:
    return " ".join(random_words.choices(WORDS, k=12))


def spoiled(name: str, random_spoil: random.Random) -> str:
    """The name as a manifest has it: three in ten differ in white space, form or case."""
    kind = random_spoil.random()
    if kind < 0.1:
        return name.replace(" ", "  ")
    if kind < 0.2:
        return unicodedata.normalize("NFD", name)
    return name.replace(" ", "") if kind < 0.3 else name


def table(folder: Path, rows: int) -> Path:
    files(folder / "audio")
    draw = random.Random(0)
    with (folder / "all.tsv").open("w") as file:
        file.write("audio\tstart\tend\ttext\tspeaker\n")
        for row in range(rows):
            start = row // RECORDINGS * 8.25
            name = recording(row % RECORDINGS)
            file.write(f"audio/{name}\t{start}\t{start + 7.5}\t{sentence(draw)}\ts{row % 500}\n")
    return folder / "all.tsv"


def csv(folder: Path, rows: int) -> Path:
    plain = table(folder, rows)
    pl.scan_csv(plain, separator="\t").sink_csv(folder / "all.csv", quote_style="always")
    return folder / "all.csv"


def parlaspeech(folder: Path, rows: int) -> Path:
    files(folder / "audio")
    draw = random.Random(0)
    spell = {number: spoiled(recording(number), draw) for number in range(RECORDINGS)}
    with (folder / "hr.jsonl").open("w") as file:
        for row in range(rows):
            start = row // RECORDINGS * 8.25
            words = sentence(draw).split()
            times = [round(0.6 * i, 2) for i in range(len(words))]
            item = {"orig_file": spell[row % RECORDINGS], "path": f"seg.{row}.flac", "start": start}
            item |= {"end": start + 7.5, "words": words, "word_start_times": times, "norm_words": words}
            item |= {"asr_text": " ".join(words), "speaker_info": {"Speaker_name": f"s{row % 500}"}}
            file.write(json.dumps(item | {"split": "train"}, ensure_ascii=False) + "\n")
    return folder


def kaldi(folder: Path, rows: int) -> Path:
    (folder / "audio").mkdir(parents=True)
    for number in range(RECORDINGS):
        (folder / "audio" / f"r{number:05}.wav").touch()
    draw = random.Random(0)
    names = [f"r{row % RECORDINGS:05}-{row:07}" for row in range(rows)]
    (folder / "wav.scp").write_text("".join(f"r{n:05} cat audio/r{n:05}.wav |\n" for n in range(RECORDINGS)))
    starts = ((n, row // RECORDINGS * 8.25) for row, n in enumerate(names))
    (folder / "segments").write_text("".join(f"{n} {n[:6]} {s} {s + 7.5}\n" for n, s in starts))
    (folder / "text").write_text("".join(f"{n} {sentence(draw)}\n" for n in names))
    (folder / "utt2spk").write_text("".join(f"{n} s{n[-3:]}\n" for n in names))
    return folder


def common_voice(folder: Path, rows: int) -> Path:
    """Every row has a file of its own here, so a tenth of the rows."""
    (folder / "clips").mkdir(parents=True)
    draw = random.Random(0)
    with (folder / "train.tsv").open("w") as file, (folder / "clip_durations.tsv").open("w") as lengths:
        file.write("client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tlocale\tsegment\n")
        lengths.write("clip\tduration[ms]\n")
        for row in range(rows // 10):
            name = f"common_voice_hr_{row:08}.mp3"
            (folder / "clips" / name).touch()
            file.write(f"{row % 500:064x}\t{name}\t{sentence(draw)}\t2\t0\t\t\t\thr\t\n")
            lengths.write(f"{name}\t4500\n")
    return folder


def text_files(folder: Path, rows: int) -> Path:
    """Two files a row, so a tenth of the rows; 500 speakers' folders."""
    draw = random.Random(0)
    for row in range(rows // 10):
        place = folder / f"s{row % 500:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{row:07}.wav").touch()
        (place / f"{row:07}.txt").write_text(sentence(draw))
    return folder


def segment(draw: random.Random, number: int) -> dict[str, object]:
    words = sentence(draw).split()
    start = number * 8.25
    timed = [
        {"word": f" {w}", "start": start + 0.6 * i, "end": start + 0.6 * i + 0.5} for i, w in enumerate(words)
    ]
    text = " " + " ".join(words)
    return {
        "id": number,
        "start": start,
        "end": start + 7.5,
        "text": text,
        "words": timed,
        "avg_logprob": -0.2,
    }


def whisper(folder: Path, rows: int) -> Path:
    """Twelve words with times a segment; a tenth of the rows, a hundred a recording."""
    folder.mkdir(parents=True)
    draw = random.Random(0)
    for number in range(rows // 1000):
        (folder / f"r{number:05}.mp3").touch()
        segments = [segment(draw, index) for index in range(100)]
        made = {"text": "", "segments": segments, "language": "hr"}
        (folder / f"r{number:05}.json").write_text(json.dumps(made, ensure_ascii=False))
    return folder


def stm(folder: Path, rows: int) -> Path:
    (folder / "sph").mkdir(parents=True)
    (folder / "stm").mkdir()
    draw = random.Random(0)
    for number in range(rows // 1000):
        (folder / "sph" / f"r{number:05}.sph").touch()
        lines = (
            f"r{number:05} 1 s{number} {i * 8.25} {i * 8.25 + 7.5} <o,f0> {sentence(draw)}"
            for i in range(1000)
        )
        (folder / "stm" / f"r{number:05}.stm").write_text("\n".join(lines))
    return folder


def ctm(folder: Path, rows: int) -> Path:
    """A word a row."""
    folder.mkdir(parents=True)
    draw = random.Random(0)
    with (folder / "all.ctm").open("w") as file:
        for number in range(rows // 1000):
            (folder / f"r{number:05}.wav").touch()
            for index in range(1000):
                start = index * 0.6 + index // 12
                file.write(f"r{number:05} 1 {start:.2f} 0.50 {draw.choice(WORDS)} 0.9\n")
    return folder


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def webdataset(folder: Path, rows: int) -> Path:
    """Clips of a kilobyte, a thousand an archive; a tenth of the rows, since each is unpacked to a file."""
    folder.mkdir(parents=True)
    draw = random.Random(0)
    for shard in range(rows // 10_000):
        with tarfile.open(folder / f"{shard:06}.tar", "w") as tar:
            for number in range(1000):
                add(tar, f"{shard:06}_{number:04}.flac", b"fLaC" + bytes(1020))
                add(tar, f"{shard:06}_{number:04}.json", json.dumps({"text": sentence(draw)}).encode())
    return folder


def shar(folder: Path, rows: int) -> Path:
    folder.mkdir(parents=True)
    draw = random.Random(0)
    for shard in range(rows // 10_000):
        cuts = []
        with tarfile.open(folder / f"recording.{shard:06}.tar", "w") as tar:
            for number in range(1000):
                id = f"cut-{shard:06}-{number:04}"
                add(tar, f"{id}.flac", b"fLaC" + bytes(1020))
                add(tar, f"{id}.json", b"{}")
                said = {
                    "id": id,
                    "start": 0,
                    "duration": 7.5,
                    "channel": 0,
                    "text": sentence(draw),
                    "speaker": "s",
                }
                cuts.append(
                    {"id": id, "start": 0, "duration": 7.5, "supervisions": [said], "type": "MonoCut"}
                )
        lines = "\n".join(map(json.dumps, cuts)).encode()
        (folder / f"cuts.{shard:06}.jsonl.gz").write_bytes(gzip.compress(lines))
    return folder


def xlsx(folder: Path, rows: int) -> Path:
    from openpyxl import Workbook

    files(folder / "audio")
    draw = random.Random(0)
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["audio", "start", "end", "text", "speaker"])
    for row in range(rows // 10):
        start = row // RECORDINGS * 8.25
        sheet.append(
            [f"audio/{recording(row % RECORDINGS)}", start, start + 7.5, sentence(draw), f"s{row % 500}"]
        )
    book.save(folder / "all.xlsx")
    return folder / "all.xlsx"


SOURCES: dict[str, Callable[[Path, int], Path]] = {
    "table": table,
    "csv": csv,
    "parlaspeech": parlaspeech,
    "kaldi": kaldi,
    "common_voice": common_voice,
    "text_files": text_files,
    "whisper": whisper,
    "stm": stm,
    "ctm": ctm,
    "webdataset": webdataset,
    "shar": shar,
    "xlsx": xlsx,
}


def measured_import(source: str, out: str) -> None:
    """Run in a process of its own: prints seconds, megabytes and the summary as JSON."""
    from govor.config import CorpusConfig
    from govor.corpora import import_corpus

    start = time.perf_counter()
    summary = import_corpus(CorpusConfig(source=source), Path(out))
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()
    peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    keys = ("read", "kept", "rejected", "repaired")
    print(
        json.dumps(
            {
                "wall_s": round(seconds, 2),
                "cpu_s": round(cpu.ru_utime + cpu.ru_stime, 2),
                "peak_mb": round(peak_mb),
                **{key: summary[key] for key in keys},
            }
        )
    )


def imports(rows: int, only: list[str]) -> None:
    for name, make in SOURCES.items():
        if only and name not in only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            for count in (rows // 4, rows):
                source = make(Path(folder) / f"{name}{count}", count)
                command = [sys.executable, __file__, "--import", str(source), str(Path(folder) / "out")]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                print(name, done.stdout.strip(), flush=True)


def plain_key(name: str) -> str:
    return "".join(unicodedata.normalize("NFC", name).split()).lower().rsplit(".", 1)[0]


def repair() -> None:
    """The same names through govor, a loop with a dictionary, and a loop that compares with every file."""
    from govor.corpora.names import resolve

    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "audio"
        files(folder)
        there = sorted(path.name for path in folder.iterdir())
        spell = {number: spoiled(recording(number), draw) for number in range(RECORDINGS)}
        names = [spell[row % RECORDINGS] for row in range(NAMES)]
        column = pl.Series("audio", names)

        start = time.perf_counter()
        table = resolve(column.unique(maintain_order=True), folder).frame
        found = column.to_frame().join(table, left_on="audio", right_on="name", maintain_order="left")["path"]
        ours_s = time.perf_counter() - start

        start = time.perf_counter()
        keys = {plain_key(name): name for name in there}
        looped = [keys.get(plain_key(name)) for name in names]
        dictionary_s = time.perf_counter() - start

        start = time.perf_counter()
        for name in names[:QUADRATIC_ROWS]:
            next((other for other in there if plain_key(other) == plain_key(name)), None)
        quadratic_s = (time.perf_counter() - start) * NAMES / QUADRATIC_ROWS
    assert found.to_list() == looped
    print(
        f"repair of {NAMES:,} names against {RECORDINGS:,} files: govor {ours_s:.2f} s,"
        f" loop with a dictionary {dictionary_s:.2f} s,"
        f" loop over all files {quadratic_s:.0f} s (extrapolated from {QUADRATIC_ROWS} rows)"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--import", nargs=2, dest="one")
    arguments = parser.parse_args()
    if arguments.one:
        measured_import(*arguments.one)
    else:
        repair()
        imports(arguments.rows, [name for name in arguments.only.split(",") if name])
