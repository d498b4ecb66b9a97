"""The card of a model: what it is and how good it is first, then how to use it, then the tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from govor.evaluate.stored import ComparisonOnCard, RatesOnCard, ShownOnCard
from govor.prepare.card_header import language_header
from govor.publish.cards import cell, rate, render_card
from govor.publish.language_names import in_words
from govor.publish.metadata import REPOSITORY, TASK
from govor.publish.model_facts import Facts
from govor.shown import interval_text
from govor.train.status import trained_on_withdrawn

_OWN_LIST = """`suppress_tokens=[]` is needed there: faster-whisper does not read the model's own list
(`generation_config.json`) and otherwise suppresses quotes, brackets and dashes by a list of its own, which
this model may have learnt to write."""
_NO_TIMESTAMPS = """`without_timestamps=True` is needed: this model was trained without timestamps, and
faster-whisper asks for them."""
_PIPELINE = """```python
from transformers import pipeline

recognise = pipeline("automatic-speech-recognition", "%s")
print(recognise("recording.wav")["text"])
```"""
_DOWNLOAD = "from huggingface_hub import snapshot_download\n"


LITTLE_TRAINING_HOURS = 5.0
"""Below, a card says that the model has heard little."""
UNLIKE = (
    "Recordings unlike those it was tested on: telephone, noise, far microphones, children, accents and "
    "dialects can be much worse, and no figure here says how much, unless a table below names it."
)
UNCHECKED = "Decisions about people that nobody checks against the recording, and finding out who speaks."


def uses(facts: Facts) -> list[str]:
    """Blocks of Markdown, the usual way first."""
    found = []
    if facts.has_safetensors:
        found.append(_PIPELINE % facts.repo)
    if facts.has_safetensors or facts.lone_export:
        found.append(f"```sh\ngovor transcribe {facts.repo} recording.mp3 --out transcripts\n```")
    return [*found, *_other_engines(facts)]


def _other_engines(facts: Facts) -> Sequence[str]:
    places = {one.format: one.place for one in facts.exports}
    place = places.get("ctranslate2")
    if place == "":
        return [_engine_code(f'"{facts.repo}"', facts, "")]
    if place is not None:
        opened = f'snapshot_download("{facts.repo}", allow_patterns="{place}/*") + "/{place}"'
        return [_engine_code(opened, facts, _DOWNLOAD)]
    if facts.is_seq2seq and facts.has_safetensors:
        export = f"govor export {facts.repo} --format ctranslate2 --out exported"
        return [f"With faster-whisper: `{export}`, then", _engine_code('"exported"', facts, "")]
    return []


def _engine_code(model: str, facts: Facts, imports: str) -> str:
    code = (
        f"```python\nfrom faster_whisper import WhisperModel\n{imports}\n"
        f"segments, info = WhisperModel({model}).{facts.export_call}\n"
        'print(" ".join(segment.text for segment in segments))\n```'
    )
    reasons = []
    if facts.settings.get("generation"):
        reasons.append(_OWN_LIST)
    if facts.settings and not facts.settings.get("timestamps"):
        reasons.append(_NO_TIMESTAMPS)
    return "\n\n".join([code, *reasons])


def model_index(facts: Facts) -> list[Mapping[str, object]]:
    """WER and CER of every set and split, in percent, as the Hub's ``model-index`` has them."""
    results = [_result(facts, name, summary) for name, summary in facts.evaluations.items()]
    found = [result for result in results if result["metrics"]]
    return [{"name": facts.repo.rpartition("/")[2], "results": found}] if found else []


def _result(facts: Facts, name: str, summary: ShownOnCard) -> Mapping[str, object]:
    named = facts.set_name(name, summary)
    rules = (summary.get("normaliser") or {}).get("name", "no rules")
    rates = {"wer": summary["wer"], "cer": summary.get("cer")}
    metrics = [
        {
            "type": kind,
            "value": round(100 * value["value"], 2),
            "name": f"{kind.upper()} in percent ({rules})",
        }
        for kind, value in rates.items()
        if value and value["value"] is not None
    ]
    return {
        "task": {"type": TASK, "name": "Automatic Speech Recognition"},
        "dataset": {"type": identifier(named), "name": named, "split": str(summary["split"])},
        "metrics": metrics,
    }


def identifier(name: str) -> str:
    """A data set's repository, or its name in plain characters if it has none."""
    if REPOSITORY.fullmatch(name):
        return name
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-") or "set"


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
