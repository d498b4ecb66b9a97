"""A stream of samples cut into windows that a recogniser can take, in memory that does not grow.

Two ways: at pauses of speech (`cut_at_pauses`), or fixed chunks that overlap by a stride on both sides
(`cut_fixed`). Windows without speech are never made. Where no pause is found in time, the cut is forced, and
the next window begins earlier, so that the word at the cut is whole in one of the two (see ``merge``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from govor.errors import UsageError
from govor.transcribe.buffer import Buffer
from govor.transcribe.cuts import CLOSE_PAD_S, LONG_PAUSE_S, PAD_S, choose_cut, frames, halves_of
from govor.transcribe.speech import FRAME_S, runs
from govor.transcribe.window import Window

if TYPE_CHECKING:
    from govor.config import TranscribeConfig

DEFAULT_WINDOW_S = 20.0
COMFORTABLE_S = 25.0
"""Windows of models with a fixed one, unless others are asked for: longer ones cost most, and a model takes
the end for cut off where speech fills its window."""
ROOM_S = 1.0
"""Left free behind speech in them, for the pause that they end in."""


def cut(
    buffer: Buffer, config: TranscribeConfig, max_window_s: float | None, *, one_language: bool = False
) -> Iterator[Window]:
    """Windows of a stream, as `config` asks and no longer than the recogniser takes.

    Args:
        buffer: the stream.
        config: lengths that are asked for.
        max_window_s: what the recogniser takes; None: any length.
        one_language: all of it is heard in one, so that windows may reach over long pauses.

    Raises:
        UsageError: the recogniser's windows are too short for the strides.
    """
    if config.chunk is not None:
        longest_s = min(config.chunk, max_window_s or config.chunk)
        if longest_s <= 2 * config.stride:
            raise UsageError(
                f"windows are at most {longest_s:g} s here, two strides of {config.stride:g} s leave nothing "
                "of them: use a shorter --stride"
            )
        return cut_fixed(buffer, longest_s, config.stride)
    longest_s = config.window or max_window_s or DEFAULT_WINDOW_S
    whole = whole_window(buffer, min(longest_s, max_window_s or longest_s))
    if whole is not None:
        return iter([whole])
    if max_window_s is None:
        return cut_at_pauses(buffer, longest_s, full=False)
    return cut_at_pauses(buffer, min(config.window or COMFORTABLE_S, max_window_s), packed=one_language)


def whole_window(buffer: Buffer, longest_s: float) -> Window | None:
    """The whole recording as one window, sample for sample, if it is short and has no long pause.

    So a clip of a data set is heard here just as evaluation hears it.
    """
    length = max(2, int(longest_s / FRAME_S))
    buffer.fill(length + 1)
    if not buffer.ends_within(length):
        return None
    mask = buffer.speech(length)
    if not mask.any() or any(b - a >= frames(LONG_PAUSE_S) for a, b in runs(~mask)):
        return None
    return replace(buffer.window(mask, overlaps=False, overlapped=False), whole=True)


def cut_fixed(buffer: Buffer, chunk_s: float, stride_s: float) -> Iterator[Window]:
    """Windows of `chunk_s` that begin ``chunk_s - 2 * stride_s`` apart; silent ones are left out."""
    length = max(1, round(chunk_s / FRAME_S))
    step = max(1, length - 2 * round(stride_s / FRAME_S))
    overlaps = False
    while True:
        buffer.fill(length + 1)
        mask = buffer.speech(length)
        last = buffer.ends_within(length)
        if mask.any():
            yield buffer.window(mask, overlaps, step < length)
        overlaps = bool(mask.any()) and step < length
        if last:
            return
        buffer.drop(step)


def cut_at_pauses(
    buffer: Buffer, longest_s: float, full: bool = True, packed: bool = False
) -> Iterator[Window]:
    """Windows of at most `longest_s` that begin and end in pauses where there are any.

    Args:
        buffer: the stream.
        longest_s: what the recogniser takes.
        full: windows as long as can be, for recognisers whose windows cost the same whatever their length;
            others get theirs cut at the first pause, with little silence around, like the utterances they
            were trained on.
        packed: windows reach over long pauses, most of which are left out.
    """
    most, pad = max(2, int(longest_s / FRAME_S)), frames(PAD_S if full else CLOSE_PAD_S)
    length = max(most // 2, most - frames(ROOM_S)) if full else most
    reach = 2 * length if full else length
    fill, overlaps = buffer.fill_spoken if packed else buffer.fill, False
    while True:
        fill(reach + 1)
        mask, whole = buffer.speech(length), buffer.ends_within(length)
        if not mask.any():
            if whole:
                return
            buffer.drop(max(1, len(mask) - pad))
            overlaps = False
            continue
        lead = max(0, int(np.argmax(mask)) - pad)
        if lead and not overlaps:
            buffer.drop(lead)
            continue
        ahead = buffer.speech(reach) if full else mask
        halves = halves_of(ahead, length, buffer.ends_within(reach)) if full else None
        cut = choose_cut(ahead, length, most, full=full, whole=whole, halves=halves)
        if cut.forced and buffer.voice is not None:  # pauses that are too short for the detector
            loud = ahead & buffer.loud(len(ahead))
            cut = choose_cut(loud, length, most, full=full, whole=whole, halves=halves)
        yield buffer.window(ahead[: cut.end], overlaps, cut.forced)
        if buffer.exhausted and cut.following >= len(buffer.levels):
            return
        buffer.drop(cut.following)
        overlaps = cut.forced
