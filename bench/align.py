"""How well texts are found in what was heard, and what it costs.

    python bench/align.py text --words 1000,10000,100000 --errors 20,50,80
    python bench/align.py pairs --count 20 --errors 20,50

`text`: the text stage alone, without audio. A text of real English prose (docstrings of this Python, without
code, none that begins like another) is spoken at a usual pace; what is heard has errors in some of 100 words
(another word, other letters, none, one more). Six of 100 sentences are never spoken (headings), as many are
spoken without being in the text; a tenth of the text is moved elsewhere, a twentieth is spoken twice. Judged
are single words against the times that they were given: placed within 0.5 s of those spoken and in the text,
placed of those that nobody said, and the words of speech without a text that no utterance covers.

`pairs`: right and wrong pairs of one language, all as large as a recording of ten minutes: a right pair is
accepted where half of its text is placed, a wrong one is refused where nothing is.
"""

from __future__ import annotations

import argparse
import ast
import random
import resource
import sysconfig
import time
from bisect import bisect
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from govor.align.documents import Line
from govor.align.heard import HeardWord
from govor.align.planning import plan_group
from govor.align.text_side import TextSide
from govor.align.units import units_of
from govor.config import AlignConfig

WORD_S, LETTER_S = 0.08, 0.055
WITHIN_S = 0.5
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Said:
    """A word that is spoken: its number in the text, or -1."""

    text: str
    number: int
    again: bool = False


def prose(words: int, skip: int = 0) -> list[str]:
    """Sentences of real English, so many words of them."""
    found, count, begun = [], 0, set()
    for file in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
        if "site-packages" in file.parts or "test" in file.parts:
            continue
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeError, ValueError):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                continue
            for block in (ast.get_docstring(node) or "").split("\n\n"):
                sentence = " ".join(block.split())
                opening = " ".join(sentence.lower().split()[:4])
                plain = sum(word.strip(".,;:!?()'\"").isalpha() for word in sentence.split())
                if plain < 0.9 * (sentence.count(" ") + 1) or plain < 6 or opening in begun:
                    continue
                begun.add(opening)
                count += sentence.count(" ") + 1
                if count > skip:
                    found.append(sentence)
                if count - skip >= words:
                    return found
    return found


