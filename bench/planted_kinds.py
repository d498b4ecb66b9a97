"""Faults that people make, for `bench/planted.py`: how they are planted and mended, what looks like them."""

from __future__ import annotations

import ast
import random
import re
import textwrap
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from govor.config import TextConfig

RATE_HZ = 16_000
Rows = list[dict[str, Any]]
Recipes = dict[str, dict[str, Any]]
DEFAULT_RULES = TextConfig().rules


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        code: that names it.
        checks: that may see it.
        variants: plant it: rows (and waves, and recipe) changed in place or returned.
        misses: near misses that must stay quiet, planted the same way.
        model: whether it takes the base model.
        sound: whether it takes clips.
        also: codes that name it as well.
    """

    code: str
    checks: tuple[str, ...]
    variants: dict[str, Callable[[Any], None]]
    misses: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    model: bool = False
    sound: bool = False
    also: tuple[str, ...] = ()


def follow_rule(bed: Bed, fix: str, ids: list[str]) -> bool:
    """Adds the [text] rule that a remedy names, where it says; False where it names none."""
    rule = re.search(r"the rule '(\w+)'", fix)
    rules = bed.recipe["text"].get("rules") or list(DEFAULT_RULES)
    if rule:
        front = "in front of" in fix
        bed.recipe["text"]["rules"] = [rule[1], *rules] if front else [*rules[:-1], rule[1], rules[-1]]
    return bool(rule)


def follow_setting(bed: Bed, fix: str, ids: list[str]) -> bool:
    """Makes the first setting that a remedy names; False where it names none."""
    said = re.search(r"set \[(\w+)\] (\w+) = ('[^']*'|\d+(?:\.\d+)?)", fix)
    if said:
        bed.recipe[said[1]][said[2]] = ast.literal_eval(said[3])
    elif gone := re.search(r"leave out \[(\w+)\] (\w+)", fix):
        bed.recipe[gone[1]].pop(gone[2], None)
    else:
        return False
    return True


def follow_slices(bed: Bed, fix: str, ids: list[str]) -> bool:
    """Takes the columns that are not there out of [evaluate] slices."""
    if "take it out of [evaluate] slices" in fix:
        kept = [name for name in bed.recipe["evaluate"]["slices"] if name in bed.rows[0]]
        bed.recipe["evaluate"]["slices"] = kept
        return True
    return False


def follow_exclusion(bed: Bed, fix: str, ids: list[str]) -> bool:
    """Leaves the rows out that the finding lists."""
    bed.rows = [row for row in bed.rows if row["id"] not in set(ids)]
    return bool(ids)


@dataclass
class Bed:
    """What faults are planted into; every planting gets a copy."""

    rows: Rows
    waves: dict[str, Any]
    recipe: Recipes
    rng: random.Random

    def copy(self, seed: str) -> Bed:
        rows = [dict(row) for row in self.rows]
        recipe = {name: dict(part) for name, part in self.recipe.items()}
        return Bed(rows, dict(self.waves), recipe, random.Random(seed))

    def change(self, what: Callable[[str], str], share: float = 1.0) -> None:
        for row in self.rows:
            if self.rng.random() < share:
                row["text"] = what(row["text"])

    def shift(self, by: int, first: int = 0) -> None:
        texts = [row["text"] for row in self.rows[first:]]
        for place, row in enumerate(self.rows[first:]):
            row["text"] = texts[(place + by) % len(texts)]

    def shuffle(self, share: float = 1.0) -> None:
        chosen = [n for n in range(len(self.rows)) if self.rng.random() < share]
        texts = [self.rows[n]["text"] for n in chosen]
        self.rng.shuffle(texts)
        for n, text in zip(chosen, texts, strict=True):
            self.rows[n]["text"] = text


def dropped(words: slice) -> Callable[[str], str]:
    return lambda text: " ".join(text.split()[words]) or text


def to_language(tag: str) -> Callable[[Bed], None]:
    def plant(bed: Bed) -> None:
        for row in bed.rows:
            row["language"] = tag

    return plant


def entities(text: str) -> str:
    return text.replace("'", "&#39;").replace("a", "&agrave;", 1) + " &amp;"


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def settings(section: str, **values: Any) -> Callable[[Bed], None]:
    return lambda bed: bed.recipe[section].update(values)


def with_rules(plant: Callable[[Bed], None], rules: list[str]) -> Callable[[Bed], None]:
    """The same under other [text] rules than the default ones."""

    def both(bed: Bed) -> None:
        bed.recipe["text"]["rules"] = rules
        plant(bed)

    return both


def in_split(split: str, what: Callable[[dict[str, Any], int], dict[str, Any]], most: int = 10**6) -> Any:
    """Changes the first rows of a split."""

    def plant(bed: Bed) -> None:
        for number, row in enumerate([row for row in bed.rows if row["split"] == split][:most]):
            row.update(what(row, number))

    return plant


def from_train(what: Callable[[str], str], count: int, split: str = "test") -> Callable[[Bed], None]:
    """Rows of a split that say sentences of train."""

    def plant(bed: Bed) -> None:
        learnt = [row["text"] for row in bed.rows if row["split"] == "train" and len(row["text"].split()) > 4]
        in_split(split, lambda row, n: {"text": what(learnt[n])}, count)(bed)

    return plant


def spelt(what: Callable[[str], str]) -> Callable[[Bed], None]:
    """Test speakers who are train's under another spelling."""

    def plant(bed: Bed) -> None:
        names = [row["speaker"] for row in bed.rows if row["split"] == "train"]
        in_split("test", lambda row, n: {"speaker": what(names[n])})(bed)

    return plant


