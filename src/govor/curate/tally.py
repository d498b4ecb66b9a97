"""The pass of ``govor check`` over the table: a few numbers an utterance, and the characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.corpora.folder import Corpus, duration_column
from govor.curate.characters import CharacterCounts
from govor.curate.groups import Codes
from govor.curate.leaks import codes_of_hashes, leak_value, value_hash
from govor.curate.measure import BATCH_ROWS, SPLIT_CODES
from govor.curate.sentences import letter_count, spoken_letters, with_sentence
from govor.curate.text_style import CASING, PUNCTUATION, Style, mixes_scripts, sizes_of
from govor.text import similarities

LONG_TEXT_CHARACTERS = 1_000
"""About 448 tokens, the most that a Whisper decoder takes."""
_TEXT = pl.col("text").fill_null("")
TEXT_FLAGS: dict[str, pl.Expr] = {
    "empty_text": _TEXT.str.strip_chars().str.len_chars() == 0,
    "damaged_encoding": _TEXT.str.contains(
        "\ufffd|[ÃÂ][\u0080-\u00bf]|Ä[\u0080-\u009f‡™]|Å[\u0080-\u00bf¡¾]"
    ),
    "mixed_scripts": mixes_scripts(_TEXT),
    "invisible_characters": _TEXT.str.contains(r"[\p{Cc}\p{Cf}--[\x{200C}\x{200D}]]"),
    "not_nfc": _TEXT.str.normalize("NFC") != _TEXT,
    "odd_punctuation": _TEXT.str.contains("[‘’‚‛“”„‟«»‹›–—―−…]"),
    "digits_in_text": _TEXT.str.contains(r"\p{Nd}"),
    "tags_in_text": _TEXT.str.contains(r"\[[^\[\]]+\]|<[^<>]+>|&(#x?[0-9a-fA-F]+|[A-Za-z]{2,8});"),
    "very_long_text": _TEXT.str.len_chars() > LONG_TEXT_CHARACTERS,
}
"""What a text may be flagged for; bit n of `Tally.flags` is the n-th of these."""
COLUMNS = (
    *("id", "recording", "audio", "channel", "start", "end"),
    *("text", "language", "speaker", "split", "duration"),
)
HASHED = ("id", "recording", "audio", "speaker", "language")
NAMED = ("audio", "speaker", "language")
STYLES = (CASING, PUNCTUATION)
"""Of `govor.curate.text_style`; the Unicode form has a flag."""


@dataclass
class Tally:
    """Facts of every utterance, in the order of the corpus; N utterances.

    Attributes:
        flags: bits of `TEXT_FLAGS` ``[N]``.
        letters: letters, marks and numbers of the text ``[N]``.
        spoken: letters that are heard, NaN where digits stand for words ``[N]``.
        duration: seconds, NaN where unknown ``[N]``.
        start: seconds, NaN for the beginning ``[N]``.
        end: seconds, NaN for the end ``[N]``.
        channel: -1 for the mix ``[N]``.
        splits: numbers of splits, 0 for none ``[N]``.
        similarity: to the second transcript, NaN where there is none ``[N]``.
        said: hashes of the letters of the text ``[N]``.
        sizes: characters of the text ``[N]``.
        words: of the text ``[N]``.
        ended: whether an end mark is the last of them ``[N]``.
        styles: by code, the place of each text's in the style's names, -1 for none ``[N]`` each.
        keys: group numbers by column, or by sentence ``[N]`` each.
        names: the values that the numbers of ``speaker``, ``audio`` and ``language`` stand for, in order.
        characters: counts of all texts.
        second_transcript: column that similarity is measured to, or None.
    """

    flags: NDArray[np.int32]
    letters: NDArray[np.int32]
    spoken: NDArray[np.float64]
    duration: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    channel: NDArray[np.int32]
    splits: NDArray[np.int8]
    similarity: NDArray[np.float64]
    said: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    words: NDArray[np.int64]
    ended: NDArray[np.bool_]
    styles: dict[str, NDArray[np.int8]]
    keys: dict[str, Codes]
    names: dict[str, pl.Series]
    characters: CharacterCounts
    second_transcript: str | None

    def flagged(self, code: str) -> NDArray[np.bool_]:
        """Utterances whose text has a flag ``[N]``."""
        return (self.flags >> list(TEXT_FLAGS).index(code) & 1).astype(np.bool_)

    @property
    def rate(self) -> NDArray[np.float64]:
        """Letters a second, NaN where unknown ``[N]``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.duration > 0, self.letters / self.duration, np.nan)


