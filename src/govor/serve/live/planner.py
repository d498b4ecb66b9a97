"""What to do next with the sound of somebody who speaks; pure, so that every case of it can be tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from govor.records import Word
from govor.serve.live.agreement import Agreement
from govor.transcribe.segments import SENTENCE_ENDS

ROUNDING_S = 0.1
Span = tuple[float, float]


@dataclass(frozen=True)
class LiveRules:
    """How live speech is cut and how often it is decoded; all in seconds.

    Attributes:
        step_s: least new sound between two decodings.
        longest_step_s: most of it, however far the recogniser is behind.
        rest: seconds of a step for each second that decoding, with the wait for its turn, takes.
        buffer_s: longest buffer; then it is cut at the last final word.
        silence_s: ends an utterance.
        pad_s: silence that is left around speech.
        ahead_s: sound that may wait; a sender that is faster waits too.
        settle_s: seconds of speech after which the language is settled.
    """

    step_s: float = 1.0
    longest_step_s: float = 10.0
    rest: float = 1.0
    buffer_s: float = 15.0
    silence_s: float = 0.8
    pad_s: float = 0.4
    ahead_s: float = 30.0
    settle_s: float = 10.0

    def within(self, window_s: float) -> LiveRules:
        """These rules where a recogniser takes at most `window_s` at once."""
        whole_s = window_s - ROUNDING_S
        buffer_s = min(self.buffer_s, whole_s / 2)
        return replace(self, buffer_s=buffer_s, longest_step_s=min(self.longest_step_s, whole_s - buffer_s))


@dataclass(frozen=True)
class Situation:
    """What is known of the buffer; times are the stream's.

    Attributes:
        start_s: where the buffer begins.
        end_s: until where there is sound.
        decoded_s: until where it was decoded last.
        speech: stretches in which somebody may speak, in order, inside the buffer.
        ended: nothing more comes.
        is_open: there are words that are not final yet.
    """

    start_s: float
    end_s: float
    decoded_s: float
    speech: tuple[Span, ...]
    ended: bool = False
    is_open: bool = False


@dataclass(frozen=True)
class Wait:
    """Nothing can be done before more sound comes."""


@dataclass(frozen=True)
class Skip:
    """Forget what lies before `to_s`: nobody speaks there."""

    to_s: float


@dataclass(frozen=True)
class Decode:
    """Decode the buffer up to `until_s`."""

    until_s: float


@dataclass(frozen=True)
class Close:
    """Somebody has stopped speaking: what is said up to `until_s` is final; `again`: decode it first."""

    until_s: float
    again: bool


@dataclass(frozen=True)
class Finish:
    """All is said."""


Move = Wait | Skip | Decode | Close | Finish


def next_move(now: Situation, step_s: float, rules: LiveRules) -> Move:
    """What to do.

    Args:
        now: the buffer.
        step_s: new sound that a decoding is worth at present.
        rules: how speech is cut.
    """
    quiet_s = (now.speech[0][0] if now.speech else now.end_s) - rules.pad_s
    if quiet_s > now.start_s + rules.pad_s:
        return Close(quiet_s, again=False) if now.is_open else Skip(quiet_s)
    if not now.speech and now.ended:
        return Close(now.end_s, again=False) if now.is_open else Finish()
    longest_s = rules.buffer_s + rules.longest_step_s
    closed = _close_of_first(now, rules)
    if closed is not None and closed.until_s - now.start_s <= longest_s:
        return closed
    until_s = min(now.end_s, now.start_s + longest_s)
    spoken = any(end_s > now.decoded_s for _, end_s in now.speech)
    if spoken and until_s - max(now.decoded_s, now.start_s) >= step_s:
        return Decode(until_s)
    return Wait()


def _close_of_first(now: Situation, rules: LiveRules) -> Close | None:
    """The end of the first utterance, where it has one."""
    ends = [*(start for start, _ in now.speech[1:]), now.end_s][: len(now.speech)]
    for number, ((_, end_s), next_s) in enumerate(zip(now.speech, ends, strict=True)):
        last = number + 1 == len(now.speech)
        if next_s - end_s >= rules.silence_s or (last and now.ended):
            until_s = end_s + min(rules.pad_s, (next_s - end_s) / (1 if last else 2))
            return Close(until_s, again=now.decoded_s < end_s)
    return None


def next_step(step_s: float, took_s: float, rules: LiveRules) -> float:
    """New sound that the next decoding is worth: more while the recogniser is behind, soon less again."""
    wanted_s = max(took_s * rules.rest, step_s * 0.7)
    return min(max(wanted_s, rules.step_s), rules.longest_step_s)


@dataclass(frozen=True)
class BufferCut:
    """Where the buffer begins from now on.

    Attributes:
        start_s: there.
        forced: so many first words of the tail become final: two decodings never agreed on any.
    """

    start_s: float
    forced: int = 0


def next_cut(said: Agreement, start_s: float, decoded_s: float, rules: LiveRules) -> BufferCut | None:
    """Where to cut a buffer that was just decoded: behind a final sentence, or where it gets too long.

    Args:
        said: what is final in it, and what is not yet.
        start_s: where it begins.
        decoded_s: until where it was decoded.
        rules: how long it may be.
    """
    words = (*said.final, *said.tail)
    if (sentence := _last_sentence(said, start_s)) is not None:
        return BufferCut(_behind(words, sentence, decoded_s))
    if decoded_s - start_s < rules.buffer_s:
        return None
    kept = len(said.final) or max(1, len(said.tail) - 1)
    if not words:
        return BufferCut(decoded_s - rules.pad_s)
    place = _behind(words, kept - 1, decoded_s)
    if place <= start_s:
        return BufferCut(decoded_s, len(said.tail))
    return BufferCut(place, 0 if said.final else kept)


def _last_sentence(said: Agreement, start_s: float) -> int | None:
    """The last final word that ends a sentence of this buffer; the last word of all may only seem to."""
    heard = len(said.final) + len(said.tail)
    ends = (
        n
        for n, word in enumerate(said.final)
        if word.text.endswith(SENTENCE_ENDS) and word.end > start_s and n + 1 < heard
    )
    return max(ends, default=None)


def _behind(words: Sequence[Word], number: int, decoded_s: float) -> float:
    """In the middle between a word and the one behind it."""
    end_s = words[number].end
    next_s = words[number + 1].start if number + 1 < len(words) else end_s
    return min(max(end_s, (end_s + next_s) / 2), decoded_s)
