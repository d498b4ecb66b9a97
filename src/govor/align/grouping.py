"""One group of recordings and texts: heard, planned, refined in the sound, told."""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from govor.align.chance import without_chance
from govor.align.documents import Document
from govor.align.heard import WordsByTime
from govor.align.hearing import Hearing
from govor.align.outcome import (
    NONE,
    Outcome,
    PlacedShare,
    PlacedUtterance,
    Unplaced,
    Untranscribed,
    status_of,
)
from govor.align.placing import Piece
from govor.align.planning import GroupPlan, plan_group
from govor.align.refining import (
    FixedPiece,
    at_pauses,
    has_length,
    is_likely,
    placed_in_frames,
    placed_in_sound,
)
from govor.align.second_look import Look, look_again, spelling_of
from govor.align.sound import SpeechTimes
from govor.align.speakers import with_speakers
from govor.align.spelling import ModelSpelling
from govor.align.text_side import TextSide
from govor.align.units import Unit, units_of
from govor.align.word_gaps import with_shared_gaps
from govor.config import AlignConfig
from govor.models.base import AskedWord, Placing
from govor.text.spacing import joined
from govor.transcribe.kept_frames import KeptFrames, read_frames

SHORTEST_STRETCH_S = 0.3
"""Of speech without a text that is told."""
JOINED_S = 2.0
"""Pauses within such a stretch are shorter."""
EDGE_S = 0.1
"""Told before and behind such a stretch, where nothing else is: speech begins and ends softly."""


@dataclass(frozen=True)
class Group:
    """Recordings and texts that hang together.

    Attributes:
        heard: of each recording, in order.
        documents: the texts, in order.
        language: BCP 47 tag.
    """

    heard: Sequence[Hearing]
    documents: Sequence[Document]
    language: str | None


@dataclass(frozen=True)
class Listener:
    """What looks into the sound of recordings.

    Attributes:
        speech: where somebody speaks in a recording.
        model: places words; None where the model cannot.
        sample_rate: of the model, in Hz.
        normalised: a word as the model is asked for it.
    """

    speech: Callable[[Hearing], SpeechTimes]
    model: Placing | None
    sample_rate: int
    normalised: Callable[[str], str]


def align_group(group: Group, config: AlignConfig, listener: Listener) -> Outcome:
    """What becomes of a group."""
    texts, speakers = [], Counter[str]()
    for document in group.documents:
        lines, named = (
            (list(document.lines), Counter[str]()) if config.keep_all else with_speakers(document.lines)
        )
        texts.append(units_of(lines, document.wrapped))
        speakers += named
    side = TextSide.of(texts)
    words = [
        word if word.recording == n else replace(word, recording=n)
        for n, heard in enumerate(group.heard)
        for word in heard.words
    ]
    planned = plan_group(side, words, group.language, config)
    planned = without_chance(planned, len(group.heard))
    speech = [listener.speech(heard) for heard in group.heard]
    return _outcome(group, _refined(planned, group, speech, config, listener), speech, config, dict(speakers))


@dataclass(frozen=True)
class _Refined:
    """A group's text in its sound.

    Attributes:
        planned: the plan.
        fixed: the placed pieces at their final times.
        weak: those that do not fit the sound.
    """

    planned: GroupPlan
    fixed: Sequence[FixedPiece]
    weak: Sequence[FixedPiece]


def _refined(
    planned: GroupPlan, group: Group, speech: Sequence[SpeechTimes], config: AlignConfig, listener: Listener
) -> _Refined:
    ear = _Ear(planned, group, listener)
    ends = [one.duration for one in speech]
    stand, found, weak = ear.looked(ends, config.min_log_probability)
    if ear.is_foreign and found:  # what is hard to hear teaches most
        ear.learn([*stand, *found])
        stand, found, weak = ear.looked(ends, config.min_log_probability)
    there = {one.piece.unit for one in found}
    good: list[FixedPiece] = []
    for number, spoken in enumerate(speech):
        own = [one for one in (*stand, *found) if one.piece.recording == number]
        own = [_without_gaps(one, planned) for one in own] if ear.is_foreign else own
        for one in at_pauses(sorted(own, key=_start), spoken, config.max_shift):
            (good if has_length(one) else weak).append(one)
    plan = replace(
        planned.plan,
        unplaced=[piece for piece in planned.plan.unplaced if piece.unit not in there],
        missing=[unit for unit in planned.plan.missing if unit not in there],
        unsaid=[word for word in planned.plan.unsaid if int(planned.side.of_word[word]) not in there],
    )
    weak = [one for one in weak if one.piece.unit not in there]
    return _Refined(replace(planned, plan=plan), good, weak)


