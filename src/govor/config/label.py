"""``govor label`` and ``[label]``: a model's texts for recordings without any, and training on them."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import DATA, HYPOTHESES, NOTHING, Section, setting

LONGEST_S = 30.0
LEAST_LANGUAGE_PROBABILITY = 0.05
"""Of a recording's language in a segment, where too few segments tell what is usual."""
MEASURES = ("confidence", "agreement", "both")


@dataclass(frozen=True)
class LabelConfig(Section):
    """Settings of ``govor label``; the last few are of the recipe's rounds alone."""

    recordings: tuple[str, ...] = setting(
        (), "recordings without texts, which each round of the recipe labels", DATA
    )
    second: str | None = setting(
        None, "second model that agreement is measured with; none: the same model, with other windows", DATA
    )
    language: str | None = setting(
        None,
        "BCP 47 tag of the recordings; none: the model's own, or chosen for each recording by its segments",
        HYPOTHESES,
    )
    max_duration: float = setting(
        20.0, "longest segment; segments are cut at pauses", DATA, least=1, most=LONGEST_S, unit="s"
    )
    min_language_probability: float | None = setting(
        None,
        "least probability of the recording's language in a segment; none: judged by what is usual in the "
        "run's recordings",
        DATA,
        least=0,
        most=1,
    )
    min_letters: float = setting(2.0, "fewest letters in a second of speech", DATA, least=0, unit="letters/s")
    max_letters: float = setting(30.0, "most letters in a second of speech", DATA, above=0, unit="letters/s")
    max_compression: float = setting(
        2.4, "greatest compression ratio of a text; above it the text repeats itself", DATA, above=1
    )
    stock_recordings: int = setting(
        5, "a phrase in so many recordings is a stock phrase of the model; 0: no phrase is", DATA,
        least=0,
    )  # fmt: skip
    beam_size: int | None = setting(
        None,
        "beams, 1 is greedy; none: 5 for decoders that write token by token, otherwise 1",
        HYPOTHESES,
        least=1,
    )
    batch_s: float = setting(
        180.0,
        "seconds computed together; for Whisper a short segment counts as a whole one",
        NOTHING,
        above=0,
        unit="s",
    )
    rounds: int = setting(
        1,
        "rounds of labelling and training; one that gains less than its interval is the last",
        DATA,
        least=1,
    )
    keep_by: str = setting("confidence", "measure that segments are kept by", DATA, choices=MEASURES)
    keep_share: float = setting(0.7, "share of the segments that each round keeps", DATA, above=0, most=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_letters >= self.max_letters:
            raise ValueError(
                f"min_letters = {self.min_letters:g} is not below max_letters = {self.max_letters:g}: "
                "nothing would be kept"
            )