def spoken(sentences: list[str], generator: random.Random, other: list[str]) -> tuple[list[Said], set[int]]:
    """What is said, in order, and the numbers of the words that nobody says."""
    numbered, number = [], 0
    for sentence in sentences:
        numbered.append([Said(word, number + n) for n, word in enumerate(sentence.split())])
        number += len(numbered[-1])
    unsaid = {w.number for s in numbered if generator.random() < 0.06 for w in s}
    tenth = max(len(numbered) // 10, 1)
    moved = numbered[3 * tenth : 4 * tenth]
    order = numbered[: 3 * tenth] + numbered[4 * tenth : 7 * tenth] + moved + numbered[7 * tenth :]
    twice = [
        [replace(w, again=True) for w in s] for s in numbered[8 * tenth : 8 * tenth + max(tenth // 2, 1)]
    ]
    order += twice
    said = []
    for words in order:
        said += [word for word in words if word.number not in unsaid]
        if generator.random() < 0.06:
            said += [Said(word, -1) for word in generator.choice(other).split()]
    return said, unsaid


def clock(said: list[Said]) -> list[float]:
    """When each word begins, and the end of the last: seconds."""
    return list(accumulate((WORD_S + LETTER_S * len(word.text) for word in said), initial=0.0))


def noisy(said: list[Said], share: float, generator: random.Random) -> list[HeardWord]:
    """What a recogniser makes of it: `share` of the words are wrong."""
    heard = []
    pool = [word.text for word in said]
    begins = clock(said)
    for place, word in enumerate(said):
        start, end = begins[place], begins[place + 1]
        text = word.text
        if generator.random() < share:
            kind = generator.random()
            if kind < 0.15:
                continue
            if kind < 0.3:
                heard.append(HeardWord(generator.choice(pool), start, (start + end) / 2, 0, 0.3))
                start = (start + end) / 2
            if kind < 0.65:
                text = generator.choice(pool)
            else:
                letters = list(text)
                for _ in range(max(1, len(letters) // 3)):
                    letters[generator.randrange(len(letters))] = generator.choice(LETTERS)
                text = "".join(letters)
        heard.append(HeardWord(text, start, end, 0, 0.5))
    return heard


def text_stage(words: int, share: float, seed: int = 0) -> dict[str, float]:
    """One case: figures by name."""
    generator = random.Random(seed)
    sentences = prose(words)
    other = prose(max(words // 5, 500), skip=len(" ".join(sentences).split()))
    said, unsaid = spoken(sentences, generator, other or sentences[-50:])
    heard = noisy(said, share, generator)
    units = units_of([Line(sentence, n) for n, sentence in enumerate(sentences, 1)], False)
    side = TextSide.of([units])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    planned = plan_group(side, heard, "en", AlignConfig())
    seconds = time.process_time() - begun
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {**judged(planned, said, unsaid), "CPU s": seconds, "MB": grown}


def judged(planned, said: list[Said], unsaid: set[int]) -> dict[str, float]:
    times: dict[int, list[float]] = {}
    begins = clock(said)
    for place, word in enumerate(said):
        if word.number >= 0:
            times.setdefault(word.number, []).append(begins[place])
    placed = {
        word: start
        for piece in planned.plan.placed
        for word, (start, _) in zip(piece.words, piece.times, strict=True)
    }
    near = sum(any(abs(placed.get(n, -9e9) - t) <= WITHIN_S for t in ts) for n, ts in times.items())
    wrong = sum(n in placed and all(abs(placed[n] - t) > WITHIN_S for t in ts) for n, ts in times.items())
    spans = sorted((piece.start, piece.end) for piece in planned.plan.placed)
    starts = [start for start, _ in spans]
    bare = [(begins[n] + begins[n + 1]) / 2 for n, word in enumerate(said) if word.number < 0]
    covered = sum(
        any(e > at for _, e in spans[max(bisect(starts, at) - 3, 0) : bisect(starts, at)]) for at in bare
    )
    return {
        "words": len(planned.side.words),
        "placed": near / max(len(times), 1),
        "misplaced": wrong / max(len(times), 1),
        "unspoken placed": len(unsaid & placed.keys()) / max(len(unsaid), 1),
        "untranscribed told": 1 - covered / max(len(bare), 1),
    }


def pair_stage(count: int, share: float) -> tuple[int, int]:
    """Right pairs accepted, and wrong ones refused."""
    texts = [prose(1_800, skip=n * 1_900) for n in range(count)]
    right = refused = 0
    for n in range(count):
        generator = random.Random(n)
        said = [Said(word, 0) for sentence in texts[n] for word in sentence.split()]
        heard = noisy(said, share, generator)
        for which, text in ((True, texts[n]), (False, texts[(n + 1) % count])):
            units = units_of([Line(sentence, k) for k, sentence in enumerate(text, 1)], False)
            kept = accepted(TextSide.of([units]), heard)
            right += which and kept >= 0.5
            refused += not which and kept == 0
    return right, refused


def accepted(side: TextSide, heard: list[HeardWord]) -> float:
    """Share of a text's words that are placed."""
    from govor.align.chance import without_chance

    planned = without_chance(plan_group(side, heard, "en", AlignConfig()), 1)
    return sum(len(piece.words) for piece in planned.plan.placed) / len(side.words)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("stage", choices=("text", "pairs"))
    parser.add_argument("--words", default="1000,10000,100000")
    parser.add_argument("--errors", default="20,50,80")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1, help="of what is unsaid and misheard: means")
    options = parser.parse_args()
    shares = [int(one) / 100 for one in options.errors.split(",")]
    if options.stage == "pairs":
        for share in shares:
            right, refused = pair_stage(options.count, share)
            print(f"{share:.0%} errors: {right} of {options.count} right pairs accepted, "
                  f"{refused} of {options.count} wrong pairs refused", flush=True)  # fmt: skip
        return
    for words in map(int, options.words.split(",")):
        for share in shares:
            cases = [text_stage(words, share, seed) for seed in range(options.seeds)]
            means = {name: round(sum(case[name] for case in cases) / len(cases), 4) for name in cases[0]}
            print(f"{share:.0%} errors", means, flush=True)


if __name__ == "__main__":
    main()
