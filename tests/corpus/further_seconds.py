"""The ten seconds of `ten_seconds` as single files beside recordings, archives and public corpora."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from ten_seconds import (
    RATE_HZ,
    SPEAKERS,
    Said,
    _clock,
    _flac,
    _json_lines,
    _of,
    _supervision,
    _text,
    recording,
    utterances,
    write_recordings,
)

from govor.records import Word
from govor.transcribe.transcript import Segment, Transcript
from govor.transcribe.writers import render


def text_files(folder: Path, suffix: str = ".txt") -> None:
    """One folder a split and a speaker."""
    for said in utterances():
        place = folder / said.split / said.speaker
        place.mkdir(parents=True, exist_ok=True)
        soundfile.write(place / f"{said.clip}.wav", said.wave, RATE_HZ)
        _text(place / f"{said.clip}{suffix}", f"{said.text}\n")


def lab_files(folder: Path) -> None:
    text_files(folder, ".lab")


def _segments(name: str, space: str = "") -> list[dict[str, Any]]:
    return [
        {
            "start": said.start,
            "end": said.end,
            "text": space + said.text,
            "words": [
                {
                    "word": space + word,
                    "start": round(said.start + begin, 3),
                    "end": round(said.start + begin + 0.1, 3),
                }
                for word, begin in zip(said.words, said.word_starts, strict=True)
            ],
            "speaker": said.speaker,
        }
        for said in _of(name)
    ]


def _json(file: Path, value: Any) -> None:
    _text(file, json.dumps(value, ensure_ascii=False, indent=2))


def whisper_json(folder: Path) -> None:
    """openai-whisper's: the text comes first, the language last."""
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        segments = [{k: v for k, v in s.items() if k != "speaker"} for s in _segments(name, " ")]
        text = "".join(segment["text"] for segment in segments)
        _json(folder / f"{name}.json", {"text": text, "segments": segments, "language": "hr"})


def whisperx_json(folder: Path) -> None:
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        segments = _segments(name)
        words = [word for segment in segments for word in segment["words"]]
        _json(folder / f"{name}.json", {"segments": segments, "word_segments": words, "language": "hr"})


def whisper_tsv(folder: Path) -> None:
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        rows = [f"{round(said.start * 1000)}\t{round(said.end * 1000)}\t{said.text}" for said in _of(name)]
        _text(folder / f"{name}.tsv", "\n".join(["start\tend\ttext", *rows]) + "\n")


def govor_json(folder: Path) -> None:
    """What ``govor transcribe`` writes."""
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        segments = tuple(
            Segment(
                said.start,
                said.end,
                said.text,
                tuple(
                    Word(word, said.start + begin, said.start + begin + 0.1, 0.9)
                    for word, begin in zip(said.words, said.word_starts, strict=True)
                ),
            )
            for said in _of(name)
        )
        made = Transcript(f"{name}.wav", 5.0, "hr", segments)
        _text(folder / f"{name}.json", render(made, "json"))
        _text(folder / f"{name}.tsv", render(made, "tsv"))


def stm(folder: Path) -> None:
    """TEDLIUM's folders, with NIST SPHERE audio."""
    for split in ("train", "dev", "test"):
        for _, name in SPEAKERS.values():
            said = [each for each in _of(name) if each.split == split]
            if said:
                (folder / split / "sph").mkdir(parents=True, exist_ok=True)
                soundfile.write(
                    folder / split / "sph" / f"{name}.sph", recording(name), RATE_HZ, format="NIST"
                )
                rows = [
                    f"{name} 1 {s.speaker} {s.start:.2f} {s.end:.2f} <o,f0,female> {s.text}\n" for s in said
                ]
                _text(folder / split / "stm" / f"{name}.stm", ";; comment\n" + "".join(rows))


def ctm(folder: Path) -> None:
    write_recordings(folder / "audio")
    rows = []
    for said in utterances():
        starts = [*said.word_starts, said.duration]
        for word, begin, end in zip(said.words, starts, starts[1:], strict=False):
            rows.append(f"{said.recording} A {said.start + begin:.3f} {end - begin:.3f} {word} 0.98\n")
    _text(folder / "all.ctm", "".join(rows))


def nlp(folder: Path) -> None:
    """Earnings-22 with aligned times."""
    write_recordings(folder / "media")
    for _, name in SPEAKERS.values():
        rows = ["token|speaker|ts|endTs|punctuation|case|tags"]
        for said in _of(name):
            starts = [*said.word_starts, said.duration]
            for word, begin, end in zip(said.words, starts, starts[1:], strict=False):
                bare = word.rstrip(",.")
                times = f"{said.start + begin:.4f}|{said.start + end:.4f}"
                rows.append(f"{bare}|{said.speaker}|{times}|{word[len(bare) :]}|UC|[]")
        _text(folder / "transcripts" / "nlp_references" / f"{name}.nlp", "\n".join(rows) + "\n")