def numbered(bed: Bed) -> None:
    """Speakers called spk01, spk02, …"""
    numbers = {name: n for n, name in enumerate(dict.fromkeys(row["speaker"] for row in bed.rows), start=1)}
    for row in bed.rows:
        row["speaker"] = f"spk{numbers[row['speaker']]:02d}"


def called(bed: Bed) -> None:
    """Speakers called by names of people."""
    firsts, lasts = ("José", "Zoë", "Chloé", "André"), ("Núñez", "Öberg", "Šarić", "Küng")
    names = [f"{first} {last}" for last in lasts for first in firsts]
    numbers = {name: n for n, name in enumerate(dict.fromkeys(row["speaker"] for row in bed.rows))}
    for row in bed.rows:
        row["speaker"] = names[numbers[row["speaker"]] % len(names)]


def then(*plants: Callable[[Bed], None]) -> Callable[[Bed], None]:
    def plant(bed: Bed) -> None:
        for one in plants:
            one(bed)

    return plant


def change(what: Callable[[str], str], share: float = 1.0) -> Callable[[Bed], None]:
    return lambda bed: bed.change(what, share)


def sounding(what: Callable[[Any], Any], share: float = 1.0) -> Callable[[Bed], None]:
    """Changes the waves of some rows; what `what` gives may be longer or shorter."""

    def plant(bed: Bed) -> None:
        for row in bed.rows:
            if bed.rng.random() < share:
                bed.waves[row["audio"]] = what(bed.waves[row["audio"]]).astype(np.float32)
                row["duration"] = len(bed.waves[row["audio"]]) / RATE_HZ

    return plant


def at_speed(factor: float) -> Callable[[Any], Any]:
    """A wave played so many times too fast, as under a wrong header: pitch and pace rise together."""
    import soxr

    return lambda wave: soxr.resample(wave, RATE_HZ * factor, RATE_HZ)


def hushed(first: float, last: float) -> Callable[[Any], Any]:
    """Digital silence between two shares of the clip."""

    def what(wave: Any) -> Any:
        quiet = wave.copy()
        quiet[int(first * len(wave)) : int(last * len(wave))] = 0
        return quiet

    return what


def with_next(bed: Bed, share: float = 1.0) -> None:
    """The speech of the next row at the same level over the own, as when two channels are mixed."""
    waves = [bed.waves[row["audio"]] for row in bed.rows]
    for n, row in enumerate(bed.rows):
        if bed.rng.random() < share:
            other = np.resize(waves[(n + 1) % len(waves)], len(waves[n]))
            bed.waves[row["audio"]] = (waves[n] / level(waves[n]) + other / level(other)).astype(
                np.float32
            ) * 0.05


