"""Which clips `govor label` takes for another language: right ones that are kept, wrong ones set aside.

    python bench/label_language.py --data cv61-sample --model whisper-base-ct2 --votes votes.jsonl

Common Voice's clips are cut as `govor label` cuts them, and the model votes on the language of each segment;
nothing is decoded. Votes are kept in a file: killed, the same command goes on. Then runs are put together:
`--right` clips of the asked language and `--wrong` of one other, every pair of languages, several times with
other clips. `--together` clips of a language that follow each other are the segments of one recording; with
`--inside` each wrong clip is a segment of a right recording instead. It tells the shares that are set aside:
by what is usual in the run, each clip alone; with the other segments of its recording; by the fixed limit.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from govor.config.label import LEAST_LANGUAGE_PROBABILITY
from govor.label.usual import Usual
from govor.label.voting import Tongue, speech_s
from govor.label.windows import cutting_of
from govor.models import open_model
from govor.models.base import Detecting, Recogniser, Sound
from govor.records import Hypothesis
from govor.transcribe.languages import Vote
from label import clips_of

LANGUAGES = ("sl", "it", "sv-SE", "es", "ar")


@dataclass(frozen=True)
class Heard:
    """The vote on a segment of a clip in a known language."""

    path: str
    language: str
    seconds: float
    shares: tuple[tuple[str, float], ...]

    def vote(self, code: str) -> Vote[None]:
        """As the file of a recording keeps it."""
        said = Hypothesis("", languages=self.shares)
        return Vote(None, Tongue(code, code).shares(said), self.seconds)


def hear(options: argparse.Namespace) -> list[Heard]:
    """The votes of all clips, those of the file first."""
    kept = Path(options.votes)
    found = [Heard(**json.loads(line)) for line in kept.open()] if kept.exists() else []
    done = {one.path for one in found}
    clips = {path: name for name in LANGUAGES for path in clips_of(Path(options.data), name, options.clips)}
    missing = {path: name for path, name in clips.items() if str(path) not in done}
    for path, name in missing.items():
        model = opened(options.model)
        assert isinstance(model, Detecting), "the model tells no languages"
        cutting = cutting_of(path, model.sample_rate, 20.0, model.max_window_s)
        made = [
            Heard(str(path), name, speech_s(one), model.detect([Sound(one.samples)])[0])
            for one in cutting.windows
        ]
        with kept.open("a") as file:
            file.writelines(json.dumps(vars(one)) + "\n" for one in made)
        found.extend(made)
    return found


@cache
def opened(name: str) -> Recogniser:
    """The model that votes."""
    return open_model(name, device="cpu")


def runs(heard: list[Heard], asked: str, options: argparse.Namespace) -> Iterator[list[list[Heard]]]:
    """The recordings of a run: right clips of a language and a few of another, several times."""
    step = options.right or options.wrong
    for begin in range(options.begin, options.clips - step + 1, step):
        right = clips(heard, asked, begin, options.right)
        for other in LANGUAGES:
            for place in range(begin, begin + step, options.wrong):
                wrong = clips(heard, other, place, options.wrong) if other != asked else []
                if wrong:
                    yield recordings(right, wrong, options)


def recordings(right: list[Heard], wrong: list[Heard], options: argparse.Namespace) -> list[list[Heard]]:
    """Clips as the segments of recordings."""
    size = options.together
    made, others = ([some[n : n + size] for n in range(0, len(some), size)] for some in (right, wrong))
    if not options.inside:
        return [*made, *others]
    for number, one in enumerate(wrong):
        made[number % len(made)].append(one)
    return made


def clips(heard: list[Heard], language: str, begin: int, count: int) -> list[Heard]:
    """The segments of some clips of a language."""
    paths = list(dict.fromkeys(one.path for one in heard if one.language == language))
    wanted = set(paths[begin : begin + count])
    return [one for one in heard if one.path in wanted]


def main() -> None:
    """Hears what is not heard yet, and tells the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--votes", required=True, help="file that keeps the votes")
    parser.add_argument("--clips", type=int, default=36, help="of each language")
    parser.add_argument("--begin", type=int, default=0, help="the first clip that is judged")
    parser.add_argument("--right", type=int, default=12, help="clips of the asked language in a run; 0: none")
    parser.add_argument("--wrong", type=int, default=2, help="clips of another language in a run")
    parser.add_argument("--together", type=int, default=1, help="clips that are segments of one recording")
    parser.add_argument("--inside", action="store_true", help="wrong clips are segments of right recordings")
    options = parser.parse_args()
    heard = hear(options)
    for asked in LANGUAGES:
        code, counts = asked[:2], Counter[tuple[bool, str]]()
        for run in runs(heard, asked, options):
            usual = Usual.of(code, [[one.vote(code) for one in recording] for recording in run])
            for recording in run:
                others = usual.others([one.vote(code) for one in recording])
                for one, other in zip(recording, others, strict=True):
                    counts.update(judged(one, asked, usual, other))
        print(asked, *(line(counts, right) for right in (True, False)), sep="; ")


def judged(one: Heard, asked: str, usual: Usual, other: str | None) -> Iterator[tuple[bool, str]]:
    """What counts for a segment."""
    code, right = asked[:2], one.language == asked
    yield right, "all"
    if dict(one.shares).get(code, 0.0) < LEAST_LANGUAGE_PROBABILITY:
        yield right, "fixed"
    if usual.other(one.vote(code)):
        yield right, "alone"
    if other:
        yield right, "together"


def line(counts: Counter[tuple[bool, str]], right: bool) -> str:
    """Shares of the segments that are set aside."""
    total = counts[right, "all"]
    by = ", ".join(
        f"{name} {counts[right, name] / max(total, 1):.1%}" for name in ("alone", "together", "fixed")
    )
    return f"{'right' if right else 'wrong'} set aside of {total}: {by}"


if __name__ == "__main__":
    main()
