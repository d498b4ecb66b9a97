"""``[corpus]``: where the recordings and transcripts come from."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from govor.config.setting import DATA, NOTHING, Section, setting

WORD_TIMES = ("absolute", "relative")
QUOTING = ("csv", "none")


@dataclass(frozen=True)
class CorpusConfig(Section):
    """Settings of ``govor import``."""

    source: str = setting("", "folder, file or Hub id to import", DATA)
    name: str | None = setting(
        None, "its name if there are several [[corpus]] (default: the name of its source)", DATA
    )
    license: str | None = setting(
        None, "licence of its rows; if there are several [[corpus]], it is kept with every row", DATA
    )
    format: str = setting("auto", "format of the source; auto: govor looks at the source", DATA)
    language: str | None = setting(None, "BCP 47 language tag; rows of another language keep theirs", DATA)
    audio_root: str | None = setting(None, "folder that the audio paths are relative to", DATA)
    columns: dict[str, str] = setting({}, "our column = the source's column, such as text = 'sentence'", DATA)
    text: str | None = setting(None, "transcript that becomes text, if the source has several", DATA)
    status: tuple[str, ...] = setting(
        (), "Common Voice: validated, other, invalidated (empty: official splits)", DATA
    )
    speaker_from: str | None = setting(
        None,
        "speaker of rows without one: folder, name (of the file, up to its first mark) or a column",
        DATA,
    )
    word_times: str | None = setting(
        None, "where the source's word times count from", DATA, choices=WORD_TIMES
    )
    quoting: str | None = setting(
        None, "whether quotes around fields of tables are removed", DATA, choices=QUOTING
    )
    encoding: str | None = setting(None, "encoding of the source's text files (unset: UTF-8)", DATA)
    max_rejected: float = setting(
        0.1, "largest share of rows that may be set aside", NOTHING, least=0, most=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoding is not None:
            require_encoding(self.encoding)


def require_encoding(name: str) -> None:
    """A text encoding that Python knows."""
    try:
        known = codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError, UnicodeError):
        known = False
    if not known:
        raise ValueError(f"encoding {name!r} is unknown; names are utf-8, utf-16, latin-1, cp1250, cp1251 …")
