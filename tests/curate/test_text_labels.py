"""Labels before and behind texts: names with a colon, running numbers; and what only looks like them."""

import random

import pytest

from govor.curate.text_labels import labelled

WORDS = ["river", "stone", "market", "evening", "letter", "garden", "window", "morning", "bridge", "winter"]
NAMES = ("Anna Berg", "Karl", "María Ek", "N. Holm-Lund")
TEXTS = [
    " ".join(random.Random(n).choices(WORDS, k=random.Random(-n).randint(4, 9))).capitalize()
    for n in range(60)
]


def named(text: str, n: int) -> str:
    return f"{NAMES[n % 4]}: {text}"


@pytest.mark.parametrize(
    ("label", "place", "what"),
    [
        (named, "first", "a name"),
        (lambda text, n: named(text, n) if n % 3 else text, "first", "a name"),
        (lambda text, n: f"{text} ({NAMES[n % 4]})", "last", "a name"),
        (lambda text, n: f"{n + 1}. {text}", "first", "a running number"),
        (lambda text, n: f"utt_{n:04d} {text}", "first", "a running number"),
        (lambda text, n: f"[{3 * n}] {text}", "first", "a running number"),
        (lambda text, n: f"{text} {n + 7}", "last", "a running number"),
    ],
)
def test_labels_are_told_with_their_rows(label, place, what):
    texts = [label(text, n) for n, text in enumerate(TEXTS)]
    found = labelled(texts)
    assert found is not None and (found.place, found.what) == (place, what) and len(found.samples) == 3
    assert list(found.rows) == [n for n, text in enumerate(texts) if text != TEXTS[n]]


@pytest.mark.parametrize(
    "texts",
    [
        TEXTS,
        [named(text, n) if n % 4 == 0 else text for n, text in enumerate(TEXTS)],
        [
            f"{' '.join(text.split()[:2])} {chr(97 + n % 26) * (1 + n // 26)}: {text}"
            for n, text in enumerate(TEXTS)
        ],
        [f"{random.Random(n).randint(2, 90)} {text}" for n, text in enumerate(TEXTS)],
        [f"At {text.split()[0]} we met: {text}" for text in TEXTS],
        [str(n) for n in range(60)],
        [f"number {n}" for n in range(60)],
        [named(text, n) for n, text in enumerate(TEXTS[:12])],
    ],
    ids=[
        "none",
        "a quarter",
        "another word each",
        "any number",
        "sentences",
        "numbers",
        "commands",
        "few texts",
    ],
)
def test_what_is_said_is_no_label(texts):
    assert labelled(texts) is None
