"""Runs a recipe given as JSON, as a process that tests kill; writes which clips each step used."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from govor import evaluate
from govor.config import recipe_from
from govor.errors import GovorError, LimitError
from govor.train import train
from govor.train.step import Stepper
from govor.train.stop import Stopper

SEEN = "GOVOR_TEST_SEEN"
STOP_IN_EVALUATION = "GOVOR_TEST_STOP_IN_EVALUATION"


def watch(folder: Path) -> None:
    """Appends the ids of every step to a file of this process."""
    step = Stepper.step

    def watched(self, batches, state, extra=()):  # type: ignore[no-untyped-def]
        report = step(self, batches, state, extra)
        with (folder / f"seen-{os.getpid()}.jsonl").open("a") as file:
            ids = [i for fed in batches for i in fed.ids]
            file.write(json.dumps({"step": state.step, "ids": ids}) + "\n")
        return report

    Stepper.step = watched  # type: ignore[method-assign]


def stop_in_evaluation() -> None:
    """The second process alone is asked to stop, behind the second clip that it decodes for an evaluation."""
    decode_rows, asked = evaluate.decode_rows, []
    Stopper.asked = lambda self: bool(asked)  # type: ignore[method-assign]

    def decoding(*arguments: Any, **settings: Any) -> Iterator[Any]:
        for number, found in enumerate(decode_rows(*arguments, **settings), start=1):
            if os.environ["RANK"] == "1" and number == 2:
                asked.append(number)
            yield found

    evaluate.decode_rows = decoding  # type: ignore[assignment]


def say(summary: dict[str, Any]) -> None:
    """Prints the summary, once for all processes: lines of several would run into each other."""
    if os.environ.get("RANK", "0") == "0":
        sys.stdout.write(json.dumps(summary) + "\n")


def main() -> int:
    data = json.loads(Path(sys.argv[1]).read_text())
    if SEEN in os.environ:
        watch(Path(os.environ[SEEN]))
    if STOP_IN_EVALUATION in os.environ:
        stop_in_evaluation()
    try:
        summary = train(recipe_from(data), device="cpu")
    except LimitError as error:
        say(error.summary | {"error": str(error)})
        return 3
    except GovorError as error:
        say({"error": str(error)})
        return 1
    say(summary)
    return 0


if __name__ == "__main__":
    sys.exit(main())
