"""What the Hub says of a card's header, as publicly reported: its validator's sentences, its documentation.

- language: the sentence stands in many logs of uploads, such as huggingface_hub issue 3862 (February 2026).
- license: answer of ``/api/validate-yaml`` of July 2026, quoted whole in public notes.
- base_model: ``"base_model" with value "/workspace/…" is not valid. Use a model id from https://hf.co/models.``
- model-index: ``"model-index[0].results" is required``, ``"…metrics" must be an array``, ``"…config" must
  be a string``.
- colorFrom, short_description: Spaces' logs. task_categories, tags: datasets issue 5137 (arrays of strings).

The rules are written anew here, so that a mistake in govor's own check does not hide.
"""

from __future__ import annotations

import re

import yaml

HEADER = re.compile(r"\A---[\r\n]+([\S\s]*?)[\r\n]+---[\r\n]")
_LISTED = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc
cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0
cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0
cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1
eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c
ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0 openmdw-1.1 openrail++ osl-3.0 postgresql
ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license fair-noncommercial-research-license llama2
llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma unknown other
"""
LICENSES = _LISTED.split()
_PAIRS = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz
ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik
io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml
mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd
se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi
vo wa wo xh yi yo za zh zu sh
"""
PAIRS = frozenset(_PAIRS.split())
COLOURS = ["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")


def errors_of(content: str, kind: str) -> list[str]:
    """The Hub's sentences about a README; none where it takes it."""
    found = HEADER.match(content)
    if not found:
        return []
    try:
        header = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        return [f"YAML metadata is not valid: {error}"]
    if not isinstance(header, dict):
        return ["YAML metadata must be an object"]
    return [*_common(header), *(_space(header) if kind == "space" else _card(header))]


def _common(header):
    languages = header.get("language", [])
    for place, tag in enumerate(languages if isinstance(languages, list) else [languages]):
        name = f"language[{place}]" if isinstance(languages, list) else "language"
        if not isinstance(tag, str) or not _is_code(tag):
            yield (
                f'"{name}" with value "{tag}" is not valid. It must be an ISO 639-1, 639-2 or 639-3 code '
                '(two/three letters), or a special value like "code", "multilingual". If you want to use '
                "BCP-47 identifiers, you can specify them in language_bcp47."
            )
    for name in _list(header.get("license", [])):
        if name not in LICENSES:
            yield f'"license" must be one of [{", ".join(LICENSES)}, array]'
    for old in ("languages", "licenses"):
        if old in header:
            yield f'"{old}" is deprecated. Use "{old[:-1]}" instead.'
    yield from _texts(header, "tags")


def _is_code(tag):
    return tag in ("code", "multilingual") or tag in PAIRS or bool(re.fullmatch("[a-z]{3}", tag))


def _card(header):
    for key in ("task_categories", "task_ids", "size_categories", "language_bcp47"):
        yield from _texts(header, key)
    if "pretty_name" in header and not isinstance(header["pretty_name"], str):
        yield '"pretty_name" must be a string'
    for name in _list(header.get("base_model", [])):
        if not (isinstance(name, str) and REPOSITORY.fullmatch(name)):
            yield f'"base_model" with value "{name}" is not valid. Use a model id from https://hf.co/models.'
    relation = header.get("base_model_relation", "finetune")
    if relation not in ("adapter", "merge", "quantized", "finetune"):
        yield '"base_model_relation" must be one of [adapter, merge, quantized, finetune]'
    for name in _list(header.get("datasets", [])):
        if not (isinstance(name, str) and REPOSITORY.fullmatch(name)):
            yield f'"datasets" with value "{name}" is not valid. Use a dataset id from https://hf.co/datasets.'
    if "configs" in header and not isinstance(header["configs"], list):
        yield '"configs" must be an array'
    for place, model in enumerate(_list(header.get("model-index", []))):
        yield from _results(f"model-index[{place}]", model)


def _results(at, model):
    if not isinstance(model.get("name"), str):
        yield f'"{at}.name" is required'
    if "results" not in model:
        yield f'"{at}.results" is required'
    for place, result in enumerate(model.get("results") or []):
        here = f"{at}.results[{place}]"
        if not isinstance(result.get("task", {}).get("type"), str):
            yield f'"{here}.task.type" is required'
        for key in ("type", "name"):
            if not isinstance(result.get("dataset", {}).get(key), str):
                yield f'"{here}.dataset.{key}" is required'
        for key in ("config", "split", "revision"):
            if key in result.get("dataset", {}) and not isinstance(result["dataset"][key], str):
                yield f'"{here}.dataset.{key}" must be a string'
        if not isinstance(result.get("metrics"), list):
            yield f'"{here}.metrics" must be an array'
            continue
        for number, metric in enumerate(result["metrics"]):
            if "type" not in metric or metric.get("value") is None:
                yield f'"{here}.metrics[{number}]" needs type and value'


def _space(header):
    for key in ("colorFrom", "colorTo"):
        if key in header and header[key] not in COLOURS:
            yield f'"{key}" must be one of [{", ".join(COLOURS)}]'
    if header.get("sdk") not in ("gradio", "docker", "static", "streamlit"):
        yield '"sdk" must be one of [gradio, docker, static, streamlit]'
    if len(str(header.get("short_description", ""))) > 60:
        yield '"short_description" length must be less than or equal to 60 characters long'
    if "title" in header and not isinstance(header["title"], str):
        yield '"title" must be a string'


def _texts(header, key):
    if key not in header:
        return
    if not isinstance(header[key], list):
        yield f'"{key}" must be an array'
        return
    for place, item in enumerate(header[key]):
        if not isinstance(item, str):
            yield f'"{key}[{place}]" must be a string'


def _list(value):
    return value if isinstance(value, list) else [value]
