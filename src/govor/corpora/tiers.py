"""Which tiers hold what is said, and utterances made of tiers that hold single words.

Tiers of notes, references, translations, phones and glosses are never speech; what a tier is, its name tells,
or labels that are all codes. Where two tiers could be two readings of the same speech, nobody can tell: the
user does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from govor.corpora.tier_names import REFERENCE, SPEECH, UNKNOWN, WORDS, is_named_for_speech, role_of
from govor.corpora.timed_text import Tier, TimedText

PAUSE_S = 0.5
"""Words are one utterance until they pause for so long."""
LONGEST_S = 20.0
"""Or until the utterance would become longer than this."""
FEWEST_WORDS_SHARE = 0.5
CODES_SHARE = 0.8
SAME_BOUNDS_S = 0.05
SAME_SHARE = 0.5
"""Tiers of which so many labels have the same bounds are layers of one speech, not two speakers."""
SAME_TIME_SHARE = 0.7
"""And so are tiers whose labels cover the same time: what both cover, of what either does."""
DEPENDENT, UNCLEAR = "depends on another", "unclear"
_CODE = re.compile(r"[^\W\d]*[\W_]*\d[\w.:/-]*")
_NOT_SPEECH = frozenset(["", "sil", "sp", "spn", "<sil>", "<p:>", "<eps>", "{sl}", "_", "-"])


@dataclass(frozen=True)
class SpokenCue:
    """An utterance, with the times of its words where they are known (seconds of the recording)."""

    cue: TimedText
    words: tuple[TimedText, ...] = ()


@dataclass(frozen=True)
class Choice:
    """What each tier of a file is taken for.

    Attributes:
        taken: the tiers that are speech.
        words: tiers of single words.
        roles: of every tier that has text, by name.
    """

    taken: list[Tier]
    words: list[Tier]
    roles: dict[str, str] = field(default_factory=dict)

    @property
    def unclear(self) -> bool:
        """Whether several tiers could be the speech."""
        return UNCLEAR in self.roles.values()


class NoSpokenTierError(ValueError):
    """No tier holds what is said, or not the one asked for."""


def choose(
    tiers: Sequence[Tier],
    wanted: str | None,
    parents: dict[str, str] | None = None,
    language: str | None = None,
) -> Choice:
    """Which tiers are speech.

    Args:
        tiers: all tiers.
        wanted: name of the tier to take (``tx`` for ``tx@A``, one a speaker; several between
            commas), or None to choose: tiers named for the text (``tx@A``, ``utterance``), else those that
            are nothing else by name or content and depend on none such; else words, joined up to pauses.
        parents: the tier that a tier depends on, by name.
        language: BCP 47 tag of the corpus.
    """
    filled = [tier for tier in tiers if any(is_speech(cue.text) for cue in tier.cues)]
    roles = {tier.name: _role(tier, language) for tier in filled}
    words = [tier for tier in filled if roles[tier.name] == WORDS]
    if wanted is not None:
        taken = _tiers_meant(filled, wanted)
    else:
        taken = _likely(filled, roles, parents or {})
        if len(taken) > 1 and _are_layers(taken):
            return Choice([], words, roles | {tier.name: UNCLEAR for tier in taken})
        taken = taken or words
    left = {n: r for n, r in roles.items() if n not in {t.name for t in taken}}
    rest = {
        name: DEPENDENT if role in (UNKNOWN, SPEECH) and name in (parents or {}) else role
        for name, role in left.items()
    }
    return Choice(taken, words, rest | {tier.name: SPEECH if tier not in words else WORDS for tier in taken})


def utterances(choice: Choice, wanted: str | None = None) -> list[SpokenCue]:
    """The utterances of the tiers that were taken, in order of time.

    Raises:
        NoSpokenTierError: none was.
    """
    if not choice.taken:
        names = ", ".join(f"{name} ({role})" for name, role in choice.roles.items()) or "none with text"
        asked = f" ({wanted})" if wanted else ""
        raise NoSpokenTierError(f"no tier holds utterances{asked}; tiers: {names}; name one with --text TIER")
    several = len(choice.taken) > 1
    found = [item for tier in choice.taken for item in _of_tier(tier, choice.words, several)]
    return sorted(found, key=lambda item: (item.cue.start, item.cue.end))


def example_of(tier: Tier) -> str:
    """The first label of a tier that has text."""
    return next((cue.text.strip() for cue in tier.cues if is_speech(cue.text)), "")


def _role(tier: Tier, language: str | None) -> str:
    role = role_of(tier.name, language)
    labels = [cue.text.strip() for cue in tier.cues if is_speech(cue.text)]
    if role == WORDS and sum(len(label.split()) == 1 for label in labels) < FEWEST_WORDS_SHARE * len(labels):
        return UNKNOWN
    codes = sum(_CODE.fullmatch(label) is not None for label in labels)
    if role == UNKNOWN and codes >= CODES_SHARE * len(labels):
        return REFERENCE
    return role


def _tiers_meant(filled: list[Tier], wanted: str) -> list[Tier]:
    exact = [tier for tier in filled if tier.name == wanted]
    names = [name.strip() for name in wanted.split(",")]
    return exact or [t for t in filled if t.name in names or t.name.split("@")[0] in names]


def _likely(filled: list[Tier], roles: dict[str, str], parents: dict[str, str]) -> list[Tier]:
    named = [tier for tier in filled if roles[tier.name] == SPEECH]
    if named:
        certain = [tier for tier in named if is_named_for_speech(tier.name)]
        return certain or named
    possible = {tier.name for tier in filled if roles[tier.name] == UNKNOWN}
    return [t for t in filled if t.name in possible and not (_above(t.name, parents) & possible)]


def _above(name: str, parents: dict[str, str]) -> set[str]:
    """The tiers that a tier depends on, at any remove."""
    found: set[str] = set()
    while (name := parents.get(name, "")) and name not in found:
        found.add(name)
    return found


def _are_layers(tiers: list[Tier]) -> bool:
    """Whether any two tiers label the same stretches of time: two readings of one speech."""
    return any(_same(one, other) for i, one in enumerate(tiers) for other in tiers[i + 1 :])


def _same(one: Tier, other: Tier) -> bool:
    spans = [[(c.start, c.end) for c in tier.cues if is_speech(c.text)] for tier in (one, other)]
    few, many = sorted(spans, key=len)
    steps = {
        (round(a / SAME_BOUNDS_S) + i, round(b / SAME_BOUNDS_S) + j)
        for a, b in many
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    }
    same = sum((round(a / SAME_BOUNDS_S), round(b / SAME_BOUNDS_S)) in steps for a, b in few)
    if same >= SAME_SHARE * len(few):
        return True
    both = _overlap_s(few, many)
    either = sum(b - a for a, b in few) + sum(b - a for a, b in many) - both
    return both >= SAME_TIME_SHARE * either > 0


def _overlap_s(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> float:
    """Seconds that spans of both cover; spans of one list do not overlap each other."""
    one, other = sorted(one), sorted(other)
    total, place = 0.0, 0
    for begin, end in one:
        while place < len(other) and other[place][1] <= begin:
            place += 1
        inside = place
        while inside < len(other) and other[inside][0] < end:
            total += max(0.0, min(end, other[inside][1]) - max(begin, other[inside][0]))
            inside += 1
    return total


def is_speech(text: str) -> bool:
    """Whether a label is something that somebody says, and no sign of silence."""
    return text.strip().lower() not in _NOT_SPEECH


def _speaker(tier: Tier, several: bool) -> str | None:
    """Who speaks: as the file says, or ``A`` of ``tx@A`` and ``A - words``, or one tier's name of many."""
    if tier.speaker:
        return tier.speaker
    for pattern in (r"^[^@]+@(.+)$", r"^(.+?)\s*-\s*(?:words?|utterances?|text)$"):
        if match := re.match(pattern, tier.name, re.I):
            return match.group(1)
    return tier.name if several and not is_named_for_speech(tier.name) else None