def transcriber(folder: Path) -> None:
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        said = _of(name)
        syncs = "".join(
            f'<Sync time="{each.start}"/>\n{each.text}\n<Sync time="{each.end}"/>\n\n' for each in said
        )
        _text(
            folder / f"{name}.trs",
            '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE Trans SYSTEM "trans-14.dtd">\n'
            f'<Trans audio_filename="{name}" xml:lang="hr"><Speakers>'
            f'<Speaker id="spk1" name="{said[0].speaker}" type="female"/></Speakers>'
            f'<Episode><Section type="report" startTime="0" endTime="60"><Turn speaker="spk1" startTime="0" '
            f'endTime="60">\n{syncs}</Turn></Section></Episode></Trans>',
        )


def exmaralda(folder: Path) -> None:
    """One point of the time line has no time; utterances are cut into two events each."""
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        points, events = [], []
        for number, said in enumerate(_of(name)):
            points += [f'<tli id="A{number}" time="{said.start}"/>', f'<tli id="B{number}"/>']
            points.append(f'<tli id="C{number}" time="{said.end}"/>')
            middle = len(said.text) // 2
            first, second = said.text[:middle], said.text[middle:]
            events.append(f'<event start="A{number}" end="B{number}">{first}</event>')
            events.append(f'<event start="B{number}" end="C{number}">{second}</event>')
        _text(
            folder / f"{name}.exb",
            '<?xml version="1.0" encoding="UTF-8"?>\n<basic-transcription><head><meta-information>'
            f'<referenced-file url="C:\\x\\{name}.wav"/></meta-information><speakertable><speaker id="S0">'
            f'<abbreviation>{said.speaker}</abbreviation><sex value="f"/></speaker></speakertable></head>'
            f"<basic-body><common-timeline>{''.join(points)}</common-timeline>"
            f'<tier id="T0" speaker="S0" category="v" type="t">{"".join(events)}</tier>'
            '<tier id="T1" speaker="S0" category="en" type="a">'
            '<event start="A0" end="C0">Hello.</event></tier>'
            "</basic-body></basic-transcription>",
        )


def chat(folder: Path) -> None:
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        lines = ["@UTF8", "@Begin", "@Languages:\thrv", f"@Media:\t{name}, audio"]
        for said in _of(name):
            times = f"\x15{round(said.start * 1000)}_{round(said.end * 1000)}\x15"
            lines += [
                f"*{said.speaker}:\t{said.text.replace(' ', chr(10) + chr(9), 1)} {times}",
                "%mor:\tn|x .",
            ]
        _text(folder / f"{name}.cha", "\n".join([*lines, "@End", ""]))


def audacity(folder: Path) -> None:
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        labels = [f"{said.start:.6f}\t{said.end:.6f}\t{said.text}\n" for said in _of(name)]
        _text(folder / f"{name}.txt", "".join(labels))


def _elan_row(said: Said) -> str:
    times = f"{_clock(said.start, '.')}\t{said.start:.3f}\t{_clock(said.end, '.')}\t{said.end:.3f}"
    return f"tx@{said.speaker}\t{said.speaker}\t{times}\t{said.text}\n"


def elan_export(folder: Path) -> None:
    write_recordings(folder)
    forms = ("hh:mm:ss.ms", "ss.msec")
    times = [f"{what} Time - {form}" for what in ("Begin", "End") for form in forms]
    for _, name in SPEAKERS.values():
        header = "\t".join(["Tier", "Participant", *times, "Annotation"])
        _text(folder / f"{name}.txt", f"{header}\n" + "".join(map(_elan_row, _of(name))))


