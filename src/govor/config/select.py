"""``[select]``: filters, budgets and leak-free splits."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.bounds import require_not_negative
from govor.config.setting import setting


@dataclass(frozen=True)
class SelectConfig:
    """Settings of ``govor select``."""

    min_similarity: float | None = setting(None, "least similarity to a second transcript")
    max_similarity: float | None = setting(None, "greatest similarity to a second transcript")
    similarity_to: str | None = setting(None, "column with the second transcript (default: the importer's)")
    similarity_of: str = setting("text", "column that is compared with it")
    compare: str = setting(
        "source",
        "what is compared: source texts as they are, or letters (lower-case letters and numbers only)",
        choices=("source", "letters"),
    )
    min_duration: float | None = setting(None, "shortest utterance kept", unit="s")
    max_duration: float | None = setting(None, "longest utterance kept", unit="s")
    split_at_words: bool = setting(False, "cut longer utterances at pauses between known word times")
    hours: float | None = setting(None, "hours to keep, dev and test included", unit="h")
    max_bytes: int | None = setting(None, "projected bytes of the prepared data set", unit="bytes")
    bytes_per_s: float = setting(
        20_000.0,
        "prepared bytes of one second that max_bytes reckons with (16 kHz mono FLAC)",
        unit="bytes/s",
    )
    dev: int | None = setting(None, "utterances in the dev split")
    test: int | None = setting(None, "utterances in the test split, besides those of hold_out")
    hold_out: tuple[str, ...] = setting(
        (), "speakers who go to test, marked in the column held_out, and whom train and dev never hear"
    )
    seed: int = setting(0, "seed of every random choice")
    group_by: tuple[str, ...] = setting(
        ("speaker", "recording", "sentence"), "columns that must not cross splits, most important first"
    )
    max_leak_loss: float = setting(0.1, "largest share of train rows set aside to avoid leaks")
    count_tolerance: float = setting(0.05, "share by which dev and test may miss the numbers asked for")
    official_splits: bool = setting(True, "honour the splits that the corpus came with")
    keep_splits: str | None = setting(None, "earlier corpus whose assignment is kept")
    exclude: tuple[str, ...] = setting((), "files with ids to leave out")
    codes: tuple[str, ...] = setting((), "findings whose utterances a findings.parquet in exclude leaves out")
    exclude_sampled: bool = setting(False, "leave out what govor sample sent to people")

    def __post_init__(self) -> None:
        for low, high in (("min_similarity", "max_similarity"), ("min_duration", "max_duration")):
            least, most = getattr(self, low), getattr(self, high)
            if least is not None and most is not None and least > most:
                raise ValueError(f"{low} = {least:g} is above {high} = {most:g}: nothing would be kept")
        for name in ("dev", "test", "hours", "max_bytes", "min_duration", "max_duration"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise ValueError(f"{name} = {value} is negative")
        if not 0 <= self.max_leak_loss <= 1:
            raise ValueError(f"max_leak_loss = {self.max_leak_loss:g} is not a share between 0 and 1")
        require_not_negative(self, "count_tolerance")
        if self.split_at_words and self.max_duration is None:
            raise ValueError("split_at_words needs max_duration, the length above which it cuts")
