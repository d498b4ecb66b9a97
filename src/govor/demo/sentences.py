"""Croatian sentences as a parliament might speak them, out of 130-odd words."""

from __future__ import annotations

import numpy as np

TIMES = (
    "danas",
    "sutra",
    "jutros",
    "večeras",
    "u ponedjeljak",
    "u petak",
    "nakon stanke",
    "prije glasovanja",
)
SUBJECTS = (
    "predsjednica", "ministar", "zastupnik", "vlada", "odbor", "općina", "župan", "ravnateljica", "liječnik",
    "učiteljica", "radnik", "povjerenik", "tajnica", "gradonačelnik", "sindikat", "udruga",
)  # fmt: skip
VERBS = (
    "predlaže", "donosi", "traži", "podržava", "odbija", "priprema", "objavljuje", "čita", "mijenja", "šalje",
    "potpisuje", "najavljuje", "obrazlaže", "prihvaća", "provodi", "dopunjuje",
)  # fmt: skip
OBJECTS = {
    "m": ("zakon", "proračun", "prijedlog", "plan", "ugovor", "program", "pravilnik", "amandman", "dogovor"),
    "f": ("odluku", "strategiju", "raspravu", "mjeru", "potporu", "analizu", "povelju", "presudu"),
    "n": ("izvješće", "pismo", "rješenje", "mišljenje", "pitanje", "jamstvo"),
}
ADJECTIVES = {
    "m": ("novi", "važan", "stari", "dobar", "hitni", "godišnji", "javni", "kratki"),
    "f": ("novu", "važnu", "staru", "dobru", "hitnu", "godišnju", "javnu", "kratku"),
    "n": ("novo", "važno", "staro", "dobro", "hitno", "godišnje", "javno", "kratko"),
}
PURPOSES = (
    "za građane", "za mlade", "za radnike", "za umirovljenike", "za poljoprivrednike", "za djecu",
    "zbog poplave", "zbog potresa", "bez rasprave", "uz potporu",
)  # fmt: skip
PLACES = (
    "u Zagrebu", "u Splitu", "u Rijeci", "u Osijeku", "na otoku", "u saboru", "u školi", "u bolnici",
    "na sjednici", "u županiji",
)  # fmt: skip


def sentence(rng: np.random.Generator) -> str:
    """One random sentence of five to ten words, in lower case except for names, without punctuation."""
    gender = str(rng.choice(list(OBJECTS)))
    parts = [
        _maybe(rng, 0.6, TIMES),
        _pick(rng, SUBJECTS),
        _pick(rng, VERBS),
        _maybe(rng, 0.8, ADJECTIVES[gender]),
        _pick(rng, OBJECTS[gender]),
        _maybe(rng, 0.6, PURPOSES),
        _maybe(rng, 0.7, PLACES),
    ]
    return " ".join(part for part in parts if part)


def distinct_sentences(rng: np.random.Generator, count: int) -> list[str]:
    """`count` sentences, none of them twice."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[sentence(rng)] = None
    return list(found)


def _pick(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]


def _maybe(rng: np.random.Generator, probability: float, words: tuple[str, ...]) -> str:
    return _pick(rng, words) if rng.random() < probability else ""


def written(spoken: str) -> str:
    """A sentence as a stenographer writes it: capital letter, full stop."""
    return spoken[:1].upper() + spoken[1:] + "."
