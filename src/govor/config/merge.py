"""``[merge]``: several corpora as one."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import DATA, Section, setting


@dataclass(frozen=True)
class MergeConfig(Section):
    """Settings of ``govor merge``, which a recipe with several ``[[corpus]]`` runs."""

    speakers: str | None = setting(
        None,
        "speakers of the same name in several corpora: same (one person) or apart; unset, it asks",
        DATA,
        choices=("same", "apart"),
    )
    licenses: dict[str, str] = setting({}, "licence of the rows that name none, by corpus", DATA)
