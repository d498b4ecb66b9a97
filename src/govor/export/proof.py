"""Whether an exported model says the same as the one it was made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from govor.evaluate import word_edits
from govor.export.clips import ProofClip
from govor.models.base import DecodeOptions, Recogniser, Sound
from govor.records import EditCounts, Summary

BATCH = 4
LISTED = 20
MOST_CHANGED = 0.5
"""Share of the words that an export may change on clips without references: rounding changes some, most of
all in speech that the model hardly understands; a broken export changes nearly all."""


@dataclass(frozen=True)
class Proof:
    """Transcripts side by side.

    Attributes:
        clips: how many were compared.
        source: where they are from.
        differences: ``{id, original, exported}`` of those that differ.
        wer_original: of the original against the references, None without references.
        wer_exported: of the export.
        word_difference: edits between the two, per word of the original.
    """

    clips: int
    source: str
    differences: tuple[dict[str, str], ...]
    wer_original: float | None
    wer_exported: float | None
    word_difference: float

    @property
    def wer_difference(self) -> float | None:
        """Export minus original; None without references."""
        if self.wer_exported is None or self.wer_original is None:
            return None
        return self.wer_exported - self.wer_original

    def failure(self, limit: float) -> str | None:
        """What is wrong with the export, for messages; None where nothing is, as when the WER falls.

        Args:
            limit: most that the WER may rise by. Without references a changed word may be a better one, so
                only many of them are a fault.
        """
        if self.wer_difference is None:
            most = max(MOST_CHANGED, limit)
            changed = f"changes {self.word_difference:.1%} of the words, the limit is {most:.0%}"
            return f"{changed} (no clip has a reference)," if self.word_difference > most else None
        if self.wer_difference <= limit:
            return None
        return f"changes the WER by {self.wer_difference:+.4f}, the limit is {limit:g},"

    def summary(self) -> ProofSummary:
        """What of it is shown."""
        return ProofSummary(
            transcripts_equal=not self.differences,
            wer_difference=None if self.wer_difference is None else round(self.wer_difference, 5),
            word_difference=round(self.word_difference, 5),
            wer_original=self.wer_original,
            wer_exported=self.wer_exported,
            clips=self.clips,
            clips_from=self.source,
            different=len(self.differences),
            differences=list(self.differences[:LISTED]),
        )


@dataclass(frozen=True)
class ProofSummary(Summary):
    """A proof as ``--json`` shows it: `Proof`, rounded, with the first differences alone."""

    transcripts_equal: bool
    wer_difference: float | None
    word_difference: float
    wer_original: float | None
    wer_exported: float | None
    clips: int
    clips_from: str
    different: int
    differences: list[dict[str, str]]


@dataclass
class _Totals:
    between: EditCounts = field(default_factory=EditCounts)
    original: EditCounts = field(default_factory=EditCounts)
    exported: EditCounts = field(default_factory=EditCounts)
    referenced: bool = True


def prove(original: Recogniser, exported: Recogniser, clips: Sequence[ProofClip], source: str) -> Proof:
    """Decodes every clip with both models, greedily and in the same batches, and compares.

    Args:
        original: what was exported.
        exported: what came out, opened again.
        clips: at the models' sample rate.
        source: where they are from.
    """
    totals = _Totals()
    differences = []
    for begin in range(0, len(clips), BATCH):
        part = clips[begin : begin + BATCH]
        pairs = zip(_texts(original, part), _texts(exported, part), strict=True)
        for clip, (before, after) in zip(part, pairs, strict=True):
            _count(totals, clip, before, after, original.normaliser)
            if before != after:
                differences.append({"id": clip.id, "original": before, "exported": after})
    return Proof(
        len(clips),
        source,
        tuple(differences),
        _rate(totals.original) if totals.referenced else None,
        _rate(totals.exported) if totals.referenced else None,
        _rate(totals.between) or 0.0,
    )


def _texts(recogniser: Recogniser, clips: Sequence[ProofClip]) -> list[str]:
    heard = [Sound(clip.wave, clip.language) for clip in clips]
    return [hypothesis.text for hypothesis in recogniser.recognise(heard, DecodeOptions())]


def _count(
    totals: _Totals, clip: ProofClip, before: str, after: str, normalise: Callable[[str], str]
) -> None:
    before, after = normalise(before), normalise(after)
    totals.between += word_edits(before, after)
    if clip.reference is None:
        totals.referenced = False
        return
    reference = normalise(clip.reference)
    totals.original += word_edits(reference, before)
    totals.exported += word_edits(reference, after)


def _rate(counts: EditCounts) -> float | None:
    words = counts.hits + counts.substitutions + counts.deletions
    return round(counts.errors / words, 5) if words else float(counts.errors > 0)
