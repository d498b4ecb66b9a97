"""Which tiers hold what is said, and utterances made of tiers that hold single words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from govor.corpora.timed_text import Cue, Tier

PAUSE_S = 0.5
"""Words are one utterance until they pause for so long."""
LONGEST_S = 20.0
"""Or until the utterance would become longer than this."""
FEWEST_WORDS_SHARE = 0.5
_PARTS = re.compile(
    r"phon|segment|char|(?<!ortho)graph|letter|mau|syll|tone|pitch|gloss|pos\b|lemma|morph|translation", re.I
)
_WORDS = re.compile(r"word|wrd|token|ort-mau|kan-mau", re.I)
_SPOKEN = re.compile(
    r"^(tx|txt|text|utterance|utt|transcription|transcript|ort|orthograph|sentence|speech)", re.I
)
_NOT_SPEECH = frozenset(["", "sil", "sp", "spn", "<sil>", "<p:>", "<eps>", "{sl}", "_", "-"])


@dataclass(frozen=True)
class Spoken:
    """An utterance, with the times of its words where they are known (seconds of the recording)."""

    cue: Cue
    words: tuple[Cue, ...] = ()


class NoSpokenTierError(ValueError):
    """No tier holds what is said, or not the one asked for."""


def spoken(tiers: Sequence[Tier], wanted: str | None, parents: dict[str, str] | None = None) -> list[Spoken]:
    """The utterances of an annotation, in order of time.

    Args:
        tiers: all tiers.
        wanted: name of the tier to take (several may begin with it, one a speaker), or None to choose: tiers
            named for the text (``tx@A``, ``utterance``), else those that depend on no other and are not of
            words, phones, glosses or the like; else the words, joined up to pauses.
        parents: the tier that a tier depends on, by name.

    Raises:
        NoSpokenTierError: there is none; the message names the tiers that there are.
    """
    filled = [tier for tier in tiers if any(_is_speech(cue.text) for cue in tier.cues)]
    words = [tier for tier in filled if _is_words(tier)]
    chosen = _chosen(filled, words, wanted, parents or {})
    if not chosen:
        names = ", ".join(tier.name for tier in filled) or "none with text"
        raise NoSpokenTierError(f"no tier holds utterances{f' ({wanted})' if wanted else ''}; tiers: {names}")
    found = [item for tier in chosen for item in _of_tier(tier, words, len(chosen) > 1)]
    return sorted(found, key=lambda item: (item.cue.start, item.cue.end))


def _chosen(filled: list[Tier], words: list[Tier], wanted: str | None, parents: dict[str, str]) -> list[Tier]:
    if wanted is not None:
        return [t for t in filled if t.name == wanted] or [t for t in filled if t.name.startswith(wanted)]
    named = [tier for tier in filled if _SPOKEN.match(tier.name) and tier not in words]
    free = [t for t in filled if t.name not in parents and t not in words and not _PARTS.search(t.name)]
    return named or free or words


def _is_speech(text: str) -> bool:
    return text.strip().lower() not in _NOT_SPEECH


def _is_words(tier: Tier) -> bool:
    """Named for words, and most labels are single ones."""
    if not _WORDS.search(tier.name) or _PARTS.search(_WORDS.sub("", tier.name)):
        return False
    labels = [cue.text.strip() for cue in tier.cues if _is_speech(cue.text)]
    return sum(len(label.split()) == 1 for label in labels) >= FEWEST_WORDS_SHARE * len(labels)


def _speaker(tier: Tier, several: bool) -> str | None:
    """Who speaks: as the file says, or ``A`` of ``tx@A`` and ``A - words``, or one tier's name of many."""
    if tier.speaker:
        return tier.speaker
    for pattern in (r"^[^@]+@(.+)$", r"^(.+?)\s*-\s*(?:words?|utterances?|text)$"):
        if match := re.match(pattern, tier.name, re.I):
            return match.group(1)
    return tier.name if several and not _SPOKEN.match(tier.name) else None


def _of_tier(tier: Tier, words: list[Tier], several: bool) -> Iterator[Spoken]:
    speaker = _speaker(tier, several)
    if tier in words:
        yield from (_joined(group, speaker) for group in _groups(tier))
        return
    own = [w for w in words if _speaker(w, True) == speaker] or (words if len(words) == 1 else [])
    for cue in tier.cues:
        if _is_speech(cue.text):
            inside = tuple(w for w in own[0].cues if _within(w, cue)) if own else ()
            yield Spoken(Cue(cue.start, cue.end, cue.text.strip(), cue.speaker or speaker, cue.line), inside)


def _within(word: Cue, cue: Cue) -> bool:
    return _is_speech(word.text) and cue.start <= (word.start + word.end) / 2 < cue.end


def _groups(tier: Tier) -> Iterator[list[Cue]]:
    group: list[Cue] = []
    for word in tier.cues:
        if not _is_speech(word.text):
            continue
        if group and (word.start - group[-1].end >= PAUSE_S or word.end - group[0].start > LONGEST_S):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _joined(words: list[Cue], speaker: str | None) -> Spoken:
    text = " ".join(word.text.strip() for word in words)
    return Spoken(Cue(words[0].start, words[-1].end, text, speaker, words[0].line), tuple(words))
