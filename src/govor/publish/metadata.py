"""The header of a card, checked as the Hub checks it, before anything is sent.

The rules are those that the Hub's validator was publicly seen to apply and that its documentation states
(hub-docs, ``modelcard.md`` and ``datasetcard.md``; Spaces' configuration reference); `upload` asks the
Hub's own validator too, as far as it can be reached, and its word counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from govor.errors import InputError
from govor.extras import required
from govor.prepare.card_header import SIZES
from govor.publish.files import CARD, UploadPlan
from govor.publish.licenses import LICENSES
from govor.text.languages import TWO_LETTERS

RELATIONS = ("adapter", "merge", "quantized", "finetune")
TASK = "automatic-speech-recognition"
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
SIZE_NAMES = (*(name for _, name in SIZES), "100M<n<1B", "1B<n<10B", "10B<n<100B", "100B<n<1T", "n>1T")
SHORT_DESCRIPTION = 60
"""Characters that the Hub takes as a Space's ``short_description``."""
NO_CODES = ("code", "multilingual")
"""What stands for languages without being a code."""
REPOSITORY = re.compile(
    r"(?a)(?!.*(--|\.\.))[A-Za-z0-9_][\w.-]{0,95}(?<![.-])(/[A-Za-z0-9_][\w.-]{0,95}(?<![.-]))?"
)
SPLIT = re.compile(r"\w+(\.\w+)*")
_HEADER = re.compile(r"\A---[\r\n]+([\S\s]*?)[\r\n]+---[\r\n]")


def require_valid_card(plan: UploadPlan) -> None:
    """Looks at the card of a plan as the Hub will.

    Raises:
        InputError: the Hub would refuse it.
    """
    card = next((file.path for file in plan.all if file.name == CARD), None)
    if card is None:
        return
    problems = list(card_problems(read_header(card), plan.kind))
    if problems:
        raise InputError(f"the Hub would refuse this card: {'; '.join(problems)}")


def read_header(card: Path) -> Mapping[str, object]:
    """What stands between the ``---`` lines of a card.

    Raises:
        InputError: it is not YAML.
    """
    with required():
        import yaml
    found = _HEADER.match(card.read_text(encoding="utf-8"))
    try:
        header = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError as error:
        raise InputError(f"the header of {card} is not YAML ({' '.join(str(error).split())})") from error
    return header if isinstance(header, Mapping) else {}


def card_problems(header: Mapping[str, object], kind: str) -> Iterator[str]:
    """What the Hub would refuse of a header, a sentence each.

    Args:
        header: of the card.
        kind: ``model``, ``dataset`` or ``space``.
    """
    for key, rule in {**COMMON, **RULES[kind]}.items():
        if key in header:
            yield from rule(key, header[key])


def _language(key: str, value: Any) -> Iterator[str]:
    for tag in _items(value):
        known = tag in NO_CODES or (
            isinstance(tag, str)
            and bool(re.fullmatch("[a-z]{2,3}", tag))
            and (len(tag) == 3 or tag in TWO_LETTERS)
        )
        if not known:
            yield (
                f"{key} {tag!r} is not an ISO 639 code of two or three letters: import the corpus again with "
                "--language and its tag, such as hr or sv-SE"
            )


def _license(key: str, value: Any) -> Iterator[str]:
    for name in _items(value):
        if name not in LICENSES:
            yield f"{key} {name!r} is not in the Hub's list: see https://huggingface.co/docs/hub/repositories-licenses"


def _text(key: str, value: Any) -> Iterator[str]:
    if not (isinstance(value, str) and value.strip()):
        yield f"{key} must be a text, not {value!r}"


