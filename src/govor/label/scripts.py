"""The script that a language is written in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from govor.align.romanise import script_of
from govor.text import primary_language

_LANGUAGES = {
    "ARABIC": "ar arz ckb fa ps sd ug ur",
    "ARMENIAN": "hy",
    "BENGALI": "as bn",
    "CYRILLIC": "be bg ba cv kk ky mk mn mhr myv os ru rue sah tg tt uk",
    "DEVANAGARI": "hi mr ne sa",
    "ETHIOPIC": "am ti",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "HANGUL": "ko",
    "HEBREW": "he yi",
    "KANNADA": "kn",
    "KHMER": "km",
    "LAO": "lo",
    "MALAYALAM": "ml",
    "MYANMAR": "my",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAANA": "dv",
    "THAI": "th",
    "TIBETAN": "bo dz",
    "LATIN": (
        "af br ca cs cy da de en es et eu fi fo fr ga gl ha haw hr hu id is it la lb ln lt lv mg mi ms mt nb "
        "nl nn no oc pl pt rm ro rw sk sl sn so sq sv sw tl tr vi yo"
    ),
}
_SCRIPTS = {code: (script,) for script, codes in _LANGUAGES.items() for code in codes.split()} | {
    "ja": ("KANA", "CJK"),
    "zh": ("CJK",),
    "yue": ("CJK",),
}
_SUBTAGS = {
    "arab": "ARABIC",
    "cyrl": "CYRILLIC",
    "deva": "DEVANAGARI",
    "grek": "GREEK",
    "hebr": "HEBREW",
    "latn": "LATIN",
}
LEAST_TEXTS = 5
"""So many texts say which script a language is written in that is in no list."""


def scripts_of(language: str | None, texts: Iterable[str]) -> tuple[str, ...]:
    """Scripts that a language is written in: by its tag, else by the list, else that of most texts.

    Args:
        language: BCP 47 tag.
        texts: those that are taken for it.

    Returns:
        Names as Unicode has them; none where nothing tells.
    """
    parts = (language or "").lower().split("-")
    for part in parts[1:]:
        if part in _SUBTAGS:
            return (_SUBTAGS[part],)
    if language and (known := _SCRIPTS.get(primary_language(language))):
        return known
    counts = Counter(script for script in map(script_of, texts) if script)
    return (counts.most_common(1)[0][0],) if counts.total() >= LEAST_TEXTS else ()
