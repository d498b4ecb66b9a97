"""``govor review``."""

from __future__ import annotations

from pathlib import Path

import typer

from govor.console import emit


def command(
    corpus: Path = typer.Argument(..., help="Corpus folder that was sampled, or one made of it."),
    sheet: Path = typer.Argument(..., help="The sheet that came back, .xlsx or .csv."),
    out: Path = typer.Option(..., "--out", help="Folder of the new corpus."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Makes a new corpus from people's verdicts: drops and corrects utterances. The old corpus stays.

    Example: govor review corpus review.xlsx --out reviewed
    """
    from govor.curate import review_corpus

    summary = review_corpus(corpus, sheet, out)
    said = ", ".join(f"{verdict} {count:,}" for verdict, count in sorted(summary["verdicts"].items()))
    lines = [
        f"verdicts: {said}",
        f"kept {summary['kept']:,} of {summary['read']:,} utterances, {summary['hours']:.2f} h",
        f"corpus: {summary['out']}",
    ]
    emit(summary, as_json, lines)
