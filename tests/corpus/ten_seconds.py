"""Ten seconds of two synthetic speakers, written in every format that can be imported.

Run it to look at the sources: python tests/corpus/ten_seconds.py FOLDER
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from govor.espeak import synthesise

RATE_HZ = 16_000
SILENCE_S = 0.6
SPEAKERS = {"Ana": ("hr+f2", "sjednica-1_a"), "Ivo": ("hr+m3", "sjednica-2_b")}
TEXTS = {
    "Ana": ("Dobar dan, hvala lijepa.", "Otvaram drugu točku dnevnoga reda."),
    "Ivo": ("Idemo dalje, kolege.", "Prijedlog je “dobar” – glasujemo."),
}
SPLITS = ("train", "train", "dev", "test")


@dataclass(frozen=True)
class Said:
    """One utterance, and where it is.

    Attributes:
        wave: its samples ``[T]``, int16.
        word_starts: seconds from its beginning, one a word of the text.
    """

    text: str
    speaker: str
    recording: str
    start: float
    end: float
    split: str
    wave: NDArray[np.int16]
    word_starts: tuple[float, ...]

    @property
    def clip(self) -> str:
        return f"{self.recording}_{self.start:.2f}-{self.end:.2f}"

    @property
    def words(self) -> list[str]:
        return self.text.split()

    @property
    def duration(self) -> float:
        return self.end - self.start


def _speech(text: str, voice: str) -> tuple[NDArray[np.int16], list[float]]:
    said = synthesise(text, voice, 190)
    samples = soxr.resample(said.samples, said.sample_rate, RATE_HZ)
    hundredths = len(samples) * 100 // RATE_HZ
    wave = np.round(samples[: hundredths * RATE_HZ // 100] * 32_767).astype(np.int16)
    marks = {}
    for word in said.words:
        marks.setdefault(text[: word.character + 1].count(" "), round(word.start, 3))
    last, starts = 0.0, []
    for index in range(len(text.split())):
        last = marks.get(index, last)
        starts.append(last)
    return wave, starts


@cache
def utterances() -> tuple[Said, ...]:
    """The four utterances."""
    said: list[Said] = []
    for speaker, (voice, recording) in SPEAKERS.items():
        start = SILENCE_S
        for text in TEXTS[speaker]:
            wave, starts = _speech(text, voice)
            end = round(start + len(wave) / RATE_HZ, 2)
            split = SPLITS[len(said)]
            said.append(Said(text, speaker, recording, start, end, split, wave, tuple(starts)))
            start = round(end + SILENCE_S, 2)
    return tuple(said)


def recording(name: str) -> NDArray[np.int16]:
    """The samples of a whole recording."""
    parts = [u for u in utterances() if u.recording == name]
    whole = np.zeros(round((parts[-1].end + SILENCE_S) * RATE_HZ), np.int16)
    for part in parts:
        begin = round(part.start * RATE_HZ)
        whole[begin : begin + len(part.wave)] = part.wave
    return whole


def write_recordings(folder: Path, suffix: str = ".wav") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for _, name in SPEAKERS.values():
        soundfile.write(folder / f"{name}{suffix}", recording(name), RATE_HZ)


def write_clips(folder: Path, suffix: str = ".wav") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for said in utterances():
        soundfile.write(folder / f"{said.clip}{suffix}", said.wave, RATE_HZ)


def _text(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


def _json_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        _text(path, text)


def common_voice(folder: Path) -> None:
    header = (
        "client_id path sentence_id sentence up_votes down_votes age gender accents variant locale segment"
    )
    rows: dict[str, list[str]] = {name: [header.replace(" ", "\t")] for name in ("train", "dev", "test")}
    for said in utterances():
        row = [said.speaker, f"{said.clip}.mp3", "x", said.text, "2", "0", "", "", "", "", "hr", ""]
        rows[said.split].append("\t".join(row))
    for name, lines in rows.items():
        _text(folder / f"{name}.tsv", "\n".join(lines) + "\n")
    lengths = [f"{said.clip}.mp3\t{round(said.duration * 1000)}" for said in utterances()]
    _text(folder / "clip_durations.tsv", "\n".join(["clip\tduration[ms]", *lengths]) + "\n")
    write_clips(folder / "clips", ".mp3")


def common_voice_archive(folder: Path) -> None:
    common_voice(folder / "made" / "cv-corpus-17.0-2024-03-15" / "hr")
    with tarfile.open(folder / "cv-corpus-17.0-2024-03-15-hr.tar.gz", "w:gz") as tar:
        tar.add(folder / "made" / "cv-corpus-17.0-2024-03-15", "cv-corpus-17.0-2024-03-15")


def parlaspeech(folder: Path) -> None:
    write_recordings(folder, ".wav")
    _json_lines(
        folder / "ParlaSpeech-HR.v1.0.jsonl",
        [
            {
                "path": f"seg.{said.clip}.flac",
                "orig_file": f"{said.recording}.wav",
                "start": said.start,
                "end": said.end,
                "words": said.words,
                "word_start_times": list(said.word_starts),
                "norm_words": [word.lower().strip(",.") for word in said.words],
                "norm_words_start_times": list(said.word_starts),
                "utterance_id_start": "u1",
                "utterance_id_end": "u1",
                "speaker_info": {"Speaker_name": said.speaker},
                "split": said.split,
                "asr_text": said.text.lower(),
            }
            for said in utterances()
        ],
    )


def parlaspeech_later(folder: Path) -> None:
    for said in utterances():
        (folder / said.recording).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / said.recording / f"{said.clip}.flac", said.wave, RATE_HZ)
    rows = []
    for number, said in enumerate(utterances()):
        begins = [len(" ".join(said.words[:i])) + bool(i) for i in range(len(said.words))]
        words = [
            {"time_s": start, "time_e": start + 0.1, "char_s": begin, "char_e": begin + len(word)}
            for word, begin, start in zip(said.words, begins, said.word_starts, strict=True)
        ]
        audio = f"{said.recording}/{said.clip}.flac"
        row = {"id": f"ParlaMint-HR.u{number}", "words": words, "audio": audio, "audio_length": said.duration}
        row |= {"text": said.text, "audio_start": said.start, "audio_end": said.end, "split": said.split}
        rows.append(row | {"speaker_info": {"Speaker_ID": said.speaker}})
    _json_lines(folder / "ParlaSpeech-HR.v3.0.jsonl.gz", rows)


def voxpopuli(folder: Path) -> None:
    header = "id raw_text normalized_text speaker_id split gender is_gold_transcript accent".replace(
        " ", "\t"
    )
    for split in ("train", "dev", "test"):
        rows = [
            "\t".join([u.clip, u.text, u.text.lower(), u.speaker, split, "female", "True", "None"])
            for u in utterances()
            if u.split == split
        ]
        _text(folder / f"asr_{split}.tsv", "\n".join([header, *rows]) + "\n")
    write_clips(folder / "hr" / "2017", ".ogg")


def voxpopuli_annotations(folder: Path) -> None:
    header = "id_|session_id|split|vad|original_text|normed_text|speaker_id|gender"
    rows = [
        f"{u.clip}_hr|{u.recording}|{u.split}|[({u.start}, {u.start + 0.3}), ({u.start + 0.4}, {u.end})]"
        f"|{u.text}|{u.text.lower()}|{u.speaker}|female"
        for u in utterances()
    ]
    _text(folder / "asr_hr.tsv", "\n".join([header, *rows]) + "\n")
    for _, name in SPEAKERS.values():
        (folder / "hr" / "2017").mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "hr" / "2017" / f"{name}_hr.ogg", recording(name), RATE_HZ)


def _plain_rows() -> list[dict[str, Any]]:
    return [
        {
            "audio": f"rec/{u.recording}.wav",
            "start": u.start,
            "end": u.end,
            "text": u.text,
            "speaker": u.speaker,
            "split": u.split,
        }
        for u in utterances()
    ]


def table_csv(folder: Path) -> None:
    write_recordings(folder / "rec")
    pl.DataFrame(_plain_rows()).write_csv(folder / "all.csv", quote_style="non_numeric")


def table_tsv(folder: Path) -> None:
    write_recordings(folder / "rec")
    pl.DataFrame(_plain_rows()).write_csv(folder / "all.tsv", separator="\t", quote_style="never")


def table_json_lines(folder: Path) -> None:
    write_recordings(folder / "rec")
    words = [
        [{"w": w, "s": s, "e": s + 0.1} for w, s in zip(u.words, u.word_starts, strict=True)]
        for u in utterances()
    ]
    _json_lines(
        folder / "manifest.jsonl", [r | {"words": w} for r, w in zip(_plain_rows(), words, strict=True)]
    )


def table_parquet(folder: Path) -> None:
    write_recordings(folder / "rec")
    pl.DataFrame(_plain_rows()).write_parquet(folder / "all.parquet")


def kaldi(folder: Path) -> None:
    write_recordings(folder / "audio")
    for split in ("train", "dev", "test"):
        said = [(f"{u.speaker}-{n}", u) for n, u in enumerate(utterances()) if u.split == split]
        place = folder / "data" / split
        wavs = sorted({u.recording for _, u in said})
        _text(place / "wav.scp", "".join(f"{w} cat audio/{w}.wav |\n" for w in wavs))
        _text(place / "segments", "".join(f"{i} {u.recording} {u.start} {u.end}\n" for i, u in said))
        _text(place / "text", "".join(f"{i} {u.text}\n" for i, u in said))
        _text(place / "utt2spk", "".join(f"{i} {u.speaker}\n" for i, u in said))


def nemo(folder: Path) -> None:
    write_recordings(folder / "audio")
    for split in ("train", "dev", "test"):
        rows = [
            {
                "audio_filepath": f"audio/{u.recording}.wav",
                "offset": u.start,
                "duration": u.duration,
                "text": u.text,
                "speaker": u.speaker,
                "pred_text": u.text.lower(),
            }
            for u in utterances()
            if u.split == split
        ]
        _json_lines(folder / f"{split}_manifest.json", rows)


def _lhotse_recording(name: str) -> dict[str, Any]:
    seconds = len(recording(name)) / RATE_HZ
    source = {"type": "file", "channels": [0], "source": f"audio/{name}.wav"}
    return {
        "id": name,
        "sources": [source],
        "sampling_rate": RATE_HZ,
        "num_samples": len(recording(name)),
        "duration": seconds,
        "channel_ids": [0],
    }


def _supervision(number: int, said: Said, start: float) -> dict[str, Any]:
    words = [[w, start + s, 0.1, None] for w, s in zip(said.words, said.word_starts, strict=True)]
    return {
        "id": f"sup-{number}",
        "recording_id": said.recording,
        "start": start,
        "duration": said.duration,
        "channel": 0,
        "text": said.text,
        "language": "hr",
        "speaker": said.speaker,
        "alignment": {"word": words},
    }


def lhotse_cuts(folder: Path) -> None:
    write_recordings(folder / "audio")
    for split in ("train", "dev", "test"):
        rows = [
            {
                "id": f"cut-{number}",
                "start": said.start - 0.25,
                "duration": said.duration + 0.5,
                "channel": 0,
                "supervisions": [_supervision(number, said, 0.25)],
                "recording": _lhotse_recording(said.recording),
                "type": "MonoCut",
            }
            for number, said in enumerate(utterances())
            if said.split == split
        ]
        _json_lines(folder / f"cuts_{split}.jsonl.gz", rows)


def lhotse_manifests(folder: Path) -> None:
    write_recordings(folder / "audio")
    rows = [_lhotse_recording(name) for _, name in SPEAKERS.values()]
    _json_lines(folder / "recordings.jsonl.gz", rows)
    rows = [_supervision(number, said, said.start) for number, said in enumerate(utterances())]
    _json_lines(folder / "supervisions.jsonl.gz", rows)


def ljspeech(folder: Path) -> None:
    write_clips(folder / "wavs")
    _text(folder / "metadata.csv", "".join(f"{u.clip}|{u.text}|{u.text.lower()}\n" for u in utterances()))


def audiofolder(folder: Path) -> None:
    for split in ("train", "dev", "test"):
        rows = [
            {"file_name": f"{u.clip}.wav", "transcription": u.text, "speaker": u.speaker}
            for u in utterances()
            if u.split == split
        ]
        (folder / split).mkdir(parents=True)
        pl.DataFrame(rows).write_csv(folder / split / "metadata.csv", quote_style="always")
        for said in utterances():
            if said.split == split:
                soundfile.write(folder / split / f"{said.clip}.wav", said.wave, RATE_HZ)


def _clock(seconds: float, mark: str) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{mark}{ms % 1000:03}"


def _of(name: str) -> list[Said]:
    return [said for said in utterances() if said.recording == name]


def _srt_cue(number: int, said: Said) -> str:
    text = said.text.replace(" ", "\r\n", 1)
    return f"{number}\r\n{_clock(said.start, ',')} --> {_clock(said.end, ',')}\r\n<i>{text}</i>\r\n"


def srt(folder: Path) -> None:
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        cues = [_srt_cue(number, said) for number, said in enumerate(_of(name), 1)]
        _text(folder / f"{name}.hr.srt", "\r\n".join(cues), "utf-8-sig")


def vtt(folder: Path) -> None:
    write_recordings(folder)
    for _, name in SPEAKERS.values():
        cues = [
            f"{_clock(u.start, '.')} --> {_clock(u.end, '.')} align:start\n<v {u.speaker}>{u.text}</v>\n"
            for u in _of(name)
        ]
        _text(folder / f"{name}.vtt", "\n".join(["WEBVTT\n", "NOTE made by hand\n", *cues]))


def _intervals(name: str) -> list[tuple[float, float, str]]:
    cells, last = [], 0.0
    for said in _of(name):
        cells += [(last, said.start, ""), (said.start, said.end, said.text.replace('"', '""'))]
        last = said.end
    return [*cells, (last, len(recording(name)) / RATE_HZ, "")]


def textgrid_long(folder: Path) -> None:
    write_recordings(folder)
    for speaker, (_, name) in SPEAKERS.items():
        cells, end = _intervals(name), len(recording(name)) / RATE_HZ
        lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {end} "]
        lines += ["tiers? <exists> ", "size = 1 ", "item []: ", "    item [1]:"]
        lines += ['        class = "IntervalTier" ', f'        name = "utterances@{speaker}" ']
        lines += ["        xmin = 0 ", f"        xmax = {end} ", f"        intervals: size = {len(cells)} "]
        for number, (start, stop, text) in enumerate(cells, 1):
            lines += [f"        intervals [{number}]:", f"            xmin = {start} "]
            lines += [f"            xmax = {stop} ", f'            text = "{text}" ']
        _text(folder / f"{name}.TextGrid", "\n".join(lines) + "\n")


def textgrid_short(folder: Path) -> None:
    write_recordings(folder)
    for speaker, (_, name) in SPEAKERS.items():
        cells, end = _intervals(name), len(recording(name)) / RATE_HZ
        lines = ['File type = "ooTextFile"', '"TextGrid"', "", "0", f"{end}", "<exists>", "1"]
        lines += ['"IntervalTier"', f'"utterances@{speaker}"', "0", f"{end}", f"{len(cells)}"]
        for start, stop, text in cells:
            lines += [f"{start}", f"{stop}", f'"{text}"']
        _text(folder / f"{name}.TextGrid", "\n".join(lines) + "\n", "utf-16")


def _annotation(kind: str, attributes: str, value: str) -> str:
    inside = f"<{kind} {attributes}><ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></{kind}>"
    return f"<ANNOTATION>{inside}</ANNOTATION>"


def elan_document(speaker: str, name: str) -> str:
    slots, notes, values = [], [], []
    for n, said in enumerate(_of(name)):
        for side, seconds in (("a", said.start), ("b", said.end)):
            slots.append(f'<TIME_SLOT TIME_SLOT_ID="{side}{n}" TIME_VALUE="{round(seconds * 1000)}"/>')
        times = f'ANNOTATION_ID="n{n}" TIME_SLOT_REF1="a{n}" TIME_SLOT_REF2="b{n}"'
        notes.append(_annotation("ALIGNABLE_ANNOTATION", times, str(n)))
        values.append(_annotation("REF_ANNOTATION", f'ANNOTATION_ID="t{n}" ANNOTATION_REF="n{n}"', said.text))
    who = f'PARTICIPANT="{speaker}"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds">'
        f'<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/x/{name}.wav" MIME_TYPE="audio/x-wav"/></HEADER>'
        f"<TIME_ORDER>{''.join(slots)}</TIME_ORDER>"
        f'<TIER TIER_ID="ref@{speaker}" {who}>{"".join(notes)}</TIER>'
        f'<TIER TIER_ID="tx@{speaker}" PARENT_REF="ref@{speaker}" {who}>{"".join(values)}</TIER>'
        "</ANNOTATION_DOCUMENT>"
    )


def elan(folder: Path) -> None:
    write_recordings(folder)
    for speaker, (_, name) in SPEAKERS.items():
        _text(folder / f"{name}.eaf", elan_document(speaker, name))


def spontaneous_speech(folder: Path) -> None:
    header = (
        "client_id audio_id audio_file duration_ms prompt_id prompt transcription votes split quality_tags"
    )
    rows = [
        "\t".join(
            [
                u.speaker,
                str(n),
                f"{u.clip}.mp3",
                str(round(u.duration * 1000)),
                "1",
                "?",
                u.text,
                "2",
                u.split,
                "",
            ]
        )
        for n, u in enumerate(utterances())
    ]
    _text(folder / "ss-corpus-hr.tsv", "\n".join([header.replace(" ", "\t"), *rows]) + "\n")
    write_clips(folder / "audios", ".mp3")


def _numbered() -> list[tuple[int, int, Said]]:
    return [(n, 100 + list(SPEAKERS).index(said.speaker), said) for n, said in enumerate(utterances())]


def librispeech(folder: Path) -> None:
    for number, speaker, said in _numbered():
        place = folder / f"{said.split}-clean" / str(speaker) / str(number)
        _text(place / f"{speaker}-{number}.trans.txt", f"{speaker}-{number}-0000 {said.text}\n")
        soundfile.write(place / f"{speaker}-{number}-0000.flac", said.wave, RATE_HZ)


def multilingual_librispeech(folder: Path) -> None:
    for split in ("train", "dev", "test"):
        lines = []
        for number, speaker, said in _numbered():
            if said.split == split:
                place = folder / split / "audio" / str(speaker) / "7"
                place.mkdir(parents=True, exist_ok=True)
                soundfile.write(place / f"{speaker}_7_{number:06}.flac", said.wave, RATE_HZ)
                lines.append(f"{speaker}_7_{number:06}\t{said.text}\n")
        _text(folder / split / "transcripts.txt", "".join(lines))


def fleurs(folder: Path) -> None:
    for split in ("train", "dev", "test"):
        rows = []
        for number, _, said in _numbered():
            if said.split == split:
                (folder / "audio" / split).mkdir(parents=True, exist_ok=True)
                soundfile.write(folder / "audio" / split / f"{said.clip}.wav", said.wave, RATE_HZ)
                fields = [
                    str(number),
                    f"{said.clip}.wav",
                    said.text,
                    said.text.lower(),
                    "d o",
                    str(len(said.wave)),
                ]
                rows.append("\t".join([*fields, "FEMALE"]) + "\n")
        _text(folder / f"{split}.tsv", "".join(rows))


def _flac(wave: NDArray[np.int16]) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, RATE_HZ, format="FLAC")
    return buffer.getvalue()


def _audio_rows(split: str) -> list[dict[str, Any]]:
    return [
        {
            "audio": {"bytes": _flac(u.wave), "path": f"{u.clip}.flac"},
            "sentence": u.text,
            "speaker_id": u.speaker,
        }
        for u in utterances()
        if u.split == split
    ]


def huggingface_parquet(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    for split, name in (("train", "train"), ("dev", "validation"), ("test", "test")):
        pl.DataFrame(_audio_rows(split)).write_parquet(folder / "data" / f"{name}-00000-of-00001.parquet")


def huggingface_saved(folder: Path) -> None:
    datasets = pytest.importorskip("datasets")
    parts = {
        name: datasets.Dataset.from_list(_audio_rows(split))
        for split, name in (("train", "train"), ("dev", "validation"), ("test", "test"))
    }
    datasets.DatasetDict(parts).save_to_disk(str(folder))


WRITERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "common-voice": ("common-voice", common_voice),
    "common-voice-archive": ("common-voice", common_voice_archive),
    "parlaspeech": ("parlaspeech", parlaspeech),
    "parlaspeech-later": ("parlaspeech", parlaspeech_later),
    "voxpopuli": ("voxpopuli", voxpopuli),
    "voxpopuli-annotations": ("voxpopuli", voxpopuli_annotations),
    "table-csv": ("table", table_csv),
    "table-tsv": ("table", table_tsv),
    "table-json-lines": ("table", table_json_lines),
    "table-parquet": ("table", table_parquet),
    "kaldi": ("kaldi", kaldi),
    "nemo": ("nemo", nemo),
    "lhotse-cuts": ("lhotse", lhotse_cuts),
    "lhotse-manifests": ("lhotse", lhotse_manifests),
    "ljspeech": ("ljspeech", ljspeech),
    "audiofolder": ("audiofolder", audiofolder),
    "spontaneous-speech": ("spontaneous-speech", spontaneous_speech),
    "librispeech": ("librispeech", librispeech),
    "mls": ("librispeech", multilingual_librispeech),
    "fleurs": ("fleurs", fleurs),
    "srt": ("subtitles", srt),
    "vtt": ("subtitles", vtt),
    "textgrid-long": ("subtitles", textgrid_long),
    "textgrid-short": ("subtitles", textgrid_short),
    "elan": ("subtitles", elan),
    "huggingface-parquet": ("huggingface", huggingface_parquet),
    "huggingface-saved": ("huggingface", huggingface_saved),
}
"""Format of the corpus and function that writes it, by name."""

NO_SPEAKER = frozenset({"ljspeech", "srt", "fleurs"})
NUMBERED_SPEAKER = frozenset({"librispeech", "mls"})
NO_SPLIT = frozenset(
    {"ljspeech", "srt", "vtt", "textgrid-long", "textgrid-short", "elan", "lhotse-manifests"}
)
LOSSY = frozenset(
    {"spontaneous-speech", "common-voice", "common-voice-archive", "voxpopuli", "voxpopuli-annotations"}
)


def source(name: str, folder: Path) -> Path:
    """Writes one format into `folder`; returns what to import."""
    WRITERS[name][1](folder)
    return next(folder.glob("*.tar.gz")) if name.endswith("-archive") else folder


if __name__ == "__main__":
    for each in WRITERS:
        print(source(each, Path(sys.argv[1]) / each))
