"""``govor sample``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import typer

from govor.commands.flags import AsJson
from govor.console import emit


def command(
    corpus: Path = typer.Argument(..., help="Corpus folder."),
    n: int = typer.Option(..., "--n", help="Utterances to sample."),
    out: Path = typer.Option(..., "--out", help="The sheet, .xlsx or .csv; clips go beside it."),
    seed: int = typer.Option(0, "--seed", help="Seed of the choice."),
    split: str | None = typer.Option(None, "--split", help="Only from this split."),
    again: bool = typer.Option(False, "--again", help="Also utterances that earlier sheets had."),
    blank: bool = typer.Option(
        False,
        "--blank",
        help="Show no text: people write what they hear, for a test set without a model's influence.",
    ),
    as_json: AsJson = False,
) -> None:
    """A random sample as a spreadsheet for people: text, clip to listen to, verdict, corrected text.

    The corpus remembers what was sampled; govor select --exclude-sampled keeps it out of training.

    Example: govor sample corpus --n 200 --out review.xlsx

    Example: govor sample corpus --n 100 --blank --out write.xlsx
    """
    from govor.curate import sample_corpus

    summary = sample_corpus(corpus, out, n, seed=seed, split=split, again=again, blank=blank)
    lines = [
        f"{summary['sampled']:,} utterances ({summary['hours']:.2f} h), {summary['clips']:,} clips: {out}",
        f"next, when it is filled in: govor review {quote(str(corpus))} {quote(str(out))} --out reviewed",
    ]
    emit(summary, as_json, lines)