def _of_tier(tier: Tier, words: list[Tier], several: bool) -> Iterator[SpokenCue]:
    speaker = _speaker(tier, several)
    if tier in words:
        yield from joined_words(tier.cues, speaker)
        return
    own = [w for w in words if _speaker(w, True) == speaker] or (words if len(words) == 1 else [])
    for cue in tier.cues:
        if is_speech(cue.text):
            inside = tuple(w for w in own[0].cues if _within(w, cue)) if own else ()
            yield SpokenCue(
                TimedText(cue.start, cue.end, cue.text.strip(), cue.speaker or speaker, cue.line), inside
            )


def _within(word: TimedText, cue: TimedText) -> bool:
    return is_speech(word.text) and cue.start <= (word.start + word.end) / 2 < cue.end


def joined_words(words: Sequence[TimedText], speaker: str | None = None) -> Iterator[SpokenCue]:
    """Utterances made of single words with times, up to pauses of `PAUSE_S` and at most `LONGEST_S` long."""
    return (_joined(group, speaker) for group in _groups(words))


def _groups(words: Sequence[TimedText]) -> Iterator[list[TimedText]]:
    group: list[TimedText] = []
    for word in words:
        if not is_speech(word.text):
            continue
        if group and (word.start - group[-1].end >= PAUSE_S or word.end - group[0].start > LONGEST_S):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _joined(words: list[TimedText], speaker: str | None) -> SpokenCue:
    text = " ".join(word.text.strip() for word in words)
    return SpokenCue(TimedText(words[0].start, words[-1].end, text, speaker, words[0].line), tuple(words))
