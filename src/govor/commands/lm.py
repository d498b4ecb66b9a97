"""``govor lm``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Device
from govor.console import emit

if TYPE_CHECKING:
    from govor.lm.entry import LmSummary


def command(
    source: Annotated[str, typer.Argument(help="Corpus, data set, or text file with a sentence a line.")],
    out: Annotated[Path, typer.Option("--out", help="The ARPA file.")],
    order: Annotated[int, typer.Option("--order", help="Words of the longest n-gram.")] = 4,
    model: Annotated[
        str | None,
        typer.Option("--model", help="CTC model that will use it; govor chooses the weight with it."),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Data set that chooses the weight (default: SOURCE).")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Split that chooses the weight.")] = "dev",
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Estimates a word n-gram model (modified Kneser-Ney) from train text, for CTC beam search.

    With --model, it chooses weight and word bonus on dev and keeps them beside the ARPA file, where
    transcribe and evaluate find them.

    Example: govor lm dataset/ --out words.arpa --order 4 --model run/
    """
    if model is None:
        from govor.lm.entry import make_lm

        summary = make_lm(source, out, order)
    else:
        from govor.evaluate.lm_weight import make_lm_for

        summary = make_lm_for(model, source, out, order, dataset=dataset, split=split, device=device)
    emit(summary, json, _lines(summary))


def _lines(summary: LmSummary) -> list[str]:
    from govor.evaluate.lm_weight import ModelLmSummary

    counts = ", ".join(f"{count:,} {n}-grams" for n, count in summary.ngrams.items())
    lines = [f"{summary.words:,} words, {counts} -> {summary.out}"]
    if isinstance(summary, ModelLmSummary):
        lines.append(
            f"weight {summary.lm_weight:g}, word bonus {summary.word_bonus:g}: "
            f"WER {summary.wer:.4f} on {summary.chosen_on}, without {summary.wer_without:.4f}"
        )
    return lines
