"""``govor align``: recordings and their texts, which nobody aligned, to utterances."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.corpus import require_encoding
from govor.config.setting import DATA, HYPOTHESES, NOTHING, Section, setting


@dataclass(frozen=True)
class AlignConfig(Section):
    """Settings of ``govor align``."""

    language: str | None = setting(
        None, "BCP 47 tag of recordings and texts; none: the model's own, or detected", HYPOTHESES
    )
    pair: str = setting(
        "stem",
        "which text belongs to a recording: stem (the file of the same name), or auto (by what is heard, if "
        "the names do not tell)",
        DATA,
        choices=("stem", "auto"),
    )
    pairs: str | None = setting(
        None, "CSV or TSV file with a recording and a text in each line, instead of their names", DATA
    )
    max_cer: float = setting(
        0.6,
        "greatest character error rate of the hypothesis against an utterance; above it the utterance is "
        "unplaced, unless a CTC model's frames show it",
        DATA,
        least=0,
        most=1,
    )
    min_log_probability: float = setting(
        -4.0,
        "smallest mean ln p of an utterance's letters; below it the utterance is unplaced",
        DATA,
        most=0,
        unit="nats",
    )
    max_duration: float = setting(
        20.0, "longest utterance; longer sentences are cut at their pauses", DATA, above=0, unit="s"
    )
    max_shift: float = setting(
        0.2, "how far a boundary moves to the nearest pause", DATA, least=0, most=2, unit="s"
    )
    keep_all: bool = setting(
        False, "do not read speakers from the beginnings of lines, and leave nothing out of a sentence", DATA
    )
    refine: bool = setting(
        False,
        "a second round: train the model on the text that was placed, and look for the rest with the trained "
        "model",
        DATA,
    )
    encoding: str | None = setting(None, "encoding of text files (unset: UTF-8)", DATA)
    batch_s: float = setting(
        240.0,
        "seconds computed together; for Whisper a short window counts as a whole one",
        NOTHING,
        above=0,
        unit="s",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoding is not None:
            require_encoding(self.encoding)
