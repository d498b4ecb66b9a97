"""``[select]``: filters, budgets and leak-free splits."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import setting


@dataclass(frozen=True)
class SelectConfig:
    """Settings of ``govor select``."""

    min_similarity: float | None = setting(None, "least similarity to a second transcript")
    max_similarity: float | None = setting(None, "greatest similarity to a second transcript")
    similarity_to: str | None = setting(None, "column with the second transcript (default: the importer's)")
    min_duration: float | None = setting(None, "shortest utterance kept", unit="s")
    max_duration: float | None = setting(None, "longest utterance kept", unit="s")
    split_at_words: bool = setting(False, "cut longer utterances at pauses between known word times")
    hours: float | None = setting(None, "hours to keep", unit="h")
    max_bytes: int | None = setting(None, "projected bytes of the prepared data set", unit="bytes")
    dev: int | None = setting(None, "utterances in the dev split")
    test: int | None = setting(None, "utterances in the test split")
    seed: int = setting(0, "seed of every random choice")
    group_by: tuple[str, ...] = setting(("speaker", "recording", "sentence"), "what must not cross splits")
    max_leak_loss: float = setting(0.1, "largest share of train rows set aside to avoid leaks")
    keep_splits: str | None = setting(None, "earlier corpus whose assignment is kept")
    exclude: tuple[str, ...] = setting((), "files with ids to leave out")
