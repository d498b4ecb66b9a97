"""``govor align``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Device, Flag, Overrides, flags
from govor.config import AlignConfig
from govor.console import emit
from govor.findings import count_of
from govor.store import readable_hours, readable_seconds

if TYPE_CHECKING:
    from govor.align.entry import AlignSummary
    from govor.align.outcome import PlacedShare

MOST_SPEAKERS = 8


def command(
    recordings: Annotated[list[str], typer.Argument(help="Recordings, or folders of them.")],
    texts: Annotated[Path, typer.Argument(help="Text, or folder of texts.")],
    model: Annotated[str, typer.Option("--model", help="Run, model folder, export or Hub id.")],
    out: Annotated[Path, typer.Option("--out", help="The corpus folder to write.")],
    given: Annotated[
        Overrides[AlignConfig],
        flags(
            AlignConfig,
            *("language", "pair", "max_cer", "min_log_probability", "max_duration", "max_shift", "keep_all"),
            *("refine", "encoding", "batch_s"),
            pairs=Flag(metavar="FILE"),
        ),
    ],
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Finds where texts are spoken in long recordings, and makes a corpus of the sure parts.

    The model may be a weak one of a related language. Texts: txt, docx, odt, html, srt, vtt (times are not
    used). A recording and a text of the same name belong together. Headings, notes and page numbers are found
    because nobody says them. Hypotheses are kept: a second try decodes nothing.

    Example: govor align recordings/ transcripts/ --model run --language hr --out corpora/parliament
    """
    from govor.pipeline.second_round import align_in_rounds

    summary = align_in_rounds(model, recordings, [texts], out, given.settings(), device)
    emit(summary, as_json, _lines(summary))


def _lines(summary: AlignSummary) -> list[str]:
    unplaced = summary.unplaced
    said = {
        "unplaced": ("piece", "of text not sure enough"),
        "unspoken": ("sentence", "that nobody says"),
        "left_out": ("sentence", "with words that nobody says"),
    }
    counted = [
        f"  {count_of(unplaced[why], noun)} {what}" for why, (noun, what) in said.items() if why in unplaced
    ]
    return [
        f"{count_of(summary.kept, 'utterance')} placed, {readable_hours(summary.hours)}",
        *_parts("recordings", summary.recordings),
        *_parts("texts", summary.texts),
        *_speakers(summary.speakers),
        *([*counted, f"  listed in {summary.out}/unplaced.tsv; --keep-all keeps them"] if counted else []),
        f"  {readable_seconds(summary.untranscribed_s)} of speech have no text "
        f"({summary.out}/untranscribed.tsv)",
        f"next: govor check {quote(summary.out)}",
    ]


def _parts(what: str, parts: Sequence[PlacedShare]) -> list[str]:
    """How many have which status, and those that are not wholly placed."""
    counts: dict[str, int] = {}
    for part in parts:
        counts[part.status] = counts.get(part.status, 0) + 1
    told = ", ".join(f"{count:,} {status}" for status, count in counts.items())
    open_ = [part for part in parts if part.status != "placed"]
    shown = [
        f"    {part.name}: {part.status}, {part.share:.0%}" + (f" ({part.detail})" if part.detail else "")
        for part in open_[:10]
    ]
    rest = [f"    … and {len(open_) - 10:,} more in corpus.json"] if len(open_) > 10 else []
    return [f"  {what}: {told}", *shown, *rest]


def _speakers(speakers: Mapping[str, int]) -> list[str]:
    if not speakers:
        return []
    first = sorted(speakers.items(), key=lambda item: -item[1])[:MOST_SPEAKERS]
    names = ", ".join(f"{name} {count:,}" for name, count in first)
    more = f" and {len(speakers) - len(first):,} more" if len(speakers) > len(first) else ""
    return [f"  speakers taken from line beginnings: {names}{more} (--keep-all leaves them in the text)"]