class _Ear:
    """Looks into the sound of a group, as its model has scored it."""

    def __init__(self, planned: GroupPlan, group: Group, listener: Listener) -> None:
        self.planned, self.group, self.listener = planned, group, listener
        self.spelling: ModelSpelling | None = None
        self._frames: dict[int, list[KeptFrames]] = {}
        if listener.model:
            self.spelling = spelling_of(planned.plan.placed, planned, listener.normalised)

    def learn(self, fixed: Sequence[FixedPiece]) -> None:
        """Learns from what was found how the model writes."""
        pieces = [one.piece for one in fixed]
        self.spelling = spelling_of(pieces, self.planned, self.listener.normalised)

    def looked(
        self, ends: Sequence[float], least: float
    ) -> tuple[list[FixedPiece], list[FixedPiece], list[FixedPiece]]:
        """Pieces that stand, sentences that the sound has between them, and pieces that do not fit it."""
        at_words = [one for n in range(len(self.group.heard)) for one in self.at_words(n)]
        stand = [one for one in at_words if is_likely(one, least)]
        weak = [one for one in at_words if not is_likely(one, least)]
        return stand, self.look_again(stand, ends, least), weak

    @property
    def is_foreign(self) -> bool:
        """Whether the model is of another language than the text."""
        return self.spelling is not None and self.spelling.foreign

    def spell(self, word: int) -> AskedWord:
        """A word as the model writes it, by its number."""
        plain = self.listener.normalised(self.planned.spoken[word])
        if self.spelling is None:
            return plain
        return self.spelling.writings(plain) if self.spelling.foreign else self.spelling.of(plain)

    def frames(self, recording: int) -> list[KeptFrames]:
        """What is kept of a recording, by its number; of one at a time."""
        if recording not in self._frames:
            file = self.group.heard[recording].frames
            self._frames = {recording: read_frames(Path(file)) if file else []}
        return self._frames[recording]

    def at_words(self, recording: int) -> list[FixedPiece]:
        """The pieces of a recording at the times of their words.

        What was heard letter by letter is where it was heard: looking into the sound again finds the same.
        """
        pieces = [piece for piece in self.planned.plan.placed if piece.recording == recording]
        pieces.sort(key=lambda piece: (piece.start, piece.end))
        own = [FixedPiece(piece, _heard_probability(piece, self.planned)) for piece in pieces]
        model, heard = self.listener.model, self.group.heard[recording]
        if model is None:
            return own
        known = [one for one in own if one.piece.cer == 0 and one.log_probability is not None]
        rest = [one.piece for one in own if one.piece.cer > 0 or one.log_probability is None]
        found, rest = placed_in_frames(
            rest, self.frames(recording) if rest else [], model, self.spell, self.spelling is not None
        )
        if rest:
            rate = self.listener.sample_rate
            found += placed_in_sound(rest, Path(heard.audio), model, rate, self.spell)
        return known + found

    def look_again(
        self, stand: Sequence[FixedPiece], ends: Sequence[float], least: float
    ) -> list[FixedPiece]:
        """Sentences without a place that the sound has between those with one."""
        if self.listener.model is None:
            return []
        strange = self.spelling is not None
        look = Look(self.planned, self.listener.model, self.spell, strange, self.is_foreign, least)
        return look_again(look, stand, self.frames, ends)


def _without_gaps(fixed: FixedPiece, planned: GroupPlan) -> FixedPiece:
    piece = fixed.piece
    return replace(fixed, piece=with_shared_gaps(piece, [planned.text.size(word) for word in piece.words]))


def _start(fixed: FixedPiece) -> float:
    return fixed.piece.start


def _heard_words(piece: Piece, planned: GroupPlan) -> range:
    """Numbers of the words heard that a piece stands for."""
    low, high = piece.heard
    return range(int(planned.heard.words[low]), int(planned.heard.words[high - 1]) + 1)


