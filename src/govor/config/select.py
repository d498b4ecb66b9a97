"""``[select]``: filters, budgets and leak-free splits."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import DATA, Section, setting


@dataclass(frozen=True)
class SelectConfig(Section):
    """Settings of ``govor select``."""

    min_similarity: float | None = setting(None, "least similarity to a second transcript", DATA)
    max_similarity: float | None = setting(None, "greatest similarity to a second transcript", DATA)
    similarity_to: str | None = setting(
        None, "column with the second transcript (default: the importer's)", DATA
    )
    similarity_of: str = setting("text", "column that is compared with it", DATA)
    compare: str = setting(
        "source",
        "what is compared: source texts as they are, or letters (lower-case letters and numbers only)",
        DATA,
        choices=("source", "letters"),
    )
    min_confidence: float | None = setting(
        None, "least confidence of the model that wrote or placed a text", DATA, least=0, most=1
    )
    min_agreement: float | None = setting(
        None, "least agreement of a model's text with a second one", DATA, least=0, most=1
    )
    limits_on: str = setting(
        "all",
        "splits that the limits of similarity, confidence and agreement are for: all, or train (dev and "
        "test are drawn before, so they keep difficult utterances)",
        DATA,
        choices=("all", "train"),
    )
    min_duration: float | None = setting(None, "shortest utterance kept", DATA, least=0, unit="s")
    max_duration: float | None = setting(None, "longest utterance kept", DATA, least=0, unit="s")
    split_at_words: bool = setting(False, "cut longer utterances at pauses between known word times", DATA)
    hours: float | None = setting(None, "hours to keep, dev and test included", DATA, least=0, unit="h")
    max_bytes: int | None = setting(
        None, "projected bytes of the prepared data set", DATA, least=0, unit="bytes"
    )
    bytes_per_s: float = setting(
        20_000.0,
        "bytes of one prepared second, for max_bytes (16 kHz mono FLAC)",
        DATA,
        above=0,
        unit="bytes/s",
    )
    dev: int | None = setting(None, "utterances in the dev split", DATA, least=0)
    test: int | None = setting(None, "utterances in the test split, besides those of hold_out", DATA, least=0)
    hold_out: tuple[str, ...] = setting(
        (), "speakers who go to test and are never in train or dev; the column held_out marks them", DATA
    )
    seed: int = setting(0, "seed of every random choice", DATA)
    group_by: tuple[str, ...] = setting(
        ("speaker", "recording", "sentence"), "columns that must not cross splits, most important first", DATA
    )
    max_leak_loss: float = setting(
        0.1, "largest share of train rows set aside to avoid leaks", DATA, least=0, most=1
    )
    count_tolerance: float = setting(
        0.05, "share by which dev and test may differ from the numbers asked for", DATA, least=0
    )
    official_splits: bool = setting(True, "keep the splits that the corpus came with", DATA)
    keep_splits: str | None = setting(None, "earlier corpus whose assignment is kept", DATA)
    exclude: tuple[str, ...] = setting((), "files with ids to leave out", DATA)
    codes: tuple[str, ...] = setting(
        (), "findings whose utterances are left out, with a findings.parquet in exclude", DATA
    )
    exclude_speakers: tuple[str, ...] = setting(
        (), "files with speakers who withdrew: names, ids, or hashes as Common Voice has them", DATA
    )
    exclude_recordings: tuple[str, ...] = setting(
        (), "files with recordings, files or utterances that were withdrawn", DATA
    )
    exclude_sampled: bool = setting(False, "leave out utterances that govor sample sent to people", DATA)

    def __post_init__(self) -> None:
        super().__post_init__()
        for low, high in (("min_similarity", "max_similarity"), ("min_duration", "max_duration")):
            least, most = getattr(self, low), getattr(self, high)
            if least is not None and most is not None and least > most:
                raise ValueError(f"{low} = {least:g} is above {high} = {most:g}: nothing would be kept")
        if self.split_at_words and self.max_duration is None:
            raise ValueError("split_at_words needs max_duration, the length above which it cuts")
