"""``[corpus]``: where the recordings and transcripts come from."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from govor.config.bounds import require_share
from govor.config.setting import setting

WORD_TIMES = ("absolute", "relative")
QUOTING = ("csv", "none")


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
    speaker_from: str | None = setting(
        None, "speaker of rows that name none: folder, name (of the file, up to its first mark) or a column"
    )
    word_times: str | None = setting(None, "what the source's word times count from", choices=WORD_TIMES)
    quoting: str | None = setting(None, "whether quotes of tables are taken off", choices=QUOTING)
    encoding: str | None = setting(None, "encoding of the source's text files (unset: UTF-8)")
    max_rejected: float = setting(0.1, "largest share of rows that may be set aside")

    def __post_init__(self) -> None:
        require_share(self, "max_rejected")
        for name, choices in (("word_times", WORD_TIMES), ("quoting", QUOTING)):
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise ValueError(f"{name} is {value}; it is {' or '.join(choices)}")
        if self.encoding is not None:
            _require_encoding(self.encoding)


def _require_encoding(name: str) -> None:
    """A text encoding that Python knows."""
    try:
        known = codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError, UnicodeError):
        known = False
    if not known:
        raise ValueError(f"encoding {name!r} is unknown; names are utf-8, utf-16, latin-1, cp1250, cp1251 …")