def recoded(bed: Bed, split: str, gain: float = 1.0) -> None:
    """Five rows of a split are rows of train through another codec: a little noise, a delay of 20 ms."""
    learnt = [row for row in bed.rows if row["split"] == "train"]
    rng = np.random.default_rng(0)
    for row, own in zip([row for row in bed.rows if row["split"] == split][:5], learnt, strict=False):
        wave = bed.waves[own["audio"]]
        noise = 0.02 * level(wave) * rng.standard_normal(len(wave))
        bed.waves[row["audio"]] = np.pad((wave + noise) * gain, (RATE_HZ // 50, 0)).astype(np.float32)
        row.update(text=own["text"], duration=len(bed.waves[row["audio"]]) / RATE_HZ)


def respoken(bed: Bed) -> None:
    """Test rows have the texts of train rows of the same length, and stay other recordings."""
    learnt = [row for row in bed.rows if row["split"] == "train"]
    for row in [row for row in bed.rows if row["split"] == "test"][:5]:
        near = min(learnt, key=lambda other: abs(other["duration"] - row["duration"]))
        row["text"] = near["text"]


def level(wave: Any) -> float:
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))) + 1e-9)


def padded(wave: Any) -> Any:
    """A second of silence at both ends: no fault."""
    return np.pad(wave, RATE_HZ)


PLAIN = ["nfc", "invisible", "spaces"]
FITS, ENDS, LENGTHS = "own_text_fits_best", "ends_are_said", "lengths_agree"
WRITTEN = "texts_are_in_the_stated_language"
KEEPING = ["nfc", "spaces"]
"""Rules that leave signs."""
LOOKS_LIKE = str.maketrans("aeopcxyABEKMHOPCTX", "аеорсхуАВЕКМНОРСТХ")


def look_alike(every: int) -> Callable[[str], str]:
    """Cyrillic letters in place of so many of those that look like them."""
    return lambda text: "".join(
        c.translate(LOOKS_LIKE) if place % every else c for place, c in enumerate(text)
    )