def _texts(key: str, value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{key} must be a list, not {value!r}"
        return
    for item in value:
        yield from _text(f"each of {key}", item)


def _one_of(choices: tuple[str, ...]) -> Callable[[str, Any], Iterator[str]]:
    def rule(key: str, value: Any) -> Iterator[str]:
        for item in _items(value):
            if item not in choices:
                yield f"{key} must be one of {', '.join(choices)}, not {item!r}"

    return rule


def _list_of(choices: tuple[str, ...]) -> Callable[[str, Any], Iterator[str]]:
    def rule(key: str, value: Any) -> Iterator[str]:
        yield from _texts(key, value)
        yield from _one_of(choices)(key, value)

    return rule


def _repositories(key: str, value: Any) -> Iterator[str]:
    for name in _items(value):
        if not (isinstance(name, str) and REPOSITORY.fullmatch(name)):
            yield f"{key} {name!r} is not a repository of the Hub: name it as owner/name"


def _short(key: str, value: Any) -> Iterator[str]:
    yield from _text(key, value)
    if isinstance(value, str) and len(value) > SHORT_DESCRIPTION:
        yield f"{key} has {len(value)} characters, more than {SHORT_DESCRIPTION}"


def _configs(key: str, value: Any) -> Iterator[str]:
    if not (isinstance(value, list) and all(isinstance(one, Mapping) for one in value)):
        yield f"{key} must be a list of configurations"
        return
    names = [one.get("config_name") for one in value]
    if len({str(name) for name in names}) < len(names):
        yield f"{key} has two configurations of one name"
    for one in value:
        yield from _text("config_name", one.get("config_name"))
        yield from _data_files(one.get("data_files"))


def _data_files(value: Any) -> Iterator[str]:
    if isinstance(value, str) or value is None:
        return
    for entry in value:
        if isinstance(entry, str):
            continue
        if not SPLIT.fullmatch(str(entry.get("split", ""))):
            yield f"the split {entry.get('split')!r} may hold letters, digits, _ and single dots only"
        if not isinstance(entry.get("path"), (str, list)):
            yield f"the split {entry.get('split')!r} names no path"


def _model_index(key: str, value: Any) -> Iterator[str]:
    for model in _items(value):
        yield from _text(f"{key}: name", model.get("name"))
        results = model.get("results")
        if not isinstance(results, list):
            yield f"{key}: results must be a list"
            continue
        for result in results:
            yield from _result(result)


def _result(result: Mapping[str, Any]) -> Iterator[str]:
    yield from _text("model-index: task type", result.get("task", {}).get("type"))
    dataset = result.get("dataset", {})
    for name in ("type", "name", *(key for key in ("config", "split", "revision") if key in dataset)):
        yield from _text(f"model-index: dataset {name}", dataset.get(name))
    if not isinstance(result.get("metrics"), list):
        yield "model-index: metrics must be a list"
        return
    for metric in result["metrics"]:
        yield from _text("model-index: metric type", metric.get("type"))
        if metric.get("value") is None:
            yield "model-index: a metric has no value"


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


Rule = Callable[[str, Any], Iterator[str]]
COMMON: Mapping[str, Rule] = {
    "language": _language,
    "license": _license,
    "license_name": _text,
    "license_link": _text,
    "tags": _texts,
}
RULES: Mapping[str, Mapping[str, Rule]] = {
    "dataset": {
        "language_bcp47": _texts,
        "pretty_name": _text,
        "task_categories": _list_of((TASK,)),
        "size_categories": _list_of(SIZE_NAMES),
        "configs": _configs,
    },
    "model": {
        "language_bcp47": _texts,
        "base_model": _repositories,
        "base_model_relation": _one_of(RELATIONS),
        "datasets": _repositories,
        "pipeline_tag": _one_of((TASK,)),
        "model-index": _model_index,
    },
    "space": {
        "title": _text,
        "short_description": _short,
        "colorFrom": _one_of(COLOURS),
        "colorTo": _one_of(COLOURS),
        "sdk": _one_of(("gradio", "docker", "static")),
        "models": _repositories,
        "datasets": _repositories,
    },
}
