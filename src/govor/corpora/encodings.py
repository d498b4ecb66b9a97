"""Text that is not UTF-8: what it probably is, which is offered and never taken.

The corpus's language tells the encoding that its writers used; without one, the encoding is guessed in which
the letters are the likeliest: of one script, few capitals and signs within words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from govor.config import CorpusConfig
from govor.corpora.lines import WIDE_MARKS
from govor.corpora.reader import files_of
from govor.corpora.text_settings import FEWEST_FOREIGN_LINES, TextSettings, UndecodableLines
from govor.errors import CorpusError
from govor.findings import count_of

USUAL_IN = {
    "cp1250": ("hr", "sl", "bs", "pl", "cs", "sk", "hu", "ro", "sq"),
    "cp1251": ("ru", "uk", "be", "bg", "mk", "sr", "kk", "tt"),
    "cp1253": ("el",),
    "cp1254": ("tr", "az"),
    "cp1255": ("he", "yi"),
    "cp1256": ("ar", "fa", "ur"),
    "cp1257": ("lt", "lv", "et"),
    "gb18030": ("zh",),
    "cp932": ("ja",),
    "cp949": ("ko",),
    "cp874": ("th",),
}
CANDIDATES = (
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1257",
    "cp1256",
    "koi8-r",
    "cp437",
    "cp852",
)
LIKELY_FIRST_COST = 0.02
"""What an encoding costs for every one before it in `CANDIDATES`: the commoner one wins a draw."""
LONGEST_SHOWN = 60
TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".psv")
MOST_FILES = 50
FIRST_BYTES = 1 << 16
_ODD = re.compile(r"[^\W\d_][^\w\s,.;:!?'-](?=[^\W\d_])|[^\W\d_](?<=[a-zà-ÿа-я])[A-ZÀ-ÞА-Я]|[\x80-\x9f]")
_MIXED = re.compile(r"[A-Za-z][\u0370-\u06ff]|[\u0370-\u06ff][A-Za-z]")
_USUAL = frozenset("àâäáãåæçèéêëìíîïñòóôöõøœùúûüÿßčćđšžăâîșțşţąęłńóśźżěřůýťďňľĺŕőűğışİė")


def guess_encoding(samples: Sequence[bytes], language: str | None = None) -> str | None:
    """The likeliest encoding of lines that are not UTF-8, or None where nothing fits.

    Args:
        samples: some of the lines, raw.
        language: BCP 47 tag of the corpus.
    """
    primary = (language or "").lower().split("-")[0]
    usual = next((name for name, languages in USUAL_IN.items() if primary in languages), None)
    if usual is not None and _text(samples, usual) is not None:
        return usual
    fits = [(cost, name) for name in CANDIDATES if (cost := _cost(samples, name)) is not None]
    return min(fits)[1] if fits else None


def _text(samples: Sequence[bytes], encoding: str) -> str | None:
    try:
        text = b"\n".join(samples).decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _cost(samples: Sequence[bytes], encoding: str) -> float | None:
    """How unlikely the letters are, a letter beyond ASCII; None where it cannot be decoded."""
    text = _text(samples, encoding)
    beyond = [letter for letter in text or "" if not letter.isascii()]
    if text is None or not beyond:
        return None
    odd = len(_ODD.findall(text)) + 2 * len(_MIXED.findall(text))
    latin = [c for c in beyond if c.isalpha() and c < "\u0370"]
    rare = sum(0.3 for c in latin if c.lower() not in _USUAL)
    signs = sum(0.5 for c in beyond if not c.isalpha() and c not in "«»„“”‘’–—…€°§·\xa0¿¡")
    crowded = len(latin) > sum(c.isascii() and c.isalpha() for c in text)
    return (odd + rare + signs) / len(beyond) + crowded + LIKELY_FIRST_COST * CANDIDATES.index(encoding)


def remedy(undecoded: UndecodableLines, language: str | None = None) -> str:
    """What to type, with a line as the guessed encoding reads it."""
    encoding = guess_encoding(undecoded.samples, language)
    if encoding is None:
        return "name its encoding with --encoding, or save it as UTF-8"
    line = undecoded.samples[0].decode(encoding, "replace").strip()
    shown = line if len(line) <= LONGEST_SHOWN else f"… {_around_first(line)} …"
    told = f"--encoding {encoding} reads \u201c{shown}\u201d"
    return f"{told}; if that is right, use it; if not, another one"


def _around_first(line: str) -> str:
    """The part of a long line around its first letter beyond ASCII."""
    place = next((i for i, letter in enumerate(line) if not letter.isascii()), 0)
    begin = max(0, place - LONGEST_SHOWN // 2)
    return line[begin : begin + LONGEST_SHOWN].strip()


def refuse_foreign_text(text: TextSettings, config: CorpusConfig, read: int) -> None:
    """Stops where a file is in another encoding, rather than losing its rows.

    Args:
        text: what was found.
        config: names ``max_rejected``.
        read: rows in all.

    Raises:
        CorpusError: several lines of a file are not in the encoding it was read in and no other line needs
            it, or more than ``max_rejected`` of all rows are lost so.
    """
    lost = {file: found for file, found in text.undecoded.items() if found.lines}
    lines = sum(found.lines for found in lost.values())
    too_many = lines > config.max_rejected * read or lines >= read
    for file, found in sorted(lost.items(), key=lambda item: -item[1].lines):
        if too_many or (found.lines >= FEWEST_FOREIGN_LINES and not found.beyond_ascii):
            raise CorpusError(
                f"{count_of(found.lines, 'line')} of {file} cannot be read as {config.encoding or 'UTF-8'}: "
                f"{remedy(found, config.language)}"
            )


def told_encodings(text: TextSettings, language: str | None) -> list[str]:
    """A sentence for every file with lines that are not in its encoding."""
    shown = text.encoding or "UTF-8"
    return [
        f"{file}: {found.lines:,} rejected as not {shown}; {remedy(found, language)}"
        for file, found in text.undecoded.items()
        if found.lines
    ]


def foreign_file(path: Path) -> str | None:
    """Says that a source's table is in another encoding, and what to type; None where none is.

    Args:
        path: a source that nothing has recognised.
    """
    files = files_of(path)
    for file in [f for f in files if f.suffix.lower() in TEXT_SUFFIXES and f.is_file()][:MOST_FILES]:
        with file.open("rb") as opened:
            data = opened.read(FIRST_BYTES)
        if data.startswith(WIDE_MARKS):
            return f"{file} is UTF-16: import it with --encoding utf-16, or save it as UTF-8"
        lines = data.split(b"\n")[: -1 if len(data) == FIRST_BYTES else None]
        found = UndecodableLines()
        for line in lines:
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                found.add(line)
        if found.lines:
            return f"{file} is not UTF-8: {remedy(found)}"
    return None