NAMES = ("Anna Berg", "Karl Lund", "Maria Ek", "Nils Holm")
ENGLISH = (
    "The committee met {} times before it came to an answer.",
    "Most of the visitors left the house at {} in the morning.",
    "She said that nobody had asked her about the other {} letters.",
    "There is nothing in this drawer but {} keys and an old map.",
)
KINDS: dict[str, Kind] = {
    "texts a row off": Kind(
        "transcripts_shifted",
        (LENGTHS, FITS),
        {
            "all by one": lambda b: b.shift(1),
            "all by two": lambda b: b.shift(-2),
            "from the middle on": lambda b: b.shift(1, len(b.rows) // 2),
        },
        {"two rows swapped": lambda b: b.rows[0].update(text=b.rows[0]["text"])},
        model=True,
    ),
    "texts shuffled": Kind(
        "transcripts_shuffled",
        (LENGTHS, FITS),
        {
            "all": lambda b: b.shuffle(),
            "within splits": lambda b: b.shuffle(0.95),
            "reversed": lambda b: b.shuffle(),
        },
        {"lower case": lambda b: b.change(str.lower)},
        model=True,
    ),
    "some texts wrong": Kind(
        "transcript_not_said",
        (FITS,),
        {
            "a quarter": lambda b: b.shuffle(0.25),
            "a fifth": lambda b: b.shuffle(0.2),
            "a third": lambda b: b.shuffle(0.33),
        },
        {"upper case": lambda b: b.change(str.upper)},
        model=True,
    ),
    "ends missing": Kind(
        "ends_missing",
        (ENDS,),
        {
            "last word": lambda b: b.change(dropped(slice(None, -1))),
            "last two, half": lambda b: b.change(dropped(slice(None, -2)), 0.5),
            "last third": lambda b: b.change(
                lambda t: " ".join(t.split()[: max(1, len(t.split()) * 2 // 3)])
            ),
        },
        {"no full stops": lambda b: b.change(lambda t: t.rstrip(".?!"))},
        model=True,
    ),
    "beginnings missing": Kind(
        "beginnings_missing",
        (ENDS,),
        {
            "first word": lambda b: b.change(dropped(slice(1, None))),
            "first two": lambda b: b.change(dropped(slice(2, None))),
            "first third": lambda b: b.change(lambda t: " ".join(t.split()[len(t.split()) // 3 :])),
        },
        {"lower case": lambda b: b.change(str.lower)},
        model=True,
    ),
    "words nobody says": Kind(
        "words_not_said",
        (ENDS,),
        {
            "a name before": lambda b: b.change(lambda t: f"{b.rng.choice(NAMES)}: {t}"),
            "a word behind": lambda b: b.change(lambda t: f"{t} applause"),
            "a name before, a third": lambda b: b.change(lambda t: f"{b.rng.choice(NAMES)}: {t}", 0.33),
        },
        {"quotes": lambda b: b.change(lambda t: f"“{t}”")},
        model=True,
    ),
    "another language stated": Kind(
        "other_language",
        ("language_is_the_stated_one", WRITTEN),
        {"English": to_language("en"), "Japanese": to_language("ja"), "Finnish": to_language("fi")},
        {"with a region": lambda b: [r.update(language=r["language"] + "-XX") for r in b.rows]},
        model=True,
    ),
    "another language, by letters": Kind(
        "other_language",
        (WRITTEN,),
        {
            "French": to_language("fr"),
            "Polish, most": lambda b: [r.update(language="pl") for r in b.rows[: len(b.rows) * 3 // 4]],
            "a third in English": lambda b: [
                row.update(text=ENGLISH[n % len(ENGLISH)].format(n))
                for n, row in enumerate(b.rows[: len(b.rows) // 3])
            ],
        },
        {
            "with a region": lambda b: [
                r.update(language=f"{r['language'].split('-')[0]}-XX") for r in b.rows
            ],
            "upper case": change(str.upper),
            "no language": lambda b: [r.update(language=None) for r in b.rows],
        },
    ),
    "rows off, by lengths": Kind(
        "transcripts_shifted",
        (LENGTHS,),
        {
            "all by one": lambda b: b.shift(1),
            "all by two": lambda b: b.shift(-2),
            "from the middle on": lambda b: b.shift(1, len(b.rows) // 2),
        },
        {"sorted by length": lambda b: b.rows.sort(key=lambda row: row["duration"])},
    ),
    "shuffled, by lengths": Kind(
        "transcripts_shuffled",
        (LENGTHS,),
        {
            "once": lambda b: b.shuffle(),
            "again": lambda b: b.shuffle(),
            "all but a few": lambda b: b.shuffle(0.97),
        },
        {"a few": lambda b: b.shuffle(0.1)},
    ),
    "HTML entities": Kind(
        "tags_in_text",
        ("no_markup_is_learnt",),
        {
            "all": change(entities),
            "a tenth": change(entities, 0.15),
            "non-breaking": change(lambda t: t.replace(" ", "&nbsp;", 1)),
        },
        {
            "an ampersand": change(lambda t: f"{t} R & D"),
            "removed by a rule": with_rules(change(entities), ["entities", *PLAIN]),
        },
    ),
    "mark-up": Kind(
        "tags_in_text",
        ("no_markup_is_learnt",),
        {
            "bold": change(lambda t: f"<b>{t}</b>"),
            "line break": change(lambda t: f"{t}<br/>", 0.3),
            "brackets": change(lambda t: f"[laughter] {t}", 0.3),
        },
        {
            "a comparison": change(lambda t: f"{t} 3 < 4"),
            "removed by a rule": with_rules(change(lambda t: f"<b>{t}</b>"), ["tags", *PLAIN]),
        },
    ),
    "mixed Unicode forms": Kind(
        "not_nfc",
        ("texts_are_written_alike",),
        {
            "half": with_rules(change(decomposed, 0.5), ["spaces"]),
            "a fifth": with_rules(change(decomposed, 0.2), ["spaces"]),
            "most": with_rules(change(decomposed, 0.8), ["spaces"]),
        },
        {
            "the rule nfc": with_rules(change(decomposed, 0.5), PLAIN),
            "all": with_rules(change(decomposed), ["spaces"]),
        },
    ),
    "mixed casing": Kind(
        "mixed_casing",
        ("texts_are_written_alike",),
        {
            "upper": with_rules(change(str.upper, 0.3), PLAIN),
            "lower": with_rules(change(str.lower, 0.5), PLAIN),
            "mostly lower": with_rules(change(str.lower, 0.8), PLAIN),
        },
        {"the rule lower": change(str.upper, 0.3), "all upper": with_rules(change(str.upper), PLAIN)},
    ),
    "mixed punctuation": Kind(
        "mixed_punctuation",
        ("texts_are_written_alike",),
        {
            "half": with_rules(change(lambda t: t.rstrip(".?!"), 0.5), PLAIN),
            "a third": with_rules(change(lambda t: t.rstrip(".?!"), 0.35), PLAIN),
            "two thirds": with_rules(change(lambda t: t.rstrip(".?!"), 0.65), PLAIN),
        },
        {
            "the rule punctuation": change(lambda t: t.rstrip(".?!"), 0.5),
            "a few": with_rules(change(lambda t: t.rstrip(".?!"), 0.08), PLAIN),
        },
    ),
    "cut at a length": Kind(
        "texts_cut",
        ("texts_are_whole",),
        {
            "30 characters": change(lambda t: t[:30]),
            "24 characters": change(lambda t: t[:24]),
            "4 words": change(dropped(slice(None, 4))),
        },
        {"no full stops": change(lambda t: t.rstrip(".?!"))},
    ),
    "the same words first": Kind(
        "shared_words",
        ("texts_begin_differently",),
        {
            "a name": change(lambda t: f"Anna: {t}"),
            "a number": change(lambda t: f"Track 1 {t}"),
            "a title, most": change(lambda t: f"Chapter one {t}", 0.9),
        },
        {"a third": change(lambda t: f"Anna: {t}", 0.33)},
    ),
    "the same words last": Kind(
        "shared_words",
        ("texts_begin_differently",),
        {
            "a mark": change(lambda t: f"{t} end of clip"),
            "a name": change(lambda t: f"{t} (Anna)"),
            "most": change(lambda t: f"{t} ok", 0.9),
        },
        {"full stops": change(lambda t: t.rstrip(".?!") + ".")},
    ),
    "labels of texts": Kind(
        "shared_words",
        ("texts_begin_differently",),
        {
            "names of speakers": lambda b: [
                r.update(text=f"{NAMES[len(r['speaker'] + r['id']) % 2 + n % 2]}: {r['text']}")
                for n, r in enumerate(b.rows)
            ],
            "running numbers": lambda b: [r.update(text=f"{n}. {r['text']}") for n, r in enumerate(b.rows)],
            "numbers of clips, last": lambda b: [
                r.update(text=f"{r['text']} clip{n:04d}") for n, r in enumerate(b.rows)
            ],
        },
        {
            "a quarter": lambda b: [
                r.update(text=f"{NAMES[n % 4]}: {r['text']}") for n, r in enumerate(b.rows) if n % 4 == 0
            ],
            "numbers": lambda b: [r.update(text=f"{n * 37 % 91} {r['text']}") for n, r in enumerate(b.rows)],
        },
    ),
    "remarks and escapes": Kind(
        "tags_in_text",
        ("no_markup_is_learnt",),
        {
            "in round brackets": change(lambda t: f"{t} (laughs)", 0.3),
            "in curly brackets": change(lambda t: f"{{noise}} {t}", 0.2),
            "line ends": change(lambda t: t.replace(" ", "\\n", 1), 0.3),
        },
        {
            "once each": lambda b: [
                r.update(text=f"{r['text']} ({r['text'].split()[0]})") for r in b.rows[:10]
            ],
            "100%": change(lambda t: f"{t} 100%"),
        },
    ),
    "Markdown": Kind(
        "tags_in_text",
        ("no_markup_is_learnt",),
        {
            "bold": with_rules(change(lambda t: f"**{t}**", 0.3), KEEPING),
            "a bold word": with_rules(
                change(lambda t: " ".join(["**" + t.split()[0] + "**", *t.split()[1:]])), KEEPING
            ),
            "headings": with_rules(change(lambda t: f"## {t}", 0.2), KEEPING),
        },
        {
            "removed by a rule": change(lambda t: f"**{t}**"),
            "a censored word": with_rules(change(lambda t: f"{t} f**k"), KEEPING),
            "a number": with_rules(change(lambda t: f"#1 {t}"), KEEPING),
        },
    ),
    "names of files": Kind(
        "empty_text",
        ("references_have_text",),
        {
            "of recordings": lambda b: [
                r.update(text=f"clips/common_voice_{n}.mp3") for n, r in enumerate(b.rows)
            ],
            "ids": lambda b: [r.update(text=r["id"]) for r in b.rows[: len(b.rows) // 3]],
            "a few": lambda b: [r.update(text=f"{r['id']}.wav") for r in b.rows[:5]],
        },
        {
            "an address": change(lambda t: f"{t} example.com"),
            "a word": in_split("test", lambda r, n: {"text": "mp3"}, 3),
        },
    ),
    "one text for all": Kind(
        "shared_words",
        ("texts_begin_differently",),
        {
            "a sentence": change(lambda t: "this is a test"),
            "a word": change(lambda t: "text"),
            "most": change(lambda t: "transcript to follow", 0.9),
        },
        {
            "a few": change(lambda t: "yes", 0.2),
            "two": lambda b: [r.update(text=("yes", "no")[n % 2]) for n, r in enumerate(b.rows)],
        },
    ),
    "look-alike letters": Kind(
        "mixed_scripts",
        ("words_keep_to_one_script",),
        {
            "half of the letters": change(look_alike(2)),
            "one letter": change(lambda t: t.replace("a", "а")),
            "a few texts": change(lambda t: t.replace("o", "о"), 0.2),
        },
        {"a Russian word": change(lambda t: f"{t} да"), "a unit": change(lambda t: f"{t} 5 Ω")},
    ),
    "numbers in one split": Kind(
        "references_written_differently",
        ("splits_are_written_alike",),
        {
            "digits in test": in_split(
                "test", lambda r, n: {"text": f"{r['text']} {n + 3}" if n % 2 else r["text"]}
            ),
            "digits in dev": in_split("dev", lambda r, n: {"text": f"{r['text']} {n + 3}"}),
            "digits in a fifth of train": in_split(
                "train", lambda r, n: {"text": f"{r['text']} {n}" if n % 3 == 0 else r["text"]}
            ),
        },
        {
            "digits in all": lambda b: [
                r.update(text=f"{r['text']} {n}") for n, r in enumerate(b.rows) if n % 3 == 0
            ],
            "one number": in_split("test", lambda r, n: {"text": f"{r['text']} 7"}, 1),
        },
    ),
    "no text, in a word": Kind(
        "empty_text",
        ("references_have_text",),
        {
            "NULL": change(lambda t: "NULL", 0.1),
            "nan": change(lambda t: "nan", 0.08),
            "n/a": change(lambda t: "N/A", 0.2),
        },
        {"none in a sentence": change(lambda t: f"{t} none", 0.2)},
    ),
    "cut in front of a word": Kind(
        "texts_cut",
        ("texts_are_whole",),
        {
            "30 characters": change(lambda t: textwrap.shorten(t, 30, placeholder="") or t[:30]),
            "28 characters": change(lambda t: textwrap.shorten(t, 28, placeholder="") or t[:28]),
            "32 bytes": change(lambda t: t.encode()[:32].decode("utf-8", "ignore")),
        },
        {"with full stops": change(lambda t: textwrap.shorten(t, 30, placeholder="").rstrip(".?!") + ".")},
    ),
    "rows far off": Kind(
        "transcripts_shifted",
        (LENGTHS,),
        {
            "by five": lambda b: b.shift(5),
            "by ten": lambda b: b.shift(-10),
            "a line twice": lambda b: [
                b.rows[n].update(text=b.rows[n - 1]["text"]) for n in range(len(b.rows) - 1, 35, -1)
            ],
        },
        {"a third wrong": lambda b: b.shuffle(0.33)},
    ),
    "speakers turned": Kind(
        "speaker_spellings",
        ("speakers_have_one_spelling",),
        {
            "surname first": then(called, spelt(lambda n: ", ".join(reversed(n.split())))),
            "without accents": then(
                called, spelt(lambda n: unicodedata.normalize("NFKD", n).encode("ascii", "ignore").decode())
            ),
            "in a folder": then(numbered, spelt(lambda n: f"speakers/{n}")),
        },
        {"two numbers": then(numbered, spelt(lambda n: f"{n[:-1]}-{n[-1]}-7"))},
    ),
    "near-equal sentences": Kind(
        "leak_near_sentence",
        ("no_sentence_is_nearly_shared",),
        {
            "another number": then(
                in_split("train", lambda r, n: {"text": f"we met {n} people there today"}, 3),
                in_split("test", lambda r, n: {"text": f"we met 5{n} people there today"}, 3),
            ),
            "spaces": from_train(lambda t: t.replace(" ", "", 1), 3),
            "an accent": then(
                in_split("train", lambda r, n: {"text": "the café opens early on Monday"}, 1),
                in_split("dev", lambda r, n: {"text": "the cafe opens early on Monday"}, 1),
            ),
        },
        {"one word differs": from_train(lambda t: " ".join(["other", *t.split()[1:]]), 3)},
    ),
    "same sentence": Kind(
        "leak_sentence",
        ("nothing_crosses_splits",),
        {
            "as it is": from_train(str, 3),
            "upper case": from_train(str.upper, 3),
            "no marks": from_train(lambda t: t.strip(".?!"), 2, "dev"),
        },
        {},
    ),
    "speakers spelt twice": Kind(
        "speaker_spellings",
        ("speakers_have_one_spelling",),
        {
            "capitals": spelt(str.upper),
            "padding zeros": then(
                numbered, spelt(lambda n: n.replace("spk0", "spk").replace("spk", "spk00"))
            ),
            "dashes": then(numbered, spelt(lambda n: n.replace("spk", "spk-"))),
        },
        {"numbers": numbered},
    ),
    "no text": Kind(
        "empty_text",
        ("references_have_text",),
        {
            "dev": in_split("dev", lambda r, n: {"text": "…"}, 2),
            "test": in_split("test", lambda r, n: {"text": ""}, 1),
            "train": in_split("train", lambda r, n: {"text": "?!"}, 5),
        },
        {"one letter": in_split("test", lambda r, n: {"text": "a"}, 1)},
    ),
    "splits written differently": Kind(
        "references_written_differently",
        ("splits_are_written_alike",),
        {
            "test upper": with_rules(
                then(change(str.lower), in_split("test", lambda r, n: {"text": r["text"].upper()})), PLAIN
            ),
            "train without marks": with_rules(
                in_split("train", lambda r, n: {"text": r["text"].strip(".?!")}), PLAIN
            ),
            "digits in dev": in_split("dev", lambda r, n: {"text": f"{r['text']} {n}"}),
        },
        {"upper under lower": in_split("test", lambda r, n: {"text": r["text"].upper()})},
    ),
    "dev of one speaker": Kind(
        "dev_one_speaker",
        ("dev_has_several_speakers",),
        {
            "new": then(numbered, in_split("dev", lambda r, n: {"speaker": "one"})),
            "of train": then(numbered, in_split("dev", lambda r, n: {"speaker": "spk01"})),
            "named": then(numbered, in_split("dev", lambda r, n: {"speaker": "Ana K."})),
        },
        {
            "two": then(numbered, in_split("dev", lambda r, n: {"speaker": f"s{n % 2}"})),
            "nameless": in_split("dev", lambda r, n: {"speaker": "unknown"}),
        },
    ),
    "learning rate": Kind(
        "learning_rate_high",
        ("rate_is_usual",),
        {
            "0.1": settings("train", lr=0.1),
            "0.05": settings("train", lr=0.05),
            "0.02": settings("train", lr=0.02),
        },
        {"left out": settings("train")},
    ),
    "tiny learning rate": Kind(
        "learning_rate_low",
        ("rate_is_not_tiny",),
        {
            "1e-7": settings("train", lr=1e-7),
            "1e-8": settings("train", lr=1e-8),
            "2e-7": settings("train", lr=2e-7),
        },
        {"left out": settings("train")},
    ),
    "warm-up": Kind(
        "warmup_too_long",
        ("the_run_is_long_enough",),
        {
            "500 steps": settings("train", warmup=500, steps=100, batch_s=20.0),
            "all": settings("train", warmup=1.0, batch_s=10.0),
            "most": settings("train", warmup=0.8, batch_s=10.0),
        },
        {
            "a fifth": settings("train", warmup=0.2, batch_s=10.0),
            "50 steps": settings("train", warmup=50, steps=300, batch_s=20.0),
        },
    ),
    "less than a pass": Kind(
        "less_than_an_epoch",
        ("the_run_is_long_enough",),
        {
            "3 steps": settings("train", steps=3, batch_s=20.0),
            "5 steps": settings("train", steps=5, batch_s=15.0),
            "2 steps": settings("train", steps=2, batch_s=30.0),
        },
        {"a pass": settings("train", steps=40, batch_s=20.0)},
    ),
    "a step an epoch": Kind(
        "few_steps",
        ("the_run_is_long_enough",),
        {
            "batch": settings("train", batch_s=2000.0, max_batch=500, epochs=5),
            "accumulate": settings("train", accumulate=64, epochs=10),
            "both": settings("train", batch_s=600.0, accumulate=4, epochs=20),
        },
        {"many epochs": settings("train", batch_s=2000.0, max_batch=500, epochs=200)},
    ),
    "evaluation too late": Kind(
        "evaluation_too_late",
        ("the_run_is_long_enough",),
        {
            "steps": settings("train", eval_every="50000 steps", batch_s=10.0),
            "epochs": settings("train", eval_every="20 epochs", epochs=10, batch_s=10.0),
            "named": settings("train", eval_every="epochs 12, 14", epochs=10, batch_s=10.0),
        },
        {
            "the last epoch": settings("train", eval_every="10 epochs", epochs=10, batch_s=10.0),
            "minutes": settings("train", eval_every="10 minutes", batch_s=10.0),
        },
    ),
    "slices": Kind(
        "slice_column_missing",
        ("slices_are_columns",),
        {
            "misspelt": settings("evaluate", slices=["speakr"]),
            "of another corpus": settings("evaluate", slices=["gender"]),
            "one of two": settings("evaluate", slices=["speaker", "age"]),
        },
        {"speaker": settings("evaluate", slices=["speaker"])},
    ),
    "no dev split": Kind(
        "no_dev_split",
        ("the_test_split_chooses_nothing",),
        {
            "gone": in_split("dev", lambda r, n: {"split": "train"}),
            "in test": in_split("dev", lambda r, n: {"split": "test"}),
            "another name": settings("train", dev_split="valid"),
        },
        {"small": in_split("dev", lambda r, n: {"split": "train"}, 3)},
    ),
    "too fast or too slow": Kind(
        "speech_speed",
        ("speech_has_a_usual_speed", "rates_of_clips_are_true"),
        {
            "half as fast again": sounding(at_speed(1.5)),
            "two thirds": sounding(at_speed(1 / 1.6)),
            "1.7 times": sounding(at_speed(1.7)),
        },
        {"5% faster": sounding(at_speed(1.05)), "silence at the ends": sounding(padded)},
        sound=True,
        also=("wrong_sample_rate",),
    ),
    "wrong header": Kind(
        "wrong_sample_rate",
        ("rates_of_clips_are_true",),
        {
            "8 for 16 kHz": sounding(at_speed(2)),
            "44.1 for 16 kHz": sounding(at_speed(16 / 44.1)),
            "a third": sounding(at_speed(2.2), 0.33),
        },
        {"10% slower": sounding(at_speed(0.9))},
        sound=True,
    ),
    "half silent": Kind(
        "half_silent_audio",
        ("clips_are_not_cut_short",),
        {
            "second half": sounding(hushed(0.5, 1.0)),
            "first half, a third": sounding(hushed(0.0, 0.5), 0.33),
            "middle": sounding(hushed(0.3, 0.8), 0.5),
        },
        {"silence at the ends": sounding(padded), "short gaps": sounding(hushed(0.45, 0.5))},
        sound=True,
    ),
    "silent clips": Kind(
        "silent_audio",
        ("clips_hold_what_they_say",),
        {
            "a tenth": sounding(lambda w: w * 0, 0.12),
            "all": sounding(lambda w: w * 0),
            "nearly": sounding(lambda w: w * 1e-4, 0.2),
        },
        {"quiet speech": sounding(lambda w: w * 0.1)},
        sound=True,
    ),
    "encoded again": Kind(
        "leak_audio",
        ("no_recording_is_encoded_again",),
        {
            "test from train": lambda b: recoded(b, "test"),
            "dev from train": lambda b: recoded(b, "dev"),
            "quieter": lambda b: recoded(b, "test", 0.4),
        },
        {"the same sentences, other recordings": lambda b: respoken(b)},
        sound=True,
    ),
    "two people at once": Kind(
        "two_texts_heard",
        ("one_text_is_heard",),
        {
            "all": with_next,
            "half": lambda b: with_next(b, 0.5),
            "most": lambda b: with_next(b, 0.8),
        },
        {"silence at the ends": sounding(padded)},
        model=True,
        sound=True,
    ),
}

REMEDIES: dict[str, Callable[[Bed, str, list[str]], bool]] = {
    **dict.fromkeys(
        ("HTML entities", "mark-up", "mixed Unicode forms", "mixed casing", "mixed punctuation"), follow_rule
    ),
    **dict.fromkeys(
        (
            *("near-equal sentences", "same sentence", "no text", "no text, in a word"),
            *("encoded again", "silent clips"),
        ),
        follow_exclusion,
    ),
    **dict.fromkeys(
        (
            "learning rate",
            "tiny learning rate",
            "warm-up",
            "less than a pass",
            "a step an epoch",
            "evaluation too late",
        ),
        follow_setting,
    ),
    "slices": follow_slices,
    "splits written differently": follow_rule,
}
"""What a machine can follow; elsewhere people mend the source: a corpus without the fault stands for it."""
