"""ctc-segmentation and plain forced alignment beside govor align, on the same log-probabilities.

    pip install --no-deps --target /tmp/seg ctc-segmentation        # built with gcc
    PYTHONPATH=$PYTHONPATH:/tmp/seg python bench/align_beside.py --model DEMO/work/run --minutes 1,5,20

Recordings are those of `align_sound.py`: 5% of the speech has no text, 5% of the lines are never said. The
model hears each once, as `govor align` does; what its frames scored is put into one matrix for the whole
recording (between windows nobody speaks: blank), which all three are given. ctc-segmentation refuses nothing
by itself: what is unspoken is judged with all lines, and at the score that keeps 95% of the spoken ones.
Forced alignment is the Viterbi path that writes the whole text. Judged are the words that were spoken and are
in the text, within 0.2 s.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from align_sound import Truth, in_file_lines, judged, record
from govor.demo.sentences import distinct_sentences
from govor.models import open_model
from govor.transcribe.kept_frames import SUFFIX, read_frames
from govor_command import measured

WITHIN_S = 0.2
NOBODY = -20.0
"""ln p of every token but blank where no window is."""
KEPT = 0.95


def matrix(corpus: Path, duration: float, model) -> np.ndarray:
    """ln p of the whole recording ``[F, V]``."""
    [file] = (corpus / "hypotheses").glob(f"*.{SUFFIX}")
    windows = read_frames(file)
    found = np.full((round(duration / model.frame_s) + 2, windows[0].scores[:1].shape[1]), NOBODY, np.float32)
    found[:, model.vocabulary.blank] = 0
    for window in windows:
        first = round(window.start / model.frame_s)
        scores = window.scores[: len(found) - first]
        found[first : first + len(scores)] = scores
    return found


def spelt(lines: list[str], model) -> list[list[np.ndarray]]:
    """Tokens of each word, by line; the delimiter stands before every word but the first."""
    vocabulary, made = model.vocabulary, []
    for line in lines:
        words = []
        for word in line.split():
            tokens = [
                t for t in vocabulary.encode(model.normaliser(word, None)) if t not in vocabulary.special
            ]
            words.append(np.array([*([vocabulary.delimiter] if made or words else []), *tokens], np.int64))
        made.append(words)
    return made


def segmented(
    scores: np.ndarray, lines: list[list[np.ndarray]], model
) -> tuple[list[list[float]], list[float]]:
    """Begin of every word by line, and the score of each line, by ctc-segmentation."""
    import ctc_segmentation as seg  # type: ignore[import-not-found]

    config = seg.CtcSegmentationParameters(char_list=list(model.vocabulary.tokens))
    config.blank, config.index_duration = model.vocabulary.blank, model.frame_s
    words = [word for line in lines for word in line]
    text, begins = seg.prepare_token_list(config, words)
    timings, probabilities, _ = seg.ctc_segmentation(config, scores, text)
    ends = np.cumsum([0, *map(len, lines)])
    of_lines = [begins[n] for n in ends[:-1]] + [begins[-1]]
    segments = seg.determine_utterance_segments(config, of_lines, probabilities, timings, lines)
    starts = [timings[begins[n] + (1 if n == 0 else 2)] for n in range(len(words))]
    return [list(starts[a:b]) for a, b in itertools.pairwise(ends)], [s[2] for s in segments]


def forced(scores: np.ndarray, lines: list[list[np.ndarray]], model) -> list[list[float]]:
    """Begin of every word by line, on the best path that writes everything."""
    tokens = np.concatenate([word for line in lines for word in line])
    states = np.full(2 * len(tokens) + 1, model.vocabulary.blank, np.int64)
    states[1::2] = tokens
    skip = np.zeros(len(states), bool)
    skip[3::2] = states[3::2] != states[1:-2:2]
    came = np.zeros((len(scores), len(states)), np.int8)
    best = np.full(len(states), -np.inf, np.float32)
    best[:2] = scores[0, states[:2]]
    one, two = np.empty_like(best), np.empty_like(best)
    for frame in range(1, len(scores)):
        one[0], one[1:] = -np.inf, best[:-1]
        two[:2], two[2:] = -np.inf, np.where(skip[2:], best[:-2], -np.inf)
        step = came[frame]
        step[one > best] = 1
        best = np.maximum(best, one)
        step[two > best] = 2
        best = np.maximum(best, two) + scores[frame, states]
    state = len(states) - 1 if best[-1] >= best[-2] else len(states) - 2
    first = np.zeros(len(tokens))
    for frame in range(len(scores) - 1, -1, -1):
        if state % 2:
            first[state // 2] = frame * model.frame_s
        state -= int(came[frame, state])
    made, place = [], 0
    for line in lines:
        starts = []
        for word in line:
            starts.append(float(first[place + (1 if place else 0)]))
            place += len(word)
        made.append(starts)
    return made


def figures(starts: list[list[float]], kept: list[bool], truth: Truth) -> dict[str, float]:
    """Words near their times, and words of headings that are placed."""
    near = known = headings = said = 0
    for number, (found, good) in enumerate(zip(starts, kept, strict=True), 1):
        if number in truth.headings:
            headings += len(found)
            said += len(found) * good
            continue
        times = truth.starts[number]
        known += sum(t == t for t in times)
        near += good * sum(abs(a - t) <= WITHIN_S for a, t in zip(found, times, strict=True) if t == t)
    return {"within 0.2 s": near / known, "unspoken placed": said / max(headings, 1)}


def case(folder: Path, minutes: float, name: str) -> dict[str, object]:
    """Figures of one recording, by method."""
    sentences = distinct_sentences(np.random.default_rng(99), round(minutes * 20) + 20)
    file, text, corpus = folder / "long.flac", folder / "long.txt", folder / "corpus"
    truth = record(sentences, "hr", minutes, 1, file)
    text.write_text("\n\n".join(truth.lines) + "\n", encoding="utf-8")
    measured("align", str(file), str(text), "--model", name, "--language", "hr", "--out", str(corpus))
    ours = judged(corpus, in_file_lines(truth), WITHIN_S)
    model = open_model(name, device="cpu")
    scores, lines = matrix(corpus, truth.duration, model), spelt(truth.lines, model)
    begun = time.process_time()
    starts, sure = segmented(scores, lines, model)
    seconds = time.process_time() - begun
    everything = [True] * len(starts)
    said = [score for n, score in enumerate(sure, 1) if n not in truth.headings]
    least = float(np.quantile(said, 1 - KEPT))
    begun = time.process_time()
    path = forced(scores, lines, model)
    return {
        "minutes": round(truth.duration / 60, 1),
        "words": ours["words"],
        "align": {"within 0.2 s": ours["within 0.2 s"], "unspoken placed": ours["headings placed"]},
        "ctc-segmentation": {**figures(starts, everything, truth), "CPU s": seconds},
        "of it, by score": figures(starts, [score >= least for score in sure], truth),
        "forced": {**figures(path, everything, truth), "CPU s": time.process_time() - begun},
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--minutes", default="1,5,20")
    options = parser.parse_args()
    for minutes in map(float, options.minutes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(case(Path(folder), minutes, options.model)), flush=True)


if __name__ == "__main__":
    main()