def _heard_probability(piece: Piece, planned: GroupPlan) -> float | None:
    """Mean ln of the confidence of the words heard."""
    import math

    known = [planned.words[n].confidence for n in _heard_words(piece, planned)]
    logs = [math.log(max(one, 1e-6)) for one in known if one is not None]
    return sum(logs) / len(logs) if logs else None


def _outcome(
    group: Group,
    refined: _Refined,
    speech: Sequence[SpeechTimes],
    config: AlignConfig,
    speakers: Mapping[str, int],
) -> Outcome:
    planned, fixed = refined.planned, refined.fixed
    utterances = [_utterance(one, planned, group) for one in fixed]
    unplaced = [*_not_sure(refined, group, config), *_unspoken(planned, group)]
    stretches = _untranscribed(fixed, group, speech)
    return Outcome(
        utterances=tuple(utterances),
        unplaced=tuple(sorted(unplaced, key=lambda one: (one.source, one.line))),
        untranscribed=tuple(stretches),
        recordings=tuple(_recording_parts(group, fixed, speech)),
        texts=tuple(_text_parts(group, planned, fixed)),
        speakers=speakers,
    )


def _source(unit: int, planned: GroupPlan, group: Group) -> str:
    return str(group.documents[planned.side.sources[unit]].file)


def written(words: Sequence[int], unit: Unit, first: int) -> str:
    """The source's text of some words of a unit, whose first word has the number `first`."""
    runs: list[list[int]] = []
    for word in words:
        if runs and word == runs[-1][1] + 1:
            runs[-1][1] = word
        else:
            runs.append([word, word])
    return joined([unit.slice(low - first, high - first) for low, high in runs])


def _utterance(fixed: FixedPiece, planned: GroupPlan, group: Group) -> PlacedUtterance:
    piece, side = fixed.piece, planned.side
    unit, heard = side.units[piece.unit], group.heard[piece.recording]
    return PlacedUtterance(
        audio=heard.audio,
        start=round(piece.start, 3),
        end=round(piece.end, 3),
        text=written(piece.words, unit, side.first_word(piece.unit)),
        source=_source(piece.unit, planned, group),
        line=unit.line,
        words=tuple(side.words[word] for word in piece.words),
        word_starts=tuple(round(start, 3) for start, _ in piece.times),
        word_ends=tuple(round(end, 3) for _, end in piece.times),
        hypothesis=joined([planned.words[n].text for n in _heard_words(piece, planned)]),
        cer=round(piece.cer, 4),
        speaker=unit.speaker,
        language=group.language,
        log_probability=None if fixed.log_probability is None else round(fixed.log_probability, 4),
    )


def _not_sure(refined: _Refined, group: Group, config: AlignConfig) -> list[Unplaced]:
    planned, limit = refined.planned, f"--min-log-probability {config.min_log_probability:g}"
    reasons = [(piece, _why(piece, config)) for piece in planned.plan.unplaced]
    reasons += [(one.piece, f"ln p {one.log_probability or 0:.2f} is below {limit}") for one in refined.weak]
    return [_lost(piece, why, planned, group) for piece, why in reasons]


def _why(piece: Piece, config: AlignConfig) -> str:
    if piece.cer > config.max_cer:
        return f"CER {piece.cer:.2f} is above --max-cer {config.max_cer:g}"
    seconds = piece.end - piece.start
    return f"CER {piece.cer:.2f} over {piece.letters} letters in {seconds:.1f} s is not sure enough"


def _lost(piece: Piece, why: str, planned: GroupPlan, group: Group) -> Unplaced:
    unit = planned.side.units[piece.unit]
    text = written(piece.words, unit, planned.side.first_word(piece.unit))
    return Unplaced(_source(piece.unit, planned, group), unit.line, text, "unplaced", why)


def _unspoken(planned: GroupPlan, group: Group) -> list[Unplaced]:
    """Units that nobody said, and words that nobody said in others."""
    side, plan = planned.side, planned.plan
    found = [
        Unplaced(_source(unit, planned, group), side.units[unit].line, side.units[unit].text, "unspoken")
        for unit in plan.missing
    ]
    by_unit: dict[int, list[int]] = {}
    for word in plan.unsaid:
        by_unit.setdefault(int(side.of_word[word]), []).append(word)
    for unit, words in by_unit.items():
        text = written(words, side.units[unit], side.first_word(unit))
        found.append(Unplaced(_source(unit, planned, group), side.units[unit].line, text, "left_out"))
    return found


