"""Scoring a million pairs with intervals, beside jiwer on the same pairs in the same run.

    python bench/score.py --pairs 1000000

Counts are compared, so that the times are of the same work: jiwer gives words and characters without
intervals, `score` gives both, raw and normalised, with intervals by speaker. Memory is of this process.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import jiwer
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "evaluate"))
from test_edits import SENTENCES, edited

from govor.config import TextConfig
from govor.evaluate import grouping, score
from govor.evaluate.edits import char_edits, word_edits
from govor.evaluate.intervals import rate_interval
from govor.records import EditCounts
from govor.text import Normaliser

Result = TypeVar("Result")
Pairs = list[tuple[str, str]]


def generated(count: int, distinct: int = 200_000) -> Pairs:
    generator = random.Random(0)
    pairs = []
    for _ in range(min(count, distinct)):
        reference = f"{generator.choice(SENTENCES)} {generator.choice(SENTENCES)}"
        pairs.append((reference, edited(reference, generator)))
    return [pairs[n % len(pairs)] for n in range(count)]


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(name: str, work: Callable[[], Result]) -> tuple[float, Result]:
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    result = work()
    wall_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    print(f"{name:58} {wall_s:8.2f} s wall {cpu_s:8.2f} s CPU   peak {peak_mb():6.0f} MB", flush=True)
    return cpu_s, result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument(
        "--jiwer-pairs", type=int, default=200_000, help="jiwer keeps every alignment in memory"
    )
    options = parser.parse_args()
    pairs = generated(options.pairs)
    references, hypotheses = map(list, zip(*pairs, strict=True))
    print(
        f"{len(pairs):,} pairs, {sum(len(r.split()) for r in references):,} words, {peak_mb():.0f} MB before"
    )
    some = options.jiwer_pairs

    def ours(count: Callable[[str, str], EditCounts], pairs: Pairs) -> EditCounts:
        total = EditCounts()
        for pair in pairs:
            total += count(*pair)
        return total

    def theirs(process: Callable[[list[str], list[str]], Any]) -> EditCounts:
        found = process(references[:some], hypotheses[:some])
        return EditCounts(found.hits, found.substitutions, found.deletions, found.insertions)

    words_s, words = timed(f"word edits, {some:,} pairs", lambda: ours(word_edits, pairs[:some]))
    chars_s, chars = timed(f"character edits, {some:,} pairs", lambda: ours(char_edits, pairs[:some]))
    ids = [str(n) for n in range(len(pairs))]
    speakers = {key: f"s{n % 500}" for n, key in enumerate(ids)}
    by_id, said = dict(zip(ids, references, strict=True)), dict(zip(ids, hypotheses, strict=True))
    _, scores = timed(
        f"score, {len(pairs):,} pairs, words and characters, raw", lambda: score(by_id, said, None, speakers)
    )
    timed("  and its intervals over 500 speakers", lambda: (scores.wer, scores.cer))
    errors, units = scores.words.errors, scores.words.units
    timed(
        f"interval over {len(pairs):,} utterances", lambda: rate_interval(errors, units, grouping(len(units)))
    )
    timed(
        f"score, {len(pairs):,} pairs, raw and normalised",
        lambda: score(by_id, said, Normaliser.of(TextConfig(), "hr"), speakers),
    )
    jiwer_words_s, jiwer_words = timed(f"jiwer words, {some:,} pairs", lambda: theirs(jiwer.process_words))
    jiwer_chars_s, jiwer_chars = timed(
        f"jiwer characters, {some:,} pairs", lambda: theirs(jiwer.process_characters)
    )
    assert (words, chars) == (jiwer_words, jiwer_chars)
    print(
        f"jiwer takes {jiwer_words_s / words_s:.1f} times as long for words, "
        f"{jiwer_chars_s / chars_s:.1f} times for characters"
    )
    print(f"WER {scores.wer}  CER {scores.cer}  ({np.sum(errors):,} word errors)")


if __name__ == "__main__":
    main()