def tally(corpus: Corpus) -> Tally:
    """Reads the table once, in pieces."""
    present = corpus.scan().collect_schema().names()
    second = corpus.info.notes.get("second_transcript")
    second = second if second in present else None
    characters = CharacterCounts.empty()
    parts: dict[str, list[NDArray[Any]]] = {}
    columns = [*COLUMNS, *([second] if second else [])]
    for frame in corpus.frames(columns, BATCH_ROWS):
        characters.add(frame["text"].fill_null("").to_list())
        for name, values in _facts(frame, second).items():
            parts.setdefault(name, []).append(values)
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    return _tally(corpus, joined, characters, second)


def _tally(
    corpus: Corpus, joined: dict[str, NDArray[Any]], characters: CharacterCounts, second: str | None
) -> Tally:
    def column(name: str, kind: type) -> NDArray[Any]:
        return joined.get(name, np.empty(0)).astype(kind, copy=False)

    hashes = {name: column(f"hash:{name}", np.uint64) for name in (*HASHED, "sentence")}
    return Tally(
        flags=column("flags", np.int32),
        letters=column("letters", np.int32),
        spoken=column("spoken", np.float64),
        duration=column("duration", np.float64),
        start=column("start", np.float64),
        end=column("end", np.float64),
        channel=column("channel", np.int32),
        splits=column("splits", np.int8),
        similarity=column("similarity", np.float64),
        said=column("said", np.uint64),
        sizes=column("characters", np.int64),
        words=column("words", np.int64),
        ended=column("ended", np.bool_),
        styles={style.code: column(style.code, np.int8) for style in STYLES},
        keys={name: codes_of_hashes(values) for name, values in hashes.items()},
        names={name: _names(corpus, name) for name in NAMED},
        characters=characters,
        second_transcript=second,
    )


def _names(corpus: Corpus, name: str) -> pl.Series:
    """The values behind the numbers of the keys, in their order."""
    column = leak_value(name).alias(name)
    values = corpus.scan().select(column.drop_nulls().unique()).collect()
    return values.with_columns(value_hash(pl.col(name)).alias("hash")).sort("hash")[name]


def _facts(frame: pl.DataFrame, second: str | None) -> dict[str, NDArray[Any]]:
    bits = [flag.cast(pl.Int32) * (1 << number) for number, flag in enumerate(TEXT_FLAGS.values())]
    nan = float("nan")
    found = (
        with_sentence(frame.lazy())
        .select(
            pl.sum_horizontal(bits).alias("flags"),
            letter_count(pl.col("_plain")).cast(pl.Int32).alias("letters"),
            spoken_letters(pl.col("_plain")).cast(pl.Float64).fill_null(nan).alias("spoken"),
            duration_column().fill_null(nan).alias("duration"),
            pl.col("start").fill_null(nan),
            pl.col("end").fill_null(nan),
            pl.col("channel").fill_null(-1).cast(pl.Int32),
            pl.col("split").replace_strict(SPLIT_CODES, default=0, return_dtype=pl.Int8).alias("splits"),
            *[value_hash(leak_value(name)).alias(f"hash:{name}") for name in (*HASHED, "sentence")],
            pl.col("_plain").hash(seed=1).alias("said"),
            *sizes_of(_TEXT),
            *[_place(style) for style in STYLES],
            *([_known_pair(second).alias("known")] if second else []),
        )
        .collect()
    )
    facts = {name: found[name].to_numpy() for name in found.columns}
    if second:
        values = similarities(frame["text"].fill_null("").to_list(), frame[second].fill_null("").to_list())
        facts["similarity"] = np.where(facts.pop("known"), values, np.nan)
    return facts


def _place(style: Style) -> pl.Expr:
    """The place of each text's style in its names, -1 where it has none."""
    places = {name: place for place, name in enumerate(style.names)}
    return style.of(_TEXT).replace_strict(places, default=-1, return_dtype=pl.Int8).alias(style.code)


def _known_pair(second: str) -> pl.Expr:
    return pl.col(second).is_not_null() & pl.col("text").is_not_null()