def _untranscribed(
    fixed: Sequence[FixedPiece], group: Group, speech: Sequence[SpeechTimes]
) -> list[Untranscribed]:
    found = []
    for number, heard in enumerate(group.heard):
        covered = [(one.piece.start, one.piece.end) for one in fixed if one.piece.recording == number]
        words = WordsByTime(heard.words)
        for start, end in with_edges(without(speech[number], covered), covered, heard.duration):
            said = [word.text for word in words.between(start, end)]
            found.append(Untranscribed(heard.audio, round(start, 3), round(end, 3), joined(said)))
    return found


def without(speech: SpeechTimes, covered: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Speech that spans, by their starts, do not cover; short pauses part no stretch, spans do."""
    ends = [end for _, end in covered]
    found: list[tuple[float, float, int]] = []
    for start, end in zip(speech.starts.tolist(), speech.ends.tolist(), strict=True):
        low = start
        for place in range(bisect(ends, start), len(covered) + 1):
            begin, stop = covered[place] if place < len(covered) else (end, end)
            if low < min(begin, end):
                _add(found, low, min(begin, end), place)
            low = max(low, stop)
            if begin >= end:
                break
    return [(low, high) for low, high, _ in found if high - low >= SHORTEST_STRETCH_S]


def with_edges(
    stretches: Sequence[tuple[float, float]], covered: Sequence[tuple[float, float]], duration: float
) -> Iterator[tuple[float, float]]:
    """Stretches with what may be their soft beginnings and ends: as far as the spans beside them.

    Args:
        stretches: of speech that no span covers, in order of time.
        covered: the spans, by their starts.
        duration: of the recording, seconds.
    """
    ends = sorted([0.0, *(end for _, end in covered)])
    starts = [*(start for start, _ in covered), duration]
    for start, end in stretches:
        before = ends[bisect(ends, start) - 1]
        after = starts[min(bisect_left(starts, end), len(starts) - 1)]
        yield max(start - EDGE_S, before), min(end + EDGE_S, max(after, end))


def _add(found: list[tuple[float, float, int]], low: float, high: float, place: int) -> None:
    """One more stretch before the span of that number, or more of the last one."""
    if found and found[-1][2] == place and low - found[-1][1] < JOINED_S:
        low = found.pop()[0]
    found.append((low, high, place))


def _recording_parts(
    group: Group, fixed: Sequence[FixedPiece], speech: Sequence[SpeechTimes]
) -> list[PlacedShare]:
    texts = tuple(str(document.file) for document in group.documents)
    made = []
    for number, heard in enumerate(group.heard):
        covered = [(one.piece.start, one.piece.end) for one in fixed if one.piece.recording == number]
        spoken = float((speech[number].ends - speech[number].starts).sum())
        bare = sum(end - start for start, end in without(speech[number], covered))
        share = max(0.0, 1 - bare / spoken) if covered and spoken else 0.0
        detail = (
            "" if covered else "nothing was heard" if not heard.words else "nothing of its text was heard"
        )
        made.append(PlacedShare(heard.audio, status_of(share), round(share, 4), texts, detail))
    return made


def _text_parts(group: Group, planned: GroupPlan, fixed: Sequence[FixedPiece]) -> list[PlacedShare]:
    side = planned.side
    whole, said = Counter[int](), Counter[int]()
    for unit, source in zip(side.units, side.sources, strict=True):
        whole[source] += sum(map(len, unit.words))
    for one in fixed:
        said[side.sources[one.piece.unit]] += sum(len(side.words[word]) for word in one.piece.words)
    recordings = tuple(heard.audio for heard in group.heard)
    made = []
    for number, document in enumerate(group.documents):
        share = said[number] / max(whole[number], 1)
        status = status_of(share)
        detail = "nothing of it was heard" if status == NONE else ""
        made.append(PlacedShare(str(document.file), status, round(share, 4), recordings, detail))
    return made
