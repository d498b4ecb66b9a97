"""What the chosen text rules would change: counts by rule, examples, and characters that go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from govor.corpora.folder import Corpus
from govor.curate.characters import Character, CharacterCounts
from govor.curate.groups import seeded_order
from govor.records import as_json
from govor.text import RULES, Normaliser

EXAMPLES = 4
MAX_TEXTS = 50_000
"""Texts that are normalised for the preview; of larger corpora a seeded sample."""


@dataclass
class Preview:
    """What a normaliser does to a corpus.

    Attributes:
        normaliser: it.
        texts: how many texts were looked at.
        of: how many there are.
        changed: texts that any rule changes.
        by_rule: texts that a rule changes.
        examples: (before, after) by rule, the change of this rule alone.
        emptied: texts of which nothing is left.
        before: characters of the source texts.
        after: characters of the normalised texts.
    """

    normaliser: Normaliser
    texts: int = 0
    of: int = 0
    changed: int = 0
    emptied: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    before: CharacterCounts = field(default_factory=CharacterCounts.empty)
    after: CharacterCounts = field(default_factory=CharacterCounts.empty)

    def add(self, text: str, language: str | None) -> str:
        """Looks at one text; returns it normalised."""
        steps = self.normaliser.changes(text, language)
        self.texts += 1
        self.changed += bool(steps)
        for rule, before, after in steps:
            self.by_rule[rule] += 1
            shown = self.examples.setdefault(rule, [])
            if len(shown) < EXAMPLES:
                shown.append((before, after))
        after = steps[-1][2] if steps else text
        self.emptied += bool(text.strip()) and not after.strip()
        return after

    def gone(self) -> list[Character]:
        """Characters that no normalised text has, most frequent first."""
        left = self.after.counts
        return [entry for entry in self.before.listed() if not left[int(entry.code_point[2:], 16)]]

    def left(self) -> list[Character]:
        """Characters that are left: what a character vocabulary would hold."""
        return self.after.listed()

    def as_dict(self) -> Mapping[str, object]:
        """What ``check.json`` holds."""
        return {
            "normaliser": self.normaliser.as_dict(),
            "texts": self.texts,
            "of": self.of,
            "changed": self.changed,
            "emptied": self.emptied,
            "rules": [
                {
                    "rule": rule,
                    "summary": RULES[rule].summary,
                    "changed": self.by_rule[rule],
                    "examples": [{"before": b, "after": a} for b, a in self.examples.get(rule, [])],
                }
                for rule in self.normaliser.rules
            ],
            "gone": as_json(self.gone()),
            "left": as_json(self.left()),
        }


def preview(corpus: Corpus, normaliser: Normaliser) -> Preview:
    """Normalises the texts of a corpus, or a seeded sample of a large one."""
    made = Preview(normaliser, of=corpus.info.kept)
    threshold = min(1.0, MAX_TEXTS / max(corpus.info.kept, 1))
    for frame in corpus.frames(["id", "text", "language"]):
        if threshold < 1.0:
            order = pl.Series(seeded_order(frame["id"].to_list(), 0))
            frame = frame.filter(order < int(threshold * (1 << 64)))
        texts = frame["text"].fill_null("").to_list()
        after = [made.add(text, language) for text, language in zip(texts, frame["language"], strict=True)]
        made.before.add(texts)
        made.after.add(after)
    return made
