"""Sentences of no language, as a text has them and as a recogniser hears them."""

import random

from govor.align.documents import Line
from govor.align.heard import HeardWord
from govor.align.text_side import TextSide
from govor.align.units import units_of

GENERATOR = random.Random(7)
SYLLABLES = [c + v for c in "bdgklmnprstvz" for v in "aeiou"]


def word():
    return "".join(GENERATOR.choice(SYLLABLES) for _ in range(GENERATOR.randint(2, 4)))


def sentence(length=8):
    return " ".join(word() for _ in range(length)).capitalize() + "."


SENTENCES = [sentence() for _ in range(60)]


def side_of(*texts):
    return TextSide.of([units_of([Line(s, n) for n, s in enumerate(text, 1)], False) for text in texts])


def said(sentences, begin=0.0, recording=0, word_s=0.4, pause_s=0.5):
    heard, at = [], begin
    for one in sentences:
        for w in one.split():
            heard.append(HeardWord(w, at, at + word_s, recording, 0.5))
            at += word_s
        at += pause_s
    return heard
