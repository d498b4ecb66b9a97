"""The card of a model: what it is and how good it is first, then how to use it, then the tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from govor.evaluate.stored import ComparisonOnCard, RatesOnCard, ShownOnCard
from govor.prepare.card_header import language_header
from govor.publish.cards import cell, rate, render_card
from govor.publish.language_names import in_words
from govor.publish.metadata import TASK
from govor.publish.model_facts import Facts
from govor.publish.model_index import model_index
from govor.publish.model_uses import uses
from govor.shown import interval_text
from govor.train.status import trained_on_withdrawn

LITTLE_TRAINING_HOURS = 5.0
"""Below, a card says that the model has heard little."""
UNLIKE = (
    "Recordings unlike those it was tested on: telephone, noise, far microphones, children, accents and "
    "dialects can be much worse, and no figure here says how much, unless a table below names it."
)
UNCHECKED = "Decisions about people that nobody checks against the recording, and finding out who speaks."


def model_card(facts: Facts, base_license: str | None = None) -> str:
    """The whole card, header and text."""
    card = Card(facts)
    return render_card("model_card.md", card.header, facts=facts, card=card, base_license=base_license)


@dataclass(frozen=True)
class Card:
    """Sentences and rows of a card, made of facts alone; what was not measured is absent."""

    facts: Facts

    @property
    def header(self) -> Mapping[str, object]:
        """What the Hub reads."""
        facts, results = self.facts, model_index(self.facts)
        base = facts.hub_base
        return {
            **facts.license.header,
            **language_header(facts.languages),
            "library_name": facts.library,
            "pipeline_tag": TASK,
            "tags": ["audio", "speech", "govor", *sorted({one.format for one in facts.exports})],
            **({"base_model": base} if base else {}),
            **({"base_model_relation": facts.relation} if base and facts.relation else {}),
            **({"datasets": [facts.dataset_repo]} if facts.dataset_repo else {}),
            **({"metrics": ["wer", "cer"], "model-index": results} if results else {}),
        }

    @property
    def title(self) -> str:
        """The repository's own name."""
        return self.facts.repo.rpartition("/")[2]

    @property
    def languages(self) -> str:
        """Names of the languages; empty where nothing says which."""
        return in_words(self.facts.languages)

    @property
    def terms(self) -> str:
        """The licence, for people."""
        return str(self.facts.license)

    @property
    def origin(self) -> str:
        """Where the weights come from."""
        facts = self.facts
        if facts.base:
            name = (
                f"[{facts.base}](https://huggingface.co/{facts.hub_base})" if facts.hub_base else facts.base
            )
            at = f" (commit `{facts.revision}`)" if facts.revision else ""
            return f"fine-tuned from {name if facts.hub_base else cell(name)}{at} with govor"
        if facts.recipe:
            return "trained from scratch with govor"
        return f"a model of the type `{cell(facts.model_type)}`" if facts.model_type else "an exported model"

    @property
    def rates(self) -> list[str]:
        """How good it is, beside its base on the same rows: a sentence a set."""
        return [self._rate(name, summary) for name, summary in self.facts.evaluations.items()]

    def _rate(self, name: str, summary: ShownOnCard) -> str:
        groups = summary.get("groups")
        said = (
            f"**WER {rate(summary['wer'], groups)}** on {summary['utterances']} utterances of "
            f"{cell(self.facts.set_name(name, summary))} (`{summary['split']}`), "
        )
        other = summary.get("baseline")
        if not other:
            return f"{said}with 95% interval; nothing was measured beside it."
        whose = f"its {baseline_name(summary)}" if is_base(summary) else baseline_name(summary)
        beside = f"{said}where {whose} has {rate(other['wer'], groups)} on the same rows"
        comparison = summary.get("comparison") or ComparisonOnCard()
        difference = comparison.get("wer_difference")
        if not difference or difference["value"] is None:
            return f"{beside} (95% intervals)."
        ends = interval_text(difference, comparison.get("groups"), signed=True)
        return f"{beside}: {100 * difference['value']:+.1f} points ({ends}; 95% intervals)."

    @property
    def trained_on(self) -> str:
        """The training data in a sentence."""
        train = (self.facts.dataset.get("splits") or {}).get("train")
        if not train:
            return "The training data is not described beside the model."
        speakers = self.facts.speakers.get("train")
        by = f" by {speakers} speakers" if speakers else ""
        named = (
            f" of [{repo}](https://huggingface.co/datasets/{repo})"
            if (repo := self.facts.dataset_repo)
            else ""
        )
        return f"It was trained on {train['hours']:.2f} hours ({train['utterances']} utterances{by}){named}."

    @property
    def withdrawn(self) -> list[str]:
        """That some of the training data was withdrawn since."""
        rows = self.facts.withdrawn
        return [f"It was {trained_on_withdrawn(rows)}."] if rows else []

    @property
    def not_for(self) -> list[str]:
        """What nobody should take it for, as far as the facts say."""
        facts = self.facts
        said = []
        if facts.languages and facts.dataset:
            said.append(f"Other languages: it learnt {self.languages} alone here.")
        if not facts.evaluations:
            said.append("Anything that counts, before you have measured it on recordings of your own.")
        else:
            said.append(UNLIKE)
        train = (facts.dataset.get("splits") or {}).get("train")
        if train and train["hours"] < LITTLE_TRAINING_HOURS:
            said.append(f"Words and voices far from its {train['hours']:.2f} hours of training data.")
        if facts.is_seq2seq:
            said.append("Silence and music: models of this kind can write sentences that nobody said.")
        said.append(UNCHECKED)
        if "-nc" in facts.license.identifier:
            said.append("Commercial use: the licence does not allow it.")
        return said

    @property
    def table(self) -> list[list[str]]:
        """Rows of rates, those of each base below its model's."""
        rows = []
        for name, summary in self.facts.evaluations.items():
            label = f"{cell(self.facts.set_name(name, summary))} ({summary['split']})"
            rows.append([label, "this", *_cells(summary, summary.get("groups"))])
            if other := summary.get("baseline"):
                rows.append([label, baseline_name(summary), *_cells(other, summary.get("groups"))])
        return rows

    @property
    def uses(self) -> list[str]:
        """Code and commands, each for what the repository holds."""
        return uses(self.facts)

    @property
    def citation(self) -> str:
        """How to name the model in a text."""
        owner, _, name = self.facts.repo.rpartition("/")
        key = re.sub(r"\W+", "_", self.facts.repo.lower()).strip("_")
        lines = {
            "title": name,
            "author": f"{{{owner}}}" if owner else None,
            "year": str(date.today().year),
            "howpublished": f"\\url{{https://huggingface.co/{self.facts.repo}}}",
        }
        inner = "\n".join(f"  {field} = {{{value}}}," for field, value in lines.items() if value)
        return f"@misc{{{key},\n{inner}\n}}"


def linked(repo: str, kind: str = "") -> str:
    """A repository of the Hub as a link."""
    return f"[{repo}](https://huggingface.co/{kind}{repo})"


def is_base(summary: ShownOnCard) -> bool:
    """Whether the model beside it is the one that training began with."""
    return summary.get("better_than_base") is not None or not _other(summary)


def baseline_name(summary: ShownOnCard) -> str:
    """What a summary was compared with: the base, or another model by its name."""
    if is_base(summary):
        return "base"
    return cell(Path(_other(summary)).name)


def _other(summary: ShownOnCard) -> str:
    """The baseline's name; empty where it has none."""
    baseline = summary.get("baseline")
    return baseline.get("model", "") if baseline else ""


def _cells(rates: RatesOnCard, groups: Mapping[str, object] | None) -> list[str]:
    raw = rates.get("raw") or {}
    found = [rates["wer"], rates.get("cer"), raw.get("wer"), raw.get("cer")]
    hours = f"{rates['hours']:.2f}" if "hours" in rates else "—"
    return [str(rates["utterances"]), hours, *(rate(one, groups) if one else "—" for one in found)]