def elan_export_bare(folder: Path) -> None:
    """Without a header; the times of each kind side by side."""
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        rows = "".join(
            "\t".join(
                [f"tx@{s.speaker}", "", *(_clock(t, ".") for t in (s.start, s.end, s.duration)), s.text]
            )
            + "\n"
            for s in _of(name)
        )
        _text(folder / f"{name}.txt", f'"#file:///C:/x/{name}.wav -- offset: 0"\n' + rows)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def webdataset(folder: Path) -> None:
    """A text beside each clip; the JSON has the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, name in (("train", "train"), ("dev", "validation"), ("test", "test")):
        with tarfile.open(folder / f"{name}-000000.tar", "w") as tar:
            for said in utterances():
                if said.split == split:
                    key = said.clip.replace(".", "_")
                    _add(tar, f"{key}.flac", _flac(said.wave))
                    _add(tar, f"{key}.json", json.dumps({"speaker_id": said.speaker, "snr": 31.5}).encode())
                    _add(tar, f"{key}.txt", said.text.encode())


def emilia_archive(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "HR-B000000.tar.gz", "w:gz") as tar:
        for number, said in enumerate(utterances()):
            id = f"HR_B00000_S0000{number}_W000000"
            told = {"id": id, "wav": f"HR_B00000/{id}.mp3", "text": said.text, "duration": said.duration}
            told |= {"speaker": said.speaker, "language": "hr", "dnsmos": 3.2, "phone_count": 60}
            _add(tar, f"{id}.json", json.dumps(told).encode())
            _add(tar, f"{id}.flac", _flac(said.wave))


def shar(folder: Path) -> None:
    """Two cuts a shard, as Lhotse writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(2):
        cuts = []
        with tarfile.open(folder / f"recording.{shard:06}.tar", "w") as tar:
            for number, said in list(enumerate(utterances()))[2 * shard : 2 * shard + 2]:
                source = {"type": "shar", "channels": [0], "source": ""}
                told = {
                    "id": said.recording,
                    "sources": [source],
                    "sampling_rate": RATE_HZ,
                    "channel_ids": [0],
                }
                cut = {"id": f"cut-{number}", "start": 0, "duration": said.duration, "channel": 0}
                cut |= {
                    "supervisions": [_supervision(number, said, 0.0)],
                    "recording": told,
                    "type": "MonoCut",
                }
                cuts.append(cut)
                _add(tar, f"cut-{number}.flac", _flac(said.wave))
                _add(tar, f"cut-{number}.json", json.dumps(told).encode())
        _json_lines(folder / f"cuts.{shard:06}.jsonl.gz", cuts)


def vctk(folder: Path) -> None:
    """Release 0.92: two microphones."""
    people = []
    for number, said in enumerate(utterances(), 1):
        id = f"{said.speaker}_{number:03}"
        audio = folder / "wav48_silence_trimmed" / said.speaker
        audio.mkdir(parents=True, exist_ok=True)
        soundfile.write(audio / f"{id}_mic1.flac", said.wave, RATE_HZ)
        soundfile.write(audio / f"{id}_mic2.flac", said.wave // 2, RATE_HZ)
        _text(folder / "txt" / said.speaker / f"{id}.txt", f"{said.text}\n")
        people.append(f"{said.speaker}  23  F    English    Southern  England\n")
    _text(folder / "speaker-info.txt", "ID  AGE  GENDER  ACCENTS  REGION COMMENTS\n" + "".join(people[::2]))


def mailabs(folder: Path) -> None:
    for said in utterances():
        book = folder / "hr_HR" / "by_book" / "female" / said.speaker / "knjiga"
        (book / "wavs").mkdir(parents=True, exist_ok=True)
        soundfile.write(book / "wavs" / f"{said.clip}.wav", said.wave, RATE_HZ)
        with (book / "metadata.csv").open("a", encoding="utf-8") as table:
            table.write(f"{said.clip}|{said.text}|{said.text.lower()}\n")


def gigaspeech(folder: Path) -> None:
    audios = []
    subsets = {"train": ["{XL}", "{L}"], "dev": ["{DEV}"], "test": ["{TEST}"]}
    marks = ((",", " <COMMA>"), (".", " <PERIOD>"))
    for _, name in SPEAKERS.values():
        segments = []
        for number, said in enumerate(_of(name)):
            text = said.text
            for mark, tag in marks:
                text = text.replace(mark, tag)
            segment = {"sid": f"{name}_S{number}", "speaker": said.speaker, "begin_time": said.start}
            segments.append(segment | {"end_time": said.end, "text_tn": text, "subsets": subsets[said.split]})
        audios.append({"title": "x", "path": f"audio/{name}.flac", "aid": name, "segments": segments})
    write_recordings(folder / "audio", ".flac")
    _json(folder / "GigaSpeech.json", {"dataset": "GigaSpeech", "language": "HR", "audios": audios})


def _pack(archive: Path, clips: dict[str, NDArray[np.int16]]) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for name, wave in clips.items():
            data = io.BytesIO()
            soundfile.write(data, wave, RATE_HZ, format="WAV")
            _add(tar, f"./{name}.wav", data.getvalue())


def yodas(folder: Path) -> None:
    ids = {f"AbCd-{n:05}-00000000-00000100": said for n, said in enumerate(utterances())}
    place = folder / "data" / "hr000"
    _pack(place / "audio" / "00000000.tar.gz", {id: said.wave for id, said in ids.items()})
    _text(place / "text" / "00000000.txt", "".join(f"{id} {said.text}\n" for id, said in ids.items()))
    _text(place / "duration" / "00000000.txt", "".join(f"{id} {s.duration}\n" for id, s in ids.items()))


def yodas_2(folder: Path) -> None:
    """Whole videos; the spans are in the ids."""
    _pack(folder / "audio" / "00000000.tar.gz", {name: recording(name) for _, name in SPEAKERS.values()})
    videos = []
    for _, name in SPEAKERS.values():
        spans = {n: (round(s.start * 100), round(s.end * 100)) for n, s in enumerate(_of(name))}
        texts = {f"{name}-{n:05}-{a:08}-{b:08}": _of(name)[n].text for n, (a, b) in spans.items()}
        videos.append({"audio_id": name, "text": texts})
    _json(folder / "text" / "00000000.json", videos)


def emilia(folder: Path) -> None:
    rows = []
    for number, said in enumerate(utterances()):
        id = f"HR_B00000_S0000{number}_W000000"
        wav = f"HR_B00000/HR_B00000_S0000{number}/mp3/{id}.flac"
        (folder / "HR" / wav).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "HR" / wav, said.wave, RATE_HZ)
        row = {"id": id, "wav": wav, "text": said.text, "duration": said.duration, "speaker": said.speaker}
        rows.append(row | {"language": "hr", "dnsmos": 3.3})
    _json_lines(folder / "HR" / "HR_B00000.jsonl", rows)


