"""How well a text is found in a long recording, where the time of every word is exact; and what it costs.

    python bench/align_sound.py --model DEMO/run/model --language hr --minutes 20,60
    python bench/align_sound.py --model whisper-base --language it --sentences sentences.txt --minutes 5
    python bench/align_sound.py --model DEMO/run/model --minutes 600 --words-per-minute 290 \\
        --longest-pause 0.55

Recordings are espeak-ng's, in voices that the demo's model has not heard, with the times that it gives
for the beginning of each word. Between sentences are pauses; 5 of 100 sentences are talk that no text
has, 5 of 100 lines of the text are headings that nobody says; once in 40 sentences music plays for five
seconds, and there is noise 30 dB below the speech. Judged are the words that were spoken and are in the
text and whose beginning espeak-ng tells apart: placed within so many seconds; of the headings' words,
those that are placed; of the talk without a text, the seconds that `untranscribed.tsv` reports. `govor
transcribe --words` runs on the same recording, for the processor time; a second `govor align` with other
limits shows what a second try costs.

`--sentences`: a sentence a line; without it the demo's (Croatian). A seed decides what is said, in which
voice, and what is left out; espeak-ng's lengths differ by some milliseconds from run to run.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import soundfile as sf
import soxr

from govor.demo.sentences import distinct_sentences
from govor.espeak import synthesise
from govor_command import measured

RATE = 16_000
VOICES = ("m1", "m2", "m7", "f2", "f5")
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.3, 1.5
SHARE_OF_TALK = SHARE_OF_HEADINGS = 0.05
SENTENCES_A_TUNE, TUNE_S = 40, 5.0
NOISE = 10 ** (-30 / 20)
WORDS_PER_MINUTE = 155


@dataclass
class Truth:
    """What was said, and when.

    Attributes:
        lines: of the text.
        headings: numbers of lines that nobody says, from 1.
        starts: of the words of a line, by its number; NaN where espeak-ng joins a word to another.
        spans: begin and end of those lines, seconds.
        talk: spans of speech without a text, seconds.
        duration: seconds.
    """

    lines: list[str] = field(default_factory=list)
    headings: set[int] = field(default_factory=set)
    starts: dict[int, list[float]] = field(default_factory=dict)
    spans: dict[int, tuple[float, float]] = field(default_factory=dict)
    talk: list[tuple[float, float]] = field(default_factory=list)
    duration: float = 0.0


@dataclass(frozen=True)
class Pace:
    """How fast somebody speaks.

    Attributes:
        words_per_minute: as espeak-ng counts them.
        longest_pause_s: between two sentences.
    """

    words_per_minute: int = WORDS_PER_MINUTE
    longest_pause_s: float = LONGEST_PAUSE_S


def spoken(sentence: str, voice: str, words_per_minute: int) -> tuple[np.ndarray, list[float]]:
    """Samples at 16 kHz of about the same loudness, and the beginnings of the words in seconds."""
    speech = synthesise(sentence, voice, words_per_minute)
    loud = np.flatnonzero(np.abs(speech.samples) > 1e-3)
    samples = speech.samples[: loud[-1] + 1]
    samples = 0.1 * samples / max(float(np.sqrt(np.mean(samples**2))), 1e-6)
    known = {word.character: word.start for word in speech.words}
    places = list(itertools.accumulate((len(word) + 1 for word in sentence.split()), initial=0))[:-1]
    times = [known.get(place, float("nan")) for place in places]
    return soxr.resample(samples, speech.sample_rate, RATE, "HQ"), times


def tune(rng: np.random.Generator) -> np.ndarray:
    """A melody of plucked tones."""
    at = np.arange(round(TUNE_S * RATE)) / RATE
    made = np.zeros(len(at))
    for begin in np.arange(0, TUNE_S, 0.3):
        pitch = 220 * 2 ** (rng.integers(0, 24) / 12)
        after = np.maximum(at - begin, 0)
        made += (at >= begin) * np.exp(-4 * after) * np.sin(2 * np.pi * pitch * after)
    return (0.1 * made).astype(np.float32)


def record(
    sentences: list[str], language: str, minutes: float, seed: int, file: Path, pace: Pace = Pace()
) -> Truth:
    """Writes a recording of about so many minutes, and says what is true of it."""
    rng, hiss = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    truth, reached = Truth(), 0
    voice = f"{language}+{VOICES[0]}"

    with sf.SoundFile(file, "w", RATE, 1) as sound:

        def write(piece: np.ndarray) -> None:
            nonlocal reached
            noise = hiss.standard_normal(len(piece), np.float32) * np.float32(0.1 * NOISE)
            sound.write(piece.astype(np.float32) + noise)
            reached += len(piece)

        for number, sentence in enumerate(sentences):
            if reached > minutes * 60 * RATE:
                break
            if number % 8 == 0:
                voice = f"{language}+{VOICES[int(rng.integers(len(VOICES)))]}"
            if number % SENTENCES_A_TUNE == SENTENCES_A_TUNE - 1:
                write(tune(rng))
            write(np.zeros(round(rng.uniform(SHORTEST_PAUSE_S, pace.longest_pause_s) * RATE), np.float32))
            if rng.random() < SHARE_OF_HEADINGS:
                truth.lines.append(sentence)
                truth.headings.add(len(truth.lines))
                continue
            samples, times = spoken(sentence, voice, pace.words_per_minute)
            begin = reached / RATE
            if rng.random() < SHARE_OF_TALK:
                truth.talk.append((begin, begin + len(samples) / RATE))
            else:
                truth.lines.append(sentence)
                truth.starts[len(truth.lines)] = [begin + time for time in times]
                truth.spans[len(truth.lines)] = (begin, begin + len(samples) / RATE)
            write(samples)
    truth.duration = reached / RATE
    return truth


def judged(corpus: Path, truth: Truth, within: float) -> dict[str, float]:
    """Figures by name."""
    placed: dict[int, list[float]] = {}
    table = pl.read_parquet(corpus / "utterances.parquet")
    headings = 0
    errors = []
    for row in table.iter_rows(named=True):
        number = row["source_line"]
        if number in truth.headings:
            headings += len(row["words"])
            continue
        placed.setdefault(number, []).extend(offsets(row, truth, number))
    known = [t for times in truth.starts.values() for t in times if t == t]
    errors = [e for found in placed.values() for e in found]
    of_headings = sum(len(truth.lines[n - 1].split()) for n in truth.headings)
    talk = sum(end - start for start, end in truth.talk)
    return {
        "words": len(known),
        f"within {within:g} s": sum(e <= within for e in errors) / max(len(known), 1),
        "placed": len(errors) / max(len(known), 1),
        "median s": float(np.median(errors)) if errors else float("nan"),
        "headings placed": headings / max(of_headings, 1),
        "talk reported": reported(corpus, truth.talk) / max(talk, 1e-9),
        "CER": float(np.mean(table["cer"].to_numpy())) if len(table) else float("nan"),
    }


def offsets(row: dict, truth: Truth, number: int) -> list[float]:
    """How far each word of an utterance is from where it was said, words in the order of their line."""
    found, place = [], 0
    line, times = truth.lines[number - 1].split(), truth.starts[number]
    for word, after in zip(row["words"], row["word_starts"], strict=True):
        start = row["start"] + after
        places = [n for n in range(place, len(line)) if line[n] == word]
        if not places:
            continue
        near = min(places, key=lambda n: abs(times[n] - start) if times[n] == times[n] else 9e9)
        place = near + 1
        if times[near] == times[near]:
            found.append(abs(times[near] - start))
    return found


def reported(corpus: Path, talk: list[tuple[float, float]]) -> float:
    """Seconds of talk that ``untranscribed.tsv`` has."""
    with (corpus / "untranscribed.tsv").open(encoding="utf-8", newline="") as file:
        spans = [(float(row["start"]), float(row["end"])) for row in csv.DictReader(file, delimiter="\t")]
    return sum(max(0.0, min(end, e) - max(start, s)) for start, end in talk for s, e in spans)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--language", default="hr")
    parser.add_argument("--sentences", type=Path)
    parser.add_argument("--minutes", default="20")
    parser.add_argument("--within", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--words-per-minute", type=int, default=WORDS_PER_MINUTE, help="as espeak-ng counts")
    parser.add_argument("--longest-pause", type=float, default=LONGEST_PAUSE_S, help="between sentences, s")
    parser.add_argument("--keep", type=Path, help="folder for recordings, what is true of them, and corpora")
    parser.add_argument("--rounds", type=int, default=1, help="so often align and transcribe, in turn")
    parser.add_argument("--related", action="store_true", help="the model hears another language alone")
    parser.add_argument("--refine", action="store_true", help="instead of a second try and transcribe")
    options = parser.parse_args()
    for minutes in map(float, options.minutes.split(",")):
        if options.sentences:
            sentences = options.sentences.read_text(encoding="utf-8").splitlines()
        else:
            sentences = distinct_sentences(np.random.default_rng(99), round(minutes * 30) + 20)
        with tempfile.TemporaryDirectory() as folder:
            work = options.keep / f"{minutes:g}" if options.keep else Path(folder)
            work.mkdir(parents=True, exist_ok=True)
            print(json.dumps(case(work, sentences, minutes, options)), flush=True)


def case(folder: Path, sentences: list[str], minutes: float, options: argparse.Namespace) -> dict[str, float]:
    """One recording: figures by name."""
    file, text = folder / "long.flac", folder / "long.txt"
    pace = Pace(options.words_per_minute, options.longest_pause)
    truth = record(sentences, options.language, minutes, options.seed, file, pace)
    text.write_text("\n\n".join(truth.lines) + "\n", encoding="utf-8")
    truth = in_file_lines(truth)
    kept = {**vars(truth), "headings": sorted(truth.headings)}
    (folder / "truth.json").write_text(json.dumps(kept), encoding="utf-8")
    same = "--language", options.language
    align = "align", str(file), str(text), "--model", options.model, *same
    if options.refine:
        return refined(align, folder, truth, options.within)
    firsts, alone = [], []
    for number in range(options.rounds):
        corpus = folder / f"corpus{number}"
        firsts.append(measured(*align, "--out", str(corpus)))
        heard = (
            "transcribe",
            options.model,
            str(file),
            *(() if options.related else same),
            "--out",
            str(folder / f"out{number}"),
            "--words",
        )
        alone.append(measured(*heard))
    figures = judged(corpus, truth, options.within)
    again = measured(*align, "--out", str(corpus), "--max-shift", "0.15")
    seconds = statistics.median(one.cpu_s for one in firsts)
    pairs = zip(firsts, alone, strict=True)
    return {
        "minutes": round(truth.duration / 60, 1),
        **{name: round(value, 4) for name, value in figures.items()},
        "align CPU s": round(seconds, 1),
        "align MB": round(max(one.peak_mb for one in firsts)),
        "transcribe MB": round(max(one.peak_mb for one in alone)),
        "second try CPU s": round(again.cpu_s, 1),
        "of transcribe": round(statistics.median(one.cpu_s / two.cpu_s for one, two in pairs), 3),
    }


def refined(align: tuple[str, ...], folder: Path, truth: Truth, within: float) -> dict[str, float]:
    """Figures without and with a second round, by name."""
    made = {}
    for name, flags in (("", ()), ("refined: ", ("--refine",))):
        corpus = folder / f"corpus{len(flags)}"
        cost = measured(*align, "--out", str(corpus), *flags)
        figures = judged(corpus, truth, within)
        made |= {f"{name}{key}": round(value, 4) for key, value in figures.items()}
        made[f"{name}CPU s"] = round(cost.cpu_s, 1)
    return made


def in_file_lines(truth: Truth) -> Truth:
    """The same with lines as the file numbers them: every second line is empty."""
    lines = [line for one in truth.lines for line in (one, "")]
    return Truth(
        lines,
        {2 * n - 1 for n in truth.headings},
        {2 * n - 1: times for n, times in truth.starts.items()},
        {2 * n - 1: span for n, span in truth.spans.items()},
        truth.talk,
        truth.duration,
    )


if __name__ == "__main__":
    main()
