"""``[corpus]``: where the recordings and transcripts come from."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import setting


@dataclass(frozen=True)
class CorpusConfig:
    """Settings of ``govor import``."""

    source: str = setting("", "folder, file or Hub id to import")
    name: str | None = setting(
        None, "what it is called among several [[corpus]] (default: its source's name)"
    )
    license: str | None = setting(
        None, "licence of its rows, noted with each where there are several [[corpus]]"
    )
    format: str = setting("auto", "name of the source's format; auto looks at it")
    language: str | None = setting(None, "BCP 47 tag for rows that name none")
    audio_root: str | None = setting(None, "folder that the audio paths are relative to")
    columns: dict[str, str] = setting({}, "our column = the source's column, such as text = 'sentence'")
    text: str | None = setting(None, "which of the source's transcripts becomes text, where it has several")
    status: tuple[str, ...] = setting(
        (), "Common Voice: validated, other, invalidated (empty: official splits)"
    )
