"""CTC beam search for a model's vocabulary, with a word n-gram model when one is given."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.lm.arpa import read_arpa
from govor.lm.beam import BeamDecoder
from govor.lm.ngrams import NgramModel
from govor.models.base import DecodeOptions
from govor.models.ctc.alignment import align
from govor.models.ctc.frames import Run
from govor.models.ctc.vocabulary import Vocabulary

DEFAULT_BEAM_SIZE = 32
"""With a language model and no beam size asked for."""


def is_searched(options: DecodeOptions) -> bool:
    """Whether `options` ask for more than the best token of each frame."""
    return options.lm is not None or options.beam_size > 1 or bool(options.hotwords)


def beam_runs(log_probs: NDArray[np.float32], vocabulary: Vocabulary, options: DecodeOptions) -> list[Run]:
    """The tokens of the best label sequence with their frames.

    Args:
        log_probs: ln p ``[F, V]``.
        vocabulary: of the model.
        options: beam size, language model and its weight.

    Raises:
        InputError: the language model is not an ARPA file.
    """
    result = decoder_of(vocabulary, options).decode(log_probs)[0]
    return align(log_probs, result.tokens, vocabulary.blank)


def decoder_of(vocabulary: Vocabulary, options: DecodeOptions) -> BeamDecoder:
    """The search that `options` ask for."""
    return BeamDecoder(
        pieces_of(vocabulary),
        vocabulary.blank,
        load_lm(options.lm) if options.lm else None,
        weight=options.lm_weight,
        word_bonus=options.word_bonus,
        beam_size=options.beam_size if options.beam_size > 1 else DEFAULT_BEAM_SIZE,
        skipped=vocabulary.special,
        fold=str.lower if vocabulary.upper else None,
        hotwords=options.hotwords,
    )


def texts_of(
    log_probs: Sequence[NDArray[np.float32]], vocabulary: Vocabulary, options: DecodeOptions
) -> list[str]:
    """The best text for each ``[F, V]``."""
    decoder = decoder_of(vocabulary, options)
    return [decoder.decode(scores)[0].text for scores in log_probs]


def pieces_of(vocabulary: Vocabulary) -> list[str]:
    """Text of every token; a space in it parts words."""
    special = set(vocabulary.special)
    pieces = ["" if i in special else token for i, token in enumerate(vocabulary.tokens)]
    if vocabulary.delimiter is not None:
        pieces[vocabulary.delimiter] = " "
        return pieces
    return [piece.replace("▁", " ") for piece in pieces]


def load_lm(path: str | Path) -> NgramModel:
    """The model in an ARPA file, read once a process while it does not change.

    Raises:
        InputError: it is not an ARPA file.
    """
    place = Path(path)
    return _load(place, place.stat().st_mtime_ns if place.exists() else 0)


@lru_cache(maxsize=2)
def _load(path: Path, changed_ns: int) -> NgramModel:
    return read_arpa(path)
