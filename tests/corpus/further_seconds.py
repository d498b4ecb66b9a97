"""The ten seconds of `ten_seconds` as single files beside recordings, archives and public corpora."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import soundfile
from ten_seconds import RATE_HZ, SPEAKERS, _of, _text, recording, utterances, write_recordings

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
}
"""Format of the corpus and function that writes it, by name."""
NO_SPEAKER = frozenset({"whisper-json", "whisper-tsv", "govor-json", "ctm"})
NO_SPLIT = frozenset({"whisper-json", "whisperx-json", "whisper-tsv", "govor-json", "ctm", "nlp"})
LOSSY: frozenset[str] = frozenset()
WITH_WORDS = ("whisper-json", "whisperx-json", "govor-json", "ctm", "nlp")


def source(name: str, folder: Path) -> Path:
    """Writes one format into `folder`; returns what to import."""
    WRITERS[name][1](folder)
    return folder
