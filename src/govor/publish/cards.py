"""Cards: measured facts alone, as Markdown under the header that the Hub reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.exceptions import UndefinedError

from govor.corpora.folder import CorpusInfo
from govor.corpora.text_source import HUMAN, MACHINE, MACHINE_CHECKED
from govor.errors import InputError
from govor.load.dataset import SplitFacts
from govor.prepare.card_header import dataset_header, header_text
from govor.publish.language_names import in_words
from govor.publish.licenses import License, StoredLicense
from govor.records import Rate
from govor.shape import fitted
from govor.shown import interval_text

TEMPLATES = Path(__file__).parent / "templates"


def render_card(template: str, header: Mapping[str, object], **facts: Any) -> str:
    """A card.

    Args:
        template: file in ``templates/``.
        header: what stands between the ``---`` lines.
        facts: what the template shows; a fact that it names and that is missing is an error.

    Raises:
        InputError: a fact is missing, or of another type.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, not HTML: `cell` guards what comes from transcripts
    )
    environment.filters.update(cell=cell, rate=rate, writers=writers)
    try:
        body = environment.get_template(template).render(**facts)
    except (UndefinedError, TypeError, ValueError) as error:
        kind = "prepare the data set" if template.startswith("dataset") else "train the model"
        raise InputError(
            f"a fact that the card shows is missing or damaged ({error}): {kind} again"
        ) from error
    return f"{header_text(header)}\n{body.strip()}\n"


def cell(text: Any) -> str:
    """Untrusted text as the cell of a Markdown table."""
    plain = " ".join(str(text).split())
    for character, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("`", "&#96;")):
        plain = plain.replace(character, name)
    return plain.replace("[", "\\[").replace("*", "\\*").replace("_", "\\_")


def rate(interval: Rate, groups: Mapping[str, object] | None = None) -> str:
    """An interval for people, in percent; `groups` is what it resamples."""
    value = interval["value"]
    if value is None:
        return "—"
    return f"{100 * value:.1f}% ({interval_text(interval, groups, digits=1, between='–')})"


WRITERS = {HUMAN: "people", MACHINE: "a model, unchecked", MACHINE_CHECKED: "a model, checked by people"}


def writers(counts: Mapping[str, int]) -> str:
    """Who wrote the texts, with shares of the utterances."""
    total = sum(counts.values())
    return ", ".join(f"{WRITERS[name]} {100 * count / total:.1f}%" for name, count in counts.items())


class ToldOnCard(StoredLicense):
    """What of a published ``dataset.json`` stands outside of the card's template."""

    splits: dict[str, SplitFacts]
    languages: NotRequired[list[str]]
    name: NotRequired[str]


class SetAside(TypedDict):
    """Rejections of a data set."""

    reasons: NotRequired[dict[str, int]]


def dataset_card(
    facts: Mapping[str, object], info: Mapping[str, object], provenance: Sequence[CorpusInfo]
) -> str:
    """The card of a published data set.

    Args:
        facts: its own ``dataset.json``.
        info: that of the data set it was copied from.
        provenance: ``corpus.json`` of the corpora behind it, first the imported one.
    """
    told = fitted(facts, ToldOnCard)
    clips = sum(split["utterances"] for split in told["splits"].values())
    languages, license = told.get("languages", []), License.stored(told)
    name = told.get("name", "Speech data set")
    facts = {"repo": "data", "name": name, "all_speakers": None, **facts}
    header = dataset_header(told["splits"], clips, languages, terms=license.header, name=name)
    rejected = dict(fitted(info, SetAside).get("reasons", {}))
    for corpus in provenance:
        rejected.update(corpus.reasons)
    source = Path(provenance[0].source).name if provenance else None
    return render_card(
        "dataset_card.md",
        header,
        facts=facts,
        clips=clips,
        languages=in_words(languages),
        terms=str(license),
        rejected=rejected,
        source=source,
        format=provenance[0].format if provenance else None,
    )