def mtedx(folder: Path) -> None:
    """One talk a speaker, called by her."""
    for split, name in (("train", "train"), ("dev", "valid"), ("test", "test")):
        place = folder / "hr-en" / "data" / name
        said = {n: each for n, each in enumerate(utterances()) if each.split == split}
        (place / "wav").mkdir(parents=True)
        for each in said.values():
            soundfile.write(place / "wav" / f"{each.speaker}.flac", recording(each.recording), RATE_HZ)
        rows = [f"{s.speaker}_{n:04} {s.speaker} {s.start} {s.end}\n" for n, s in said.items()]
        _text(place / "txt" / "segments", "".join(rows))
        _text(place / "txt" / f"{name}.hr", "".join(f"{each.text}\n" for each in said.values()))
        _text(place / "txt" / f"{name}.en", "".join("Hello.\n" for _ in said))


def _table_rows() -> list[dict[str, Any]]:
    return [
        {
            "audio": f"rec/{said.recording}.wav",
            "start": said.start,
            "end": said.end,
            "text": said.text,
            "speaker": said.speaker,
            "split": said.split,
        }
        for said in utterances()
    ]


def table_xlsx(folder: Path) -> None:
    """The second sheet; the first is about something else."""
    from openpyxl import Workbook

    write_recordings(folder / "rec")
    book = Workbook()
    book.active.append(["notes"])
    sheet = book.create_sheet("lines")
    sheet.append(list(_table_rows()[0]))
    for row in _table_rows():
        sheet.append(list(row.values()))
    book.save(folder / "all.xlsx")


def table_json(folder: Path) -> None:
    write_recordings(folder / "rec")
    _json(folder / "all.json", _table_rows())


WRITERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "text-files": ("text-files", text_files),
    "lab-files": ("text-files", lab_files),
    "whisper-json": ("whisper", whisper_json),
    "whisperx-json": ("whisper", whisperx_json),
    "whisper-tsv": ("whisper", whisper_tsv),
    "govor-json": ("whisper", govor_json),
    "stm": ("stm", stm),
    "ctm": ("ctm", ctm),
    "nlp": ("nlp", nlp),
    "transcriber": ("transcriber", transcriber),
    "exmaralda": ("exmaralda", exmaralda),
    "chat": ("chat", chat),
    "audacity": ("audacity", audacity),
    "elan-export": ("elan-export", elan_export),
    "elan-export-bare": ("elan-export", elan_export_bare),
    "webdataset": ("webdataset", webdataset),
    "emilia-archive": ("webdataset", emilia_archive),
    "shar": ("shar", shar),
    "table-xlsx": ("table", table_xlsx),
    "table-json": ("table", table_json),
    "vctk": ("vctk", vctk),
    "mailabs": ("mailabs", mailabs),
    "gigaspeech": ("gigaspeech", gigaspeech),
    "yodas": ("yodas", yodas),
    "yodas-2": ("yodas", yodas_2),
    "emilia": ("emilia", emilia),
    "mtedx": ("mtedx", mtedx),
}
"""Format of the corpus and function that writes it, by name."""
NO_SPEAKER = frozenset({"whisper-json", "whisper-tsv", "govor-json", "ctm", "audacity", "yodas", "yodas-2"})
NO_SPLIT = frozenset(WRITERS) - {
    "text-files",
    "lab-files",
    "stm",
    "webdataset",
    "gigaspeech",
    "mtedx",
    "table-xlsx",
    "table-json",
}
LOSSY: frozenset[str] = frozenset()
WITH_WORDS = ("shar", "whisper-json", "whisperx-json", "govor-json", "ctm", "nlp")


def source(name: str, folder: Path) -> Path:
    """Writes one format into `folder`; returns what to import."""
    WRITERS[name][1](folder)
    return folder
